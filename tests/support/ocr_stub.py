"""A server that answers like the program that reads images, on a free port of this machine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class OcrStub:
    """What it answers may be changed at any time.

    `answers` are (status, document, headers) for the next scans; after them `scan` is answered.
    While `gate` is closed scans hang; `arrived` tells that one has come.
    """

    def __init__(self) -> None:
        self.url = ""
        self.scans: list[dict[str, Any]] = []
        self.answers: list[tuple[int, Any, dict[str, str]]] = []
        self.scan: dict[str, Any] = scan_of("TOTAL 25.000")
        self.health: tuple[int, Any] = (200, health_of("ready"))
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)


def health_of(status: str, detail: str = "") -> dict[str, Any]:
    """What GET /health answers."""
    return {"service": "ocr", "status": status, "detail": detail, "engine": "stub"}


def scan_of(*texts: str, confidence: float = 0.9) -> dict[str, Any]:
    """A whole answer with these lines."""
    box = [[0, 0], [9, 0], [9, 5], [0, 5]]
    lines = [
        {"page": 1, "text": text, "box": box, "confidence": confidence} for text in texts if text
    ]
    return {
        "text": "\n".join(texts),
        "language": "id",
        "confidence": confidence,
        "lines": lines,
        "pages": [{"number": 1, "width": 10, "height": 10}],
        "engine": "stub",
        "model": "none",
        "milliseconds": 3,
    }


@contextmanager
def running() -> Iterator[OcrStub]:
    stub = OcrStub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*stub.health, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_json = self.headers.get("Content-Type") == "application/json"
            stub.scans.append(json.loads(body) if is_json else {"bytes": len(body), "body": body})
            stub.arrived.release()
            stub.gate.wait()
            self._answer(*(stub.answers.pop(0) if stub.answers else (200, stub.scan, {})))

        def _answer(self, status: int, document: Any, headers: dict[str, str]) -> None:
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                return  # the asker was killed

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        stub.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def closed_address() -> str:
    """An address of this machine where nothing listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    server.server_close()
    return address
