"""Codes of links that were heard before their click was known."""
