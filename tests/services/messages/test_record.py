"""What is written when a send comes back: one table of outcomes, and what a late answer may do."""

from datetime import timedelta

import pytest

from services.devices.models import Device
from services.integrations.waha.outcomes import (
    Accepted,
    Configuration,
    NotSent,
    Outcome,
    Permanent,
    Restricted,
    Unknown,
)
from services.integrations.waha.types import SentReceipt
from services.messages.models import OutboundMessage
from services.messages.record import LATE
from tests.services.messages.lab import NOON, Lab, accepted

pytestmark = pytest.mark.sql

UNKNOWN = Unknown("read_timeout", "Nobody answered.")
REFUSED = NotSent("refused", "Nothing listens.", scope="server")


@pytest.mark.parametrize(
    ("outcome", "status", "reason", "log", "again_s"),
    [
        (REFUSED, "PENDING", "refused", "QUEUED", 5),
        (NotSent("session_not_working", ""), "PENDING", "session_not_working", "QUEUED", 5),
        (NotSent("rate_limited", "", 17.0), "PENDING", "rate_limited", "QUEUED", 17),
        (NotSent("rate_limited", ""), "PENDING", "rate_limited", "QUEUED", 60),
        (NotSent(LATE, "", scope="message"), "PENDING", "late", "QUEUED", 0),
        (Configuration("key", "The key is refused."), "PENDING", "key", "QUEUED", 5),
        (Restricted(), "PENDING", "463", "QUEUED", 5),
        (Permanent("no_lid", "No such account."), "FAILED", "no_lid", "FAILED", None),
        (UNKNOWN, "AMBIGUOUS", "read_timeout", "SENDING", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Outcome) else "",
)
def test_every_outcome_has_its_row(
    any_lab: Lab, outcome: Outcome, status: str, reason: str, log: str, again_s: float | None
) -> None:
    device = any_lab.device()
    log_id, message = any_lab.recipient(any_lab.campaign(), device)
    sent = any_lab.send()

    finals = any_lab.record(sent, outcome, after_s=2)

    row = any_lab.row(message)
    assert (row.status, row.reason) == (status, reason)
    assert any_lab.log(log_id).status == log
    assert [final.status for final in finals] == ([status] if status == "FAILED" else [])
    assert row.slot_held == (status == "AMBIGUOUS")
    assert row.device_slot == (device if status == "AMBIGUOUS" else None)
    if again_s is not None:
        assert row.not_before == any_lab.now + timedelta(seconds=again_s)
        assert row.wa_msg_id == sent.wa_msg_id


def test_an_accepted_message_is_sent_with_all_its_traces(any_lab: Lab) -> None:
    device = any_lab.device()
    log_id, message = any_lab.recipient(any_lab.campaign(), device)
    sent = any_lab.send()

    (final,) = any_lab.record(sent, accepted(sent), after_s=2)

    row, log = any_lab.row(message), any_lab.log(log_id)
    assert (row.status, row.sent_at, row.wa_msg_id) == ("SENT", any_lab.now, sent.wa_msg_id)
    assert (row.reason, row.last_error, row.device_slot) == (None, None, None)
    assert (final.status, final.wa_msg_id) == ("SENT", sent.wa_msg_id)
    assert (log.status, log.message_sent, log.device_id) == ("SENT", sent.body, device)
    assert (log.waha_message_id, log.sent_at) == (sent.wa_msg_id, any_lab.now)


def test_an_id_that_is_not_ours_is_kept_beside_ours(any_lab: Lab) -> None:
    message = any_lab.message(any_lab.device())
    sent = any_lab.send()

    any_lab.record(sent, Accepted(SentReceipt("OTHER", None, False)))

    row = any_lab.row(message)
    assert (row.wa_msg_id, row.evidence) == (sent.wa_msg_id, {"other_id": "OTHER"})


def test_a_doubtful_message_is_looked_up_after_the_engines_settle_time(any_lab: Lab) -> None:
    message = any_lab.message(any_lab.device())

    any_lab.record(any_lab.send(), UNKNOWN, after_s=30)

    assert any_lab.row(message).reconcile_after == NOON + timedelta(seconds=30 + 120)


def test_a_sign_of_which_nobody_knows_is_let_go(any_lab: Lab) -> None:
    message = any_lab.message(any_lab.device(), kind="typing")

    (final,) = any_lab.record(any_lab.send(), UNKNOWN)

    assert (final.status, any_lab.row(message).status) == ("FAILED", "FAILED")


@pytest.mark.parametrize(
    ("outcome", "wait_s"),
    [
        (REFUSED, 5),
        (NotSent("rate_limited", "", 17.0), 17),
        (NotSent("session_not_working", ""), 5),
    ],
)
def test_a_server_that_is_away_rests_the_lane(
    any_lab: Lab, outcome: NotSent, wait_s: float
) -> None:
    device = any_lab.device()
    any_lab.message(device)
    sent = any_lab.send()
    any_lab.reply(device)

    any_lab.record(sent, outcome)

    assert any_lab.claim().sends == []
    any_lab.wait(wait_s)
    assert len(any_lab.claim().sends) == 1


def test_the_pauses_of_a_message_that_is_refused_grow_to_a_limit(any_lab: Lab) -> None:
    message = any_lab.message(any_lab.device())
    waits = []
    for _ in range(8):
        any_lab.record(any_lab.send(), NotSent("refused", "", scope="message"))
        waits.append((any_lab.row(message).not_before - any_lab.now).total_seconds())
        any_lab.wait(waits[-1] + 1)

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]


