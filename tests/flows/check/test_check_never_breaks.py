"""However a document is broken, the check answers with problems and never with an exception."""

import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.check import check
from flows.content_hash import content_hash
from flows.diff import diff
from flows.yaml_text import dump, load, same
from nodes.catalogue import kinds

WHOLE = load(Path("flows/templates/broadcast.yaml").read_text(encoding="utf-8")).document
TEXT = dump(WHOLE)
CATALOGUE = list(kinds())
JUNK = st.sampled_from(
    [
        *(None, True, 0, -1, 1.5, "", "x", "{", "[nama", "{{", "steps.x", "a" * 500),
        *([], {}, [[]], {"": 1}, {"$": "steps.kirim.x"}, {"$": 5}, {"$": []}, {"var": 1}),
        *({"and": [{"var": "steps.z"}]}, "kirim", ["kirim", "kirim"], {"ok": "kirim"}),
        *("for-each", "switch", "condition", {"type": "object"}, {"default": {"$": 1}}),
    ]
)


def paths(value, at=()):
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*at, index))


PATHS = [path for path in paths(WHOLE) if path]


def broken(changes):
    document = copy.deepcopy(WHOLE)
    for path, value in changes:
        part = document
        try:
            for key in path[:-1]:
                part = part[key]
            assert part[path[-1]] is not part
            part[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this place away
    return document


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PATHS), JUNK), min_size=1, max_size=4))
def test_a_document_with_junk_in_it_is_checked_compared_and_written(changes):
    document = broken(changes)

    from_dict = check(document, CATALOGUE)
    from_text = check(dump(document), CATALOGUE)

    told = {(found.code, found.path) for found in from_dict.problems}
    assert told == {(found.code, found.path) for found in from_text.problems}
    assert all(found.range is not None and found.message for found in from_text.problems)
    assert same(load(dump(document)).document, document)
    assert diff(WHOLE, document).empty or content_hash(document)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, len(TEXT)), st.integers(0, 40), st.text("{}[]|:#'\"&*!%@` \n\t-ab", max_size=6)
)
def test_a_text_with_a_piece_torn_out_is_checked(at, length, put):
    torn = TEXT[:at] + put + TEXT[at + length :]

    report = check(torn, CATALOGUE)

    assert all(found.range is not None for found in report.problems)


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.name)
def test_every_kind_can_stand_in_a_document_unfinished(kind):
    part = "triggers" if kind.trigger else "nodes"
    document = {"flow": "alir/1", "kind": "broadcast", "id": "x", "name": "X"}

    report = check({**document, part: {"a": {"type": kind.name, "with": {}}}}, CATALOGUE)

    assert not {found.code for found in report.problems} & {"unknown_kind", "unknown_version"}
