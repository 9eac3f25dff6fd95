import pytest
from pydantic import ValidationError

from nodes.contract import Go, NodeError
from nodes.logic.keyword_match import KeywordMatch, keyword_match
from tests.nodes.world import World, context


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


def ruling(name="harga", **changes):
    return {
        "id": 1,
        "name": name,
        "keyword": "harga",
        "found": "harga",
        "reply": "{Halo|Hai} [nama|Kak]",
        "media": None,
        "action": "reply",
        "why_not": None,
    } | changes


SHOP = KeywordMatch(rules="tenant")


def test_the_shops_rule_that_wins_gives_its_answer_ready_to_send():
    world = World(
        rulings=[
            ruling(media="media:a.jpg", action="handover"),
            ruling("kedua", id=2, reply="Lagi: [kota|sini]"),
            ruling("umum", id=3, why_not="after_a_rule_that_stops"),
        ]
    )

    went = keyword_match(
        SHOP, context(world, scope={"item": {"contact": {"name": "Ayu"}}}), text="harga?"
    )

    assert went.port == "matched"
    out = went.values
    assert out["reply"] in ("Halo Ayu", "Hai Ayu")
    assert (out["rule"], out["keyword"], out["found"]) == ("harga", "harga", "harga")
    assert (out["media"], out["action"]) == ("media:a.jpg", "handover")
    assert [one["reply"] for one in out["replies"]] == [out["reply"], "Lagi: sini"]
    assert out["others"] == [
        {"rule": "umum", "keyword": "harga", "why_not": "after_a_rule_that_stops"}
    ]


def test_the_same_person_gets_the_same_variation_again():
    world = World(rulings=[ruling(reply="{a|b|c|d|e|f|g|h}")])

    made = {keyword_match(SHOP, context(world), text="harga").values["reply"] for _ in range(10)}

    assert len(made) == 1


def test_rules_that_all_rest_leave_the_message_unmatched_and_say_why():
    world = World(rulings=[ruling(why_not="cooling_down")])

    went = keyword_match(SHOP, context(world), text="harga")

    assert went == Go(
        "unmatched",
        {"others": [{"rule": "harga", "keyword": "harga", "why_not": "cooling_down"}]},
    )


def test_an_answer_that_can_not_be_read_names_its_rule():
    world = World(rulings=[ruling(reply="{a|b")])

    with pytest.raises(NodeError, match="answer of the rule harga"):
        keyword_match(SHOP, context(world), text="harga")


@pytest.mark.parametrize("form", [{"keywords": ["a"]}, {"unless": ["a"]}])
def test_the_shops_rules_have_keywords_of_their_own(form):
    with pytest.raises(ValidationError, match="have their own"):
        KeywordMatch(rules="tenant", **form)
