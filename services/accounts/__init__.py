"""Tenants, people and keys: who may do what."""
