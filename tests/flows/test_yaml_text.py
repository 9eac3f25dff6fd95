"""The text of a document: read with places, written again equal, edited with comments kept."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.yaml_text import dump, dump_json, edit, load, same, tidy

SMALL = """\
# A promo.
flow: alir/1
kind: broadcast
id: promo
name: Promo   # shown in the list
triggers:
  mulai: {type: broadcast, next: pesan}
nodes:
  # first the text
  pesan:
    type: spintax
    with:
      text: |-
        {Halo|Hai} [name|kak],
          cek promo
    next: {ok: akhir}  # then the end

  # and here it ends
  akhir:
    type: stop
    with: {status: succeeded}
ui:
  layout: {pesan: [1, 2]}
"""


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "says"),
    [
        ("a: {Halo|Hai} kak\n", "bad_yaml", 1, 4, "quotes"),
        ("a: [name] halo\n", "bad_yaml", 1, 4, "quotes"),
        ("a: [name\nb: 1\nc: 2\n", "bad_yaml", 1, 4, "list that opens here with [ is never"),
        ("a: [name\nb: 1\nc: 2\n", "bad_yaml", 1, 4, "quotes"),
        ("a: [name", "bad_yaml", 1, 4, "close it with ]"),
        ("a: {Halo|Hai kak\nb: 1\n", "bad_yaml", 1, 4, "keys that opens here with { is never"),
        ("a: *promo* hari ini\n", "bad_yaml", 1, 4, "quotes"),
        ("a: @toko\n", "bad_yaml", 1, 4, "quotes"),
        ("a: {{ x }} b\n", "key_not_text", 1, 5, "quotes"),
        ("a:\n\tb: 1\n", "bad_yaml", 2, 1, "spaces"),
        ("a: b: c\n", "bad_yaml", 1, 5, "colon"),
        ('a: "x\nb: 1\n', "bad_yaml", 1, 4, "quotation mark"),
        ("nodes:\n  a:\n    type: x\n   b: 1\n", "bad_yaml", 4, 4, "indented"),
        ("a: &x 1\nb: *x\n", "alias", 1, 4, "not allowed"),
        ("a: !!python/object 1\n", "tag", 1, 4, "not allowed"),
        ("a: 1\nb: 2\na: 3\n", "duplicate_key", 3, 1, "twice"),
        ("<<: {a: 1}\n", "merge_key", 1, 1, "not allowed"),
        ("a: 1\n---\nb: 2\n", "several_documents", 2, 1, "second document"),
        ("", "empty", 1, 1, "empty"),
        ("- a\n", "not_a_mapping", 1, 1, "keys and values"),
        ("a: 1\nb: \x07\n", "bad_sign", 2, 4, "control character"),
        ("%YAML 1.1\n---\na: 1\n", "directive", 1, 1, "not allowed"),
        ("a: .nan\n", "bad_number", 1, 4, "no number"),
        ("a: 1e999\n", "bad_number", 1, 4, "too large"),
        ("a: 99999999999999999999\n", "bad_number", 1, 4, "quotes"),
        ("a: " + "[" * 5000, "too_deep", 1, 51, "deeper"),
        ('{"a": NaN}', "bad_number", 1, 7, "NaN"),
        ('{"a": 1,\n "a": 2}', "duplicate_key", 2, 2, "twice"),
        ('{"a": 1,}', "bad_json", 1, 9, "key"),
        ('{"a": [1 2]}', "bad_json", 1, 10, "comma"),
        ('{"a": "x', "bad_json", 1, 7, "not closed"),
        ('{"a": "\\ud800"}', "bad_json", 1, 7, "surrogate"),
        ('{"a": -Infinity}', "bad_number", 1, 7, "Infinity"),
        ('{"a":' * 100, "too_deep", 1, 241, "deeper"),
    ],
)
def test_a_broken_text_is_refused_at_its_place_with_the_way_out(text, code, line, column, says):
    problem = load(text).problems[0]

    assert problem.code == code
    assert problem.range is not None
    assert (problem.range.line, problem.range.column) == (line, column)
    assert says in f"{problem.message} {problem.hint}"


def test_a_text_beyond_512_kib_is_refused_unread():
    problem = load("a: " + "x" * 600_000).problems[0]

    assert (problem.code, problem.message) == (
        "too_long",
        "The document has 585 KiB; 512 KiB is the most.",
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("0812345", "0812345"),  # a phone keeps its zero
        ("6281234567890", 6281234567890),
        ("yes", "yes"),
        ("on", "on"),
        ("22:30", "22:30"),
        ("2026-11-22", "2026-11-22"),
        ("1_000", "1_000"),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("-5", -5),
        ("~", None),
        ("True", True),
        ('"007"', "007"),
    ],
)
def test_a_word_is_typed_as_json_would_and_nothing_else(word, expected):
    source = load(f"a: {word}\n")

    assert source.document is not None
    assert same(source.document["a"], expected)


def test_keys_are_always_text():
    source = load("on: 1\n5: 2\ntrue: 3\n")

    assert source.document == {"on": 1, "5": 2, "true": 3}


def test_every_value_and_key_has_its_place():
    source = load(SMALL)

    assert source.range_of(("name",)).line == 5
    key = source.key_range_of(("nodes", "pesan", "next"))
    assert (key.line, key.column, key.end_column) == (16, 5, 9)
    inside = source.range_of(("nodes", "pesan", "with", "text", "nothing"))
    assert inside.line == 13


@pytest.mark.parametrize(
    ("written", "line", "column", "expected"),
    [
        ("a:\n  b: |-\n    {x|y}\n    second {z\n", 2, 8, (4, 12)),
        ('a:\n  b: "{x\\u00e9|\\"y} z"\n', 1, 5, (2, 16)),
        ("a:\n  b: 'it''s {z'\n", 1, 6, (2, 13)),
        ("a:\n  b: halo {z\n", 1, 6, (2, 11)),
    ],
)
def test_a_place_inside_a_text_is_a_place_in_the_document(written, line, column, expected):
    place = load(written).range_inside(("a", "b"), line, column, column + 1)

    assert (place.line, place.column) == expected


def test_yaml_and_json_say_the_same():
    document = load(SMALL).document

    assert load(dump_json(document)).document == document
    assert load(dump(document)).document == document


def test_known_keys_come_in_the_fixed_order_and_nodes_in_the_authors():
    text = dump(
        {
            "nodes": {"z": {"next": {"ok": "a"}, "type": "stop"}, "a": {"type": "stop"}},
            "flow": "alir/1",
            "ui": {},
            "name": "X",
        }
    )

    assert text == (
        "flow: alir/1\nname: X\nnodes:\n  z:\n    type: stop\n    next: {ok: a}\n"
        "  a:\n    type: stop\nui: {}\n"
    )


TRICKY = st.sampled_from(
    [
        "yes",
        "No",
        "on",
        "0812",
        "1e3",
        "22:30",
        "~",
        "null",
        "{a|b}",
        "[x] y",
        "{{ z }}",
        "#1",
        "a: b",
        "a #b",
        "- x",
        "? y",
        "*bold* x",
        "&x",
        "!x",
        "%x",
        "@x",
        "`x",
        "x ",
        " x",
        "a\nb",
        "a\n b\n",
        "\n",
        "a\n\n",
        "\ta",
        "a\u2028b",
        "\x85",
        "\ufeffx",
        "é👋",
        "2026-11-22",
        "=",
        "<<",
        "1_0",
        ".5",
        "",
        "'",
        '"',
        "\\",
        "a\r\nb",
        "\x07",
        "0x1F",
        "-",
        "---",
        "...",
        "a:",
        ":a",
        "1:2",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TRICKY,
    st.text(max_size=30).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
)
KEYS = st.one_of(
    TRICKY.filter(lambda key: key != "<<"),
    st.text(string.ascii_lowercase, min_size=1, max_size=8),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_what_is_written_reads_back_equal(document):
    assert same(load(dump(document), "yaml").document, document)
    assert same(load(dump_json(document), "json").document, document)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_an_edited_text_says_the_new_document(old, new):
    assert same(load(edit(dump(old), new)).document, new)


def test_an_edit_keeps_every_comment_and_changes_only_what_differs():
    document = json.loads(json.dumps(load(SMALL).document))
    document["nodes"]["pesan"]["with"]["text"] = "Halo\nsemua"
    document["name"] = "Obral"

    expected = SMALL.replace("{Halo|Hai} [name|kak],\n          cek promo", "Halo\n        semua")
    assert edit(SMALL, document) == expected.replace("name: Promo ", "name: Obral ", 1)


def test_a_node_that_comes_or_goes_leaves_the_comments_of_its_neighbours():
    document = json.loads(json.dumps(load(SMALL).document))
    nodes = document["nodes"]
    document["nodes"] = {
        "pesan": nodes["pesan"],
        "baru": {"type": "wait", "with": {"for": "5s"}},
        "akhir": nodes["akhir"],
    }
    longer = edit(SMALL, document)

    assert load(longer).document == document
    assert "  # and here it ends\n  akhir:" in longer
    assert longer.index("baru:") < longer.index("# and here it ends")

    del document["nodes"]["baru"]
    del document["nodes"]["pesan"]
    shorter = edit(longer, document)
    assert "# A promo." in shorter
    assert "shown in the list" in shorter
    assert load(shorter).document == document


def test_a_text_that_already_says_it_is_not_touched():
    assert edit(SMALL, load(SMALL).document) == SMALL


def test_half_a_mebibyte_of_brackets_or_lines_is_read_or_refused_quickly():
    import time

    for hostile in ("[" * 500_000, "a: " + "{b: " * 100_000, "? " * 200_000):
        start = time.thread_time()  # what it costs, however busy the machine is
        assert load(hostile).problems
        assert time.thread_time() - start < 0.5


UNTIDY = """\
# top
kind: broadcast
flow: alir/1 # version

