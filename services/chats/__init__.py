"""Chats: who writes with whom through which device, who answers, and what was said."""
