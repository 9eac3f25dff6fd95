"""Codes are short, and are found again however people pass them on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.click_codes import ALPHABET, BITS, LENGTH, encode, find

NUMBERS = st.integers(0, 2**BITS - 1)


@given(NUMBERS, NUMBERS)
def test_each_number_has_a_code_of_its_own(one: int, other: int) -> None:
    assert len(encode(one)) == LENGTH
    assert set(encode(one)) <= set(ALPHABET)
    assert (encode(one) == encode(other)) == (one == other)


@given(NUMBERS, st.text(st.characters(blacklist_characters="#", codec="utf-8"), max_size=50))
def test_a_code_in_brackets_is_found_in_any_message(number: int, words: str) -> None:
    code = encode(number)

    assert list(find(f"{words} (#{code})")) == [(code, words.rstrip())]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Halo, mau tanya (#K7M29PQX)", [("K7M29PQX", "Halo, mau tanya")]),
        ("#k7m29pqx", [("K7M29PQX", "")]),
        ("( #K7M29PQX ) Halo", [("K7M29PQX", "Halo")]),
        ("Halo #K7M29PQX kak", [("K7M29PQX", "Halo\nkak")]),
        ("#O7MI9PLX", [("07M19P1X", "")]),
        ("Halo", []),
        ("nomor #1", []),
        ("#K7M29PQXY terlalu panjang", []),
        ("#PUASA123", []),
        ("#K7M29PQX" + " " * 5_000, []),
        ("#K7M29PQX #AAAAAAAA", [("K7M29PQX", "#AAAAAAAA"), ("AAAAAAAA", "#K7M29PQX")]),
    ],
)
def test_finds_codes_and_what_is_left_of_the_text(text: str, found: list[tuple[str, str]]) -> None:
    assert list(find(text)) == found
