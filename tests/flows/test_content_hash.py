"""The content hash: the same for what does the same, another for anything else."""

import copy

import pytest

from flows.content_hash import content_hash

DOCUMENT = {
    "flow": "alir/1",
    "id": "promo",
    "name": "Promo",
    "vars": {"a": 1, "b": "satu"},
    "nodes": {"pesan": {"type": "spintax", "next": {"ok": "akhir"}}, "akhir": {"type": "stop"}},
    "ui": {"layout": {"pesan": [0, 0]}},
}


def changed(path, value):
    document = copy.deepcopy(DOCUMENT)
    part = document
    for key in path[:-1]:
        part = part.setdefault(key, {})
    part[path[-1]] = value
    return document


@pytest.mark.parametrize(
    "same",
    [
        changed(("ui", "layout", "pesan"), [300, 40]),
        changed(("ui", "notes"), [{"text": "halo"}]),
        changed(("tests",), [{"name": "x"}]),
        changed(("name",), "Lain"),
        changed(("description",), "Lain"),
        changed(("vars",), {"b": "satu", "a": 1.0}),
        dict(reversed(DOCUMENT.items())),
    ],
)
def test_layout_names_tests_and_order_leave_the_hash_as_it_is(same):
    assert content_hash(same) == content_hash(DOCUMENT)


@pytest.mark.parametrize(
    "other",
    [
        changed(("nodes", "pesan", "next", "ok"), "pesan"),
        changed(("nodes", "pesan", "type"), "spintax@2"),
        changed(("nodes", "baru"), {"type": "stop"}),
        changed(("vars", "a"), "1"),
        changed(("vars", "a"), True),
        changed(("id",), "lain"),
    ],
)
def test_anything_a_run_would_notice_changes_it(other):
    assert content_hash(other) != content_hash(DOCUMENT)


def test_the_hash_is_64_hex_digits_and_never_changes_between_releases():
    assert content_hash({"flow": "alir/1", "vars": {"é": [1.5, None, True]}}) == (
        "ec752dc9ad1c5fa0aaba06236b2ef3ab8178c3aacd9cfd5898e1a8c7e6610fdf"
    )
