import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.text.set_variables import SetVariables, set_variables
from tests.nodes.world import context


def test_keeps_values_of_any_type_for_later_steps():
    values = {"kode": "A1", "harga": 99_000, "barang": [{"id": 1}], "kosong": None}

    assert set_variables(SetVariables(values=values), context()) == Go("ok", values, vars=values)


@pytest.mark.parametrize(
    ("value", "code"),
    [("a" * 20_000, "values_too_large"), ({1, 2}, "bad_values"), (object(), "bad_values")],
)
def test_refuses_values_that_no_run_can_carry(value, code):
    with pytest.raises(NodeError) as refused:
        set_variables(SetVariables(values={"a": value}), context())

    assert refused.value.code == code


@pytest.mark.parametrize("values", [{}, {"1a": 1}, {"a b": 1}, {f"v{i}": 1 for i in range(51)}])
def test_refuses_names_that_cannot_be_read_back(values):
    with pytest.raises(ValidationError):
        SetVariables(values=values)
