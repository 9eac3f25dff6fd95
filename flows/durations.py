"""Durations of a flow document are written and read like those of a node's form."""

from nodes.form import Seconds, duration_s

seconds = duration_s
"""`"1h30m"` -> 5400.0; a plain number is seconds already. Raises: ValueError with a hint."""

__all__ = ["Seconds", "seconds"]
