"""What webhooks did not bring is pulled from WAHA, over HTTP, with the engines' own shapes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select, update

from runtime import backfill
from runtime.backfill import Backfill
from runtime.inbound import take_webhook_events
from services.chats.models import ChatMessage, ChatSession
from services.devices.models import Device, WahaServer
from services.integrations.waha.client import WahaClient
from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.doorbell import RINGS
from services.kit.secrets import Sealer
from services.messages.ledger import NewMessage, enqueue
from services.messages.models import OutboundMessage
from services.webhooks.models import WebhookEvent
from services.webhooks.repository import NewEvent, add_events
from tests.support import sandbox_process

PHONE, OTHER = "6281200000001", "6281200000002"
SESSION = "toko-1"


@dataclass
class Bell:
    rung: list[str] = field(default_factory=list)

    def ring(self, task: str) -> None:
        assert task in RINGS
        self.rung.append(task)


@dataclass
class Scene:
    """One connected number on a simulator whose webhooks go nowhere; time goes by `wait` only."""

    database: Database
    sealer: Sealer
    url: str
    bell: Bell = field(default_factory=Bell)
    later: timedelta = timedelta(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: datetime.now(UTC) + self.later)

    def wait(self, seconds: float) -> None:
        self.later += timedelta(seconds=seconds)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method, f"{self.url}{path}", json=body, headers={"X-Api-Key": "sandbox"}, timeout=10
        )
        answer.raise_for_status()
        return answer.json()

    def customer(self, text: str, phone: str = PHONE, **more: Any) -> None:
        self.ask(
            "POST", "/sandbox/inbound", {"session": SESSION, "from": phone, "text": text, **more}
        )

    def owner(self, text: str, phone: str = PHONE) -> None:
        self.ask("POST", "/sandbox/owner", {"session": SESSION, "chat": phone, "text": text})

    def backfill(self) -> int:
        bell = self.bell
        return Backfill(self.database, self.clock, self.sealer, bell, WahaClient).run()

    def take(self) -> None:
        while take_webhook_events(self.database, self.clock):
            continue

    def rows(self, model: Any) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(model.__table__).order_by(model.id)).all())

    def set(self, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(update(Device).values(**values))

    def event_ids(self) -> list[str]:
        return [row.event_id.partition(":")[0] for row in self.rows(WebhookEvent)]


@pytest.fixture(params=["GOWS", "NOWEB", "WEBJS"])
def scene(
    request: pytest.FixtureRequest, shop, database: Database, sealer: Sealer, tmp_path: Path
) -> Iterator[Scene]:
    with sandbox_process.running(
        tmp_path / "sandbox", "--time-scale", "0.01", "--engine", request.param
    ) as url:
        made = Scene(database, sealer, url)
        shop.device(SESSION)
        config = {"noweb": {"store": {"enabled": True, "fullSync": True}}}
        made.ask("POST", "/api/sessions", {"name": SESSION, "start": True, "config": config})
        made.ask("POST", f"/sandbox/phones/{SESSION}/scan", {"phone": "6281100000001"})
        with database.write() as connection:
            connection.execute(
                update(WahaServer).values(base_url=url, api_key_sealed=sealer.seal("sandbox"))
            )
        yield made


@pytest.fixture
def joined(scene: Scene) -> Scene:
    """The number is known for long; what it says now is new."""
    scene.set(
        history_at=scene.clock.now() - timedelta(hours=1),
        polled_at=scene.clock.now() - timedelta(minutes=1),
    )
    return scene


@pytest.mark.e2e
def test_a_message_that_no_webhook_brought_is_heard_once(joined: Scene) -> None:
    joined.customer("harga?")
    joined.wait(20)

    assert joined.backfill() == 1
    assert joined.bell.rung == ["runtime.take_events"]
    (event,) = joined.rows(WebhookEvent)
    assert event.event_id.startswith("backfill:")
    assert (event.chat_key, event.state) == (PHONE, "NEW")  # holds a broadcast at once
    assert joined.backfill() == 0  # it is stored, dealt with or not
    joined.take()

    (said,) = joined.rows(ChatMessage)
    assert (said.content, said.direction, said.is_history) == ("harga?", "INBOUND", False)
    assert [row.unread for row in joined.rows(ChatSession)] == [1]
    assert joined.backfill() == 0


@pytest.mark.e2e
def test_what_the_webhook_brings_later_or_brought_before_has_no_second_effect(
    joined: Scene,
) -> None:
    joined.customer("harga?")
    joined.wait(20)
    joined.backfill()
    (event,) = joined.rows(WebhookEvent)
    body = orjson.loads(event.raw) | {"id": "evt_the-real-one", "event": "message"}
    with joined.database.write() as connection:
        add_events(
            connection,
            [
                NewEvent(
                    1,
                    event.device_id,
                    "evt_the-real-one",
                    "message",
                    orjson.dumps(body),
                    joined.clock.now(),
                    PHONE,
                )
            ],
        )
    joined.take()

    assert len(joined.rows(ChatMessage)) == 1
    assert [row.unread for row in joined.rows(ChatSession)] == [1]
    assert joined.backfill() == 0


@pytest.mark.e2e
def test_what_is_on_its_way_is_left_to_its_webhook(joined: Scene) -> None:
    joined.customer("baru saja")

    assert joined.backfill() == 0
    joined.wait(20)  # still looked at: a look begins before the end of the last one
    assert joined.backfill() == 1


@pytest.mark.e2e
def test_groups_are_not_pulled_and_our_own_sends_are_known(joined: Scene, shop) -> None:
    joined.ask(
        "POST", "/api/sendText", {"session": SESSION, "chatId": f"{PHONE}@c.us", "text": "Promo"}
    )
    joined.customer("di grup", group="120363000000000001@g.us")
    (history,) = _own(joined)
    with joined.database.write() as connection:
        enqueue(
            connection,
            [
                NewMessage(
                    tenant_id=1,
                    device_id=joined.rows(Device)[0].id,
                    origin="HUMAN",
                    kind="text",
                    priority=10,
                    chat_key=PHONE,
                    body="Promo",
                )
            ],
            joined.clock.now(),
        )
        connection.execute(update(OutboundMessage).values(status="SENT", wa_msg_id=history.bare_id))
    joined.wait(20)

    assert joined.backfill() == 0


def _own(scene: Scene) -> list[Any]:
    with WahaClient(scene.url, "sandbox") as client:
        return client.messages(SESSION, f"{PHONE}@c.us", from_me=True)


@pytest.mark.e2e
def test_an_answer_typed_on_the_phone_makes_the_bot_quiet_though_no_webhook_told(
    joined: Scene,
) -> None:
    joined.customer("halo")
    joined.owner("sebentar ya kak")
    joined.wait(20)

    assert joined.backfill() == 2
    joined.take()

    assert {(row.content, row.direction) for row in joined.rows(ChatMessage)} == {
        ("halo", "INBOUND"),
        ("sebentar ya kak", "OUTBOUND"),
    }
    (chat,) = joined.rows(ChatSession)
    assert (chat.mode, chat.mode_reason) == ("HUMAN", "phone")


@pytest.mark.e2e
def test_the_chats_of_before_are_history_when_a_number_joins(scene: Scene) -> None:
    scene.customer("dulu pernah tanya")
    scene.customer("saya juga", OTHER)
    scene.owner("sudah dijawab", OTHER)
    scene.wait(3600)
    scene.set(status_since=scene.clock.now() - timedelta(seconds=1))

    assert scene.backfill() == 3
    assert scene.event_ids() == ["history"] * 3
    scene.take()

    assert len(scene.rows(ChatMessage)) == 3
    assert all(row.is_history for row in scene.rows(ChatMessage))
    assert [(row.unread, row.mode) for row in scene.rows(ChatSession)] == [(0, "BOT")] * 2
    (device,) = scene.rows(Device)
    assert device.history_at is not None
    assert scene.backfill() == 0


@pytest.mark.e2e
def test_what_was_said_after_a_number_joined_is_no_history(scene: Scene) -> None:
    scene.set(status_since=scene.clock.now() - timedelta(seconds=10))
    scene.customer("halo, masih buka?")
    scene.wait(20)

    assert scene.backfill() == 1
    assert scene.event_ids() == ["backfill"]


@pytest.mark.e2e
@pytest.mark.parametrize("scene", ["GOWS"], indirect=True)
def test_a_number_that_is_not_connected_or_fails_is_passed_over(joined: Scene, shop) -> None:
    shop.device("tidak-ada-di-waha")  # its session is unknown there
    shop.device("putus", status="DISCONNECTED")
    joined.customer("harga?")
    joined.wait(20)

    assert joined.backfill() == 1


@pytest.mark.e2e
@pytest.mark.parametrize("scene", ["GOWS"], indirect=True)
def test_a_long_silence_is_made_good_in_several_looks(
    joined: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "PAGES_MOST", 1)
    start = joined.clock.now() - timedelta(hours=1)
    joined.set(polled_at=start)
    for number in range(120):
        at = int(start.timestamp()) + number  # all within what two looks have in common
        joined.customer(f"pesan {number}", timestamp=at)

    assert [joined.backfill() for _ in range(3)] == [100, 20, 0]
    joined.take()

    assert len({row.content for row in joined.rows(ChatMessage)}) == 120


@pytest.mark.e2e
@pytest.mark.parametrize("scene", ["GOWS"], indirect=True)
def test_a_server_that_is_away_changes_nothing(joined: Scene) -> None:
    before = joined.rows(Device)[0].polled_at
    with joined.database.write() as connection:
        connection.execute(update(WahaServer).values(base_url="http://127.0.0.1:9"))

    assert joined.backfill() == 0
    assert joined.rows(Device)[0].polled_at == before
