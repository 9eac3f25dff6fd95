"""Chance that repeats, the words of the clock, and twins."""

import hashlib
from datetime import datetime

import pytest

from domain.text import seeded, system_values, twin_share


def test_draws_the_words_of_sha256_in_counter_mode():
    chance = seeded("spring", "628123456789", "send")
    key = b"spring\x1f628123456789\x1fsend"

    drawn = [chance.random() for _ in range(16)]

    expected = []
    for block in range(2):
        digest = hashlib.sha256(block.to_bytes(4, "big") + key).digest()
        words = [int.from_bytes(digest[at : at + 4], "big") for at in range(0, 32, 4)]
        expected.extend(word / 2**32 for word in words)
    assert drawn == expected


def test_keeps_its_numbers_for_ever():
    chance = seeded(7, "a")

    assert [int(chance.random() * 1_000_000) for _ in range(3)] == [245872, 54103, 145185]


def test_other_parts_give_other_numbers():
    drawn = {seeded("c", person, "n").random() for person in range(1_000)}

    assert len(drawn) == 1_000
    assert seeded("ab", "c").random() != seeded("a", "bc").random()


def test_numbers_fill_the_range_evenly():
    chance = seeded("even")
    numbers = [chance.random() for _ in range(10_000)]

    assert all(0 <= number < 1 for number in numbers)
    tenths = [int(number * 10) for number in numbers]
    assert all(850 < tenths.count(tenth) < 1_150 for tenth in range(10))


@pytest.mark.parametrize(
    ("hour", "word"),
    [
        (0, "malam"),
        (3, "malam"),
        (4, "pagi"),
        (9, "pagi"),
        (10, "siang"),
        (14, "siang"),
        (15, "sore"),
        (17, "sore"),
        (18, "malam"),
        (23, "malam"),
    ],
)
def test_greets_by_the_hour(hour, word):
    assert system_values(datetime(2026, 11, 23, hour, 5))["salam_waktu"] == word  # noqa: DTZ001


def test_speaks_dates_in_indonesian():
    values = system_values(datetime(2026, 11, 23, 9, 5))  # noqa: DTZ001

    assert values == {
        "salam_waktu": "pagi",
        "tanggal": "23 November 2026",
        "hari": "Senin",
        "jam": "09:05",
    }


@pytest.mark.parametrize(
    ("variants", "people", "percent"),
    [
        (48, 200, 98.5),
        (288, 200, 50.0),
        (288, 1_000, 96.9),
        (648, 1_000, 78.6),
        (5_000, 1_000, 18.1),
        (1, 2, 100.0),
        (1, 1, 0.0),
        (10, 0, 0.0),
        (2**5_000, 1_000_000, 0.0),
    ],
)
def test_tells_how_many_people_have_a_twin(variants, people, percent):
    assert round(100 * twin_share(variants, people), 1) == pytest.approx(percent, abs=0.11)


@pytest.mark.parametrize(("variants", "people"), [(0, 5), (-1, 5), (5, -1)])
def test_refuses_counts_that_cannot_be(variants, people):
    with pytest.raises(ValueError, match="variants must be"):
        twin_share(variants, people)
