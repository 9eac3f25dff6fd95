"""A sandbox inside the test's own loop, a receiver of webhooks, and WAHA's recorded answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web

from sandbox.app import create_app
from sandbox.config import AckSettings, Config

SAMPLES = Path(__file__).parent / "samples"
KEY = "sandbox"
PATIENCE_S = 10.0


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def compact(body: Any) -> bytes:
    """As WAHA puts it on the wire."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


class Sandbox:
    """One world with a client that holds the key."""

    def __init__(self, config: Config) -> None:
        self.app = create_app(config)
        self.world = self.app.state.world
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=("127.0.0.1", 1)),
            base_url="http://waha",
            headers={"X-Api-Key": config.api_key or ""},
        )

    async def pair(self, name: str = "default", **config: Any) -> None:
        """A session that is WORKING with the number 6281100000001 (or one of its own)."""
        await self.http.post("/api/sessions", json={"name": name, "start": True, "config": config})
        phone = "6281100000001" if name == "default" else None
        body = {"phone": phone, "push_name": "WAHA"}
        answer = await self.http.post(f"/sandbox/phones/{name}/scan", json=body)
        assert answer.status_code == 200, answer.text

    async def send(self, text: str = "Halo kak", **more: Any) -> httpx.Response:
        body = {"session": "default", "chatId": "6281100000002@c.us", "text": text, **more}
        return await self.http.post("/api/sendText", json=body)

    async def faults(self, *rules: dict[str, Any], seed: int = 1) -> None:
        answer = await self.http.put("/sandbox/faults", json={"seed": seed, "rules": list(rules)})
        assert answer.status_code == 200, answer.text

    async def ledger(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.http.get("/sandbox/ledger")).json()["rows"]
        return rows

    async def summary(self) -> dict[str, Any]:
        body: dict[str, Any] = (await self.http.get("/sandbox/ledger/summary")).json()
        return body

    async def close(self) -> None:
        await self.http.aclose()
        await self.world.close()


class Receiver:
    """An HTTP server that keeps every webhook it gets and answers what it is told to."""

    def __init__(self) -> None:
        self.url = ""
        self.deliveries: list[tuple[dict[str, Any], bytes, dict[str, str]]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self._arrived = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.Response:
        raw = await request.read()
        async with self._arrived:
            self.deliveries.append((json.loads(raw), raw, dict(request.headers)))
            self._arrived.notify_all()
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        return web.Response(status=status, headers=headers)

    def of(self, event: str) -> list[dict[str, Any]]:
        return [body for body, _, _ in self.deliveries if body["event"] == event]

    async def until(self, done: Callable[["Receiver"], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: done(self))

    async def first(self, event: str) -> dict[str, Any]:
        await self.until(lambda receiver: bool(receiver.of(event)))
        return self.of(event)[0]


@pytest_asyncio.fixture
async def open_sandbox() -> AsyncIterator[Callable[..., Sandbox]]:
    """Opens sandboxes whose waits are a hundred times shorter, and closes them."""
    async with AsyncExitStack() as stack:

        def open_one(**settings: Any) -> Sandbox:
            defaults: dict[str, Any] = {
                "time_scale": 0.01,
                "acks": AckSettings(server_ms=1, device_ms=2, read_ms=4),
            }
            sandbox = Sandbox(Config(**(defaults | settings)))
            stack.push_async_callback(sandbox.close)
            return sandbox

        yield open_one


@pytest_asyncio.fixture
async def sandbox(open_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return open_sandbox()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    keeper = Receiver()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/waha", keeper.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    keeper.url = f"http://{host}:{port}/waha"
    yield keeper
    await runner.cleanup()


@pytest.fixture
def samples() -> Callable[[str], Any]:
    return sample
