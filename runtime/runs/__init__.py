"""Runs over HTTP: starting them, looking at them, and telling them to stop or go on."""
