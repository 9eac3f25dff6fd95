"""A bare WAHA for benchmarks: takes every send, counts it by its id, says nothing by itself.

Run as a process of its own: `python -m bench.bare_mock`. It prints its address, answers 201 with
the id it was asked for, hands out new ids, and gives its counts at /ledger.
"""

import asyncio
import itertools
from collections import Counter
from typing import cast

import orjson
import uvloop

VERSION = {"version": "2026.7.2", "engine": "GOWS", "tier": "PLUS", "browser": None}
MAX_BODY_BYTES = 1 << 20


class Ledger:
    """How often each id was sent, how many at once on a session at most."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.calls = 0
        self.ids = itertools.count(1)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        if method == "POST" and path == "/api/sendText":
            asked = orjson.loads(body)
            self.calls += 1
            self.sent[asked["id"]] += 1
            return 201, {"id": f"true_{asked['chatId']}_{asked['id']}", "timestamp": 1}
        if path.endswith("/new-message-id"):
            return 200, {"id": f"3EB0{next(self.ids):016X}"}
        if path.split("?")[0] in ("/api/server/version", "/api/version"):
            return 200, VERSION
        if path.startswith("/api/sessions"):
            return 200, {"name": path.rsplit("/", 1)[-1], "status": "WORKING"}
        if path == "/ledger":
            return 200, {
                "calls": self.calls,
                "ids": len(self.sent),
                "twice": sum(1 for times in self.sent.values() if times > 1),
                "sent": list(self.sent) if body == b"all" else [],
            }
        return 404, {"message": f"the bare mock has no {method} {path}"}


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            size = _body_size(head)
            if size > MAX_BODY_BYTES:
                raise ValueError("the body is too large for a benchmark")
            if len(self._buffer) < end + 4 + size:
                return
            body = self._buffer[end + 4 : end + 4 + size]
            self._buffer = self._buffer[end + 4 + size :]
            method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            status, answer = self._ledger.answer(method, path, body)
            payload = orjson.dumps(answer)
            assert self._transport is not None
            self._transport.write(
                b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (status, len(payload))
                + payload
            )


def _body_size(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve() -> None:
    ledger = Ledger()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(ledger), "127.0.0.1", 0
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
