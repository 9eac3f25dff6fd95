"""Broadcasts: audience, start, pause, progress and the report."""
