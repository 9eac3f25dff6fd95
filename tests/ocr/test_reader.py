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


class Documents:
    """Files that say what the reader shall do."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, says: str) -> Path:
        file = self._folder / says.replace(" ", "-")
        file.write_text(says)
        return file


@pytest.fixture
def document(tmp_path: Path) -> Documents:
    (tmp_path / "documents").mkdir()
    return Documents(tmp_path / "documents")


async def refusal_of(one: Reader, document: Path) -> Refused:
    with pytest.raises(Refused) as refused:
        await one.read(document)
    return refused.value


@pytest.mark.asyncio
async def test_the_pages_of_a_document_become_one_answer(document: Documents) -> None:
    async with reader() as one:
        answer = await one.read(document("a of 3"))

    assert answer["text"] == "a\n\na\n\na"
    assert [line["page"] for line in answer["lines"]] == [1, 2, 3]
    assert [page["number"] for page in answer["pages"]] == [1, 2, 3]
    assert (answer["confidence"], answer["engine"], answer["model"]) == (1, "paddleocr", "tiny")


@pytest.mark.asyncio
async def test_documents_are_begun_in_the_order_they_came(
    document: Documents, tmp_path: Path
) -> None:
    async with reader(ASKED=str(tmp_path / "asked")) as one:
        answers = await asyncio.gather(*(one.read(document(text)) for text in "abc"))

    assert [answer["text"] for answer in answers] == ["a", "b", "c"]
    assert (tmp_path / "asked").read_text().splitlines() == ["a 1", "b 1", "c 1"]


@pytest.mark.asyncio
async def test_a_picture_behind_many_pages_waits_for_one_of_them(
    document: Documents, tmp_path: Path
) -> None:
    async with reader(ASKED=str(tmp_path / "asked")) as one:
        await asyncio.gather(*(one.read(document(text)) for text in ("long of 4", "a", "b")))

    assert (tmp_path / "asked").read_text().splitlines() == [
        "long of 4 1",
        "a 1",
        "b 1",
        "long of 4 2",
        "long of 4 3",
        "long of 4 4",
    ]


@pytest.mark.asyncio
async def test_one_more_than_may_wait_is_sent_away_with_a_time_to_come_back() -> None:
    async with reader() as one:
        with one.place(), one.place(), one.place():
            with pytest.raises(Refused) as refused, one.place():
                pass
            assert one.asked == 3

        assert (refused.value.problem.status, refused.value.problem.code) == (503, "busy")
        assert refused.value.retry_after_s
        assert one.asked == 0


@pytest.mark.asyncio
async def test_a_page_that_takes_too_long_is_stopped_by_its_number_and_the_next_is_read(
    document: Documents,
) -> None:
    async with reader(replace(SETTINGS, time_limit_s=1)) as one:
        await ready(one)
        refused = await refusal_of(one, document("hang of 3"))

        assert (refused.problem.status, refused.problem.code) == (504, "time_limit")
        assert refused.problem.message.startswith("Reading page 3 took longer than 0.5 s")
        assert (await one.read(document("next")))["text"] == "next"


@pytest.mark.asyncio
async def test_a_document_that_takes_too_long_is_stopped_at_its_page(
    document: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.limits.PAGE_TIME_SHARE", 2)
    async with reader(replace(SETTINGS, time_limit_s=0.5)) as one:
        refused = await refusal_of(one, document("hang of 2"))

    assert refused.problem.code == "time_limit"
    assert "document took longer than 0.5 s" in refused.problem.message
    assert "page 2" in refused.problem.message


@pytest.mark.asyncio
async def test_a_request_that_is_cancelled_takes_its_page_along(document: Documents) -> None:
    async with reader() as one:
        await ready(one)
        task = asyncio.create_task(one.read(document("hang")))
        while not one.turn.locked():
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert (await one.read(document("next")))["text"] == "next"


@pytest.mark.asyncio
async def test_a_document_that_ends_its_reader_gets_a_second_try_and_no_third(
    document: Documents, tmp_path: Path
) -> None:
    async with reader(DIED_ONCE=str(tmp_path / "mark")) as one:
        assert (await one.read(document("die once")))["text"] == "die once"
        refused = await refusal_of(one, document("die of 2"))

        assert (refused.problem.status, refused.problem.code) == (422, "crashes_reader")
        assert "page 2" in refused.problem.message
        assert (await one.read(document("next")))["text"] == "next"


@pytest.mark.asyncio
async def test_a_reader_that_swells_is_stopped_with_the_page_and_replaced(
    document: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.limits.READER_BYTES_MAX", 200 << 20)
    async with reader() as one:
        refused = await refusal_of(one, document("swell"))

        assert (refused.problem.status, refused.problem.code) == (413, "too_much_memory")
        assert "page 1 would take more than 200 MB" in refused.problem.message
        assert (await one.read(document("next")))["text"] == "next"


@pytest.mark.asyncio
async def test_a_used_reader_that_lacks_memory_leaves_the_page_to_a_fresh_one(
    document: Documents,
) -> None:
    async with reader() as one:
        await one.read(document("a"))
        assert (await one.read(document("lack memory")))["text"] == "lack memory"
        refused = await refusal_of(one, document("lack memory of 1"))

        assert refused.problem.code == "too_much_memory"
        assert (await one.read(document("next")))["text"] == "next"


@pytest.mark.asyncio
async def test_a_reader_that_keeps_too_much_is_replaced_after_its_answer(
    document: Documents,
) -> None:
    async with reader() as one:
        first = await one.read(document("keep memory"))
        second = await one.read(document("keep memory"))

    assert first["text"] != second["text"]  # each is the number of its process


@pytest.mark.asyncio
async def test_a_document_of_too_many_lines_is_refused_before_its_last_page(
    document: Documents,
) -> None:
    async with reader() as one:
        refused = await refusal_of(one, document("many lines"))

    assert (refused.problem.status, refused.problem.code) == (413, "too_many_lines")


@pytest.mark.asyncio
async def test_what_the_reader_refuses_is_refused_in_its_words(document: Documents) -> None:
    async with reader() as one:
        refused = await refusal_of(one, document("refuse"))

    assert refused.problem.document() == {
        "status": 422,
        "code": "no",
        "message": "No.",
        "hint": "Ask.",
    }


@pytest.mark.asyncio
async def test_an_engine_that_does_not_start_is_told_with_its_reason(document: Documents) -> None:
    async with reader(FAILS="true") as one:
        while one.state.name == "starting":
            await asyncio.sleep(0.01)
        refused = await refusal_of(one, document("a"))

    assert (refused.problem.status, refused.problem.code) == (503, "engine_broken")
    assert "no luck" in refused.problem.message


@pytest.mark.asyncio
async def test_a_request_given_up_while_it_waited_is_not_begun(document: Documents) -> None:
    async def gone() -> bool:
        return True

    async with reader() as one:
        with pytest.raises(Refused) as refused:
            await one.read(document("hang"), gone)

    assert refused.value.problem.code == "gone"


@pytest.mark.asyncio
async def test_models_that_appear_later_are_found(
    document: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.reader.LOOK_AGAIN_S", 0.01)
    lacking: list[str] = ["a model"]
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(ROOT)}
    async with Reader(
        SETTINGS, environment, command=CHILD, missing_models=lambda _: list(lacking)
    ) as one:
        while one.state.name != "models_missing":
            await asyncio.sleep(0.01)
        refused = await refusal_of(one, document("a"))
        lacking.clear()
        await ready(one)

        assert refused.problem.code == "models_missing"
        assert (await one.read(document("a")))["text"] == "a"


async def ready(one: Reader) -> None:
    while one.state.name != "ready":
        await asyncio.sleep(0.01)
