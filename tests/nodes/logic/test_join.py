from datetime import timedelta

import pytest
from pydantic import ValidationError

from nodes.contract import Join
from nodes.logic.join import JoinForm, join
from tests.nodes.world import NOW, context


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({}, Join("all")),
        ({"policy": "any", "timeout": "1m"}, Join("any", 0, NOW + timedelta(minutes=1))),
        ({"policy": "count", "count": 2}, Join("count", 2)),
    ],
)
def test_waits_for_as_many_branches_as_it_was_told(form, answer):
    assert join(JoinForm(**form), context()) == answer


@pytest.mark.parametrize("form", [{"policy": "count"}, {"count": 2}, {"policy": "some"}])
def test_counts_only_when_it_is_told_to_count(form):
    with pytest.raises(ValidationError):
        JoinForm(**form)
