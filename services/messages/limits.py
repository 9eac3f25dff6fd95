"""The constants of DESIGN 16 that a send obeys, each with its unit and its floor when scaled."""

from services.kit.clock import Clock

LANES_PER_CLAIM = 64
SEND_TIMEOUT_TEXT_S = 30.0
SEND_TIMEOUT_MEDIA_S = 90.0
DEADLINE_CHECK_S = 2.0
"""Not scaled: it guards against a frozen process, whose time is real."""
RECORD_MARGIN_S = 5.0
"""How long after its time-out a live process may take to record an outcome."""
RECORD_MARGIN_FLOOR_S = 2.0
SETTLE_FLOOR_S = 2.0
LOOKUP_WAITS_S = (5.0, 30.0, 120.0)
LOOKUP_FLOOR_S = 0.3
MAX_RESENDS = 2
MAX_REFUSALS = 10
"""How often one message may be refused for its own sake before it is FAILED."""
RENDER_AGAIN_S = 60.0
STALE_REPLY_S = 600.0
STALE_NOTICE_AGAIN_S = 3600.0
"""How often an owner is told of answers that came too late, at most."""
HEARD_RECHECK_S = 0.2
"""Not scaled: how soon a broadcast is looked at again whose recipient has just written."""
MIN_ANY_GAP_S = 1.0
BACKOFF_FIRST_S = 5.0
BACKOFF_MOST_S = 300.0
TOO_MANY_REQUESTS_S = 60.0
NOT_READY_RECHECK_S = 15.0
COLD_FREEZE_UNKNOWN_S = 24 * 3600.0
UNCONFIRMED_AFTER_S = 600.0


def send_timeout_s(clock: Clock, kind: str) -> float:
    """Real seconds one call may take."""
    unscaled_s = SEND_TIMEOUT_MEDIA_S if kind == "media" else SEND_TIMEOUT_TEXT_S
    return max(clock.seconds(unscaled_s), clock.shortest_call_s)


def call_ends_s(clock: Clock, kind: str) -> float:
    """Real seconds after the claim when its call has surely ended: it may begin late."""
    return DEADLINE_CHECK_S + send_timeout_s(clock, kind)


def record_bound_s(clock: Clock, kind: str) -> float:
    """Real seconds after which a SENDING row belongs to nobody alive."""
    margin_s = max(clock.seconds(RECORD_MARGIN_S), RECORD_MARGIN_FLOOR_S)
    return send_timeout_s(clock, kind) + margin_s


def settle_s(clock: Clock, engine_settle_s: float) -> float:
    """Real seconds an unanswered send may still go out; never below what was measured."""
    return max(clock.seconds(engine_settle_s), SETTLE_FLOOR_S)


def backoff_s(clock: Clock, attempt: int) -> float:
    """Real seconds before attempt `attempt + 1` of a message that certainly was not sent."""
    unscaled_s = min(BACKOFF_FIRST_S * 2 ** max(attempt - 1, 0), BACKOFF_MOST_S)
    return clock.seconds(unscaled_s)
