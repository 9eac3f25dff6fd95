"""Seeds are stable over time and processes, and differ as soon as one part differs."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.seeds import fraction, generator, seed

PARTS = st.lists(st.one_of(st.text(max_size=8), st.integers()), max_size=4)


def test_a_seed_is_the_same_on_every_machine():
    assert hex(seed("campaign-7", "628123", "sapa")).startswith(
        "0x25fc7415289a2ac6fdce8be52554a221"
    )
    assert generator(7, "a").random() == generator(7, "a").random()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", "b"), ("b", "a")),
        (("1",), (1,)),
        (("a",), ("a", "")),
        ((), ("",)),
    ],
)
def test_seeds_differ_when_the_parts_differ(left, right):
    assert seed(*left) != seed(*right)


@given(PARTS, PARTS)
def test_two_lists_of_parts_share_a_seed_only_when_they_are_equal(left, right):
    same = [(type(p), p) for p in left] == [(type(p), p) for p in right]
    assert (seed(*left) == seed(*right)) == same


@given(PARTS)
def test_a_fraction_is_at_least_zero_and_below_one(parts):
    assert 0 <= fraction(*parts) < 1


def test_fractions_are_spread_evenly():
    buckets = Counter(int(fraction("split", contact) * 10) for contact in range(10_000))
    assert min(buckets.values()) > 900
    assert max(buckets.values()) < 1_100
