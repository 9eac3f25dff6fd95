"""The people a tenant may write to, their tags and imports."""
