"""Typing and seen on a device that many write to, and outcomes that can't be written down."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from services.integrations.waha.outcomes import Accepted
from services.integrations.waha.types import SentReceipt
from services.messages.models import OutboundMessage
from tests.runtime.inbound.floor import Floor

MANNERS = """
flow: alir/1
kind: inbound
id: santun
name: Santun
triggers:
  masuk: {type: message, debounce: {quiet: 0s}, next: lihat}
nodes:
  lihat:
    type: mark-seen
    with: {device: {$: trigger.device}, chat: {$: trigger.chat_id}}
    next: {ok: ketik}
  ketik:
    type: show-typing
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}}
    next: {ok: jawab}
  jawab:
    type: send-waha
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: Baik}
"""


@pytest.mark.sql
def test_signs_in_many_chats_of_one_device_hold_up_nobody(any_floor: Floor) -> None:
    any_floor.flow(MANNERS, slug="santun")

    for number in range(3):
        any_floor.say("halo", f"628120000000{number}@c.us")
    any_floor.wait(30)

    assert any_floor.texts == ["Baik"] * 3
    assert {row.status for row in any_floor.outbound()} == {"SENT"}
    assert {run.status for run in any_floor.runs()} == {"SUCCEEDED"}


def test_an_outcome_that_cannot_be_written_is_set_aside_and_the_others_are_written(
    floor: Floor,
) -> None:
    floor.answers()
    floor.say("harga satu")
    floor.say("harga dua", "6281200000002@c.us")
    floor.wait(5)
    poison, good = floor.recorded
    with floor.database.write() as connection:
        table = OutboundMessage.__table__
        connection.execute(update(table).where(table.c.id == good.sent.id).values(status="SENDING"))
    broken = replace(poison, outcome=Accepted(SentReceipt("x", None, True)), ended_at="never")

    left = floor.pump._record_singly([broken, good], [])

    assert left == ([], [])
    assert {row.status for row in floor.outbound()} == {"SENT"}
