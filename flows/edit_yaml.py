"""Patches a YAML text so that it says something new, and keeps the author's comments.

The text is read into a tree that knows its comments; only what differs is replaced. A comment
above a key stays with that key when neighbours come and go.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark, YAMLError
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    LiteralScalarString,
    ScalarString,
)
from ruamel.yaml.tokens import CommentToken

from flows.problems import Pointer
from flows.read_yaml import read_yaml
from flows.scalars import needs_quotes
from flows.write_yaml import known_order, ordered, to_tree, write_yaml, writer


def edit_yaml(text: str, document: Mapping[str, Any]) -> str:
    """`text` changed so that it reads as `document`; unchanged when it already does.

    Where a patch cannot say it (the text is broken, or the tree reads it another way), the
    document is written afresh: what it says always comes before how it looks.
    """
    source = read_yaml(text)
    if source.document is None or source.problems:
        return write_yaml(document)
    if same(source.document, document):
        return text
    yaml = writer()
    try:
        tree = yaml.load(text)
        _patch_map(tree, source.document, document, ())
        stream = io.StringIO()
        yaml.dump(tree, stream)
    except YAMLError:
        return write_yaml(document)
    patched = stream.getvalue()
    again = read_yaml(patched)
    if again.problems or again.document is None or not same(again.document, document):
        return write_yaml(document)
    return patched


def tidy_yaml(text: str, document: Mapping[str, Any]) -> str:
    """A sound text with keys in the fixed order, even indents and no word that readers retype.

    Comments are kept. `document` is what the text says, and what the result says as well.
    """
    yaml = writer()
    try:
        tree = yaml.load(text)
        _quote(tree, document)
        _reorder(tree, ())
        stream = io.StringIO()
        yaml.dump(tree, stream)
    except YAMLError:
        return write_yaml(document)
    tidy = stream.getvalue()
    again = read_yaml(tidy).document
    return tidy if again is not None and same(again, document) else write_yaml(document)


def _quote(tree: Any, value: Any) -> None:
    """Put quotes around plain words that are texts here and something else to other readers."""
    if isinstance(tree, CommentedMap) and isinstance(value, Mapping):
        pairs = [(key, value[name]) for key, name in zip(list(tree), value, strict=True)]
    elif isinstance(tree, CommentedSeq) and isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        return
    for key, inner in pairs:
        written = tree[key]
        if isinstance(inner, str) and not isinstance(written, ScalarString) and needs_quotes(inner):
            tree[key] = DoubleQuotedScalarString(inner)
        else:
            _quote(written, inner)


def _reorder(tree: Any, path: Pointer) -> None:
    if not isinstance(tree, CommentedMap):
        return
    wanted, present = ordered(tree, path), list(tree)
    if present != wanted:
        below = [_take_comment(tree, key) for key in present]
        above = dict(zip(present[1:], below, strict=False))
        for key in wanted:
            tree.move_to_end(key)
        for at, key in enumerate(wanted[1:]):
            _give_comment(tree, wanted[at], above.get(key))
        _give_comment(tree, wanted[-1], below[-1])
    for key in tree if len(path) < 2 else ():
        _reorder(tree[key], (*path, str(key)))


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1, 1.0 and true are three different values; the order of keys is free."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def _patch_map(
    tree: CommentedMap, old: Mapping[str, Any], new: Mapping[str, Any], path: Pointer
) -> None:
    spelled = dict(zip(old, list(tree), strict=True))  # the tree may type a key (`1:`, `true:`)
    for key in [key for key in old if key not in new]:
        _remove(tree, spelled.pop(key))
    for key in ordered(new, path):
        if key not in old:
            _insert(tree, key, new, path, spelled)
        elif not same(old[key], new[key]):
            tree[spelled[key]] = _patched(tree[spelled[key]], old[key], new[key], (*path, key))


def _patch_list(tree: CommentedSeq, old: Sequence[Any], new: Sequence[Any], path: Pointer) -> None:
    head = 0
    while head < min(len(old), len(new)) and same(old[head], new[head]):
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and same(old[-1 - tail], new[-1 - tail]):
        tail += 1
    gone, come = len(old) - head - tail, len(new) - head - tail
    for at in range(head, head + min(gone, come)):
        tree[at] = _patched(tree[at], old[at], new[at], (*path, at))
    for _ in range(gone - come):
        _remove(tree, head + come)
    for at in range(head + gone, head + come):
        carried = _take_comment(tree, at - 1) if at else None
        tree.insert(at, to_tree(new[at], (*path, at)))
        _give_comment(tree, at, carried)


def _patched(tree: Any, old: Any, new: Any, path: Pointer) -> Any:
    if isinstance(tree, CommentedMap) and isinstance(new, Mapping) and old and new:
        _patch_map(tree, old, new, path)
        return tree
    if isinstance(tree, CommentedSeq) and isinstance(new, list | tuple) and old and new:
        _patch_list(tree, old, new, path)
        return tree
    fresh = to_tree(new, path)
    comment = getattr(tree, "comment", None)
    if isinstance(fresh, LiteralScalarString) and comment is not None:
        fresh.comment = comment  # type: ignore[attr-defined]
    return fresh


def _insert(
    tree: CommentedMap,
    key: str,
    new: Mapping[str, Any],
    path: Pointer,
    spelled: dict[str, Any],
) -> None:
    order = list(known_order(path)) or list(new)
    wanted = order.index(key) if key in order else len(order)
    position, before = 0, None
    for at, present in enumerate(spelled):
        rank = order.index(present) if present in order else len(order)
        if rank <= wanted:
            position, before = at + 1, spelled[present]
    carried = _take_comment(tree, before) if before is not None else None
    tree.insert(position, key, to_tree(new[key], (*path, key)))
    _give_comment(tree, key, carried)
    items = list(spelled.items())
    items.insert(position, (key, key))
    spelled.clear()
    spelled.update(items)


def _remove(tree: Any, key: Any) -> None:
    """Take an entry away; a comment below it belongs to what follows and stays."""
    carried = _take_comment(tree, key)
    keys = list(range(len(tree))) if isinstance(tree, CommentedSeq) else list(tree)
    at = keys.index(key)
    del tree[key]
    if at > 0:
        _give_comment(tree, keys[at - 1], carried)


def _last_leaf(tree: Any, key: Any) -> tuple[Any, Any]:
    """The entry in whose token the comment after `key` is kept: its last line."""
    value = tree[key]
    while isinstance(value, CommentedMap | CommentedSeq) and value and not value.fa.flow_style():
        tree, key = value, (len(value) - 1 if isinstance(value, CommentedSeq) else list(value)[-1])
        value = tree[key]
    return tree, key


def _slot(tree: Any) -> int:
    return 2 if isinstance(tree, CommentedMap) else 0


def _take_comment(tree: Any, key: Any) -> str | None:
    """Cut off and return what stands below the last line of an entry."""
    tree, key = _last_leaf(tree, key)
    value = tree[key]
    block = getattr(value, "comment", None) if isinstance(value, LiteralScalarString) else None
    if block:
        value.comment = None
        return "\n" + str(block.value if isinstance(block, CommentToken) else block[0].value)
    tokens = tree.ca.items.get(key)
    token = tokens[_slot(tree)] if tokens else None
    if not isinstance(token, CommentToken):
        return None
    own, line, below = token.value.partition("\n")
    if not below:
        return None
    token.value = own + line
    if not own.strip():
        tokens[_slot(tree)] = None
    return "\n" + str(below)


def _give_comment(tree: Any, key: Any, carried: str | None) -> None:
    """Put below an entry what was taken from another."""
    if carried is None:
        return
    tree, key = _last_leaf(tree, key)
    value = tree[key]
    if isinstance(value, LiteralScalarString):
        existing = getattr(value, "comment", None)
        if existing is None:
            mark = CommentMark(0)
            value.comment = CommentToken(carried[1:], mark, None)  # type: ignore[attr-defined]
        return
    tokens = tree.ca.items.setdefault(key, [None, None, None, None])
    token = tokens[_slot(tree)]
    if isinstance(token, CommentToken):
        token.value = token.value.rstrip("\n") + carried
    else:
        tokens[_slot(tree)] = CommentToken(carried, CommentMark(0), None)
