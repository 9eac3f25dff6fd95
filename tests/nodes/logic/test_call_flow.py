import pytest
from pydantic import ValidationError

from nodes.contract import Call
from nodes.logic.call_flow import CallFlow, call_flow
from tests.nodes.world import context


def test_calls_another_flow_with_what_it_asks_for():
    params = CallFlow(flow="cek_ongkir", version=3, inputs={"kota": "Solo"})

    assert call_flow(params, context()) == Call("cek_ongkir", {"kota": "Solo"}, 3)


@pytest.mark.parametrize("form", [{}, {"flow": "Bukan Id"}, {"flow": "a", "version": 0}])
def test_refuses_a_flow_that_cannot_be_named_so(form):
    with pytest.raises(ValidationError):
        CallFlow(**form)
