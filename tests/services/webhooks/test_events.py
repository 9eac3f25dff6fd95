from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from services.webhooks.models import WebhookEvent

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def add(world, number: int, **changes: object) -> int:
    row = {
        "tenant_id": 1,
        "device_id": 1,
        "event_id": f"evt_{number}",
        "type": "message",
        "raw": b'{"payload":{"body":"halo \xf0\x9f\x99\x8f"}}',
        "state": "DONE",
        "attempts": 1,
        "received_at": NOW + timedelta(seconds=number),
    }
    with world.database.write() as connection:
        made = connection.execute(insert(WebhookEvent), row | changes)
        return made.inserted_primary_key[0]


def listed(client, **asked: object) -> list[str]:
    answer = client.get("/api/webhook-events", params=asked)
    assert answer.status_code == 200, answer.text
    return [one["event_id"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["evt_4", "evt_3", "evt_2", "evt_1"]),
        ({"state": "IGNORED"}, ["evt_2"]),
        ({"type": "call.received"}, ["evt_2"]),
        ({"device_id": 9}, ["evt_3"]),
        ({"state": "DEAD", "device_id": 1}, ["evt_4"]),
        ({"state": "DEAD", "device_id": 9}, []),
    ],
)
def test_events_are_listed_newest_first_by_state_type_and_device(world, api, asked, found):
    add(world, 1)
    add(world, 2, state="IGNORED", type="call.received")
    add(world, 3, device_id=9)
    add(world, 4, state="DEAD")
    add(world, 5, tenant_id=2)

    assert listed(api, **asked) == found


def test_pages_follow_each_other_without_a_gap(world, api):
    for number in range(5):
        add(world, number)
    first = api.get("/api/webhook-events", params={"limit": 3}).json()
    second = api.get("/api/webhook-events", params={"limit": 3, "after": first["next"]}).json()

    ids = [one["event_id"] for one in first["items"] + second["items"]]
    assert ids == [f"evt_{number}" for number in (4, 3, 2, 1, 0)]
    assert second["next"] is None


def test_the_body_is_shown_as_it_came_to_managers_only(world, api, other):
    event_id = add(world, 1)

    found = api.get(f"/api/webhook-events/{event_id}").json()

    assert found["raw"] == '{"payload":{"body":"halo 🙏"}}'
    assert (
        world.client(role="agent").get(f"/api/webhook-events/{event_id}").status_code,
        other.get(f"/api/webhook-events/{event_id}").status_code,
    ) == (403, 404)


def test_a_dead_event_gets_all_its_attempts_again_and_the_workers_are_rung(world, api):
    event_id = add(world, 1, state="DEAD", attempts=3, error="ValueError: broken")

    answer = api.post(f"/api/webhook-events/{event_id}/replay")

    assert answer.status_code == 200
    assert answer.json()["state"] == "NEW"
    with world.database.read() as connection:
        row = connection.execute(select(WebhookEvent.__table__)).one()
    assert (row.state, row.attempts, row.error) == ("NEW", 0, None)
    assert world.doorbell.rung == ["runtime.take_events"]


@pytest.mark.parametrize("state", ["NEW", "TAKEN", "DONE", "IGNORED"])
def test_only_a_dead_event_can_be_replayed(world, api, state):
    event_id = add(world, 1, state=state)

    answer = api.post(f"/api/webhook-events/{event_id}/replay")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_dead")
    assert world.doorbell.rung == []


def test_a_replay_is_for_managers_of_the_same_tenant(world, api, other, anonymous):
    event_id = add(world, 1, state="DEAD")
    clients = (anonymous, world.client(role="agent"), other)

    statuses = [one.post(f"/api/webhook-events/{event_id}/replay").status_code for one in clients]

    assert statuses == [401, 403, 404]
    with world.database.write() as connection:
        assert connection.execute(update(WebhookEvent).values(attempts=0)).rowcount == 1
        assert connection.execute(select(WebhookEvent.state)).scalar_one() == "DEAD"
