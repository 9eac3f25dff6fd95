"""Whatever is sent, the service and its reader together stay below 650 MB."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from bench.measure import pss_mb
from tests.ocr.conftest import FIXTURES, Program
from tests.ocr.documents import blank_png, picture_pdf

pytestmark = [pytest.mark.ocr, pytest.mark.xdist_group("ocr")]
MEMORY_MB_MAX = 650
MEGABYTE = 1 << 20
PICTURE = (FIXTURES / "small-chat-light-en.jpg").read_bytes()


@contextmanager
def peak_of(program: Program) -> Iterator[Callable[[], float]]:
    """The most that all its processes held together, looked at a hundred times a second."""
    stop, peaks = threading.Event(), [0.0]

    def look() -> None:
        while not stop.wait(0.01):
            peaks.append(pss_mb([program.pid]))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield lambda: max(peaks)
    finally:
        stop.set()
        watcher.join()


def base64_of_20_mb() -> bytes:
    return json.dumps(
        {"base64": base64.b64encode(PICTURE + bytes(19 * MEGABYTE)).decode()}
    ).encode()


def test_pages_full_of_large_pictures_stay_within_the_memory(program: Program) -> None:
    program.wait_until_ready()
    with peak_of(program) as peak:
        answers = [
            program.upload(picture_pdf(6_300, 6_300, pages=2, pictures=3)),
            program.upload(blank_png(5_000, 5_000)),
            program.upload(picture_pdf(6_300, 6_300, pages=1, pictures=1)),
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert 200 < peak() <= MEMORY_MB_MAX


def test_many_large_bodies_at_once_stay_within_the_memory(program: Program) -> None:
    body = base64_of_20_mb()
    headers = {"content-type": "application/json"}
    program.wait_until_ready()
    with peak_of(program) as peak, ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda _: program.client.post("/scan", content=body, headers=headers), range(6)
            )
        )

    assert [answer.status_code for answer in answers] == [200] * 6
    assert 200 < peak() <= MEMORY_MB_MAX


def test_a_small_picture_overtakes_a_document_of_many_pages(program: Program) -> None:
    long = picture_pdf(2_000, 2_000, pages=20, pictures=1)
    program.wait_until_ready()
    ended = []
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(program.upload, long)
        slow.add_done_callback(lambda _: ended.append("long"))
        while not program.health()["running_and_waiting"]:
            pass
        assert program.upload(PICTURE).status_code == 200
        ended.append("small")

    assert slow.result().status_code == 200
    assert len(slow.result().json()["pages"]) == 20
    assert ended == ["small", "long"]
