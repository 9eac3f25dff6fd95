"""Clicks on links: written once each, and matched with the chats they led to."""
