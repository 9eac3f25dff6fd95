"""POST /hooks/<token>: who may start what with it, once, and what is answered."""

import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import func, select, update

from flows.models import Trigger
from runtime.claims import runs
from runtime.hooks.routes import counterparts
from services.accounts.models import Tenant
from services.kit.clock import Clock
from services.kit.rate_limit import Limit
from tests.runtime.runs.flows import ORDER, publish, work

KEY = "hook-key"
LEAD = {
    "flow": "alir/1",
    "kind": "webhook",
    "id": "prospek",
    "name": "Prospek",
    "triggers": {"masuk": {"type": "webhook", "next": "catat"}},
    "nodes": {
        "catat": {
            "type": "set-variables",
            "with": {"values": {"nama": {"$": "trigger.body.nama"}}},
        },
    },
}
ECHO = {
    **LEAD,
    "id": "gema",
    "nodes": {
        "jawab": {
            "type": "respond",
            "with": {
                "status": 201,
                "headers": {"X-Toko": "Ayu"},
                "body": {"halo": {"$": "trigger.body.nama"}, "kota": {"$": "trigger.query.kota"}},
            },
        },
    },
    "triggers": {"masuk": {"type": "webhook", "next": "jawab"}},
}
LATER = {
    **ECHO,
    "id": "nanti",
    "triggers": {"masuk": {"type": "webhook", "next": "tandai"}},
    "nodes": {
        "tandai": {
            "type": "tag-contact",
            "with": {"phone": "6281234567890", "add": ["Prospek"]},
            "next": {"ok": "jawab", "error": "jawab"},
        },
        **ECHO["nodes"],
    },
}


def hook(world, shop, document: dict[str, Any], *, key: str | None = None) -> str:
    """The address of a published flow's hook."""
    flow_id = publish(shop, document)
    with world.database.write() as connection:
        if key is not None:
            sealed = world.sealer.seal(key)
            connection.execute(
                update(Trigger).where(Trigger.flow_id == flow_id).values(secret_sealed=sealed)
            )
        token = connection.execute(
            select(Trigger.token).where(Trigger.flow_id == flow_id)
        ).scalar_one()
    return f"/hooks/{token}"


def started(world) -> int:
    with world.database.read() as connection:
        return connection.execute(select(func.count()).select_from(runs)).scalar_one()


