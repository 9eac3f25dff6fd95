"""The recipients of a campaign on their way to one final word each, in batches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, literal, select, update
from sqlalchemy.dialects import mysql, sqlite

from services.campaigns.models import Campaign, CampaignLog
from services.kit import outbox
from services.kit.db import one_of
from services.kit.statements import Hot
from services.messages.acks import Grown
from services.messages.models import OutboundMessage
from services.messages.record import Final

campaigns: Table = Campaign.__table__  # type: ignore[assignment]
logs: Table = CampaignLog.__table__  # type: ignore[assignment]
messages: Table = OutboundMessage.__table__  # type: ignore[assignment]

CANCEL_CHUNK = 1000
REACHED = ("SENT", "DELIVERED", "READ")


def add_recipients(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a chunk of the audience; a person who is in it already stays once."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(logs).on_conflict_do_nothing(), list(rows))
        return
    doubles = mysql.insert(logs)
    connection.execute(
        doubles.on_duplicate_key_update(contact_id=doubles.inserted.contact_id), list(rows)
    )


def frozen(connection: Connection, campaign_id: int, count: int, now: datetime) -> None:
    """The audience is complete: from here on it does not change, and sending may begin."""
    connection.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign_id)
        .values(target_count=count, started_at=func.coalesce(campaigns.c.started_at, now))
    )
    connection.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign_id, campaigns.c.status == "PREPARING")
        .values(status="PROCESSING", updated_at=now)
    )


def mark_sending(connection: Connection, sends: Sequence[tuple[int, int]]) -> None:
    """Rows of (log id, device id) whose message is SENDING."""
    if sends:
        _SENDING.many(connection, [{"log": log, "device": device} for log, device in sends])


_SENDING = Hot(
    update(logs)
    .where(logs.c.id == bindparam("log"), logs.c.status == "QUEUED")
    .values(status=literal("SENDING"), device_id=bindparam("device"))
)


def mark_waiting(connection: Connection, log_ids: Sequence[int]) -> None:
    """Messages that certainly did not go out stand in the queue again."""
    if log_ids:
        connection.execute(
            update(logs)
            .where(logs.c.id.in_(log_ids), logs.c.status == "SENDING")
            .values(status="QUEUED")
        )


def mark_back_in_line(connection: Connection, log_ids: Sequence[int]) -> None:
    """Of these recipients, those whose message proved not to have gone out wait for it again."""
    if log_ids:
        waiting = select(messages.c.campaign_log_id).where(
            messages.c.campaign_log_id.in_(log_ids), messages.c.status == "PENDING"
        )
        connection.execute(
            update(logs)
            .where(logs.c.id.in_(log_ids), logs.c.status == "SENDING", logs.c.id.in_(waiting))
            .values(status="QUEUED")
        )


def apply_finals(connection: Connection, finals: Sequence[Final]) -> None:
    """Give recipients their word. An ack that came first is kept: a row never steps back."""
    rows = [
        {
            "log": final.campaign_log_id,
            "word": final.status,
            "why": final.reason,
            "error": final.detail or None,
            "device": final.device_id,
            "body": final.body if final.status in ("SENT", "UNKNOWN") else None,
            "wa_id": final.wa_msg_id,
            "at": final.at if final.status == "SENT" else None,
        }
        for final in finals
        if final.campaign_log_id is not None and final.kind in ("text", "media")
    ]
    if rows:
        _FINAL.many(connection, rows)


_FINAL = Hot(
    update(logs)
    .where(
        logs.c.id == bindparam("log"),
        one_of(logs.c.status, ("QUEUED", "SENDING", "SENT", "UNKNOWN")),
    )
    .values(
        status=bindparam("word"),
        reason=bindparam("why"),
        error_message=bindparam("error"),
        device_id=bindparam("device"),
        message_sent=bindparam("body"),
        waha_message_id=bindparam("wa_id"),
        sent_at=bindparam("at"),
    )
)


def apply_acks(connection: Connection, grown: Sequence[Grown], now: datetime) -> None:
    """Receipts move a recipient forward: sent, delivered, read; never back."""
    lost = [found.campaign_log_id for found in grown if found.level == -1]
    if lost:
        connection.execute(
            update(logs)
            .where(logs.c.id.in_(lost), logs.c.status.in_(("SENT", "UNKNOWN")))
            .values(status="FAILED", reason=REFUSED_LATER)
        )
    for word, level, earlier, column in _STEPS:
        ids = [found.campaign_log_id for found in grown if found.level >= level]
        if ids:
            connection.execute(
                update(logs)
                .where(logs.c.id.in_(ids), logs.c.status.in_(earlier))
                .values({"status": word, column: now})
            )


REFUSED_LATER = "ack_error"
"""WhatsApp took the message from WAHA and reported an error for it afterwards."""
_STEPS = (
    ("SENT", 1, ("UNKNOWN",), "sent_at"),
    ("DELIVERED", 2, ("SENDING", "SENT", "UNKNOWN"), "delivered_at"),
    ("READ", 3, ("SENDING", "SENT", "DELIVERED", "UNKNOWN"), "read_at"),
)


def end_without_send(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Elements whose flow ended: those that sent nothing get their word, the others keep theirs."""
    if rows:
        _UNSENT.many(
            connection, [{"log": r["log"], "word": r["word"], "why": r["why"]} for r in rows]
        )


