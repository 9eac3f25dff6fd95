"""Writes a flow document as YAML: keys in the fixed order, texts as blocks, nothing ambiguous."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from flows.document import DOCUMENT_KEYS, NODE_KEYS, TRIGGER_KEYS
from flows.problems import Pointer
from flows.references import is_reference
from flows.scalars import needs_quotes

WIDTH = 4096
INLINE_MAX = 88
"""A small mapping or list stands on one line while it is no longer than this."""

_TEST_KEYS = ("name", "trigger", "given", "expect")
_NOT_PLAIN = re.compile(
    r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def write_yaml(document: Mapping[str, Any]) -> str:
    """The YAML text of a document. Reading it again gives an equal document."""
    stream = io.StringIO()
    writer().dump(to_tree(document, ()), stream)
    return stream.getvalue()


def writer() -> YAML:
    """The one YAML writer, with its fixed settings."""
    yaml = YAML(typ="rt", pure=True)
    yaml.width = WIDTH
    yaml.preserve_quotes = True
    yaml.allow_unicode = True
    yaml.brace_single_entry_mapping_in_flow_sequence = True  # [{$: a}], never [$: a]
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def known_order(path: Pointer) -> Sequence[str]:
    """The fixed order of keys of the mapping at `path`; empty where the author's order counts."""
    if path == ():
        return DOCUMENT_KEYS
    if len(path) == 2 and path[0] == "nodes":
        return NODE_KEYS
    if len(path) == 2 and path[0] == "triggers":
        return TRIGGER_KEYS
    if len(path) == 2 and path[0] == "tests":
        return _TEST_KEYS
    return ()


def ordered(document: Mapping[str, Any], path: Pointer = ()) -> list[str]:
    """The keys of a mapping in the order in which they are written."""
    known = known_order(path)
    return [key for key in known if key in document] + [key for key in document if key not in known]


def to_tree(value: Any, path: Pointer) -> Any:
    """A plain value as the writer's nodes: quoting, blocks and short forms decided."""
    if isinstance(value, Mapping):
        tree = CommentedMap()
        for key in ordered(value, path):
            tree[_text(key, inline=True)] = to_tree(value[key], (*path, key))
        if _inline(value, path):
            tree.fa.set_flow_style()
            return _inlined(tree)
        return tree
    if isinstance(value, list | tuple):
        items = CommentedSeq([to_tree(item, (*path, at)) for at, item in enumerate(value)])
        if _inline(value, path):
            items.fa.set_flow_style()
            return _inlined(items)
        return items
    if isinstance(value, str):
        return _text(value, inline=False)
    return value


def _text(text: str, *, inline: bool) -> Any:
    if _NOT_PLAIN.search(text) or "\r" in text or "\t" in text:
        return DoubleQuotedScalarString(text)
    if "\n" in text:
        lines = text.split("\n")
        fits_block = (
            not inline
            and not text.startswith((" ", "\n"))
            and text.strip()
            and all(line == line.rstrip() for line in lines)
        )
        return LiteralScalarString(text) if fits_block else DoubleQuotedScalarString(text)
    if needs_quotes(text) or (inline and re.search(r"[\[\]{},|]", text)):
        return DoubleQuotedScalarString(text)
    if text[0] in "{}[],&*#?|-<>=!%@`:\"' " or text[-1] in " :" or ": " in text or " #" in text:
        return DoubleQuotedScalarString(text)
    return text


def _inlined(tree: Any) -> Any:
    """The same with texts that may stand inside braces."""
    if isinstance(tree, CommentedMap):
        for key in tree:
            tree[key] = _inlined(tree[key])
        tree.fa.set_flow_style()
    elif isinstance(tree, CommentedSeq):
        for at, item in enumerate(tree):
            tree[at] = _inlined(item)
        tree.fa.set_flow_style()
    elif isinstance(tree, str):
        return _text(str(tree), inline=True)
    return tree


def _inline(value: Any, path: Pointer) -> bool:
    """Whether a value stands on one line: references, empty and small values of leaves."""
    if not value or is_reference(value):
        return True
    if len(path) < 2 or (len(path) == 2 and path[0] in ("nodes", "tests")):
        return False
    return _width(value, 0) <= INLINE_MAX


def _width(value: Any, depth: int) -> int:
    """About how many characters a value takes on one line; more than fits when it should not."""
    if depth > 3:
        return INLINE_MAX + 1
    if isinstance(value, Mapping):
        inner = value.items()
        return 2 + sum(len(str(key)) + 4 + _width(item, depth + 1) for key, item in inner)
    if isinstance(value, list | tuple):
        return 2 + sum(2 + _width(item, depth + 1) for item in value)
    if isinstance(value, str):
        return INLINE_MAX + 1 if "\n" in value or len(value) > 60 else len(value)
    return len(str(value))
