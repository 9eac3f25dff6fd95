"""Delivers what was written down: one attempt at a time for each address, with growing pauses."""

from datetime import timedelta

import orjson
import structlog

from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.outbound_http import Door, DoorError, Refused
from services.kit.secrets import SealBroken, Sealer
from services.outgoing import repository, signing
from services.outgoing.events import TEST, forget

log = structlog.get_logger("services.outgoing")

PAUSES_S = (5, 300, 1_800, 7_200, 18_000, 28_800, 28_800)
"""After the first, second ... attempt: eight attempts in about a day."""
ATTEMPTS_MOST = len(PAUSES_S) + 1
TIMEOUT_S = 15.0
LEASE_S = 60.0
"""Longer than an attempt can take; not scaled, because the other server's clock is not."""
FAILURES_MOST = 40
"""Attempts in a row after which an address is switched off."""
GONE = 410


def deliver_one(database: Database, clock: Clock, sealer: Sealer, door: Door) -> bool:
    """Try one delivery that is due; False when none is.

    A process that dies in the middle leaves a lease that runs out: the delivery is tried again,
    under the same id, by which the other side knows it.
    """
    with database.write() as connection:
        row = repository.claim(connection, clock.now(), timedelta(seconds=LEASE_S))
    if row is None:
        return False
    answered: int | None = None
    error: str | None = None
    is_final = False
    body = orjson.dumps(row.body)
    try:
        headers = signing.headers(
            sealer.open(row.secret_sealed), row.event_id, int(clock.now().timestamp()), body
        )
        answer = door.ask(
            "POST", row.url, headers=headers, body=body, timeout_s=TIMEOUT_S, redirects_most=0
        )
        answered = answer.status
        if not 200 <= answered < 300:
            error = f"The address answered {answered}."
    except DoorError as refused:
        error, is_final = f"{refused.code}: {refused.message}", isinstance(refused, Refused)
    except SealBroken as broken:
        error, is_final = str(broken), True
    now = clock.now()
    with database.write() as connection:
        left = ATTEMPTS_MOST - row.attempts
        if error is None:
            status, at = "DELIVERED", None
        elif left > 0 and not is_final and row.event != TEST:
            status, at = "PENDING", now + clock.span(PAUSES_S[row.attempts - 1])
        else:
            status, at = "GIVEN_UP", None
        if not repository.record(
            connection,
            row,
            status=status,
            next_attempt_at=at,
            answered=answered,
            error=None if error is None else error[:300],
            now=now,
        ):
            return True
        if row.event == TEST:
            return True
        failures = repository.count_failure(connection, row.endpoint_id, error is not None, now)
        if answered == GONE:
            repository.disable(connection, row.endpoint_id, "It answered 410 Gone.", now)
        elif failures >= FAILURES_MOST:
            why = f"{failures} attempts in a row failed: {error}"
            repository.disable(connection, row.endpoint_id, why, now)
        else:
            return True
    log.warning("webhook_endpoint_off", endpoint=row.endpoint_id, tenant=row.tenant_id)
    forget(database)
    return True
