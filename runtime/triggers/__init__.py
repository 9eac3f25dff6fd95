"""Triggers over HTTP: addresses of hooks, their signing keys, and who is heard first."""
