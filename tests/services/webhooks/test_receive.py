import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select, text, update

from services.devices.models import Device
from services.webhooks import repository
from services.webhooks.models import WebhookEvent
from services.webhooks.routes import BODY_BYTES_MOST

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
    await world.app.state.webhook_desk.batcher.idle()
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
