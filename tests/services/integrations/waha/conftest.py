"""WAHA's recorded answers, and a scripted server on loopback that can break off anywhere."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """`how`: answer, hang, reset (close at once), garbage, cut (half a body), close (after it)."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    how: str = "answer"


class Scripted:
    """A server that answers each `METHOD path` by its script and remembers what it was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.url = ""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def on(self, route: str, *replies: Reply) -> None:
        """Answer with the replies in turn; the last one stays."""
        self.replies[route] = list(replies)

    def targets(self) -> list[str]:
        return [f"{request.method} {request.target}" for request in self.requests]

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._end.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                script = self.replies.get(f"{request.method} {request.target.split('?')[0]}")
                reply = _no_route(request) if not script else script[0]
                if script and len(script) > 1:
                    script.pop(0)
                if not await self._reply(writer, reply):
                    return
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _reply(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        if reply.how == "hang":
            await self._end.wait()
        if reply.how in ("hang", "reset"):
            return False
        head = {"Content-Type": "application/json"}
        if "Transfer-Encoding" not in reply.headers:
            head["Content-Length"] = str(len(reply.body))
        lines = [f"{name}: {value}" for name, value in (head | reply.headers).items()]
        text = f"HTTP/1.1 {reply.status} X\r\n" + "\r\n".join(lines) + "\r\n\r\n"
        raw = b"\x00\x01garbage\r\n\r\n" if reply.how == "garbage" else text.encode() + reply.body
        writer.write(raw[:-1] if reply.how == "cut" else raw)
        await writer.drain()
        return reply.how == "answer"


def _no_route(request: Request) -> Reply:
    message = f"Cannot {request.method} {request.target}"
    return Reply(404, orjson.dumps({"message": message, "statusCode": 404}))


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        start = await reader.readexactly(1)
        if start == b"\x16":  # the hello of an encrypted connection
            return Request("GET", "/hello", {}, b"")
        head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ")
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def reply(sample_bytes: Callable[[str], bytes]) -> Callable[..., Reply]:
    """A reply with a recorded body."""
    return lambda name, status=200: Reply(status, sample_bytes(name))


@pytest.fixture
def closed_url() -> str:
    """An address where nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


@pytest.fixture
def deaf_url() -> Iterator[str]:
    """An address that takes no more connections: its waiting room is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for one in waiting:
            one.close()


@pytest.fixture(scope="session")
def sample_bytes() -> Callable[[str], bytes]:
    return lambda name: (SAMPLES / f"{name}.json").read_bytes()


@pytest.fixture(scope="session")
def sample(sample_bytes: Callable[[str], bytes]) -> Callable[[str], Any]:
    return lambda name: orjson.loads(sample_bytes(name))
