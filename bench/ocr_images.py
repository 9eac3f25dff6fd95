"""100 images that wait to be read: the flow, the rows, the slow worker and the reader itself."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from flows.document import Document
from flows.engine.plan import compile_plan
from flows.engine.step import begin
from flows.models import Flow, FlowVersion
from flows.yaml_text import load
from runtime import compose
from runtime.models import FlowRun
from runtime.processes.child import Child, Plan
from runtime.processes.supervisor import OCR_PYTHON, free_port, ocr_plan
from services.integrations.media import store
from services.integrations.ocr import client
from services.integrations.ocr.types import OcrError

PATIENCE_S = 60.0
STAND_IN_S = 0.5
FIXTURES = Path("tests/ocr/fixtures")
FLOW_ID = 9
"""Beside the flows of the other benchmarks."""
FLOW = """
flow: alir/1
kind: webhook
id: baca
name: Baca gambar
triggers:
  masuk: {type: webhook, next: [baca]}
nodes:
  baca:
    type: ocr
    with: {media: {$: trigger.body.media}, wait_max: 600s}
    next: {ok: selesai, empty: selesai, error: gagal}
  selesai: {type: stop, with: {reason: terbaca}}
  gagal: {type: stop, with: {reason: gagal}}
"""
runs = FlowRun.__table__


def slow_worker() -> list[str]:
    return [
        *("-m", "celery", "-A", "runtime.worker_slow", "worker", "--pool", "threads"),
        *("--concurrency", "2", "-Q", "media,bulk,maintenance", "-n", "benchslow@local"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
    ]


def let_wait(app: compose.App, images: int) -> None:
    """Put images into the media queue, through the hot workers that hand them over."""
    if not images:
        return
    files = [
        path.read_bytes() for path in sorted(FIXTURES.iterdir()) if path.suffix in (".png", ".jpg")
    ]
    root = app.settings.media
    references = [
        "media:" + store.keep(root, 1, store.receive(root, BytesIO(content))) for content in files
    ]
    version_id, document = _reading_flow(app)
    plan, now = compile_plan(Document.model_validate(document)), app.clock.now()
    with app.database.write() as connection:
        connection.execute(
            insert(FlowRun),
            [
                {
                    "tenant_id": 1,
                    "flow_version_id": version_id,
                    "trigger": "masuk",
                    "kind": "webhook",
                    "state": begin(plan, "masuk", trigger={"body": {"media": one}}).to_dict(),
                    "wake_at": now,
                    "created_at": now,
                }
                for one in islice(cycle(references), images)
            ],
        )
    wait_until(
        lambda: _count(app, runs.c.queue == "media") >= images,
        "the images were not handed over to the media queue",
    )


def _reading_flow(app: compose.App) -> tuple[int, Any]:
    now, document = app.clock.now(), load(FLOW).document
    with app.database.write() as connection:
        connection.execute(
            insert(Flow),
            {
                "id": FLOW_ID,
                "tenant_id": 1,
                "slug": "baca",
                "name": "baca",
                "kind": "webhook",
                "source": FLOW,
                "revision": 1,
                "created_at": now,
                "updated_at": now,
            },
        )
        connection.execute(
            insert(FlowVersion),
            {
                "id": FLOW_ID,
                "tenant_id": 1,
                "flow_id": FLOW_ID,
                "number": 1,
                "content_hash": "baca",
                "source": FLOW,
                "document": document,
                "created_at": now,
            },
        )
    return FLOW_ID, document


def read_so_far(app: compose.App) -> int:
    """Images that were read so far. Raises: AssertionError when one was not, or was lost."""
    ours = runs.c.flow_version_id == FLOW_ID
    lost = _count(app, ours & runs.c.status.in_(("FAILED", "DEAD", "CANCELLED")))
    wrong = _count(app, ours & (runs.c.status == "SUCCEEDED") & (runs.c.reason != "terbaca"))
    if lost or wrong:
        raise AssertionError(f"{lost} images were lost and {wrong} not read")
    return _count(app, ours & (runs.c.status == "SUCCEEDED"))


def _count(app: compose.App, which: Any) -> int:
    with app.database.read() as connection:
        return connection.execute(select(func.count()).where(which)).scalar_one()


# --------------------------------------------------------------------------- the reader


@contextmanager
def reader(folder: Path) -> Iterator[str]:
    """The address of a reader that has read its first picture."""
    port = free_port(0, "the reader of images", "--ocr-port")
    url = f"http://127.0.0.1:{port}"
    own = Plan("ocr", [sys.executable, "-m", "bench.ocr_images", str(port)])
    plan = ocr_plan(port, folder / "media") if OCR_PYTHON.exists() else own
    said: list[str] = []
    environment = {**plan.environment, "PYTHONPATH": str(Path.cwd())}
    reader = Child(replace(plan, environment=environment), lambda _name, line: said.append(line))
    reader.start()
    try:
        wait_until(lambda: _reads(url), "the reader does not read")
        yield url
    finally:
        reader.stop()


def wait_until(ready: Callable[[], bool], else_say: str) -> None:
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(else_say)
        pause.wait(0.1)


def _reads(url: str) -> bool:
    try:
        client.scan_file(url, FIXTURES / "small-chat-light-en.jpg", 10.0)
    except OcrError as error:
        if not error.temporary:
            raise
        return False
    return True


def stand_in(port: int) -> int:
    """Answer like the ocr program, one at a time and slowly, without reading anything."""
    turn, pause = threading.Lock(), threading.Event()
    line = {"text": "TOTAL", "confidence": 1.0, "page": 1, "box": []}
    scan = {"text": "TOTAL", "lines": [line], "pages": 1, "engine": "stand-in"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with turn:
                pause.wait(STAND_IN_S)
            content = json.dumps(scan).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(stand_in(int(sys.argv[1])))
