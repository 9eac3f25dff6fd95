import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.text.extract import Extract, extract
from tests.nodes.world import context


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        (
            r"(order|pesan)\s+(?P<jumlah>\d+)\s*x?\s*(?P<barang>\S+)",
            "PESAN 2x kopi ya",
            Go(
                "matched",
                {
                    "groups": {
                        "1": "PESAN",
                        "2": "2",
                        "3": "kopi",
                        "jumlah": "2",
                        "barang": "kopi",
                    },
                    "found": "PESAN 2x kopi",
                },
            ),
        ),
        (r"a(b)?", "a", Go("matched", {"groups": {"1": None}, "found": "a"})),
        (r"\d{5}", "cek ongkir", Go("unmatched")),
        (r"\d{5}", None, Go("unmatched")),
    ],
)
def test_picks_the_groups_of_a_pattern_out_of_a_text(pattern, text, answer):
    assert extract(Extract(pattern=pattern), context(), text=text) == answer


@pytest.mark.parametrize("pattern", ["", "(a", "(?=x)", r"(a)\1", "a" * 600])
def test_refuses_a_pattern_that_re2_refuses(pattern):
    with pytest.raises(ValidationError):
        Extract(pattern=pattern)


def test_refuses_what_is_no_text():
    with pytest.raises(NodeError, match="text should be text but is a list"):
        extract(Extract(pattern="a"), context(), text=["a"])
