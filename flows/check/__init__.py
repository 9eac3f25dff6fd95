"""Checks a flow document and returns every problem it has, each with its place and a way out."""

from flows.check.report import Report, Tenant
from flows.check.run import check

__all__ = ["Report", "Tenant", "check"]
