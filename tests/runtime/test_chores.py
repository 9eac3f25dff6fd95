"""The chores of a minute: chats go back to the bot, and two rounds never run at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from runtime import chores
from services.chats.models import ChatSession


class Idle:
    """A backfill that only counts."""

    def __init__(self) -> None:
        self.rounds = 0

    def run(self) -> int:
        self.rounds += 1
        return 0


@pytest.fixture
def idle(world, monkeypatch: pytest.MonkeyPatch) -> Idle:
    found = Idle()
    monkeypatch.setattr(chores, "_parts", lambda: (world, found))
    return found


def test_a_chat_whose_humans_time_is_over_is_the_bots_again(world, shop, idle: Idle) -> None:
    device, now = shop.device(), world.clock.now()
    shop.chat("6281200000001", device, mode="HUMAN", human_until=now - timedelta(seconds=1))
    shop.chat("6281200000002", device, mode="HUMAN", human_until=now + timedelta(hours=1))

    chores.look_after_chats()

    with world.database.read() as connection:
        modes = connection.execute(select(ChatSession.mode).order_by(ChatSession.id)).scalars()
        assert list(modes) == ["BOT", "HUMAN"]
    assert idle.rounds == 1


def test_a_round_that_is_under_way_is_not_begun_again(idle: Idle) -> None:
    with chores._busy:
        chores.look_after_chats()

    assert idle.rounds == 0