def signed(body: bytes, at: datetime, key: str = KEY) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    found = hmac.new(key.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()
    return {"X-Alir-Timestamp": timestamp, "X-Alir-Signature": f"sha256={found}"}


@pytest.mark.parametrize(
    ("content", "kind", "body"),
    [
        (b'{"nama": "Ayu"}', "application/json", {"nama": "Ayu"}),
        (b'{"nama": "Ayu"}', "text/plain", {"nama": "Ayu"}),
        (
            b"nama=Ayu&minat=a&minat=b",
            "application/x-www-form-urlencoded",
            {"nama": "Ayu", "minat": ["a", "b"]},
        ),
        (b"halo", "text/plain", "halo"),
        (b"", "", None),
    ],
)
def test_a_call_starts_a_run_with_what_it_brought(world, anonymous, shop, content, kind, body):
    path = hook(world, shop, LEAD)

    answer = anonymous.post(
        f"{path}?kota=Bandung",
        content=content,
        headers={"Content-Type": kind, "Authorization": "Bearer x", "X-Toko": "1"},
    )

    assert answer.status_code == 202, answer.text
    assert world.doorbell.rung == ["runtime.advance"]
    work(world)
    shown = world.client().get(f"/api/runs/{answer.json()['run_id']}").json()
    assert (shown["status"], shown["kind"]) == ("SUCCEEDED", "webhook")
    assert shown["trigger_values"]["body"] == body
    assert shown["trigger_values"]["query"] == {"kota": "Bandung"}
    assert shown["trigger_values"]["headers"]["x-toko"] == "1"
    assert "authorization" not in shown["trigger_values"]["headers"]


def test_only_a_fresh_and_true_signature_is_believed_and_only_once(make_world, shop):
    now = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    world = make_world(clock=Clock(now=lambda: now))
    anonymous = world.client(None)
    path, body = hook(world, shop, LEAD, key=KEY), b'{"nama": "Ayu"}'
    good = signed(body, now)
    refused = [
        {},
        {"X-Alir-Timestamp": good["X-Alir-Timestamp"]},
        {**good, "X-Alir-Signature": "sha256=" + "0" * 64},
        {**good, "X-Alir-Signature": "é"},
        {**good, "X-Alir-Timestamp": "kemarin"},
        {**good, "X-Alir-Timestamp": str(int(now.timestamp()) + 1)},
        signed(body, now - timedelta(seconds=301)),
        signed(body, now + timedelta(seconds=301)),
        signed(body, now, key="another"),
    ]

    for headers in refused:
        sent = {name: value.encode() for name, value in headers.items()}
        assert anonymous.post(path, content=body, headers=sent).status_code == 401, headers
    assert anonymous.post(path, content=body + b" ", headers=good).status_code == 401
    assert started(world) == 0

    assert anonymous.post(path, content=body, headers=good).status_code == 202
    again = anonymous.post(path, content=body, headers=good)
    assert (again.status_code, again.json()["code"]) == (409, "replayed")
    late = signed(body, now - timedelta(seconds=299))
    assert anonymous.post(path, content=body, headers=late).status_code == 202
    assert started(world) == 2


def test_a_signed_question_is_answered_once_as_well(world, anonymous, shop):
    path, body = hook(world, shop, ECHO, key=KEY), b'{"nama": "Ayu"}'
    headers = signed(body, datetime.now(UTC))

    assert anonymous.post(path, content=body, headers=headers).status_code == 201
    assert anonymous.post(path, content=body, headers=headers).status_code == 409


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["body.nama"]),
        ({"nama": 5, "umur": "tua"}, ["body.nama", "body.umur"]),
        ([], ["body"]),
    ],
)
def test_a_body_of_another_form_is_refused_with_every_reason(world, anonymous, shop, body, fields):
    schema = {
        "type": "object",
        "required": ["nama"],
        "properties": {"nama": {"type": "string"}, "umur": {"type": "integer"}},
    }
    path = hook(
        world,
        shop,
        {
            **LEAD,
            "triggers": {
                "masuk": {"type": "webhook", "with": {"payload": schema}, "next": "catat"}
            },
        },
    )

    answer = anonymous.post(path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "payload_invalid")
    assert [found["field"] for found in answer.json()["problems"]] == fields
    assert anonymous.post(path, json={"nama": "Ayu"}).status_code == 202
    assert started(world) == 1


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"nama": ', "application/json", 400),
        (b"\xff\xfe", "text/plain", 400),
        (b"[" * 200 + b"]" * 200, "application/json", 400),
        (b"[" * 90_000, "application/json", 400),
        (b'{"nama": "a\\u0000"}', "application/json", 400),
        (b"x" * (256 * 1024 + 1), "text/plain", 413),
        (b"&".join(b"a=1" for _ in range(2000)), "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_body_nobody_can_read_is_refused(world, anonymous, shop, content, kind, status):
    path = hook(world, shop, LEAD)

    answer = anonymous.post(path, content=content, headers={"Content-Type": kind})

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert started(world) == 0


def test_the_same_key_starts_one_run(world, anonymous, shop):
    path = hook(world, shop, LEAD)
    headers = {"Idempotency-Key": "order-17"}

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: anonymous.post(path, json={"nama": "A"}, headers=headers), range(8))
        )

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    assert started(world) == 1


def test_a_flow_may_say_itself_which_events_are_the_same(make_world, shop):
    now = [datetime(2026, 3, 2, 5, 0, tzinfo=UTC)]
    world = make_world(clock=Clock(now=lambda: now[0]))
    anonymous = world.client(None)
    path = hook(
        world,
        shop,
        {
            **LEAD,
            "triggers": {
                "masuk": {
                    "type": "webhook",
                    "next": "catat",
                    "dedupe": {"key": "trigger.body.id", "ttl": "1h"},
                }
            },
        },
    )

    answers = [anonymous.post(path, json={"id": number}) for number in (1, 2, 1)]
    assert [answer.status_code for answer in answers] == [202, 202, 200]
    assert anonymous.post(path, json={}).status_code == 202
    now[0] += timedelta(hours=2)
    assert anonymous.post(path, json={"id": 1}).status_code == 202
    assert started(world) == 4


