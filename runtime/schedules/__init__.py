"""Schedules: fired when they are due, held when they were missed."""
