"""/api/runs: what ran, what waits, and what a person may ask of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from runtime.claims import runs
from runtime.models import FlowRun
from services.messages.ledger import REPLY, NewMessage, enqueue
from services.messages.models import OutboundMessage
from tests.runtime.runs.flows import ORDER, SLOW, publish, work

GIVEN = {"inputs": {"nama": "Ayu", "jumlah": 2}}


def start(api, flow: int, body: Any = None) -> int:
    answer = api.post(f"/api/flows/{flow}/trigger", json=body or {})
    assert answer.status_code == 202, answer.text
    return int(answer.json()["run_id"])


def change(world, run_id: int, **values: Any) -> None:
    with world.database.write() as connection:
        connection.execute(update(runs).where(runs.c.id == run_id).values(**values))


def row(world, run_id: int) -> Any:
    with world.database.read() as connection:
        return connection.execute(select(runs).where(runs.c.id == run_id)).one()


def test_runs_are_listed_newest_first_page_by_page_and_filtered(world, api, shop):
    order, slow = publish(shop, ORDER), publish(shop, SLOW)
    made = [start(api, order, GIVEN) for _ in range(3)] + [start(api, slow)]
    work(world)

    first = api.get("/api/runs", params={"limit": 3}).json()
    rest = api.get("/api/runs", params={"limit": 3, "after": first["next"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    for params, ids in (
        ({"flow": slow}, made[3:]),
        ({"status": "WAITING"}, made[3:]),
        ({"status": "SUCCEEDED", "flow": order}, made[:3][::-1]),
        ({"kind": "inbound"}, []),
        ({"campaign": 9}, []),
        ({"chat": 9}, []),
    ):
        found = api.get("/api/runs", params=params).json()["items"]
        assert [one["id"] for one in found] == ids, params
    assert api.get("/api/runs", params={"status": "SLEEPING"}).status_code == 422
    assert first["items"][0]["flow_name"] == "Menunggu"
    assert first["items"][0]["waits_for"] == "time"


def test_elements_are_counted_with_their_run_and_listed_below_it(world, api, shop):
    run_id = start(api, publish(shop, SLOW))
    parent = row(world, run_id)
    with world.database.write() as connection:
        connection.execute(
            insert(runs),
            [
                {
                    "tenant_id": 1,
                    "flow_version_id": parent.flow_version_id,
                    "parent_id": run_id,
                    "item_key": f"each:{number}",
                    "status": "SUCCEEDED" if number else "FAILED",
                    "created_at": parent.created_at,
                }
                for number in range(3)
            ],
        )

    assert api.get(f"/api/runs/{run_id}").json()["children"] == {"SUCCEEDED": 2, "FAILED": 1}
    assert [one["id"] for one in api.get("/api/runs").json()["items"]] == [run_id]
    assert len(api.get("/api/runs", params={"parent": run_id}).json()["items"]) == 3


def test_secrets_are_masked_in_what_a_run_was_given(world, api, shop):
    asked = {**ORDER["inputs"], "additionalProperties": True}
    asked["properties"] = {**asked["properties"], "api_key": {"type": "string"}}
    open_to_all = publish(
        shop, ORDER, id="bebas", inputs=asked, outputs={"token": {"$": "inputs.api_key"}}
    )
    run_id = start(api, open_to_all, {"inputs": {"nama": "Ayu", "api_key": "k", "jumlah": 1}})
    work(world)

    shown = api.get(f"/api/runs/{run_id}").json()

    assert shown["inputs"]["api_key"] == "***"
    assert shown["trigger_values"]["inputs"]["api_key"] == "***"
    assert shown["outputs"] == {"token": "***"}
    assert [step["node"] for step in shown["trace"]] == ["count", "greet", "again"]


def test_a_waiting_run_is_held_and_goes_on_where_it_stood(world, api, shop):
    run_id = start(api, publish(shop, SLOW))
    work(world)
    wake_at = row(world, run_id).wake_at

    held = api.post(f"/api/runs/{run_id}/pause").json()
    assert held["status"] == "PAUSED"
    change(world, run_id, wake_at=wake_at - timedelta(hours=3))
    assert work(world) == 0

    assert api.post(f"/api/runs/{run_id}/resume").json()["status"] == "WAITING"
    assert work(world) == 1
    assert api.get(f"/api/runs/{run_id}").json()["status"] == "SUCCEEDED"
    assert api.post(f"/api/runs/{run_id}/resume").json()["code"] == "run_ended"


def test_a_cancelled_run_takes_back_what_has_not_left(world, api, shop):
    device = shop.device()
    run_id = start(api, publish(shop, SLOW))
    work(world)
    now = world.clock.now()
    with world.database.session() as session:
        child = FlowRun(
            tenant_id=1,
            flow_version_id=1,
            parent_id=run_id,
            item_key="a",
            status="WAITING",
            wait_key="send",
            created_at=now,
        )
        session.add(child)
        session.flush()
        child_id = child.id
        new = NewMessage(
            tenant_id=1,
            device_id=device,
            origin="REPLY",
            kind="text",
            priority=REPLY,
            chat_key="6281",
            body="x",
            run_id=child_id,
            node_id="a",
        )
        enqueue(session.connection(), [new], now)

    answer = api.post(f"/api/runs/{run_id}/cancel").json()

    assert (answer["status"], answer["reason"]) == ("CANCELLED", "cancelled")
    assert row(world, child_id).status == "CANCELLED"
    with world.database.read() as connection:
        assert connection.execute(select(OutboundMessage.status)).scalars().all() == ["CANCELLED"]
    assert work(world) == 0
    assert api.post(f"/api/runs/{run_id}/cancel").json()["code"] == "run_ended"


def test_a_run_in_a_workers_hands_is_asked_and_obeys(world, api, shop):
    run_id = start(api, publish(shop, SLOW))
    now = world.clock.now()
    change(world, run_id, status="RUNNING", lease_token="t", lease_until=now + timedelta(hours=1))

    asked = api.post(f"/api/runs/{run_id}/cancel").json()
    assert (asked["status"], asked["wanted"]) == ("RUNNING", "CANCELLED")

    change(world, run_id, status="QUEUED", lease_token=None, lease_until=None)
    work(world)
    assert row(world, run_id).status == "CANCELLED"


def test_a_stuck_run_is_listed_and_goes_on_in_its_own_row(world, api, shop):
    run_id = start(api, publish(shop, ORDER), GIVEN)
    change(world, run_id, status="DEAD", attempt=3, reason="the run ended its worker three times")

    assert [one["id"] for one in api.get("/api/runs/dead").json()["items"]] == [run_id]
    assert api.get(f"/api/runs/{run_id}").json()["inputs"]["nama"] == "Ayu"
    assert api.post(f"/api/runs/{run_id}/retry").json()["status"] == "QUEUED"
    work(world)
    assert row(world, run_id).status == "SUCCEEDED"
    assert api.post(f"/api/runs/{run_id}/retry").json()["code"] == "not_dead"
    assert api.get("/api/runs/dead").json()["items"] == []


def test_a_replay_from_the_start_is_a_run_with_the_same_event_and_seed(world, api, shop):
    run_id = start(api, publish(shop, ORDER), GIVEN)
    work(world)

    made = api.post(f"/api/runs/{run_id}/replay", json={})
    assert made.status_code == 201, made.text
    work(world)

    again = api.get(f"/api/runs/{made.json()['run_id']}").json()
    assert (again["replay_of"], again["status"]) == (run_id, "SUCCEEDED")
    assert again["outputs"]["sapaan"] == "Halo Ayu, 2"
    assert row(world, again["id"]).seed == row(world, run_id).seed
    found = api.get("/api/runs", params={"replay_of": run_id}).json()["items"]
    assert [one["id"] for one in found] == [again["id"]]


def test_a_replay_from_a_step_keeps_what_earlier_steps_found(world, api, shop):
    run_id = start(api, publish(shop, ORDER), GIVEN)
    work(world)

    made = api.post(f"/api/runs/{run_id}/replay", json={"step": "again"}).json()
    work(world)

    assert made["pinned"] == ["count", "greet"]
    shown = api.get(f"/api/runs/{made['run_id']}").json()
    notes = [(step["node"], step.get("note")) for step in shown["trace"]]
    assert notes == [("count", "pinned"), ("greet", "pinned"), ("again", None)]
    assert shown["trace"][-1]["outputs"]["text"] == "Halo Ayu, 2!"


def test_a_replay_never_sends_again_what_earlier_steps_sent(world, api, shop):
    shop.device("toko")
    flow = publish(
        shop,
        SLOW,
        id="kirim",
        nodes={
            "kirim": {
                "type": "send-waha",
                "with": {"device": "toko", "to": "6281234567890", "text": "Halo"},
                "next": {"ok": "lalu", "error": "lalu"},
            },
            "lalu": {"type": "template", "with": {"text": "sudah"}},
        },
        triggers={"start": {"type": "manual", "next": "kirim"}},
    )
    run_id = start(api, flow)
    work(world)
    with world.database.read() as connection:
        assert len(connection.execute(select(OutboundMessage.id)).all()) == 1
    signal = {"t": "outcome", "port": "ok", "values": {"message_id": "X", "device": "toko"}}
    change(world, run_id, signal=signal, wake_at=world.clock.now(), wait_key=None)
    work(world)
    assert row(world, run_id).status == "SUCCEEDED"

    made = api.post(f"/api/runs/{run_id}/replay", json={"step": "lalu"}).json()
    work(world)

    assert row(world, made["run_id"]).status == "SUCCEEDED"
    with world.database.read() as connection:
        assert len(connection.execute(select(OutboundMessage.id)).all()) == 1


@pytest.mark.parametrize(
    ("step", "status", "code"), [("nobody", 422, "invalid"), ("greet", 409, "not_kept")]
)
def test_a_step_that_was_not_reached_or_kept_is_refused(world, api, shop, step, status, code):
    run_id = start(
        api,
        publish(
            shop,
            ORDER,
            nodes={
                **ORDER["nodes"],
                "count": {**ORDER["nodes"]["count"], "save": "none"},
                "greet": {"type": "template", "with": {"text": "{{ steps.count.jumlah }}"}},
            },
            outputs=None,
        ),
        GIVEN,
    )
    work(world)

    answer = api.post(f"/api/runs/{run_id}/replay", json={"step": step})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_runs_of_campaigns_and_of_others_are_left_alone(world, api, other, shop):
    run_id = start(api, publish(shop, SLOW))
    for verb in ("cancel", "pause", "resume", "retry"):
        assert other.post(f"/api/runs/{run_id}/{verb}").status_code == 404
        assert world.client(role="agent").post(f"/api/runs/{run_id}/{verb}").status_code == 403
    assert other.get(f"/api/runs/{run_id}").status_code == 404
    assert other.post(f"/api/runs/{run_id}/replay", json={}).status_code == 404
    assert other.get("/api/runs").json()["items"] == []

    change(world, run_id, campaign_id=shop.campaign())
    for verb in ("cancel", "pause", "resume", "retry"):
        assert api.post(f"/api/runs/{run_id}/{verb}").json()["code"] == "run_of_campaign"
    assert api.post(f"/api/runs/{run_id}/replay", json={}).json()["code"] == "run_of_campaign"
