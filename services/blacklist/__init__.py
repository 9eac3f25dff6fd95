"""Who must not be written to, and why."""
