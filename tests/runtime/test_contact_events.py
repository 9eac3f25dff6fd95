"""What happens to a contact starts the flows that wait for it, and is told to other systems."""

from typing import Any

import pytest
from sqlalchemy import select

from runtime.claims import runs
from runtime.events import take_outbox
from services.devices.links import set_link
from services.outgoing.models import WebhookDelivery
from tests.runtime.runs.flows import SLOW, publish, work


def waiting_for(*what: str, tags: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    return {
        **SLOW,
        "kind": "inbound",
        "id": "kejadian",
        "triggers": {
            "ada": {
                "type": "contact-event",
                "with": {"events": list(what), "tags": list(tags)},
                "next": "end",
            }
        },
        "nodes": {"end": {"type": "stop"}},
        **changes,
    }


def person(api, **values: Any) -> int:
    answer = api.post("/api/contacts", json={"phone": "081234567890", "name": "Ayu", **values})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def happened(world) -> list[tuple[str, Any]]:
    """The events that started runs, in order."""
    take_outbox(world.database, world.clock)
    with world.database.read() as connection:
        found = connection.execute(
            select(runs.c.state, runs.c.kind, runs.c.identity_id).order_by(runs.c.id)
        ).all()
    assert {row.kind for row in found} <= {"event"}
    return [(row.state["trigger"]["event"], row.state["trigger"].get("tags")) for row in found]


def test_a_new_a_changed_and_a_tagged_contact_start_their_flow(world, api, shop):
    publish(shop, waiting_for("created", "updated", "tagged", "untagged"))

    contact = person(api)
    api.patch(f"/api/contacts/{contact}", json={"name": "Ayu Lestari"})
    api.patch(f"/api/contacts/{contact}", json={"tags": ["VIP", "Lead"]})
    api.patch(f"/api/contacts/{contact}", json={"tags": ["VIP"]})
    api.patch(f"/api/contacts/{contact}", json={"tags": ["VIP"]})

    assert happened(world) == [
        ("created", []),
        ("updated", []),
        ("tagged", ["Lead", "VIP"]),
        ("untagged", ["Lead"]),
    ]
    assert happened(world)[4:] == []


@pytest.mark.parametrize(
    ("tags", "given", "starts"),
    [(("vip",), ["VIP"], 1), (("VIP",), ["Lead"], 0), ((), ["Lead"], 1)],
)
def test_only_the_tags_that_are_waited_for_count(world, api, shop, tags, given, starts):
    publish(shop, waiting_for("tagged", tags=tags))
    contact = person(api)

    api.patch(f"/api/contacts/{contact}", json={"tags": given})

    assert len(happened(world)) == starts


def test_the_flow_sees_the_contact(world, api, shop):
    publish(shop, waiting_for("created", outputs={"nama": {"$": "trigger.contact.name"}}))
    person(api)
    take_outbox(world.database, world.clock)

    work(world)

    found = api.get("/api/runs").json()["items"][0]
    assert api.get(f"/api/runs/{found['id']}").json()["outputs"] == {"nama": "Ayu"}


def test_a_flow_that_tags_does_not_run_for_ever(world, api, shop):
    turn = {"type": "tag-contact", "with": {"phone": {"$": "trigger.contact.phone"}}}
    for name, what, form in (
        ("maju", "tagged", {"remove": ["A"]}),
        ("mundur", "untagged", {"add": ["A"]}),
    ):
        step = {**turn, "with": {**turn["with"], **form}}
        publish(shop, waiting_for(what, id=name, nodes={"end": step}))
    contact = person(api)
    api.patch(f"/api/contacts/{contact}", json={"tags": ["A"]})

    for _ in range(40):
        take_outbox(world.database, world.clock)
        work(world)

    with world.database.read() as connection:
        assert len(connection.execute(select(runs.c.id)).all()) == 20


def test_other_tenants_and_switched_off_flows_hear_nothing(world, api, other, shop, other_shop):
    publish(other_shop, waiting_for("created"))
    flow = publish(shop, waiting_for("created"))
    api.patch(f"/api/flows/{flow}", json={"is_active": False})

    person(api)

    assert happened(world) == []


def test_other_systems_are_told_what_happened(world, api, shop):
    api.post("/api/webhook-endpoints", json={"url": "https://erp.example.com/in"})
    publish(
        shop,
        waiting_for(
            "created",
            nodes={"end": {"type": "stop", "with": {"status": "failed", "reason": "no_stock"}}},
        ),
    )
    device = shop.device("toko", status="DISCONNECTED")
    person(api)
    take_outbox(world.database, world.clock)
    work(world)
    with world.database.write() as connection:
        set_link(connection, device, "CONNECTED", world.clock.now())
    take_outbox(world.database, world.clock)

    with world.database.read() as connection:
        told = {
            row.event: row.body["data"]
            for row in connection.execute(select(WebhookDelivery.__table__))
        }
    assert sorted(told) == ["contact.created", "device.status", "run.failed"]
    assert told["contact.created"]["contact"]["name"] == "Ayu"
    assert told["run.failed"]["run"]["reason"] == "no_stock"
    assert (told["device.status"]["device"], told["device.status"]["status"]) == (
        "toko",
        "CONNECTED",
    )
