"""POST /api/flows/{id}/trigger: inputs are checked, a key starts one run, a wait is answered."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from runtime.claims import runs
from tests.runtime.runs.flows import ORDER, SLOW, publish, work

GIVEN = {"nama": "Ayu", "jumlah": 2}


def started(world) -> int:
    with world.database.read() as connection:
        return connection.execute(select(func.count()).select_from(runs)).scalar_one()


def test_a_program_starts_a_flow_and_a_worker_is_rung(world, api, shop):
    flow = publish(shop, ORDER)

    answer = api.post(f"/api/flows/{flow}/trigger", json={"inputs": GIVEN})

    assert answer.status_code == 202, answer.text
    assert answer.json() == {
        "run_id": answer.json()["run_id"],
        "status": "QUEUED",
        "reason": None,
        "outputs": {},
    }
    assert world.doorbell.rung == ["runtime.advance"]
    assert work(world) == 1
    shown = api.get(f"/api/runs/{answer.json()['run_id']}").json()
    assert shown["status"] == "SUCCEEDED"
    assert shown["outputs"] == {"sapaan": "Halo Ayu, 2", "kota": "Bandung"}
    assert shown["inputs"] == {**GIVEN, "kota": "Bandung"}


def test_a_request_may_wait_for_the_result(world, api, shop):
    flow = publish(shop, ORDER)
    rung = threading.Event()
    ring = world.doorbell.ring

    def ring_and_tell(task: str) -> None:
        ring(task)
        rung.set()

    world.doorbell.ring = ring_and_tell
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            api.post, f"/api/flows/{flow}/trigger", json={"inputs": GIVEN, "wait_s": 20}
        )
        assert rung.wait(10)
        work(world)
        answer = asked.result(20).json()

    assert (answer["status"], answer["outputs"]["sapaan"]) == ("SUCCEEDED", "Halo Ayu, 2")


def test_a_wait_ends_with_its_budget(api, shop):
    flow = publish(shop, SLOW)

    answer = api.post(f"/api/flows/{flow}/trigger", json={"wait_s": 0.1}).json()

    assert answer["status"] == "QUEUED"


@pytest.mark.parametrize(
    ("inputs", "fields"),
    [
        ({}, ["inputs.jumlah", "inputs.nama"]),
        ({"nama": "A", "jumlah": 0}, ["inputs.jumlah", "inputs.nama"]),
        ({"nama": "Ayu", "jumlah": "dua", "kta": "x"}, ["inputs.jumlah", "inputs.kta"]),
    ],
)
def test_wrong_inputs_are_refused_with_every_field(world, api, shop, inputs, fields):
    flow = publish(shop, ORDER)

    answer = api.post(f"/api/flows/{flow}/trigger", json={"inputs": inputs})

    assert (answer.status_code, answer.json()["code"]) == (422, "inputs_invalid")
    assert [found["field"] for found in answer.json()["problems"]] == fields
    assert started(world) == 0


def test_one_key_starts_one_run_also_when_twenty_ask_at_once(world, api, shop):
    flow = publish(shop, ORDER)
    key = {"Idempotency-Key": "order-17"}

    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(
                lambda _: api.post(
                    f"/api/flows/{flow}/trigger", json={"inputs": GIVEN}, headers=key
                ),
                range(20),
            )
        )

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    assert started(world) == 1
    other = api.post(
        f"/api/flows/{flow}/trigger", json={"inputs": {**GIVEN, "jumlah": 3}}, headers=key
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_an_api_key_may_start_a_flow(world, api, anonymous, shop):
    flow = publish(shop, ORDER)
    key = api.post("/api/api-keys", json={"name": "toko"}).json()["key"]

    answer = anonymous.post(
        f"/api/flows/{flow}/trigger", json={"inputs": GIVEN}, headers={"X-Api-Key": key}
    )

    assert answer.status_code == 202, answer.text


def test_who_may_not_or_cannot_start_a_flow_starts_nothing(world, api, other, anonymous, shop):
    flow = publish(shop, ORDER)
    draft = api.post("/api/flows", json={"document": {**ORDER, "id": "draf"}}).json()["id"]
    path, body = f"/api/flows/{flow}/trigger", {"inputs": GIVEN}

    assert anonymous.post(path, json=body).status_code == 401
    assert other.post(path, json=body).status_code == 404
    assert world.client(role="agent").post(path, json=body).status_code == 403
    assert api.post(f"/api/flows/{draft}/trigger", json=body).json()["code"] == "flow_not_published"
    assert api.post(path, json={**body, "trigger": "nobody"}).status_code == 422
    assert api.post(path, json={**body, "wait_s": 31}).status_code == 422
    broadcast = shop.flow()[0]
    assert api.post(f"/api/flows/{broadcast}/trigger", json={}).json()["code"] == "needs_campaign"
    api.patch(f"/api/flows/{flow}", json={"is_active": False})
    assert api.post(path, json=body).json()["code"] == "flow_off"
    large = {"inputs": {**GIVEN, "nama": "x" * 300_000}}
    api.patch(f"/api/flows/{flow}", json={"is_active": True})
    assert api.post(path, json=large).status_code == 413
    assert started(world) == 0
