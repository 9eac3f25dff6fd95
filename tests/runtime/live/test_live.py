"""Socket.IO at a real API process: who may listen, and what they hear."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotLetIn
from sqlalchemy import update

from runtime.live import moved
from runtime.live.feed import Feed
from services.campaigns.models import Campaign
from services.kit.security import Tokens
from tests.conftest import KEY, USERS, Shop, World
from tests.runtime.runs.flows import SLOW, publish, work
from tests.support import processes
from tests.support.services import valkey_server, valkey_url  # noqa: F401

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 20
pytestmark = pytest.mark.e2e


@pytest.fixture
def process(world: World, valkey_url: str, tmp_path: Path) -> Iterator[str]:  # noqa: F811
    """The address of an API process over the world's database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "ALIR_VAR": str(tmp_path),
        "ALIR_DATABASE_URL": world.database.url,
        "ALIR_REDIS_URL": valkey_url,
        "ALIR_JWT_SECRET": KEY.decode(),
        "ALIR_PORT": str(port),
        "ALIR_ENVIRONMENT": "test",
    }
    log = tmp_path / "api.log"
    log.touch()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "runtime.processes.api"]
    with processes.running(command, log, cwd=ROOT, env=env) as child:
        processes.until(lambda: _answers(url), child, log)
        yield url


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health/live", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@asynccontextmanager
async def listener(
    url: str, token: str | None, **options: Any
) -> AsyncIterator[tuple[socketio.AsyncClient, "asyncio.Queue[tuple[str, Any]]"]]:
    """A browser's connection, and what it hears."""
    heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    client = socketio.AsyncClient(reconnection=False)

    @client.on("*", namespace="/runs")
    async def hear(event: str, data: Any) -> None:
        await heard.put((event, data))

    await client.connect(
        url, auth={"token": token} if token else None, namespaces=["/runs"], **options
    )
    try:
        yield client, heard
    finally:
        await client.disconnect()


async def hear(heard: "asyncio.Queue[tuple[str, Any]]", event: str) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            name, data = await heard.get()
            if name == event:
                return data


def token(tenant_id: int, role: str = "user") -> str:
    from datetime import UTC, datetime

    user_id = USERS[tenant_id, role]
    now = datetime.now(UTC)
    return Tokens(KEY).issue("access", user_id, tenant_id, f"f{user_id}", "t", now)


def test_a_tenant_hears_of_its_own_runs_and_campaigns_in_order(
    process: str,
    world: World,
    shop: Shop,
    other_shop: Shop,
    valkey_url: str,  # noqa: F811
) -> None:
    mine, theirs = publish(shop, SLOW), publish(other_shop, SLOW)
    campaign = shop.campaign("PROCESSING")
    worker = Feed(world.database, valkey_url)
    worker.start()

    async def listen() -> list[Any]:
        async with (
            listener(process, token(1)) as (_, heard),
            httpx.AsyncClient(base_url=process) as http,
        ):
            hello = await hear(heard, "hello")
            first = await hear(heard, "campaign")
            for tenant_id, flow in ((2, theirs), (1, mine)):
                answer = await http.post(
                    f"/api/flows/{flow}/trigger",
                    json={},
                    headers={"Authorization": f"Bearer {token(tenant_id)}"},
                )
                assert answer.status_code == 202, answer.text
            run_id = answer.json()["run_id"]
            queued = await hear(heard, "runs")
            await asyncio.to_thread(work, world)
            waiting = await hear(heard, "runs")
            assert [one["id"] for one in queued["runs"] + waiting["runs"]] == [run_id] * 2
            assert [queued["runs"][0]["status"], waiting["runs"][0]["status"]] == [
                "QUEUED",
                "WAITING",
            ]
            with world.database.write() as connection:
                connection.execute(
                    update(Campaign)
                    .where(Campaign.id == campaign)
                    .values(status="COMPLETED", sent_count=3)
                )
            last = await hear(heard, "campaign")
            assert first["campaign"]["status"] == "PROCESSING"
            assert last["campaign"]["sent_count"] == 3
            assert last["campaign"]["status"] == "COMPLETED"
            return [hello["seq"], first["seq"], queued["seq"], waiting["seq"], last["seq"]]

    try:
        numbers = asyncio.run(listen())
    finally:
        worker.stop()

    assert numbers[1:] == list(range(numbers[1], numbers[1] + 4))
    assert numbers[0] < numbers[1]


def test_only_people_who_are_signed_in_are_let_in(process: str, world: World, api: Any) -> None:
    key = api.post("/api/api-keys", json={"name": "k"}).json()["key"]
    refresh = Tokens(KEY).issue("refresh", USERS[1, "user"], 1, "f11", "t", world.clock.now())

    async def knock(given: str | None, **options: Any) -> None:
        async with listener(process, given, **options):
            return

    for wrong in (None, "x", key, refresh, token(1)[:-2]):
        with pytest.raises(NotLetIn):
            asyncio.run(knock(wrong))
    for origin, is_let_in in (("http://evil.example", False), (process, True)):
        headers = {"Origin": origin}
        if is_let_in:
            asyncio.run(knock(token(1), headers=headers))
        else:
            with pytest.raises(NotLetIn):
                asyncio.run(knock(token(1), headers=headers))
    assert httpx.get(f"{process}/api/health/live").status_code == 200


def test_a_worker_is_never_held_up_by_redis(world: World, shop: Shop, api: Any) -> None:
    feed = Feed(world.database, "redis://127.0.0.1:1/0")
    feed.start()
    try:
        run = api.post(f"/api/flows/{publish(shop, SLOW)}/trigger", json={}).json()["run_id"]

        assert work(world) == 1

        assert api.get(f"/api/runs/{run}").json()["status"] == "WAITING"
        moved.moved(range(10_000))
        assert len(moved.take()) == moved.NOTED_MOST
    finally:
        feed.stop()


def test_nothing_is_noted_where_no_feed_follows() -> None:
    moved.moved([1, 2])

    assert moved.take() == []
