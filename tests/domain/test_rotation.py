"""A rotation is fair, exact where it promises to be, and goes on when an option drops out."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rotation import (
    DEVICE_STRATEGIES,
    TARGET_STRATEGIES,
    Option,
    Rotation,
    RotationError,
    Strategy,
    choose,
    choose_at,
    counted,
    weighted_cycle,
)

ABC = [Option("a"), Option("b"), Option("c")]


def run(strategy, options, times, state=None, **more):
    rng, state, keys = Random(5), state or Rotation(), []
    for _ in range(times):
        chosen, state = choose(strategy, options, state, rng, **more)
        keys.append(chosen.key)
    return "".join(keys), state


def without(options, *keys):
    return [replace(option, available=option.key not in keys) for option in options]


@pytest.mark.parametrize("strategy", [Strategy.ROUND_ROBIN, Strategy.SEQUENTIAL])
def test_each_gets_its_turn_in_the_owners_order(strategy):
    assert run(strategy, ABC, 7)[0] == "abcabca"


def test_who_drops_out_is_passed_over_and_comes_back_in_its_place():
    first, state = run(Strategy.ROUND_ROBIN, ABC, 2)
    second, state = run(Strategy.ROUND_ROBIN, without(ABC, "c"), 3, state)
    third, _ = run(Strategy.ROUND_ROBIN, ABC, 3, state)
    assert (first, second, third) == ("ab", "aba", "bca")


@given(st.lists(st.sets(st.sampled_from("abcd"), max_size=3), min_size=2, max_size=30))
def test_no_option_comes_twice_in_a_row_while_another_is_available(downs):
    state, rng, last = Rotation(), Random(1), ""
    for down in downs:
        options = without([Option(key) for key in "abcd"], *down)
        chosen, state = choose(Strategy.ROUND_ROBIN, options, state, rng)
        assert chosen.key not in down
        assert chosen.key != last or len(down) == 3
        last = chosen.key


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6).filter(any), st.integers(0, 500))
def test_weights_are_exact_over_any_cycle(weights, start):
    options = [Option(str(number), weight=weight) for number, weight in enumerate(weights)]
    rng, total = Random(0), sum(weights)
    keys = [
        choose(Strategy.WEIGHTED, options, Rotation(index), rng)[0].key
        for index in range(start, start + total)
    ]
    assert [keys.count(option.key) for option in options] == weights


@pytest.mark.parametrize(
    ("weights", "cycle"),
    [
        ((5, 1, 1), (0, 0, 1, 0, 2, 0, 0)),
        ((2, 2), (0, 1)),
        ((70, 30), (0, 1, 0, 0, 0, 1, 0, 0, 1, 0)),
        ((1, 0, 1), (0, 2)),
        ((3,), (0,)),
    ],
)
def test_a_heavy_option_is_spread_over_its_cycle(weights, cycle):
    assert weighted_cycle(weights) == cycle


@pytest.mark.parametrize("weights", [(), (0, 0), (1, -1), (9973, 9967, 9949)])
def test_weights_that_make_no_cycle_are_refused(weights):
    with pytest.raises(RotationError):
        weighted_cycle(weights)


def test_random_gives_everyone_about_the_same():
    counts = Counter(run(Strategy.RANDOM, ABC, 3000)[0])
    assert set(counts) == set("abc")
    assert min(counts.values()) > 900


@pytest.mark.parametrize("strategy", [Strategy.LEAST_USED, Strategy.LEAST_LOADED])
def test_the_one_with_the_least_load_is_next_and_equals_take_turns(strategy):
    options, state, keys = [Option("a", load=3), Option("b"), Option("c", load=1)], Rotation(), ""
    for _ in range(8):
        chosen, state = choose(strategy, options, state, Random(0))
        options, keys = counted(options, chosen.key), keys + chosen.key
    assert keys == "bcbcbcab"
    assert sorted(option.load for option in options) == [4, 4, 4]


def test_a_load_counts_by_weight():
    options = [Option("small", weight=1, load=2), Option("large", weight=10, load=5)]
    assert choose(Strategy.LEAST_LOADED, options, Rotation(), Random(0))[0].key == "large"


def test_a_contact_keeps_its_option_and_moves_only_when_that_drops_out():
    contacts = [f"62812{number:04}" for number in range(600)]

    def homes(options):
        return {
            contact: choose(Strategy.STICKY, options, Rotation(), Random(), contact=contact)[0].key
            for contact in contacts
        }

    before, after = homes(ABC), homes(without(ABC, "b"))
    assert homes(list(reversed(ABC))) == before
    assert min(Counter(before.values()).values()) > 150
    for contact in contacts:
        assert after[contact] == before[contact] or before[contact] == "b"


def test_a_contact_goes_to_the_option_it_knows_while_that_is_available():
    known = {"contact": "628123", "knows": "c"}
    assert run(Strategy.STICKY, ABC, 3, **known)[0] == "ccc"
    assert "c" not in run(Strategy.STICKY, without(ABC, "c"), 3, **known)[0]


def test_a_sticky_choice_for_nobody_takes_turns():
    assert run(Strategy.STICKY, ABC, 4)[0] == "abca"


def test_sticky_contacts_spread_by_weight():
    options = [Option("a", weight=3), Option("b", weight=1)]
    homes = Counter(
        choose(Strategy.STICKY, options, Rotation(), Random(), contact=str(number))[0].key
        for number in range(4000)
    )
    assert homes["a"] / homes["b"] == pytest.approx(3, rel=0.15)


def test_healthy_devices_get_more_and_sick_ones_nothing():
    options = [Option("a", health=100), Option("b", health=50), Option("c", health=39)]
    assert Counter(run(Strategy.HEALTH, options, 30)[0]) == {"a": 20, "b": 10}


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("options", [[], without(ABC, "a", "b", "c"), [Option("a", weight=0)]])
def test_nothing_is_chosen_and_nothing_counted_when_nobody_is_available(strategy, options):
    state = Rotation(4, "a")
    assert choose(strategy, options, state, Random(), contact="1") == (None, state)
    assert choose_at(strategy, options, 4, Random(), contact="1") is None


@pytest.mark.parametrize(
    "strategy", [Strategy.SEQUENTIAL, Strategy.WEIGHTED, Strategy.HEALTH, Strategy.STICKY]
)
def test_a_process_with_a_block_of_numbers_chooses_as_one_with_the_state_would(strategy):
    options = [Option("a", weight=5), Option("b", weight=2), Option("c", weight=3)]
    one_by_one, _ = run(strategy, options, 40)
    by_number = [choose_at(strategy, options, index, Random()).key for index in range(40)]
    assert one_by_one == "".join(by_number)


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Option("a", weight=-1),
        lambda: Option("a", weight=101),
        lambda: Option("a", load=-1),
        lambda: Option("a", health=101),
        lambda: choose(Strategy.RANDOM, [Option("a"), Option("a")], Rotation(), Random()),
        lambda: choose(
            Strategy.RANDOM, [Option(str(n)) for n in range(1001)], Rotation(), Random()
        ),
    ],
)
def test_options_that_can_not_be_rotated_over_are_refused(broken):
    with pytest.raises(RotationError):
        broken()


def test_every_strategy_is_offered_for_devices_or_for_targets():
    assert set(DEVICE_STRATEGIES) | set(TARGET_STRATEGIES) == set(Strategy)
