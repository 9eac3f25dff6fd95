"""What WAHA told us becomes rows, runs and answers: each delivery once, in batches.

A batch is claimed in one transaction, read without any, and written in the next one, together
with whatever else the worker has to write then.
"""

from runtime.inbound.intake import Intake, take_webhook_events

__all__ = ["Intake", "take_webhook_events"]
