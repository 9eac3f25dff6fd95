"""Who answers in a chat, and until when."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from services.accounts.models import Tenant
from services.chats import takeover
from tests.services.messages.lab import NOON, Lab

pytestmark = pytest.mark.sql


def _chat(lab: Lab, **values: object) -> int:
    return lab.chat(lab.device(), lab.person("6281200000001"), "6281200000001", **values)


@pytest.mark.parametrize(
    ("mode", "hours", "human", "bot"),
    [
        ("BOT", None, False, True),
        ("HUMAN", None, True, False),
        ("HUMAN", 1, True, False),
        ("HUMAN", 0, False, True),  # the moment it ends is the bot's
        ("HUMAN", -1, False, True),
        ("MUTED", None, False, False),
    ],
)
def test_the_bot_speaks_unless_a_human_has_the_chat_or_nobody_may(
    lab: Lab, mode: str, hours: int | None, human: bool, bot: bool
) -> None:
    until = None if hours is None else NOON + timedelta(hours=hours)
    row = lab.session(_chat(lab, mode=mode, human_until=until))

    assert (takeover.is_human(row, NOON), takeover.is_bot(row, NOON)) == (human, bot)


@pytest.mark.parametrize(
    ("profile", "hours"),
    [
        ({}, 12),
        ({"takeover_hours": 2}, 2),
        ({"takeover_hours": 0.5}, 0.5),
        ({"takeover_hours": 0}, 12),
        ({"takeover_hours": "selamanya"}, 12),
        ({"takeover_hours": True}, 12),
    ],
)
def test_who_answers_on_the_phone_has_the_chat_for_the_hours_of_the_account(
    any_lab: Lab, profile: dict[str, object], hours: float
) -> None:
    chat = _chat(any_lab, unread=3, attention="unanswered")
    with any_lab.database.write() as connection:
        connection.execute(update(Tenant).values(profile=profile))
        takeover.human_answered(connection, [chat], any_lab.clock, NOON)

    row = any_lab.session(chat)
    assert (row.mode, row.mode_reason) == ("HUMAN", "phone")
    assert row.human_until == NOON + timedelta(hours=hours)
    assert (row.unread, row.attention) == (0, None)


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        ("HUMAN", timedelta(hours=1), timedelta(hours=12)),
        ("HUMAN", timedelta(hours=-1), timedelta(hours=12)),
        ("HUMAN", timedelta(hours=48), timedelta(hours=48)),  # never shortened
        ("HUMAN", None, None),  # for good stays for good
        ("MUTED", None, None),
    ],
)
def test_another_answer_never_shortens_what_a_person_asked_for(
    any_lab: Lab, mode: str, before: timedelta | None, after: timedelta | None
) -> None:
    chat = _chat(
        any_lab,
        mode=mode,
        mode_reason="agent",
        human_until=None if before is None else NOON + before,
    )

    with any_lab.database.write() as connection:
        takeover.human_answered(connection, [chat], any_lab.clock, NOON)

    row = any_lab.session(chat)
    assert row.mode == mode
    assert row.human_until == (None if after is None else NOON + after)


@pytest.mark.parametrize("reason", ["handed_over", "loop"])
def test_an_answer_in_a_chat_that_was_handed_over_begins_its_hours(
    any_lab: Lab, reason: str
) -> None:
    chat = _chat(any_lab, mode="HUMAN", mode_reason=reason, attention=reason)

    with any_lab.database.write() as connection:
        takeover.human_answered(connection, [chat], any_lab.clock, NOON)

    row = any_lab.session(chat)
    assert (row.mode_reason, row.human_until) == ("phone", NOON + timedelta(hours=12))
    assert row.attention is None


def test_a_chat_that_is_handed_over_waits_for_a_person_until_it_is_given_back(
    any_lab: Lab,
) -> None:
    chat = _chat(any_lab)
    with any_lab.database.write() as connection:
        assert takeover.hand_over(connection, 2, chat, "handed_over", None, NOON) is None
        done = takeover.hand_over(connection, 1, chat, "handed_over", None, NOON)
    assert done == takeover.HandedOver(chat, None, None)
    row = any_lab.session(chat)
    assert (row.mode, row.mode_reason, row.attention) == ("HUMAN", "handed_over", "handed_over")

    with any_lab.database.write() as connection:
        takeover.give_back(connection, 2, [chat], NOON)
    assert any_lab.session(chat).mode == "HUMAN"
    with any_lab.database.write() as connection:
        takeover.give_back(connection, 1, [chat], NOON)
    row = any_lab.session(chat)
    assert (row.mode, row.mode_reason, row.human_until) == ("BOT", None, None)


def test_the_sweep_writes_back_exactly_the_chats_whose_time_is_past(any_lab: Lab) -> None:
    device = any_lab.device()
    chats = {
        name: any_lab.chat(device, any_lab.person(), mode=mode, human_until=until)
        for name, mode, until in [
            ("past", "HUMAN", NOON - timedelta(seconds=1)),
            ("later", "HUMAN", NOON + timedelta(seconds=1)),
            ("for good", "HUMAN", None),
            ("muted", "MUTED", NOON - timedelta(days=1)),
        ]
    }

    with any_lab.database.write() as connection:
        assert takeover.sweep(connection, NOON) == [chats["past"]]
        assert takeover.sweep(connection, NOON) == []

    modes = {name: any_lab.session(chat).mode for name, chat in chats.items()}
    assert modes == {"past": "BOT", "later": "HUMAN", "for good": "HUMAN", "muted": "MUTED"}
