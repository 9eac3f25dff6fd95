"""Between a claim's look at a message and its mark, another process may take the message away."""

from dataclasses import replace
from typing import Any

import pytest

from services.messages.claim import claim
from services.messages.models import OutboundMessage
from tests.services.messages.lab import NOON, Lab

pytestmark = pytest.mark.sql


# SQLite's write lock leaves no moment to slip into.
@pytest.mark.parametrize("any_lab", ["mariadb"], indirect=True)
@pytest.mark.parametrize("taken_away", ["cancelled", "moved"])
def test_a_message_taken_away_during_its_claim_does_not_leave(
    any_lab: Lab, taken_away: str
) -> None:
    device, other = any_lab.device(), any_lab.device()
    message, stays = any_lab.message(device), any_lab.message(other)
    change: dict[str, Any] = (
        {"status": "CANCELLED"} if taken_away == "cancelled" else {"device_id": other}
    )

    def slip_in(server_id: int, session: str, since: object) -> str | None:
        any_lab.set(OutboundMessage, message, **change)
        return any_lab.ids.pop(0)

    with any_lab.database.write() as connection:
        claimed = claim(connection, NOON, replace(any_lab.rules, take_id=slip_in), 10)

    assert [sent.id for sent in claimed.sends] == [stays]
    assert any_lab.row(message).status == ("CANCELLED" if taken_away == "cancelled" else "PENDING")
    assert any_lab.lane(device).due_at == NOON  # looked at again at once
    assert any_lab.lane(device).sent_today == 0
