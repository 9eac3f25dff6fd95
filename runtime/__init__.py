"""Processes, claims, lanes: takes an event, starts a flow, carries it step by step."""
