import pytest

from nodes.contract import Go, NodeError
from nodes.triggers.manual import Manual, manual
from tests.nodes.world import context


@pytest.mark.parametrize(
    ("scope", "inputs"),
    [
        ({"inputs": {"invoice": "INV-1"}}, {"invoice": "INV-1"}),
        ({"inputs": None}, {}),
        ({}, {}),
    ],
)
def test_gives_on_what_the_starter_filled_in(scope, inputs):
    assert manual(Manual(), context(scope=scope)) == Go("next", {"inputs": inputs})


def test_refuses_inputs_that_are_no_object():
    with pytest.raises(NodeError, match="inputs should be an object but is a list") as refused:
        manual(Manual(), context(scope={"inputs": ["a"]}))

    assert refused.value.kind == "bad_config"
