"""/api/webhook-endpoints: addresses, their keys, what was delivered, and once more."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from services.outgoing import events
from services.outgoing.models import WebhookDelivery, WebhookEndpoint

URL = "https://toko.example.com/webhooks"


def make(api, **values) -> dict:
    answer = api.post("/api/webhook-endpoints", json={"url": URL, **values})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_an_address_is_made_with_a_key_that_is_told_once(world, api):
    made = make(api, description="ERP", events=["message.received"])

    assert made["signing_key"].startswith("whsec_")
    shown = api.get(f"/api/webhook-endpoints/{made['id']}").json()
    assert "signing_key" not in shown
    assert (shown["url"], shown["events"]) == (URL, ["message.received"])
    assert api.get("/api/webhook-endpoints").json() == [shown]
    with world.database.read() as connection:
        sealed = connection.execute(select(WebhookEndpoint.secret_sealed)).scalar_one()
    assert world.sealer.open(sealed) == made["signing_key"]
    fresh = api.post(f"/api/webhook-endpoints/{made['id']}/rotate-key").json()["signing_key"]
    assert fresh != made["signing_key"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"url": "ftp://toko.example.com/x"}, "bad_url"),
        ({"url": "https://user:pass@toko.example.com"}, "bad_url"),
        ({"url": "http://127.0.0.1/x"}, "bad_url"),
        ({"url": "http://[::1]/x"}, "bad_url"),
        ({"url": "http://localhost:8000/"}, "bad_url"),
        ({"url": "http://169.254.169.254/latest"}, "bad_url"),
        ({"url": URL, "events": ["message.recieved"]}, "no_such_event"),
        ({"url": URL, "secret": "x"}, "invalid"),
    ],
)
def test_an_address_that_can_never_be_told_is_refused(api, given, code):
    answer = api.post("/api/webhook-endpoints", json=given)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_misspelt_event_names_the_one_that_was_meant(api):
    answer = api.post("/api/webhook-endpoints", json={"url": URL, "events": ["message.recieved"]})

    assert "message.received" in answer.json()["problems"][0]["hint"]
    names = [one["name"] for one in api.get("/api/webhook-endpoints/events").json()]
    assert "contact.opted_out" in names


def test_an_address_is_switched_off_and_starts_anew(world, api):
    made = make(api)
    path = f"/api/webhook-endpoints/{made['id']}"
    with world.database.write() as connection:
        connection.execute(
            update(WebhookEndpoint).values(
                failures_in_row=40, is_active=False, disabled_reason="40 attempts in a row failed"
            )
        )

    on = api.patch(path, json={"is_on": True, "events": ["run.failed"]}).json()

    assert (on["is_active"], on["disabled_reason"], on["failures_in_row"]) == (True, None, 0)
    assert on["events"] == ["run.failed"]


def test_deliveries_are_listed_and_given_again_under_their_id(world, api):
    path = f"/api/webhook-endpoints/{make(api)['id']}"
    assert api.post(f"{path}/test").status_code == 202
    with world.database.write() as connection:
        events.tell(connection, 1, "run.failed", {"run_id": 1}, world.clock.now())
        connection.execute(
            update(WebhookDelivery).values(status="GIVEN_UP", attempts=8, next_attempt_at=None)
        )
    listed = api.get(f"{path}/deliveries").json()["items"]
    assert [one["event"] for one in listed] == ["run.failed", "webhook.test"]

    again = api.post(f"{path}/deliveries/{listed[0]['id']}/replay")
    assert again.status_code == 202
    first = api.get(f"{path}/deliveries", params={"status": "PENDING"}).json()["items"][0]
    assert (first["event_id"], first["attempts"]) == (listed[0]["event_id"], 0)
    busy = api.post(f"{path}/deliveries/{listed[0]['id']}/replay")
    assert (busy.status_code, busy.json()["code"]) == (409, "delivery_under_way")
    assert api.post(f"{path}/replay").json() == {"replayed": 1}
    assert api.post(f"{path}/deliveries/999/replay").status_code == 404


def test_a_delivery_that_waits_for_its_next_attempt_is_due_at_once_when_it_is_given_again(
    world, api
):
    path = f"/api/webhook-endpoints/{make(api)['id']}"
    later = world.clock.now() + timedelta(hours=2)
    api.post(f"{path}/test")
    one = api.get(f"{path}/deliveries").json()["items"][0]["id"]
    waits = update(WebhookDelivery).values(status="PENDING", attempts=3, next_attempt_at=later)

    for again in (f"{path}/deliveries/{one}/replay", f"{path}/replay"):
        with world.database.write() as connection:
            connection.execute(waits)
        assert api.post(again).status_code in (200, 202)
        with world.database.read() as connection:
            row = connection.execute(
                select(WebhookDelivery.attempts, WebhookDelivery.next_attempt_at)
            ).one()
        assert row.attempts == 0
        assert row.next_attempt_at <= world.clock.now()

    assert api.post(f"{path}/replay").json() == {"replayed": 0}


def test_a_deleted_address_is_told_nothing_more(world, api):
    path = f"/api/webhook-endpoints/{make(api)['id']}"
    api.post(f"{path}/test")

    assert api.delete(path).status_code == 204

    assert api.get("/api/webhook-endpoints").json() == []
    with world.database.write() as connection:
        assert events.tell(connection, 1, "run.failed", {}, world.clock.now()) == 0
        assert connection.execute(select(WebhookDelivery.id)).all() == []


def test_nobody_else_sees_or_changes_an_address(world, api, other):
    path = f"/api/webhook-endpoints/{make(api)['id']}"

    assert world.client(role="agent").get(path).status_code == 403
    for answer in (
        other.get(path),
        other.patch(path, json={"is_on": False}),
        other.delete(path),
        other.post(f"{path}/rotate-key"),
        other.post(f"{path}/test"),
        other.get(f"{path}/deliveries"),
        other.post(f"{path}/replay"),
        other.post(f"{path}/deliveries/1/replay"),
    ):
        assert answer.status_code == 404
    assert other.get("/api/webhook-endpoints").json() == []
