from collections import Counter

import pytest
from pydantic import ValidationError

from nodes.logic.split_traffic import SplitTraffic, arms_of, split_traffic
from tests.nodes.world import context


def arm_of(identity, seed="benih", **arms):
    answer = split_traffic(SplitTraffic(arms=arms), context(identity=identity, seed=seed))
    assert answer.values == {"arm": answer.port}
    return answer.port


def test_divides_people_by_share():
    counts = Counter(arm_of(f"62811{number}", a=70, b=30, c=0) for number in range(2_000))

    assert set(counts) == {"a", "b"}
    assert 1_330 < counts["a"] < 1_470


def test_keeps_a_person_in_one_arm_but_mixes_anew_in_another_campaign():
    people = [f"62811{number}" for number in range(100)]
    first = [arm_of(person, a=1, b=1) for person in people]

    assert [arm_of(person, a=1, b=1) for person in people] == first
    assert [arm_of(person, seed="lain", a=1, b=1) for person in people] != first


def test_has_a_way_out_for_each_arm():
    assert arms_of(SplitTraffic(arms={"lama": 1, "baru": 1})) == ("lama", "baru")


@pytest.mark.parametrize(
    "arms", [{}, {"a": 1}, {"a": 0, "b": 0}, {"A b": 1, "b": 1}, {"a": -1, "b": 1}]
)
def test_refuses_arms_that_divide_nothing(arms):
    with pytest.raises(ValidationError):
        SplitTraffic(arms=arms)
