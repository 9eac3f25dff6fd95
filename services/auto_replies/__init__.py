"""Keyword rules of a tenant and when each was last used."""
