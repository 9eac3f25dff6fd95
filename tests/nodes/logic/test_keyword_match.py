import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.logic.keyword_match import KeywordMatch, keyword_match
from tests.nodes.world import context


def matched(keyword, found):
    return Go("matched", {"keyword": keyword, "found": found})


@pytest.mark.parametrize(
    ("form", "text", "answer"),
    [
        ({"keywords": ["harga", "info stok"]}, "HARGA berapa?", matched("harga", "harga")),
        ({"keywords": ["harga"]}, "dia menghargai kita", Go("unmatched")),
        ({"keywords": ["harga"], "unless": ["mati"]}, "harga mati", Go("unmatched")),
        ({"keywords": ["menu"], "how": "exact"}, "menunggu", Go("unmatched")),
        ({"keywords": ["ada", "stok"], "need": "all"}, "stok kosong", Go("unmatched")),
        (
            {"keywords": [r"^pesan \d+"], "how": "regex"},
            "Pesan 2",
            matched(r"^pesan \d+", "Pesan 2"),
        ),
        ({"keywords": ["harga"]}, "", Go("unmatched")),
        ({"keywords": ["harga"]}, None, Go("unmatched")),
    ],
)
def test_tells_messages_with_a_keyword_from_those_without(form, text, answer):
    assert keyword_match(KeywordMatch(**form), context(), text=text) == answer


def test_refuses_what_is_no_text():
    with pytest.raises(NodeError, match="text should be text but is a number"):
        keyword_match(KeywordMatch(keywords=["a"]), context(), text=5)


@pytest.mark.parametrize(
    "form",
    [
        {"keywords": []},
        {"keywords": [" "]},
        {"keywords": ["(a"], "how": "regex"},
        {"keywords": ["a"], "how": "x"},
    ],
)
def test_refuses_keywords_that_can_never_match(form):
    with pytest.raises(ValidationError):
        KeywordMatch(**form)
