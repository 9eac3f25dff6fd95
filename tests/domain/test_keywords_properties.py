"""What holds for every set of rules and every message."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.keywords import How, Pattern, PatternError, Rule, Rules
from domain.keywords.fuzzy import NearWords, is_near
from domain.keywords.patterns import PATTERN_INPUT_MAX_BYTES, shortened
from domain.normalise import plain, run_lengths, squeeze

LETTERS = st.text(alphabet="abcde", min_size=1, max_size=11)
WORDS = st.text(alphabet="abc", min_size=1, max_size=3)
MESSAGES = st.lists(WORDS, max_size=5).map(" ".join)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text):
    assert plain(plain(text)) == plain(text)
    assert squeeze(squeeze(plain(text))) == squeeze(plain(text))
    assert len(run_lengths(plain(text))) == len(squeeze(plain(text)))


@given(st.lists(WORDS, min_size=1, max_size=6), MESSAGES)
def test_many_rules_find_what_each_finds_alone(keywords, message):
    rules = [
        Rule(f"{how}-{keyword}", (keyword,), how)
        for keyword in dict.fromkeys(keywords)
        for how in (How.EXACT, How.WHOLE_WORD, How.CONTAINS, How.STARTS, How.ENDS, How.FUZZY)
    ]

    together = [match.rule.id for match in Rules(rules).matches(message)]

    assert together == [rule.id for rule in rules if Rules([rule]).match(message)]


@given(st.lists(WORDS, min_size=1, max_size=6), MESSAGES)
def test_a_keyword_without_double_letters_is_found_wherever_it_stands(keywords, message):
    for keyword in keywords:
        if squeeze(keyword) == keyword and keyword in message:
            assert Rules([Rule("r", (keyword,), How.CONTAINS)]).match(message)
        if keyword in message.split():
            assert Rules([Rule("r", (keyword,), How.WHOLE_WORD)]).match(message)


@given(st.text(), st.text(min_size=1, max_size=20))
def test_no_message_and_no_keyword_breaks_the_rules(message, keyword):
    if not plain(keyword):
        return
    for how in How:
        if how is not How.REGEX:
            Rules([Rule("r", (keyword,), how)]).matches(message)
            assert Rules([Rule("r", (keyword,), how)]).match(keyword)


@given(st.lists(LETTERS, max_size=20), LETTERS)
def test_the_index_finds_the_same_words_as_comparing_each(words, written):
    expected = {word for word in words if is_near(written, word)}

    assert set(NearWords(words).find(written)) == expected


@given(st.text(max_size=40), st.text())
def test_any_pattern_is_refused_or_runs(source, text):
    try:
        pattern = Pattern(source)
    except PatternError:
        return
    found = pattern.search(text)
    assert found is None or found.text in shortened(text)


@pytest.mark.parametrize("sign", ["a", "é", "😀", "e\u0301"])
def test_patterns_look_at_four_kilobytes(sign):
    seen = shortened(sign * 5_000)

    assert PATTERN_INPUT_MAX_BYTES - 4 < len(seen.encode()) <= PATTERN_INPUT_MAX_BYTES
    assert set(seen) == set(unicodedata.normalize("NFC", sign))