def test_a_flow_without_effects_answers_inside_the_request(world, anonymous, shop):
    path = hook(world, shop, ECHO)

    answer = anonymous.post(f"{path}?kota=Bandung", json={"nama": "Ayu"})

    assert (answer.status_code, answer.json()) == (201, {"halo": "Ayu", "kota": "Bandung"})
    assert answer.headers["x-toko"] == "Ayu"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert started(world) == 0


def test_a_flow_with_effects_answers_from_a_run(world, anonymous, shop):
    path = hook(world, shop, LATER)
    rung = threading.Event()
    ring = world.doorbell.ring

    def ring_and_tell(task: str) -> None:
        ring(task)
        rung.set()

    world.doorbell.ring = ring_and_tell
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(anonymous.post, path, json={"nama": "Ayu"})
        assert rung.wait(10)
        work(world)
        answer = asked.result(20)

    assert (answer.status_code, answer.json()["halo"]) == (201, "Ayu")
    assert started(world) == 1


def test_a_caller_is_not_kept_waiting_for_ever(world, anonymous, shop):
    path = hook(world, shop, LATER)
    counterparts(world.app.state).answer_within_s = 0.05

    answer = anonymous.post(path, json={"nama": "Ayu"})

    assert (answer.status_code, answer.json()["status"]) == (202, "RUNNING")


def test_a_flow_that_fails_says_so_without_its_insides(world, anonymous, shop):
    path = hook(
        world,
        shop,
        {
            **ECHO,
            "nodes": {
                "jawab": {"type": "respond", "with": {"text": "x", "body": {"$": "trigger.body"}}}
            },
        },
    )

    answer = anonymous.post(path, json={"nama": "Ayu"})

    assert (answer.status_code, answer.json()) == (
        500,
        {"status": "FAILED", "reason": "two_bodies"},
    )


def test_an_address_that_is_not_served_is_not_found(world, api, anonymous, shop):
    path = hook(world, shop, LEAD)

    assert anonymous.post("/hooks/nobody", json={}).status_code == 404
    assert anonymous.get(path).status_code == 404
    with world.database.write() as connection:
        connection.execute(update(Tenant).values(is_active=False))
    assert anonymous.post(path, json={}).status_code == 404
    assert started(world) == 0


def test_too_many_calls_are_told_to_wait(world, anonymous, shop):
    path = hook(world, shop, LEAD)
    parts = counterparts(world.app.state)
    parts.calls, parts.strangers = Limit(2, name="hooks"), Limit(1, name="strangers")

    codes = [anonymous.post(path, json={}).status_code for _ in range(3)]
    assert codes == [202, 202, 429]
    strange = [anonymous.post("/hooks/nobody", json={}).status_code for _ in range(2)]
    assert strange == [404, 429]


def test_the_token_stands_in_no_log_when_something_breaks(
    world, anonymous, shop, capsys, monkeypatch
):
    path = hook(world, shop, LEAD)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(counterparts(world.app.state).desk.__class__, "start", broken)

    answer = anonymous.post(path, content=json.dumps({}))

    assert answer.status_code == 500
    told = capsys.readouterr()
    assert path.removeprefix("/hooks/") not in told.out + told.err
    assert "hook_crashed" in told.out + told.err


def test_an_order_flow_has_no_hook(shop, world):
    flow_id = publish(shop, ORDER)
    with world.database.read() as connection:
        found = connection.execute(select(Trigger.token).where(Trigger.flow_id == flow_id))
        assert found.scalars().all() == [None]


def test_a_key_a_new_token_and_a_switch_count_from_the_next_call_on(world, anonymous, shop):
    path = hook(world, shop, LEAD)
    token = path.removeprefix("/hooks/")
    body = b'{"nama": "Ayu"}'

    def change(**values: Any) -> None:
        with world.database.write() as connection:
            connection.execute(update(Trigger).values(**values))

    def called(at: str = path, **headers: str) -> int:
        return anonymous.post(at, content=body, headers=headers).status_code

    assert called() == 202
    change(secret_sealed=world.sealer.seal(KEY))
    assert called() == 401
    assert called(**signed(body, world.clock.now())) == 202
    change(secret_sealed=world.sealer.seal("another-key"))
    assert called(**signed(body, world.clock.now())) == 401
    change(secret_sealed=None, token=token[::-1])
    assert (called(), called(f"/hooks/{token[::-1]}")) == (404, 202)
    change(is_active=False)
    assert called(f"/hooks/{token[::-1]}") == 404
