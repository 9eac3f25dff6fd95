"""Sender, look-ups and client against the simulator, on every engine and through its faults."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from sandbox.app import create_app
from sandbox.config import Config
from sandbox.config import Engine as EngineName
from services.integrations.waha import calls, lookups
from services.integrations.waha.client import WahaClient
from services.integrations.waha.errors import (
    WahaConfiguration,
    WahaNotFound,
    WahaNotReady,
    WahaUnsupported,
)
from services.integrations.waha.outcomes import (
    Accepted,
    Configuration,
    NotSent,
    Outcome,
    Permanent,
    Restricted,
    Unknown,
)
from services.integrations.waha.sender import Sender
from services.integrations.waha.session_config import session_config
from services.integrations.waha.types import SessionStatus

ENGINES: tuple[EngineName, ...] = ("GOWS", "NOWEB", "WEBJS")
KEY = "k3y"
PHONE = "6281100000002"
CHAT = f"{PHONE}@c.us"


@dataclass
class Box:
    """A running simulator and a client of it."""

    url: str
    engine: str
    client: WahaClient

    def control(self, method: str, path: str, body: Any) -> Any:
        answer = httpx.request(
            method, f"{self.url}/sandbox/{path}", json=body, headers={"X-Api-Key": KEY}
        )
        answer.raise_for_status()
        return answer.json()

    def fault(self, kind: str, **more: Any) -> None:
        self.control("PUT", "faults", {"rules": [{"kind": kind, **more}]})

    def delivered(self) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/sandbox/ledger", headers={"X-Api-Key": KEY})
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    def pair(self, name: str = "s1") -> None:
        config = session_config("http://127.0.0.1:9/webhook", "secret") | {"webhooks": []}
        self.client.create_session(name, config, start=True)
        self.control("POST", f"phones/{name}/scan", {"phone": "6281100000001"})
        deadline = time.monotonic() + 10
        while not self.client.session(name).ready:
            assert time.monotonic() < deadline, "the simulated phone was never paired"


def run_box(engine: EngineName, version: str = "2026.7.2") -> Iterator[Box]:
    app = create_app(Config(engine=engine, api_key=KEY, version=version, time_scale=0.02))
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="error", ws="none", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the simulator did not start"
            assert time.monotonic() < deadline, "the simulator did not start"
            thread.join(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with WahaClient(url, KEY) as client:
            yield Box(url, engine, client)
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(params=ENGINES)
def every(request: pytest.FixtureRequest) -> Iterator[Box]:
    """A simulator of each engine in turn."""
    yield from run_box(request.param)


@pytest.fixture
def box() -> Iterator[Box]:
    """A GOWS simulator."""
    yield from run_box("GOWS")


async def send(box: Box, text: str = "Halo kak", message_id: str | None = None) -> Outcome:
    async with Sender(box.url, KEY) as sender:
        call = calls.send_text("s1", CHAT, text, message_id=message_id)
        return await sender.send(call, 0.5)


@pytest.mark.asyncio
async def test_a_message_is_sent_under_our_id_and_found_again(every):
    every.pair()
    can = every.client.capabilities()
    async with Sender(every.url, KEY) as sender:
        drawn = await sender.new_message_id("s1") if can.chosen_id else None
        outcome = await send(every, message_id=drawn)
        assert isinstance(outcome, Accepted)
        receipt = outcome.receipt
        assert receipt.id_matches
        assert drawn in (None, receipt.bare_id)

        if can.history_all:
            found = await lookups.message_by_id(sender, "s1", receipt.bare_id)
        else:
            assert receipt.whole_id is not None
            found = await lookups.message_by_id(sender, "s1", receipt.whole_id, chat=CHAT)
        listed = await lookups.messages(sender, "s1", CHAT, since_s=1, from_me=True)
        missing = "3EB0000000000000000000"
        unknown_id = missing if can.history_all else f"true_{CHAT}_{missing}"
        chat = "all" if can.history_all else CHAT
        absent = await lookups.message_by_id(sender, "s1", unknown_id, chat=chat)

    assert found is not None
    assert (found.bare_id, found.body, found.from_me) == (receipt.bare_id, "Halo kak", True)
    assert [one.bare_id for one in listed] == [receipt.bare_id]
    assert absent is None
    assert len(every.delivered()) == 1


@pytest.mark.asyncio
async def test_an_engine_without_ids_of_ours_says_so_and_ignores_one(every):
    every.pair()
    async with Sender(every.url, KEY) as sender:
        outcome = await send(every, message_id="3EB0AAAAAAAAAAAAAAAAAA")
        if every.client.capabilities().chosen_id:
            assert len(set(await sender.new_message_ids("s1", 10))) == 10
        else:
            with pytest.raises(WahaUnsupported):
                await sender.new_message_id("s1")

    assert isinstance(outcome, Accepted)
    assert outcome.receipt.id_matches is (every.engine != "WEBJS")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "kind", "reason", "delivered"),
    [
        ({"kind": "http_500_before"}, Unknown, "http_500", 0),
        ({"kind": "http_500_after"}, Unknown, "http_500", 1),
        ({"kind": "hang"}, Unknown, "read_timeout", 0),
        ({"kind": "hang_after", "seconds": 5}, Unknown, "read_timeout", 1),
        ({"kind": "refuse", "status": 401}, Configuration, "key", 0),
        ({"kind": "refuse", "status": 403}, Configuration, "key", 0),
        ({"kind": "refuse", "status": 429, "retry_after": 7}, NotSent, "rate_limited", 0),
        ({"kind": "error_463"}, Restricted, "463", 0),
        ({"kind": "timelock"}, Restricted, "463", 0),
        ({"kind": "no_lid"}, Permanent, "no_lid", 0),
        ({"kind": "rate_overlimit"}, NotSent, "rate_overlimit", 0),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
async def test_each_fault_is_told_for_what_it_is(box, fault, kind, reason, delivered):
    box.pair()
    box.fault(**fault)

    outcome = await send(box)

    assert type(outcome) is kind
    assert outcome.reason == reason
    assert len(box.delivered()) == delivered
    if isinstance(outcome, NotSent) and reason == "rate_limited":
        assert outcome.retry_after_s == 7.0


@pytest.mark.asyncio
async def test_an_id_the_engine_ignored_does_not_match(box):
    box.pair()
    box.fault("id_ignored")

    outcome = await send(box, message_id="3EB0AAAAAAAAAAAAAAAAAA")

    assert isinstance(outcome, Accepted)
    assert outcome.receipt.id_matches is False


@pytest.mark.asyncio
async def test_a_session_that_is_not_there_or_not_paired_was_sent_nothing(box):
    nobody = await send(box)
    box.client.create_session("s1", {}, start=True)
    not_paired = await send(box)

    for outcome in (nobody, not_paired):
        assert isinstance(outcome, NotSent)
        assert outcome.scope == "session"


@pytest.mark.asyncio
async def test_a_restriction_shows_in_the_session_until_it_is_lifted(box):
    box.pair()
    box.control("POST", "phones/s1/timelock", {"seconds": 600})
    locked = box.client.session("s1").timelock
    box.control("POST", "phones/s1/lift", {})
    lifted = box.client.session("s1").timelock

    assert locked is not None
    assert locked.active
    assert locked.until is not None
    assert lifted is None or not lifted.active


def test_a_device_is_made_paired_stopped_and_wiped(every):
    client = every.client
    created = client.create_session("s1", {"metadata": {"tenant.id": "t1"}}, start=True)
    assert created.metadata == {"tenant.id": "t1"}
    deadline = time.monotonic() + 10
    while client.session("s1").status is not SessionStatus.SCAN_QR_CODE:
        assert time.monotonic() < deadline, "no QR code came"

    assert client.me("s1") is None
    assert client.qr_png("s1").startswith(b"\x89PNG")
    assert client.qr_text("s1")
    assert len(client.request_code("s1", "6281100000001")) == 9
    every.control("POST", "phones/s1/scan", {"phone": "6281100000001"})
    while not client.session("s1").ready:
        assert time.monotonic() < deadline, "the simulated phone was never paired"
    me = client.me("s1")
    assert me is not None
    assert me.phone == "6281100000001"
    with pytest.raises(WahaNotReady):
        client.qr_png("s1")
    assert client.stop_session("s1").status is SessionStatus.STOPPED
    assert [one.name for one in client.sessions()] == ["s1"]
    client.start_session("s1")
    client.start_session("s1")
    client.logout_session("s1")
    client.restart_session("s1")
    client.delete_session("s1")
    client.delete_session("s1")
    assert client.sessions() == []


def test_contacts_groups_and_chats_are_read_on_every_engine(every):
    every.pair()
    every.control("PUT", "people", {"missing": ["6281199999999"]})
    client = every.client

    assert client.check_exists("s1", PHONE).chat == CHAT
    assert client.check_exists("s1", "6281199999999").exists is False
    groups = client.groups("s1")
    assert len(groups) == client.groups_count("s1")
    for group in groups:
        assert client.group_participants("s1", group.id)
    assert client.lids("s1") == []
    assert client.chats_overview("s1") == []
    client.typing("s1", CHAT, on=True)
    client.typing("s1", CHAT, on=False)
    client.seen("s1", CHAT)
    client.presence("s1", "offline")


def test_what_an_engine_cannot_do_is_told_apart_from_a_failure(every):
    every.pair()

    if every.client.capabilities().history_all:
        assert every.client.messages("s1") == []
    else:
        with pytest.raises(WahaUnsupported):
            every.client.messages("s1")


def test_a_wrong_key_and_a_missing_file_are_named(box):
    with WahaClient(box.url, "wrong") as stranger, pytest.raises(WahaConfiguration):
        stranger.server_version()
    with pytest.raises(WahaNotFound):
        box.client.download(f"{box.url}/api/files/s1/none.jpg", 1000)


@pytest.mark.asyncio
async def test_an_old_server_has_no_ids_of_ours():
    for box in run_box("NOWEB", version="2025.11.3"):
        box.pair("default")
        assert box.client.capabilities().chosen_id is False
        async with Sender(box.url, KEY) as sender:
            with pytest.raises(WahaUnsupported):
                await sender.new_message_id("default")
