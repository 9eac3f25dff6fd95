"""What holds for every message text."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.text import Severity, TextError, check, parse, seeded
from domain.text.tree import Choice, Field, Part, Words

SIGNS = st.text(alphabet="{}|[]\\ab3:/\n%# ", max_size=60)
ANYTHING = st.text(max_size=60) | SIGNS
PLAIN = st.text(alphabet="abc 0", min_size=1, max_size=4).filter(lambda text: ":" not in text)
VALUES = st.dictionaries(st.sampled_from(["name", "toko"]), st.text(alphabet="xyz {}|[]\\"))


def _choices(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    options = st.lists(inner | st.just(""), min_size=2, max_size=3)
    return options.map(lambda texts: "{" + "|".join(texts) + "}") | st.tuples(inner, inner).map(
        lambda pair: pair[0] + " " + pair[1]
    )


SOURCES = st.recursive(PLAIN | st.sampled_from(["[nama]", "[toko|kami]"]), _choices, max_leaves=8)


def _all_texts(parts: tuple[Part, ...]) -> list[str]:
    """Every way through `parts`, by enumeration."""
    ways: list[list[str]] = []
    for part in parts:
        match part:
            case Words(text):
                ways.append([text])
            case Field(_, default):
                ways.append([default or ""])
            case Choice(options):
                ways.append([text for option in options for text in _all_texts(option.parts)])
    return ["".join(way) for way in product(*ways)]


@given(ANYTHING)
def test_reading_any_text_raises_nothing_but_a_text_error(source):
    errors = [found for found in check(source) if found.severity is Severity.ERROR]

    if errors:
        with pytest.raises(TextError) as refusal:
            parse(source)
        refused, first = refusal.value, errors[0]
        assert (refused.line, refused.column) == (first.line, first.column)
        assert refused.kind is first.kind
    else:
        assert isinstance(parse(source).render({}, seeded(source)), str)


@given(ANYTHING)
def test_every_problem_points_into_the_text(source):
    lines = source.split("\n")

    for found in check(source, known_fields=["name"]):
        assert 1 <= found.line <= len(lines)
        assert 1 <= found.column < found.end_column <= len(lines[found.line - 1]) + 2


@settings(deadline=None)
@given(SOURCES)
def test_the_number_of_variants_is_the_number_of_ways_through_the_tree(source):
    text = parse(source)
    texts = _all_texts(text.parts)

    assert text.variants == len(texts)
    assert text.longest_length == max(map(len, texts))


@given(SOURCES, st.integers())
def test_a_message_is_one_of_the_variants_and_its_path_names_it(source, seed):
    text = parse(source)

    rendered = text.render_path({}, seeded(seed))

    assert rendered.text in _all_texts(text.parts)
    for other_seed in range(5):
        other = text.render_path({}, seeded(other_seed))
        assert other.path != rendered.path or other.text == rendered.text


@given(SOURCES, VALUES, st.text())
def test_the_same_seed_gives_the_same_message(source, values, seed):
    text = parse(source)

    once = text.render_path(values, seeded(seed, "628123", "send"))

    assert once == text.render_path(values, seeded(seed, "628123", "send"))
    assert once.text == text.render(values, seeded(seed, "628123", "send"))


@given(SOURCES, st.dictionaries(st.sampled_from(["name", "toko"]), st.text(alphabet="xyz")))
def test_a_message_holds_no_braces_that_nobody_wrote(source, values):
    message = parse(source).render(values, seeded(source))

    assert not set(message) & set("{}|[]")


@given(st.text(), st.text())
def test_a_value_arrives_as_it_is(value, seed):
    message = parse("{<[nama]>|<[nama]>}").render({"name": value}, seeded(seed))

    assert message == (f"<{value}>" if value.strip() else "<>")


@given(st.text(alphabet="ab {}|[]\\", max_size=30))
def test_escaped_text_arrives_as_it_is(words):
    escaped = "".join("\\" + sign if sign in "{}|[]\\" else sign for sign in words)

    assert parse(escaped).render({}, seeded(1)) == words
    assert check(escaped) == []
