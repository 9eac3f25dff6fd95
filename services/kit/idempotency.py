"""A request that carries an Idempotency-Key has its effect once, however often it is sent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kit.errors import Invalid
from services.kit.models import IdempotencyKey

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 100


def once(
    session: Session,
    tenant_id: int,
    key: str | None,
    request: Any,
    now: datetime,
    act: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """What `act` answers, or answered when this key was used before; `request` names the effect.

    The key is written in the transaction of the effect: two at once end in a conflict of the
    unique key, and the loser's effect is rolled back.
    Raises: Invalid when the key was used for something else.
    """
    if key is None:
        return act()
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(
            f"The Idempotency-Key must be 1 to {LONGEST_KEY} plain characters.",
            code="idempotency_key_invalid",
        )
    digest = sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()
    known = session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.key == key
        )
    )
    if known is not None and now - known.created_at > KEPT_FOR:
        session.delete(known)
        session.flush()
        known = None
    if known is not None:
        if known.body_hash != digest:
            raise Invalid(
                "This Idempotency-Key was used for another request.",
                code="idempotency_key_reused",
                hint="Draw a new key for each new action.",
            )
        return dict(known.response or {})
    answer = act()
    session.add(
        IdempotencyKey(
            tenant_id=tenant_id,
            key=key,
            body_hash=digest,
            status=200,
            response=answer,
            created_at=now,
        )
    )
    session.flush()
    return answer
