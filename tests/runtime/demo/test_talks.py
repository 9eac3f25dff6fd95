"""Answers are counted from the ledger: the right one, from the right number, once."""

from collections.abc import Mapping
from typing import Any

import pytest

from runtime.demo.talks import Answers, Talk, count

TALK = Talk("harga", "cs_1", "6281190001000", "daftar harga", 10.0)


def row(text: str, at_s: float = 10.5, device: str = "cs_1", person: str = TALK.person) -> Any:
    return {"person": f"{person}@c.us", "session": device, "text": text, "arrived_mono": at_s}


RIGHT = row("Halo Kak, daftar harga: ...")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([RIGHT], Answers(1, 1, 0, 0, 0.5)),
        ([], Answers(1, 0, 0, 1, None)),
        ([RIGHT, row("Hai Kak, daftar harga: ...", 11.0)], Answers(1, 1, 1, 0, 0.5)),
        ([RIGHT, row("Promo susulan!", 12.0)], Answers(1, 1, 1, 0, 0.5)),
        ([row("Sebentar ya Kak")], Answers(1, 0, 0, 1, None)),
        ([row("daftar harga", device="cs_2")], Answers(1, 0, 0, 1, None)),
        ([row("daftar harga", person="6281190001001")], Answers(1, 0, 0, 1, None)),
        ([row("daftar harga", 9.9)], Answers(1, 1, 0, 0, 0.0)),
        ([{**RIGHT, "text": None}], Answers(1, 0, 0, 1, None)),
    ],
)
def test_one_right_answer_is_due_to_each_talk(
    rows: list[Mapping[str, Any]], expected: Answers
) -> None:
    assert count([TALK], rows) == expected


def test_without_talks_nothing_was_asked() -> None:
    assert count([], [RIGHT]) == Answers(0, 0, 0, 0, None)
