"""A device stops by itself in time, obeys WhatsApp's restrictions, and says how it is doing."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.health import (
    SYMPTOM_SENTENCES,
    Health,
    PauseReason,
    Signals,
    Symptom,
    after_refusal,
    after_send,
    blocks_at,
    cooled,
    frozen,
    is_unconfirmed,
    paused,
    resumed,
    score,
    state_at,
    thawed,
)
from domain.pacing import Block, Reason
from domain.states import DeviceHealth

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def after(outcomes):
    health = Health()
    for outcome in outcomes:
        health = after_send(health, failed=outcome == "x")
    return health


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ("xx", None),
        ("xxx", PauseReason.FAILURES_IN_A_ROW),
        ("xxoxx", None),
        ("xxoxxox", PauseReason.MANY_FAILURES),
        ("xo" * 4, None),
        ("xo" * 5, PauseReason.MANY_FAILURES),
        ("x" + "o" * 19 + "xoxoxox", None),  # the first has left the last twenty
        ("x" + "o" * 11 + "xoxoxox", PauseReason.MANY_FAILURES),
        ("o" * 50, None),
    ],
)
def test_failures_that_pile_up_pause_the_device(outcomes, reason):
    assert after(outcomes).paused is reason


@given(st.lists(st.booleans(), max_size=60))
def test_a_device_is_paused_exactly_when_three_in_a_row_or_five_of_twenty_failed(outcomes):
    health, due = Health(), False
    for place, failed in enumerate(outcomes, 1):
        health = after_send(health, failed=failed)
        row, recent = outcomes[max(0, place - 3) : place], outcomes[max(0, place - 20) : place]
        due = due or (len(row) == 3 and all(row)) or sum(recent) >= 5
        assert (health.paused is not None) == due
    assert len(health.recent) <= 20


def test_a_person_lets_a_paused_device_go_on_with_a_clean_slate():
    health = resumed(after("xxx"))
    assert state_at(health, NOW) is DeviceHealth.OK
    assert after_send(health, failed=True).paused is None


def test_the_first_reason_for_a_pause_stays():
    health = paused(after("xxx"), PauseReason.UNCONFIRMED)
    assert health.paused is PauseReason.FAILURES_IN_A_ROW
    assert paused(Health(), PauseReason.BY_OWNER).paused is PauseReason.BY_OWNER


def test_one_refusal_freezes_nothing_and_a_second_contact_freezes_for_a_day():
    first = after_refusal(Health(), "628111", NOW)
    assert state_at(first, NOW) is DeviceHealth.OK
    again = after_refusal(first, "628111", NOW + HOUR)
    assert state_at(again, NOW + HOUR) is DeviceHealth.OK  # the same person says nothing new
    second = after_refusal(again, "628222", NOW + 2 * HOUR)
    assert second.frozen_until == NOW + 26 * HOUR
    assert state_at(second, NOW + 25 * HOUR) is DeviceHealth.COLD_FROZEN
    assert state_at(second, NOW + 26 * HOUR) is DeviceHealth.OK


def test_refusals_a_day_apart_freeze_nothing():
    first = after_refusal(Health(), "628111", NOW)
    assert after_refusal(first, "628222", NOW + 24 * HOUR).frozen_until is None


@pytest.mark.parametrize(
    ("before", "told", "until"),
    [
        (None, NOW + 3 * HOUR, NOW + 3 * HOUR),
        (None, None, NOW + 24 * HOUR),
        (NOW + 72 * HOUR, None, NOW + 72 * HOUR),  # an open end shortens nothing
        (NOW + 72 * HOUR, NOW + 3 * HOUR, NOW + 3 * HOUR),  # WhatsApp knows best
    ],
)
def test_a_restriction_lasts_as_long_as_whatsapp_says_or_a_day(before, told, until):
    assert frozen(Health(frozen_until=before), NOW, told).frozen_until == until


def test_a_restriction_that_is_lifted_is_over_at_once():
    assert state_at(thawed(frozen(Health(), NOW)), NOW) is DeviceHealth.OK


def test_a_freeze_holds_cold_recipients_only():
    health = frozen(Health(), NOW, NOW + HOUR)
    assert blocks_at(health, NOW, cold=True) == (Block(Reason.COLD_FROZEN, NOW + HOUR),)
    assert blocks_at(health, NOW, cold=False) == ()
    assert blocks_at(health, NOW + HOUR, cold=True) == ()


def test_a_rest_holds_everybody_and_is_never_cut_short():
    health = cooled(cooled(Health(), NOW + 2 * HOUR), NOW + HOUR)
    assert blocks_at(health, NOW, cold=False) == (Block(Reason.COOLING, NOW + 2 * HOUR),)


@pytest.mark.parametrize(
    ("health", "state"),
    [
        (Health(), DeviceHealth.OK),
        (Health(warming=True), DeviceHealth.WARMING),
        (Health(warming=True, frozen_until=NOW + HOUR), DeviceHealth.COLD_FROZEN),
        (
            Health(frozen_until=NOW + HOUR, cooling_until=NOW + HOUR),
            DeviceHealth.COOLING,
        ),
        (Health(paused=PauseReason.BY_OWNER, frozen_until=NOW + HOUR), DeviceHealth.PAUSED),
        (Health(warming=True, frozen_until=NOW - HOUR), DeviceHealth.WARMING),
    ],
)
def test_the_state_shown_is_the_one_that_forbids_most(health, state):
    assert state_at(health, NOW) is state
    assert bool(blocks_at(health, NOW, cold=True)) == (
        state not in (DeviceHealth.OK, DeviceHealth.WARMING)
    )


@pytest.mark.parametrize(
    ("sent", "unconfirmed", "deaf"),
    [(10, 2, False), (10, 3, True), (4, 4, False), (5, 2, True), (0, 0, False), (100, 20, False)],
)
def test_more_than_a_fifth_without_a_receipt_means_a_deaf_device(sent, unconfirmed, deaf):
    assert is_unconfirmed(sent, unconfirmed) is deaf


def test_more_unconfirmed_than_sent_is_a_mistake():
    with pytest.raises(ValueError, match="part of those sent"):
        is_unconfirmed(2, 3)


@pytest.mark.parametrize(
    ("signals", "value", "worst"),
    [
        (Signals(), 100, None),
        (Signals(sent=100, delivered=98, replied=10), 100, None),
        (Signals(sent=100, replied=10, failed=25), 65, Symptom.FAILURES),
        (Signals(sent=100, replied=10, unconfirmed=20), 85, Symptom.UNCONFIRMED),
        (Signals(sent=100, replied=10, opted_out=5), 70, Symptom.OPT_OUTS),
        (Signals(sent=100), 90, Symptom.FEW_REPLIES),
        (Signals(sent=5, failed=5), 100, None),  # too few to judge
        (Signals(restrictions=1), 70, Symptom.RESTRICTIONS),
        (Signals(restrictions=2), 40, Symptom.RESTRICTIONS),
        (Signals(reconnects=10), 85, Symptom.RECONNECTS),
        (Signals(median_ack_s=120), 90, Symptom.SLOW_RECEIPTS),
        (Signals(100, 50, 50, 0, 50, 0, 50, 5, 500), 0, Symptom.RESTRICTIONS),
    ],
)
def test_a_score_names_what_lowered_it(signals, value, worst):
    result = score(signals)
    assert result.value == value
    assert (result.findings[0].symptom if result.findings else None) is worst


BAD = ["failed", "unconfirmed", "opted_out", "reconnects", "restrictions"]


@given(
    st.builds(Signals, **{field.name: st.integers(0, 200) for field in fields(Signals)}),
    st.sampled_from(BAD),
)
def test_a_score_lies_between_0_and_100_and_never_rises_with_bad_news(signals, bad):
    worse = replace(signals, **{bad: getattr(signals, bad) + 10})
    assert 0 <= score(worse).value <= score(signals).value <= 100


def test_every_symptom_has_a_sentence_in_both_languages():
    for language in ("id", "en"):
        assert set(SYMPTOM_SENTENCES[language]) == set(Symptom)
    assert (
        score(Signals(restrictions=1)).findings[0].sentence() == "Pernah dibatasi WhatsApp (-30)."
    )
