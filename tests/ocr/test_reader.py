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
        refused = await refusal_of(one, document("spin of 3"))

        assert (refused.problem.status, refused.problem.code) == (504, "time_limit")
        assert refused.problem.message.startswith("Reading page 3 took more than 0.5 s")
        assert refused.retry_after_s is None
        assert (await one.read(document("next")))["text"] == "next"


@pytest.mark.asyncio
async def test_a_document_that_takes_too_long_is_stopped_at_its_page(
    document: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.limits.PAGE_TIME_SHARE", 2)
    async with reader(replace(SETTINGS, time_limit_s=0.5)) as one:
        refused = await refusal_of(one, document("spin of 2"))

    assert refused.problem.code == "time_limit"
    assert "document took more than 0.5 s" in refused.problem.message
    assert "page 2" in refused.problem.message
    assert refused.retry_after_s is None


@pytest.mark.asyncio
@pytest.mark.parametrize("limit", ["STILL_S", "BUSY_TIMES"])
async def test_a_page_that_gets_no_processor_time_may_come_again(
    document: Documents, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"ocr.limits.{limit}", 0.02)
    async with reader() as one:
        refused = await refusal_of(one, document("hang of 2"))

        assert (refused.problem.status, refused.problem.code) == (504, "starved")
        assert refused.problem.message.startswith("Reading page 2 got 0")
        assert refused.retry_after_s
        monkeypatch.undo()
        assert (await one.read(document("next")))["text"] == "next"


@pytest.mark.asyncio
async def test_time_on_the_clock_does_not_count_as_long_as_little_work_was_done(
    document: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.limits.LOOK_AT_TIME_S", 0.01)
    async with reader(replace(SETTINGS, time_limit_s=0.5)) as one:
        await ready(one)
        task = asyncio.create_task(one.read(document("hang")))
        await asyncio.wait([task], timeout=0.7)  # longer than a page may work

        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.asyncio
async def test_where_the_system_tells_no_processor_time_the_clock_counts(
    document: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.effort.used_s", lambda _: None)
    async with reader(replace(SETTINGS, time_limit_s=0.5)) as one:
        refused = await refusal_of(one, document("hang"))

    assert refused.problem.code == "time_limit"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("starts", "limit", "says"),
    [("slowly", "START_LIMIT_S", "said nothing in"), ("never", "START_STILL_S", "did nothing for")],
)
async def test_a_start_that_does_not_end_is_broken_off_with_its_reason(
    document: Documents, monkeypatch: pytest.MonkeyPatch, starts: str, limit: str, says: str
) -> None:
    monkeypatch.setattr(f"ocr.limits.{limit}", 0.2)
    async with reader(STARTS=starts) as one:
        refused = await refusal_of(one, document("a"))

    assert refused.problem.code == "engine_broken"
    assert says in refused.problem.message


@pytest.mark.asyncio
async def test_a_start_that_moves_is_let_be_and_called_a_start(
    document: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.limits.START_STILL_S", 0.3)
    states = set()
    async with reader(STARTS="slowly") as one:
        while one.state.name != "ready":
            states.add(one.state.name)
            await asyncio.sleep(0.01)
        assert (await one.read(document("a")))["text"] == "a"

    assert states == {"starting"}


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
async def test_a_fresh_reader_that_swells_is_stopped_with_the_page_and_replaced(
    document: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.limits.READER_BYTES_MAX", 200 << 20)
    async with reader() as one:
        refused = await refusal_of(one, document("swell of 1"))

        assert (refused.problem.status, refused.problem.code) == (413, "too_much_memory")
        assert "page 1 would take more than 200 MB" in refused.problem.message
        assert (await one.read(document("next")))["text"] == "next"


@pytest.mark.asyncio
@pytest.mark.parametrize("lacks", ["swell", "lack memory"])
async def test_a_used_reader_that_lacks_memory_leaves_the_page_to_a_fresh_one(
    document: Documents, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    monkeypatch.setattr("ocr.limits.READER_BYTES_MAX", 200 << 20)
    async with reader() as one:
        for before in ("a", "refuse", "a"):
            await asyncio.gather(one.read(document(before)), return_exceptions=True)
            assert (await one.read(document(lacks)))["text"] == lacks
        refused = await refusal_of(one, document(f"{lacks} of 1"))

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
