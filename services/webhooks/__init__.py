"""What WAHA tells us: verify, store, ring."""
