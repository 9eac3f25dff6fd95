import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from services.devices.models import Device
from services.webhooks import repository
from services.webhooks.door import BODY_BYTES_MOST
from services.webhooks.models import WebhookEvent

SECRET = "hook-secret"


def signed(body: bytes, secret: str = SECRET, **headers: str) -> dict[str, str]:
    return {
        "X-Webhook-Hmac": hmac.new(secret.encode(), body, hashlib.sha512).hexdigest(),
        **headers,
    }


def event(number: int = 1, **changes: object) -> bytes:
    body = {"id": f"evt_{number}", "event": "message.any", "payload": {"body": "Halo"}} | changes
    return json.dumps(body).encode()


def stored(world) -> list[tuple[int, int, str, str, bytes, str]]:
    with world.database.read() as connection:
        rows = connection.execute(select(WebhookEvent.__table__).order_by(WebhookEvent.id)).all()
    return [(r.tenant_id, r.device_id, r.event_id, r.type, r.raw, r.state) for r in rows]


@pytest.fixture
def path(world, shop) -> str:
    shop.device("one", webhook_key="k" * 32)
    return "/webhooks/waha/" + "k" * 32


def test_a_signed_delivery_is_stored_as_it_came_and_the_runtime_is_rung(world, path):
    body = event()

    assert asyncio.run(deliver(world, path, [body])) == [200]
    assert stored(world) == [(1, 1, "evt_1", "message.any", body, "NEW")]
    assert world.doorbell.rung == ["runtime.take_events"]


def test_a_repeated_delivery_is_answered_alike_and_stored_once(world, anonymous, path):
    body = event()
    for _ in range(3):
        assert anonymous.post(path, content=body, headers=signed(body)).status_code == 200

    assert len(stored(world)) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (lambda body: {}, 401),
        (lambda body: {"X-Webhook-Hmac": "abc"}, 401),
        (lambda body: {"X-Webhook-Hmac": "é".encode("latin-1")}, 401),
        (lambda body: signed(body, "another secret"), 401),
        (lambda body: signed(body + b" "), 401),
    ],
)
def test_a_delivery_without_its_signature_is_refused(
    world, anonymous, path, headers: Callable[[bytes], dict[str, str]], status
):
    body = event()

    assert anonymous.post(path, content=body, headers=headers(body)).status_code == status
    assert stored(world) == []
    assert world.doorbell.rung == []


@pytest.mark.parametrize(
    "body", [b"{broken", b"[]", b"{}", json.dumps({"id": 5, "event": "x"}).encode()]
)
def test_a_signed_delivery_that_is_no_event_is_refused(world, anonymous, path, body):
    assert anonymous.post(path, content=body, headers=signed(body)).status_code == 400
    assert stored(world) == []


def test_an_event_without_an_id_goes_by_the_deliverys_own(world, anonymous, path):
    body = event(id=None)
    headers = signed(body, **{"X-Webhook-Request-Id": "01REQ"})

    assert anonymous.post(path, content=body, headers=headers).status_code == 200
    assert stored(world)[0][2] == "01REQ"


def test_an_unknown_or_deleted_device_has_no_address(world, anonymous, path):
    body = event()
    with world.database.write() as connection:
        connection.execute(update(Device).values(deleted_at=world.clock.now()))

    assert anonymous.post(path, content=body, headers=signed(body)).status_code == 404
    assert anonymous.post("/webhooks/waha/nobody", content=body).status_code == 404


@pytest.mark.parametrize("announced", [True, False])
def test_a_delivery_that_is_too_large_is_cut_off(world, anonymous, path, announced):
    body = b"x" * (BODY_BYTES_MOST + 1)
    content = body if announced else (body[start::2] for start in (0, 1))

    assert anonymous.post(path, content=content, headers=signed(body)).status_code == 413


def test_a_delivery_that_cannot_be_stored_is_asked_for_again(world, anonymous, path):
    with world.database.write() as connection:
        connection.execute(text("DROP TABLE webhook_events"))
    body = event()

    answer = anonymous.post(path, content=body, headers=signed(body))

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert world.doorbell.rung == []


