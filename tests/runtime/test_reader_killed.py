"""The real reader, killed under its work: it answers again soon, and no picture is lost."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.cli import check_media
from runtime.cli.findings import Level
from runtime.processes.child import Child
from runtime.processes.supervisor import (
    HERE,
    OCR_PYTHON,
    free_port,
    ocr_plan,
)
from services.integrations.ocr import client
from services.integrations.ocr.types import OcrError
from services.kit.clock import Clock
from services.kit.config import Settings
from tests.conftest import Shop
from tests.runtime.test_slow import Office
from tests.support.ocr_stub import OcrStub

FIXTURES = HERE / "tests" / "ocr" / "fixtures"
PATIENCE_S = 60.0
BACK_WITHIN_S = 10.0
WORDS = {
    "small-chat-light-en.jpg": "see you then",
    "small-chat-dark-id.png": "terima kasih banyak",
    "small-receipt-turned-id.png": "TOKO SUMBER REJEKI",
    "small-transfer-id.jpg": "SARI BUSANA",
}
ROUNDS = 3
"""How often each picture waits: long enough for the blow to fall into the work."""

pytestmark = [pytest.mark.ocr, pytest.mark.xdist_group("ocr")]


@contextmanager
def reader(media: Path) -> Iterator[tuple[str, Child]]:
    """The program as the supervisor starts it."""
    if not OCR_PYTHON.exists():
        if os.environ.get("CI") == "true":
            raise RuntimeError("make setup-ocr has not run")
        pytest.skip("needs `make setup-ocr`")
    port = free_port(0, "the reader of images", "--ocr-port")
    plan = ocr_plan(port, media)
    environment = {**plan.environment, "PYTHONPATH": str(HERE)}
    said: list[str] = []
    child = Child(replace(plan, environment=environment), lambda _name, line: said.append(line))
    child.start()
    try:
        yield f"http://127.0.0.1:{port}", child
    finally:
        child.stop()


def until_it_reads(url: str, child: Child, within_s: float) -> float:
    """Seconds until a picture is read again; as the supervisor does, the child is looked after."""
    began, pause = time.monotonic(), threading.Event()
    while not _reads(url):
        child.look_after()
        assert time.monotonic() - began < within_s
        pause.wait(0.1)
    return time.monotonic() - began


def _reads(url: str) -> bool:
    try:
        scan = client.scan_file(url, FIXTURES / "small-chat-light-en.jpg", 5.0)
    except OcrError as error:
        if not error.temporary:
            raise
        return False
    return "see you then" in scan.text


def test_a_reader_that_is_killed_answers_again_in_10_s_and_every_waiting_picture_is_read(
    shop: Shop, tmp_path: Path
) -> None:
    clock = Clock(1.0)
    settings = Settings(_env_file=None, var=tmp_path)
    office = Office(shop, OcrStub(), settings.media, settings, clock)
    references = [office.keep((FIXTURES / name).read_bytes()) for name in WORDS]
    with reader(settings.media) as (url, child):
        settings.ocr_url = url
        until_it_reads(url, child, PATIENCE_S)
        told = {one.what: one for one in check_media.shared_folder(settings)}
        assert told["Media folder: reader"].level is Level.OK, told

        ids = office.start(*references * ROUNDS)
        with office.slow():
            office.until(lambda: office.rows(status="SUCCEEDED"), office.hand_over)
            office.until(lambda: office.rows(status="RUNNING"))
            killed = child.kill()
            read_before = len(office.rows(status="SUCCEEDED"))
            back_s = until_it_reads(url, child, PATIENCE_S)
            office.until_ended()

    assert killed is not None
    assert 0 < read_before < len(ids)
    assert child.restarts == 1
    assert back_s <= BACK_WITHIN_S
    rows = office.rows()
    assert [row.id for row in rows] == ids
    assert {row.reason for row in rows} == {"terbaca"}, json.dumps([row.trace for row in rows][:2])
    for row, words in zip(rows, list(WORDS.values()) * ROUNDS, strict=True):
        assert words in row.state["vars"]["teks"]
