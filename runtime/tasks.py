"""The workers' Celery tasks: most only wake the resident loop, which claims, acts, records.

The queue may deliver a ring twice, or never: rows are claimed by one worker only, and the loop
looks at them by itself.
"""

from celery import shared_task

from runtime import chores, resident


@shared_task(name="runtime.take_events", ignore_result=True)
def take_events() -> None:
    """Webhook rows or business events are waiting."""
    resident.ring()


@shared_task(name="runtime.advance", ignore_result=True)
def advance() -> None:
    """Runs are due."""
    resident.ring()


@shared_task(name="runtime.send_due", ignore_result=True)
def send_due() -> None:
    """Lanes are due."""
    resident.ring()


@shared_task(name="runtime.advance_media", ignore_result=True)
def advance_media() -> None:
    """Runs were handed over to the slow workers."""
    resident.ring()


@shared_task(name="runtime.look_after_chats", ignore_result=True)
def look_after_chats() -> None:
    """Chats whose human's time is over, and messages that WAHA's webhooks did not bring."""
    chores.look_after_chats()