async def deliver(world, path: str, bodies: list[bytes]) -> list[int]:
    transport = httpx.ASGITransport(world.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://alir") as client:
        answers = await asyncio.gather(
            *(client.post(path, content=body, headers=signed(body)) for body in bodies)
        )
    await world.app.state.webhooks.idle()
    return [answer.status_code for answer in answers]


def test_deliveries_that_come_together_share_transactions(world, path, monkeypatch):
    sizes = []
    real = repository.add_events

    def counted(connection, events):
        sizes.append(len(events))
        real(connection, events)

    monkeypatch.setattr(repository, "add_events", counted)

    statuses = asyncio.run(deliver(world, path, [event(number) for number in range(200)]))

    assert statuses == [200] * 200
    assert len(stored(world)) == 200
    assert len(sizes) < 50


def test_one_delivery_that_cannot_be_written_does_not_take_the_others_along(
    world, path, monkeypatch
):
    real = repository.add_events

    def picky(connection, events):
        if any(one.event_id == "evt_7" for one in events):
            raise ValueError("this row cannot be written")
        real(connection, events)

    monkeypatch.setattr(repository, "add_events", picky)

    statuses = asyncio.run(deliver(world, path, [event(number) for number in range(20)]))

    assert statuses == [503 if number == 7 else 200 for number in range(20)]
    assert len(stored(world)) == 19


PAYLOAD = {"id": "false_628120000001@c.us_ABC", "from": "628120000001@c.us", "body": "halo"}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"event": "message", "payload": PAYLOAD}, "628120000001"),
        ({"event": "message.any", "payload": PAYLOAD}, "628120000001"),
        (
            {"payload": PAYLOAD | {"id": "false_200000000000002@lid_ABC", "from": None}},
            "200000000000002@lid",
        ),
        ({"payload": PAYLOAD | {"fromMe": True}}, None),
        ({"payload": PAYLOAD | {"id": "false_120363000000000001@g.us_ABC"}}, None),
        ({"event": "message.ack", "payload": PAYLOAD | {"ack": 3}}, None),
        ({"event": "message", "payload": 5}, None),
    ],
)
def test_a_private_message_that_came_in_is_found_by_who_wrote(world, path, changes, key):
    assert asyncio.run(deliver(world, path, [event(**changes)])) == [200]

    with world.database.read() as connection:
        assert connection.execute(select(WebhookEvent.chat_key)).scalar_one() == key


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":"e","event":"message","payload":{"body":"Hal',
        b'{"id":"e","event":"message","payload":{"body":"\xff\xfe"}}',
        b'{"id":"e","event":"message","payload":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"id":"e","event":"","payload":{}}',
        b"",
        b"null",
    ],
)
def test_a_body_that_is_cut_off_mangled_or_endlessly_deep_is_refused(world, anonymous, path, body):
    assert anonymous.post(path, content=body, headers=signed(body)).status_code == 400
    assert stored(world) == []


def test_half_an_emoji_does_not_cost_the_message(world, anonymous, path):
    body = rb'{"id":"e","event":"message","payload":{"body":"oke \ud83d","ok":"\ud83d\ude4f"}}'

    assert anonymous.post(path, content=body, headers=signed(body)).status_code == 200
    told = orjson.loads(stored(world)[0][4])["payload"]
    assert told == {"body": "oke \N{REPLACEMENT CHARACTER}", "ok": "🙏"}


def test_long_ids_that_begin_alike_are_two_events(world, anonymous, path):
    for tail in ("a", "b", "a"):
        body = event(id="x" * 100 + tail)
        assert anonymous.post(path, content=body, headers=signed(body)).status_code == 200

    assert len(stored(world)) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "event", "payload", "from", "_data", "fromMe", "body", "media"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    JSON | st.fixed_dictionaries({"id": st.text(), "event": st.just("message"), "payload": JSON})
)
def test_no_json_at_all_makes_an_answer_of_our_own_fault(anonymous, path, value):
    body = json.dumps(value).encode()

    assert anonymous.post(path, content=body, headers=signed(body)).status_code in (200, 400)


SAMPLES = Path(__file__).parent.parent / "integrations" / "waha" / "samples"
RECORDED = sorted(
    path.name
    for path in SAMPLES.glob("webhook.*.json")
    if not path.name.startswith("webhook.delivery.")
)


def test_every_recorded_body_of_every_engine_is_taken(world, path):
    bodies = [
        json.dumps(json.loads((SAMPLES / name).read_bytes()) | {"id": f"evt_{name[-75:]}"}).encode()
        for name in RECORDED
    ]

    assert asyncio.run(deliver(world, path, bodies)) == [200] * 34
    assert len(stored(world)) == 34


def test_a_device_that_many_ask_for_at_once_is_read_once(world, path, monkeypatch):
    reads = []
    real = repository.device_by_key
    monkeypatch.setattr(
        repository, "device_by_key", lambda *given: (reads.append(1), real(*given))[1]
    )

    statuses = asyncio.run(deliver(world, path, [event(number) for number in range(50)]))

    assert statuses == [200] * 50
    assert len(reads) == 1