_UNSENT = Hot(
    update(logs)
    .where(logs.c.id == bindparam("log"), logs.c.status == "QUEUED")
    .values(status=bindparam("word"), reason=bindparam("why"))
)


def counts(connection: Connection, campaign_id: int) -> dict[str, int]:
    """How the campaign stands, in the words flows use."""
    by_state = {
        row.status: row.number
        for row in connection.execute(
            select(logs.c.status, func.count().label("number"))
            .where(logs.c.campaign_id == campaign_id)
            .group_by(logs.c.status)
        )
    }
    return {
        "ok": sum(by_state.get(word, 0) for word in REACHED),
        "failed": by_state.get("FAILED", 0),
        "skipped": by_state.get("SKIPPED", 0),
        "unknown": by_state.get("UNKNOWN", 0),
        "cancelled": by_state.get("CANCELLED", 0),
    }


def close(
    connection: Connection, campaign_id: int, run_status: str, reason: str | None, now: datetime
) -> None:
    """The campaign's run has ended: so has the campaign, with the counts of its rows."""
    totals = counts(connection, campaign_id)
    status = {"SUCCEEDED": "COMPLETED", "CANCELLED": "CANCELLED"}.get(run_status, "HELD")
    why: str | None = (reason or run_status)[:200]
    if status == "COMPLETED":
        why = None if totals["ok"] or not sum(totals.values()) else "nobody_reached"
    closed = connection.execute(
        update(campaigns)
        .where(
            campaigns.c.id == campaign_id,
            campaigns.c.status.in_(("PREPARING", "PROCESSING", "PAUSED", "CANCELLED")),
        )
        .values(
            status=status,
            status_reason=why,
            sent_count=totals["ok"],
            failed_count=totals["failed"],
            completed_at=now if status != "HELD" else None,
            updated_at=now,
        )
    )
    if status == "COMPLETED" and closed.rowcount:
        tenant_id = connection.execute(
            select(campaigns.c.tenant_id).where(campaigns.c.id == campaign_id)
        ).scalar_one()
        told = {"campaign_id": campaign_id}
        outbox.publish(connection, tenant_id, "campaign.completed", told, now)


def cancel_some(connection: Connection, campaign_id: int, now: datetime) -> int:
    """Take back a chunk of what has not left; returns how many recipients are still undecided."""
    connection.execute(
        update(messages)
        .where(messages.c.campaign_id == campaign_id, messages.c.status == "PENDING")
        .values(status="CANCELLED", reason="cancelled")
    )
    ids = (
        connection.execute(
            select(logs.c.id)
            .where(logs.c.campaign_id == campaign_id, logs.c.status == "QUEUED")
            .limit(CANCEL_CHUNK)
        )
        .scalars()
        .all()
    )
    if ids:
        connection.execute(
            update(logs)
            .where(logs.c.id.in_(ids), logs.c.status == "QUEUED")
            .values(status="CANCELLED", reason="cancelled")
        )
    # Some had been tried, proven not to have gone out, and stood in the lane again.
    taken_back = select(messages.c.campaign_log_id).where(
        messages.c.campaign_id == campaign_id, messages.c.status == "CANCELLED"
    )
    connection.execute(
        update(logs)
        .where(
            logs.c.campaign_id == campaign_id,
            logs.c.status == "SENDING",
            logs.c.id.in_(taken_back),
            logs.c.id.not_in(_on_their_way(campaign_id)),
        )
        .values(status="CANCELLED", reason="cancelled")
    )
    left = connection.execute(
        select(func.count()).where(
            logs.c.campaign_id == campaign_id, logs.c.status.in_(("QUEUED", "SENDING"))
        )
    ).scalar_one()
    totals = counts(connection, campaign_id)
    connection.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign_id)
        .values(
            sent_count=totals["ok"],
            failed_count=totals["failed"],
            updated_at=now,
            **({} if left else {"completed_at": now}),
        )
    )
    return int(left)


def _on_their_way(campaign_id: int) -> Any:
    """Recipients of a campaign with a message that may still go out, or has gone."""
    return select(messages.c.campaign_log_id).where(
        messages.c.campaign_id == campaign_id,
        messages.c.status.in_(("SENDING", "AMBIGUOUS", "SENT", "UNKNOWN")),
        messages.c.campaign_log_id.is_not(None),
    )


def bury(connection: Connection, log_ids: Sequence[int | None]) -> None:
    """Recipients whose run is DEAD: failed, unless their message is already on its way."""
    rows = [log for log in log_ids if log is not None]
    if rows:
        connection.execute(
            update(logs)
            .where(logs.c.id.in_(rows), logs.c.status == "QUEUED")
            .values(status="FAILED", reason="dead_run")
        )
