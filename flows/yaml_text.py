"""The text of a flow document: YAML for people, JSON for programs, in and out."""

from collections.abc import Mapping
from typing import Any, Literal

import orjson

from flows import limits
from flows.edit_yaml import edit_yaml, same, tidy_yaml
from flows.problems import Problem
from flows.read_json import read_json
from flows.read_yaml import read_yaml
from flows.source import Source
from flows.write_yaml import ordered, write_yaml

__all__ = ["Source", "dump", "dump_json", "edit", "load", "same", "tidy"]


def load(text: str, format_: Literal["yaml", "json"] | None = None) -> Source:
    """Read a document from YAML or JSON (told by its beginning when `format_` is None).

    What is wrong stands in `problems`; `document` is None when nothing could be read. Size, depth
    of nesting, aliases and keys that stand twice are refused here, before anything is built.
    """
    text = text.removeprefix("\ufeff")
    if format_ is None:
        format_ = "json" if text.lstrip()[:2].replace(" ", "") in _JSON_STARTS else "yaml"
    too_long = _too_long(text)
    if too_long is not None:
        return Source(text[:0], format_, None, (too_long,))
    return read_json(text) if format_ == "json" else read_yaml(text)


def dump(document: Mapping[str, Any]) -> str:
    """The document as YAML, keys in the fixed order. Reading it again gives an equal document."""
    return write_yaml(document)


def dump_json(document: Mapping[str, Any]) -> str:
    """The document as indented JSON, keys in the fixed order."""
    return orjson.dumps(_in_order(document, ()), option=orjson.OPT_INDENT_2).decode() + "\n"


def edit(text: str, document: Mapping[str, Any]) -> str:
    """`text` changed so that it says `document`; comments and untouched parts stay as they are."""
    if load(text).format == "json":
        return dump_json(document)
    return edit_yaml(text.removeprefix("\ufeff"), document)


def tidy(source: Source) -> str:
    """A text that was read without problems, in its fixed form: order of keys, indents, quotes."""
    document = source.document or {}
    if source.format == "json":
        return dump_json(document)
    return tidy_yaml(source.text, document)


_JSON_STARTS = ('{"', "{\n", "{\r", "{\t", "{", "{}")


def _too_long(text: str) -> Problem | None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size <= limits.TEXT_BYTES_MAX:
        return None
    return Problem(
        "error",
        "too_long",
        None,
        "",
        f"The document has {size // 1024} KiB; {limits.TEXT_BYTES_MAX // 1024} KiB is the most.",
        "Move a part of it into a flow of its own (call-flow), and data into contacts or files.",
    )


def _in_order(value: Any, path: tuple[str | int, ...]) -> Any:
    if isinstance(value, Mapping):
        return {key: _in_order(value[key], (*path, key)) for key in ordered(value, path)}
    if isinstance(value, list | tuple):
        return [_in_order(item, (*path, at)) for at, item in enumerate(value)]
    return value
