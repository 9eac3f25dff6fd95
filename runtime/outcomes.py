"""What a message's last word means for its run and for its recipient."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from runtime import announce, claims
from runtime.advance import LAST_SEND_KEY, SEND_KEY
from services.campaigns import progress
from services.integrations.waha.outcomes import Accepted, Configuration, NotSent, Restricted
from services.messages import acks
from services.messages.acks import Grown
from services.messages.claim import Skipped
from services.messages.record import Done, Final
from services.messages.settle import Verdict

_PORT = {"SENT": "ok", "SKIPPED": "skipped", "UNKNOWN": "unknown", "FAILED": "error"}
_CLASS = {
    "not_on_whatsapp": "not_on_whatsapp",
    "no_lid": "not_on_whatsapp",
    "blocked": "blocked",
    "rate_limited": "rate_limited",
}


def apply_finals(
    connection: Connection, finals: Sequence[Final], done: Sequence[Done] = ()
) -> None:
    """Give recipients their word and wake the runs that wait for it."""
    progress.apply_finals(connection, finals)
    announce.sent(connection, finals)
    settled = {final.message_id for final in finals}
    progress.mark_waiting(
        connection,
        [
            back.sent.campaign_log_id
            for back in done
            if back.sent.campaign_log_id is not None
            and back.sent.id not in settled
            and isinstance(back.outcome, NotSent | Restricted | Configuration)
        ],
    )
    _apply_receipts(connection, finals, done)
    told = [final for final in finals if final.run_id is not None]
    sent = [final for final in told if final.status == "SENT"]
    ended = claims.end_after_send(
        connection,
        [{"run": final.run_id, "key": LAST_SEND_KEY, "at": final.at} for final in sent],
    )
    if ended == len(told):
        return
    claims.wake(
        connection,
        [
            {"run": final.run_id, "key": key, "what": _signal(final), "at": final.at}
            for final in told
            for key in ((SEND_KEY,) if final.status == "SENT" else (SEND_KEY, LAST_SEND_KEY))
        ],
    )


def _apply_receipts(connection: Connection, finals: Sequence[Final], done: Sequence[Done]) -> None:
    """Receipts that were faster than the answer: on the row, or kept for an id we did not know."""
    grown = [
        Grown(final.campaign_log_id, final.ack_level)
        for final in finals
        if final.campaign_log_id is not None and final.ack_level
    ]
    named_by_server = [
        (back.sent.device_id, back.outcome.receipt.bare_id)
        for back in done
        if isinstance(back.outcome, Accepted)
        and back.sent.wa_msg_id is None
        and back.outcome.receipt.bare_id
    ]
    if named_by_server:
        _, found = acks.catch_up(connection, named_by_server, done[0].ended_at)
        grown += found
    if grown:
        progress.apply_acks(connection, grown, finals[0].at if finals else done[0].ended_at)


def apply_skips(connection: Connection, skips: Sequence[Skipped], now: datetime) -> None:
    """The claim refused these messages for good."""
    progress.end_without_send(
        connection,
        [
            {"log": skip.campaign_log_id, "word": "SKIPPED", "why": skip.reason}
            for skip in skips
            if skip.campaign_log_id is not None
        ],
    )
    claims.wake(
        connection,
        [
            {
                "run": skip.run_id,
                "key": key,
                "what": {"t": "outcome", "port": "skipped", "values": {"reason": skip.reason}},
                "at": now,
            }
            for skip in skips
            for key in (SEND_KEY, LAST_SEND_KEY)
            if skip.run_id is not None
        ],
    )


def apply_verdicts(connection: Connection, verdicts: Sequence[Verdict]) -> None:
    """Show the recipients of messages that leave again as waiting."""
    progress.mark_back_in_line(
        connection,
        [
            verdict.doubt.campaign_log_id
            for verdict in verdicts
            if verdict.found == "not_found" and verdict.doubt.campaign_log_id is not None
        ],
    )


def bury(connection: Connection, dead: Sequence[Any], now: datetime) -> None:
    """Runs that are DEAD: their recipients failed; a campaign whose own run it was is held."""
    progress.bury(connection, [row.campaign_log_id for row in dead])
    for row in dead:
        if row.campaign_id is not None and row.parent_id is None:
            progress.close(connection, row.campaign_id, "DEAD", "dead_run", now)
    announce.dead(connection, [row.id for row in dead if row.parent_id is None], now)


def _signal(final: Final) -> dict[str, Any]:
    values: Mapping[str, Any] = {"message_id": final.wa_msg_id, "device": final.session}
    if final.status == "FAILED":
        values = {
            "code": final.reason or "failed",
            "class": _CLASS.get(final.reason or "", "upstream"),
            "message": final.detail,
            "retriable": False,
        }
    elif final.status == "SKIPPED":
        values = {"reason": final.reason}
    return {"t": "outcome", "port": _PORT[final.status], "values": dict(values)}
