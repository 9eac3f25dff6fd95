"""Webhooks to other systems: who wants which events, and every delivery."""
