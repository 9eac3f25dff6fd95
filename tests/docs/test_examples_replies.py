"""What docs/replies.md tells to type works and answers as it says; its table of matches is true."""

import re

import pytest

from domain.keywords import Rules
from services.auto_replies.rules import keyword_rule
from services.auto_replies.words import MatchType, WhyNot
from services.chats import takeover
from services.messages import stale
from tests.conftest import Shop
from tests.docs.examples import Shell, text_of

PAGE = "replies.md"
ROWS = re.findall(r"^\| `([A-Z_]+)`[^|]*\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text_of(PAGE), re.M)


@pytest.mark.e2e
def test_every_example_works_as_written(shop: Shop, shell: Shell) -> None:
    shop.chat("6281200000011", shop.device("toko_1"), name="Sari", text="Halo")

    shell.follow(PAGE)


@pytest.mark.parametrize(("word", "keyword", "met", "not_met"), ROWS)
def test_a_way_to_match_does_what_the_table_says(
    word: str, keyword: str, met: str, not_met: str
) -> None:
    rules = Rules([keyword_rule("1", [keyword.strip().strip("`")], word, "any", [])])

    assert rules.match(met.strip()) is not None
    assert rules.match(not_met.strip()) is None


def test_every_way_to_match_and_every_word_is_told() -> None:
    text = text_of(PAGE)
    words = {*WhyNot, takeover.HANDED_OVER, takeover.LOOP, stale.STALE_REPLY, stale.STALE_SEND}

    assert [row[0] for row in ROWS if row[0] in set(MatchType)] == [row[0] for row in ROWS]
    assert {row[0] for row in ROWS} == set(MatchType)
    assert [word for word in words if f"`{word}`" not in text and f": {word}`" not in text] == []