# about the name
name: X
id: "x"
vars: {kota: yes, telp: 0812}
nodes:
  a:
    # where it leads
    next: {ok: b}
    type: spintax   # a text
  # about b
  b: {type: stop}
# the end
"""


def test_a_tidy_text_has_its_keys_in_order_its_words_quoted_and_every_comment():
    source = load(UNTIDY)
    tidied = tidy(source)

    assert load(tidied).document == source.document
    assert list(load(tidied).document) == ["flow", "kind", "id", "name", "vars", "nodes"]
    assert 'vars: {kota: "yes", telp: "0812"}' in tidied
    for comment in [line.partition("#")[2].strip() for line in UNTIDY.splitlines() if "#" in line]:
        assert tidied.count(f"# {comment}") == 1
    assert tidy(load(tidied)) == tidied


def test_a_tidy_json_text_is_json_in_order():
    assert tidy(load('{"kind": "x", "flow": "alir/1"}')) == (
        '{\n  "flow": "alir/1",\n  "kind": "x"\n}\n'
    )


@pytest.mark.parametrize("text", ["a: {Halo|Hai} kak\n", "a: [name] halo\n", "a: [x|y] b\nc: 1\n"])
def test_says_nothing_of_an_open_list_when_it_is_closed(text):
    assert "never closed" not in load(text).problems[0].message