def test_an_answer_that_comes_late_settles_its_own_attempt(any_lab: Lab) -> None:
    device = any_lab.device()
    message = any_lab.message(device)
    sent = any_lab.send()
    any_lab.wait(60)
    assert any_lab.expire() == 1
    assert any_lab.row(message).status == "AMBIGUOUS"

    (final,) = any_lab.record(sent, accepted(sent))

    assert final.status == any_lab.row(message).status == "SENT"
    assert any_lab.row(message).device_slot is None


@pytest.mark.parametrize("outcome", [UNKNOWN, Permanent("no_lid", ""), REFUSED, Accepted])
def test_an_answer_of_another_attempt_changes_nothing(any_lab: Lab, outcome: object) -> None:
    device = any_lab.device()
    message = any_lab.message(device)
    old = any_lab.send()
    any_lab.record(old, NotSent("refused", "", scope="message"))
    any_lab.wait(10)
    any_lab.send()
    row, lane = any_lab.row(message), any_lab.lane(device)

    finals = any_lab.record(old, accepted(old) if outcome is Accepted else outcome)

    assert finals == []
    assert any_lab.row(message) == row
    assert any_lab.lane(device) == lane


def test_an_outcome_written_twice_counts_once(any_lab: Lab) -> None:
    device = any_lab.device()
    any_lab.message(device)
    sent = any_lab.send()
    any_lab.record(sent, accepted(sent))

    assert any_lab.record(sent, UNKNOWN) == []
    assert any_lab.lane(device).recent == "."


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (accepted, 1),
        (lambda sent: UNKNOWN, 1),
        (lambda sent: REFUSED, 0),
        (lambda sent: Restricted(), 0),
        (lambda sent: Configuration("key", ""), 0),
        (lambda sent: Permanent("no_lid", ""), 0),
    ],
    ids=["accepted", "unknown", "refused", "463", "configuration", "permanent"],
)
def test_what_certainly_did_not_leave_uses_up_no_cap(
    any_lab: Lab, outcome: object, counted: int
) -> None:
    device = any_lab.device(sent_today=4, sent_this_hour=2, cold_today=1)
    any_lab.message(device, is_cold=True)
    sent = any_lab.send()
    lane = any_lab.lane(device)
    assert (lane.sent_today, lane.sent_this_hour, lane.cold_today) == (5, 3, 2)

    any_lab.record(sent, outcome(sent))

    lane = any_lab.lane(device)
    assert (lane.sent_today, lane.sent_this_hour) == (4 + counted, 2 + counted)
    assert lane.cold_today == 1 + counted


def test_gaps_are_counted_from_the_end_of_the_call(any_lab: Lab) -> None:
    device = any_lab.device()
    any_lab.message(device, gap_min_s=30.0, gap_max_s=30.0)
    any_lab.message(device, gap_min_s=30.0, gap_max_s=30.0)
    sent = any_lab.send()

    any_lab.record(sent, accepted(sent), after_s=12)

    lane = any_lab.lane(device)
    assert lane.next_broadcast_at == NOON + timedelta(seconds=42)
    assert lane.next_any_at == NOON + timedelta(seconds=13)
    assert lane.due_at == any_lab.now


def test_a_lane_in_which_nothing_waits_is_looked_at_again_when_something_does(
    any_lab: Lab,
) -> None:
    device, other = any_lab.device(), any_lab.device()
    any_lab.message(device)
    any_lab.message(other)
    any_lab.message(other)
    for sent in any_lab.claim().sends:
        any_lab.record(sent, accepted(sent))

    assert any_lab.lane(device).due_at is None
    assert any_lab.lane(other).due_at == any_lab.now

    any_lab.message(device)

    assert any_lab.lane(device).due_at == any_lab.now


