"""A flow calls another and goes on with its outputs; what can't be called leaves by `error`."""

from typing import Any

import pytest
from sqlalchemy import select

from runtime.claims import runs
from tests.runtime.runs.flows import ORDER, publish, work

PRICE: dict[str, Any] = {
    **ORDER,
    "kind": "subflow",
    "id": "harga",
    "name": "Harga",
    "inputs": {
        "type": "object",
        "required": ["barang"],
        "properties": {"barang": {"type": "string"}},
    },
    "outputs": {"teks": {"$": "steps.say.text"}},
    "triggers": {"start": {"type": "manual", "next": "say"}},
    "nodes": {"say": {"type": "template", "with": {"text": "{{ inputs.barang }}: 5.000"}}},
}


def caller(**form: Any) -> dict[str, Any]:
    return {
        **ORDER,
        "id": "pemanggil",
        "inputs": None,
        "outputs": {"hasil": {"$": "steps.after.text"}},
        "triggers": {"start": {"type": "manual", "next": "ask"}},
        "nodes": {
            "ask": {
                "type": "call-flow",
                "with": {"flow": "harga", "inputs": {"barang": "Kopi"}, **form},
                "next": {"ok": "after", "error": "sorry"},
            },
            "after": {"type": "template", "with": {"text": "{{ steps.ask.outputs.teks }}!"}},
            "sorry": {"type": "set-variables", "with": {"values": {"why": {"$": "error.code"}}}},
        },
    }


def run(world, api, flow: int) -> dict[str, Any]:
    run_id = api.post(f"/api/flows/{flow}/trigger", json={}).json()["run_id"]
    work(world)
    with world.database.write() as connection:
        connection.execute(
            runs.update().where(runs.c.status == "WAITING").values(wake_at=world.clock.now())
        )
    work(world)
    found: dict[str, Any] = api.get(f"/api/runs/{run_id}").json()
    return found


def test_the_caller_goes_on_with_what_the_other_flow_gives_back(world, api, shop):
    price = publish(shop, PRICE)

    found = run(world, api, publish(shop, caller()))

    assert (found["status"], found["outputs"]) == ("SUCCEEDED", {"hasil": "Kopi: 5.000!"})
    assert found["children"] == {"SUCCEEDED": 1}
    child = api.get("/api/runs", params={"parent": found["id"]}).json()["items"][0]
    assert (child["flow_id"], child["flow_name"]) == (price, "Harga")


def test_a_caller_wakes_by_itself_when_the_other_flow_ends(world, api, shop):
    publish(shop, PRICE)
    flow = publish(shop, caller())
    run_id = api.post(f"/api/flows/{flow}/trigger", json={}).json()["run_id"]

    work(world)

    with world.database.read() as connection:
        row = connection.execute(select(runs).where(runs.c.id == run_id)).one()
    assert row.status == "WAITING"
    assert (row.wake_at - world.clock.now()).total_seconds() < 0.2


def test_a_fixed_version_is_called_though_a_newer_one_is_published(world, api, shop):
    flow = publish(shop, PRICE)
    newer = {**PRICE, "nodes": {"say": {"type": "template", "with": {"text": "baru"}}}}
    api.put(f"/api/flows/{flow}", json={"document": newer}, headers={"If-Match": '"1"'})
    assert api.post(f"/api/flows/{flow}/publish").status_code == 200

    assert run(world, api, publish(shop, caller(version=1)))["outputs"]["hasil"] == "Kopi: 5.000!"
    newest = publish(shop, caller(), id="lain")
    assert run(world, api, newest)["outputs"]["hasil"] == "baru!"


@pytest.mark.parametrize(
    ("called", "form", "code"),
    [
        (None, {}, "no_such_flow"),
        (PRICE, {"version": 9}, "no_such_flow"),
        (PRICE, {"inputs": {}}, "bad_inputs"),
        (
            {
                **PRICE,
                "nodes": {"say": {"type": "stop", "with": {"status": "failed"}}},
                "outputs": None,
            },
            {},
            "call_failed",
        ),
    ],
)
def test_what_cannot_be_called_leaves_by_error(world, api, shop, called, form, code):
    if called is not None:
        publish(shop, called)

    found = run(world, api, publish(shop, caller(**form)))

    assert (found["status"], found["vars"]) == ("SUCCEEDED", {"why": code})


def test_another_shops_flow_cannot_be_called(world, api, shop, other_shop):
    publish(other_shop, PRICE)

    assert run(world, api, publish(shop, caller()))["vars"] == {"why": "no_such_flow"}


def test_flows_that_call_themselves_end_at_a_depth(world, api, shop):
    again = {**caller(flow="pemanggil", inputs={}), "outputs": None}
    again["nodes"] = {
        "ask": {**again["nodes"]["ask"], "next": {"error": "sorry"}},
        "sorry": again["nodes"]["sorry"],
    }
    flow = publish(shop, again)

    run(world, api, flow)
    for _ in range(8):
        with world.database.write() as connection:
            connection.execute(
                runs.update().where(runs.c.status == "WAITING").values(wake_at=world.clock.now())
            )
        work(world)

    with world.database.read() as connection:
        found_all = connection.execute(select(runs.c.status, runs.c.state)).all()
    assert len(found_all) == 6
    assert {row.status for row in found_all} == {"SUCCEEDED"}
    assert [row.state.get("vars") for row in found_all if row.state.get("vars")] == [
        {"why": "too_deep"}
    ]


def test_a_cancelled_caller_takes_the_called_flow_along(world, api, shop):
    nap = {"say": {"type": "wait", "with": {"duration": "2h"}}}
    publish(shop, PRICE, outputs=None, nodes=nap)
    ask = {"type": "call-flow", "with": {"flow": "harga", "inputs": {"barang": "Kopi"}}}
    flow = publish(shop, caller(), outputs=None, nodes={"ask": ask})
    run_id = api.post(f"/api/flows/{flow}/trigger", json={}).json()["run_id"]
    work(world)
    assert api.get(f"/api/runs/{run_id}").json()["waits_for"] == "children"

    api.post(f"/api/runs/{run_id}/cancel")

    with world.database.read() as connection:
        assert set(connection.execute(select(runs.c.status)).scalars()) == {"CANCELLED"}
