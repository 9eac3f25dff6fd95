from datetime import timedelta

import pytest

from nodes.ai.ocr import MAX_LINES, MAX_TEXT_CHARS, TIMEOUT_S, Ocr, ocr
from nodes.catalogue import find
from nodes.contract import Go, NodeError, ReadText, Wait
from tests.nodes.world import NOW, World, context

LINES = [{"text": "TOTAL 25.000", "confidence": 0.98765, "page": 1}]
RECEIPT = ReadText("TOTAL 25.000\n", LINES, 0.98765)


def away(**detail: float) -> NodeError:
    return NodeError("busy", kind="upstream", code="busy", retriable=True, detail=detail)


@pytest.mark.parametrize(
    "media",
    ["12", 12, " media:a.jpg ", {"id": 12, "url": "x"}, {"id": None, "url": "media:a.jpg"}],
)
def test_gives_the_text_of_a_message_s_picture_or_of_a_file(media):
    world = World(texts={"12": RECEIPT, "media:a.jpg": RECEIPT})

    assert ocr(Ocr(), context(world), media=media) == Go(
        "ok", {"text": "TOTAL 25.000", "lines": LINES, "confidence": 0.9877}
    )


def test_a_picture_without_text_leaves_by_empty():
    answer = ocr(Ocr(), context(World(texts={"1": ReadText(" \n")})), media="1")

    assert answer == Go("empty", {"text": "", "lines": [], "confidence": 0.0})


def test_a_book_is_cut_to_what_a_run_can_carry():
    long = ReadText("kata " * 40_000, LINES * 3_000, 1.0)

    answer = ocr(Ocr(), context(World(texts={"1": long})), media="1")

    assert isinstance(answer, Go)
    assert len(answer.values["text"]) == MAX_TEXT_CHARS
    assert len(answer.values["lines"]) == MAX_LINES


@pytest.mark.parametrize(
    ("error", "form", "waited_s", "again_s"),
    [
        (away(), {}, 0, 5),
        (away(retry_after_s=30), {}, 0, 30),
        (away(retry_after_s=0.001), {}, 0, 1),
        (away(retry_after_s=3600), {}, 0, 60),
        (away(), {}, 597, 3),
        (away(retry_after_s=30), {"wait_max": "10s"}, 4, 6),
    ],
)
def test_waits_while_the_reader_is_busy_or_away(error, form, waited_s, again_s):
    ctx = context(World(texts={"1": error}), waited_s=waited_s)

    answer = ocr(Ocr(**form), ctx, media="1")

    assert answer == Wait(NOW + timedelta(seconds=again_s), again=True)


@pytest.mark.parametrize(
    ("media", "form", "waited_s", "code"),
    [
        ("busy", {}, 600, "busy"),
        ("busy", {"wait_max": 0}, 0, "busy"),
        ("broken", {}, 0, "corrupt_image"),
        ("nowhere", {}, 0, "no_media"),
        (None, {}, 0, "empty_media"),
        ({}, {}, 0, "empty_media"),
        (["1"], {}, 0, "bad_media"),
    ],
)
def test_fails_at_once_with_what_will_not_get_better_and_in_the_end_with_what_might(
    media, form, waited_s, code
):
    world = World(texts={"busy": away(), "broken": NodeError("cut", code="corrupt_image")})

    with pytest.raises(NodeError) as failed:
        ocr(Ocr(**form), context(world, waited_s=waited_s), media=media)

    assert failed.value.code == code


def test_is_a_step_of_its_own_on_the_media_queue():
    kind = find("ocr")

    assert kind is not None
    assert (kind.queue, kind.timeout_s, kind.effect) == ("media", TIMEOUT_S, "read")
