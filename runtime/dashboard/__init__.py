"""The front end, as the API serves it."""
