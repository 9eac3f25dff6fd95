"""`GET /link/{slug}`: leads a visitor on to one of several numbers, and never loses a click."""