def test_a_call_nobody_saw_end_is_counted_as_long_as_it_may_have_lasted(any_lab: Lab) -> None:
    device = any_lab.device()
    any_lab.message(device, gap_min_s=30.0, gap_max_s=30.0)

    any_lab.record(any_lab.send(), Unknown("reset", ""), after_s=1)

    assert any_lab.lane(device).next_broadcast_at == NOON + timedelta(seconds=60)


def test_typing_holds_the_lane_while_it_is_shown(any_lab: Lab) -> None:
    device = any_lab.device()
    any_lab.reply(device, kind="typing", typing_s=4.0)
    sent = any_lab.send()
    any_lab.reply(device)

    any_lab.record(sent, accepted(sent))

    assert any_lab.lane(device).next_any_at == NOON + timedelta(seconds=5)
    any_lab.wait(4.9)
    assert any_lab.claim().sends == []
    any_lab.wait(0.1)
    assert len(any_lab.claim().sends) == 1


@pytest.mark.parametrize(
    ("until", "frozen_until"),
    [(None, NOON + timedelta(days=1)), (NOON + timedelta(hours=3), NOON + timedelta(hours=3))],
)
def test_463_freezes_new_chats_only(any_lab: Lab, until: object, frozen_until: object) -> None:
    device = any_lab.device()
    cold = any_lab.message(device, is_cold=False)
    sent = any_lab.send()
    any_lab.record(sent, Restricted(until=until))

    phone = any_lab.phone(device)
    assert (phone.health, phone.health_reason, phone.health_until) == (
        "COLD_FROZEN",
        "463",
        frozen_until,
    )
    assert any_lab.row(cold).is_cold  # whoever it was said about is a new chat
    warm = any_lab.message(device)
    any_lab.wait(60)
    assert any_lab.sent().id == warm
    any_lab.wait(60)
    assert any_lab.claim().sends == []


def test_463_does_not_end_a_pause_that_a_person_ordered(any_lab: Lab) -> None:
    device = any_lab.device()
    any_lab.message(device)
    sent = any_lab.send()
    any_lab.set(Device, device, health="PAUSED", health_reason="by_owner")

    any_lab.record(sent, Restricted())

    assert any_lab.phone(device).health == "PAUSED"


def test_a_refused_key_stops_the_device_at_once(any_lab: Lab) -> None:
    device = any_lab.device(pacing={"auto_pause": False})
    message = any_lab.message(device)
    sent = any_lab.send()

    any_lab.record(sent, Configuration("key", "The WhatsApp server refuses our key."))

    phone = any_lab.phone(device)
    assert (phone.health, phone.health_reason) == ("PAUSED", "key")
    assert any_lab.row(message).attempt == 0
    any_lab.wait(3600)
    assert any_lab.claim().sends == []


FAILED = [Unknown("http_500", ""), Permanent("upstream", "")]
NO_FAILURE = [REFUSED, Permanent("no_lid", ""), NotSent("rate_limited", "")]


@pytest.mark.parametrize(
    ("recent", "outcome", "auto_pause", "health", "reason"),
    [
        ("xx", FAILED[0], True, "PAUSED", "failures_in_a_row"),
        ("xx", FAILED[1], True, "PAUSED", "failures_in_a_row"),
        ("xx", FAILED[0], False, "OK", None),
        ("x", FAILED[0], True, "OK", None),
        ("x.x.x.x.", FAILED[0], True, "PAUSED", "many_failures"),
        ("x.x.x.x.", FAILED[0], False, "OK", None),
        ("xxx" + "." * 17, FAILED[0], True, "OK", None),  # the oldest failures are forgotten
        *(("xx", outcome, True, "OK", None) for outcome in NO_FAILURE),
    ],
)
def test_a_device_that_keeps_failing_pauses_itself(
    any_lab: Lab, recent: str, outcome: Outcome, auto_pause: bool, health: str, reason: str | None
) -> None:
    device = any_lab.device(recent=recent, pacing={} if auto_pause else {"auto_pause": False})
    any_lab.message(device)

    any_lab.record(any_lab.send(), outcome)

    phone = any_lab.phone(device)
    assert (phone.health, phone.health_reason) == (health, reason)


def test_a_success_ends_a_row_of_failures(any_lab: Lab) -> None:
    device = any_lab.device(recent="xx")
    any_lab.message(device)
    any_lab.sent()

    assert any_lab.lane(device).recent == "xx."


def test_a_receipt_that_was_faster_than_a_lost_answer_settles_it_at_once(any_lab: Lab) -> None:
    device = any_lab.device()
    log, message = any_lab.recipient(any_lab.campaign(), device)
    sent = any_lab.send()
    any_lab.set(OutboundMessage, message, ack_level=2)

    (final,) = any_lab.record(sent, UNKNOWN)

    assert (final.status, any_lab.row(message).status) == ("SENT", "SENT")
    assert any_lab.log(log).status == "DELIVERED"
