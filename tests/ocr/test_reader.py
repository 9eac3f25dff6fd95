"""The service's side of its reader: turns, bounds, kills and restarts, without an engine."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ocr.problems import Refused
from ocr.reader import Reader
from ocr.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
CHILD = (sys.executable, str(Path(__file__).parent / "obedient_child.py"))
SETTINGS = Settings(queue_max=2, time_limit_s=20)


@asynccontextmanager
async def reader(settings: Settings = SETTINGS, **variables: str) -> AsyncIterator[Reader]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    async with Reader(settings, environment, command=CHILD, missing_models=lambda _: []) as one:
        yield one


async def refusal_of(one: Reader, content: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        await one.read(content)
    return refused.value


@pytest.mark.asyncio
async def test_documents_are_answered_in_the_order_they_came() -> None:
    async with reader() as one:
        answers = await asyncio.gather(*(one.read(text) for text in (b"a", b"b", b"c")))

    assert [answer["text"] for answer in answers] == ["a", "b", "c"]


@pytest.mark.asyncio
async def test_one_more_than_may_wait_is_sent_away_with_a_time_to_come_back() -> None:
    async with reader() as one:
        waiting = [asyncio.create_task(one.read(b"a")) for _ in range(3)]
        await asyncio.sleep(0)
        refused = await refusal_of(one, b"a")
        await asyncio.gather(*waiting)

        assert (refused.problem.status, refused.problem.code) == (503, "busy")
        assert refused.retry_after_s
        assert (await one.read(b"a"))["text"] == "a"


@pytest.mark.asyncio
async def test_a_document_that_takes_too_long_is_stopped_with_its_page_and_the_next_is_read() -> (
    None
):
    async with reader(replace(SETTINGS, time_limit_s=0.3)) as one:
        refused = await refusal_of(one, b"hang")

        assert (refused.problem.status, refused.problem.code) == (504, "time_limit")
        assert "page 3" in refused.problem.message
    async with reader() as one:
        task = asyncio.create_task(one.read(b"hang"))
        while one.state.name != "ready":
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await one.read(b"next"))["text"] == "next"


@pytest.mark.asyncio
async def test_a_document_that_ends_its_reader_gets_a_second_try_and_no_third(
    tmp_path: Path,
) -> None:
    async with reader(DIED_ONCE=str(tmp_path / "mark")) as one:
        assert (await one.read(b"die once"))["text"] == "die once"
        refused = await refusal_of(one, b"die")

        assert (refused.problem.status, refused.problem.code) == (422, "crashes_reader")
        assert "page 2" in refused.problem.message
        assert (await one.read(b"next"))["text"] == "next"


@pytest.mark.asyncio
async def test_what_the_reader_refuses_is_refused_in_its_words() -> None:
    async with reader() as one:
        refused = await refusal_of(one, b"refuse")

    assert refused.problem.document() == {
        "status": 422,
        "code": "no",
        "message": "No.",
        "hint": "Ask.",
    }


@pytest.mark.asyncio
async def test_an_engine_that_does_not_start_is_told_with_its_reason() -> None:
    async with reader(FAILS="true") as one:
        while one.state.name == "starting":
            await asyncio.sleep(0.01)
        refused = await refusal_of(one, b"a")

    assert (refused.problem.status, refused.problem.code) == (503, "engine_broken")
    assert "no luck" in refused.problem.message


@pytest.mark.asyncio
async def test_a_request_given_up_while_it_waited_is_not_begun() -> None:
    async def gone() -> bool:
        return True

    async with reader() as one:
        with pytest.raises(Refused) as refused:
            await one.read(b"hang", gone)

    assert refused.value.problem.code == "gone"


@pytest.mark.asyncio
async def test_models_that_appear_later_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr.reader.LOOK_AGAIN_S", 0.01)
    lacking: list[str] = ["a model"]
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(ROOT)}
    async with Reader(
        SETTINGS, environment, command=CHILD, missing_models=lambda _: list(lacking)
    ) as one:
        while one.state.name != "models_missing":
            await asyncio.sleep(0.01)
        refused = await refusal_of(one, b"a")
        lacking.clear()
        while one.state.name != "ready":
            await asyncio.sleep(0.01)

        assert refused.problem.code == "models_missing"
        assert (await one.read(b"a"))["text"] == "a"
