"""Pieces of text become lines as a person reads them."""

from math import cos, radians, sin

import pytest

from ocr.engines.contract import Box, Piece
from ocr.reading_order import lines_of, skew_degrees, turned_back


def piece(text: str, x: float, y: float, width: float, height: float = 20) -> Piece:
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return Piece(text, corners, 0.9)


def tilted(one: Piece, degrees: float) -> Piece:
    angle = radians(degrees)
    first, second, third, fourth = (
        (x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)) for x, y in one.box
    )
    return Piece(one.text, (first, second, third, fourth), one.score)


RECEIPT = [
    piece("17.250", 520, 140, 80),
    piece("Kopi", 40, 140, 120),
    piece("9.750", 530, 100, 70),
    piece("Teh", 40, 101, 110),
    piece("TOKO", 200, 20, 240, 40),
]


@pytest.mark.parametrize("degrees", [-5, -3, 0, 0.8, 3, 5])
def test_article_and_price_share_a_line_however_the_page_is_tilted(degrees: float) -> None:
    lines = lines_of([tilted(one, degrees) for one in RECEIPT])

    assert [line.text for line in lines] == ["TOKO", "Teh 9.750", "Kopi 17.250"]
    assert skew_degrees([tilted(one, degrees) for one in RECEIPT]) == pytest.approx(degrees)


def test_a_tall_word_joins_the_line_its_middle_lies_on() -> None:
    pieces = [
        piece("Diskon", 0, 100, 200, 90),
        piece("50%", 220, 110, 150, 70),
        piece("above", 400, 90, 60),
        piece("below", 400, 180, 60),
    ]

    assert [line.text for line in lines_of(pieces)] == ["above", "Diskon 50%", "below"]


def test_words_above_each_other_never_share_a_line() -> None:
    pieces = [piece("one", 0, 0, 100), piece("two", 0, 9, 100)]

    assert [line.text for line in lines_of(pieces)] == ["one", "two"]


def test_a_line_spans_its_pieces_and_weighs_their_scores() -> None:
    (line,) = lines_of([piece("ab", 0, 0, 70), Piece("c", piece("", 90, 0, 10).box, 0.6)])

    assert line.box == ((0, 0), (100, 0), (100, 20), (0, 20))
    assert line.score == pytest.approx(0.8)


def test_nothing_and_blanks_make_no_line() -> None:
    assert lines_of([]) == []
    assert lines_of([piece("  ", 0, 0, 10)]) == []


@pytest.mark.parametrize(
    ("turned", "expected"),
    [(0, (10, 20)), (90, (380, 10)), (180, (390, 180)), (270, (20, 190))],
)
def test_boxes_go_back_to_the_page_that_came_in(turned: int, expected: tuple[float, float]) -> None:
    box: Box = ((10, 20), (10, 20), (10, 20), (10, 20))

    assert turned_back(box, turned, 400, 200)[0] == expected
