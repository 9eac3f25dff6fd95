"""What `alir flow run` tells beside the result: misspelt fields, and tags that nobody has."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.text import Kind, check
from flows.document import Document
from flows.simulate import World
from nodes.contract import Audience, Values

TAGS_SHOWN = 10
ALWAYS_KNOWN = frozenset({"name", "phone", "toko", "owner_phone"})


@dataclass(slots=True)
class AskedWorld(World):
    """A world that remembers which choices of people came out empty."""

    empty: list[Values] = field(default_factory=list)

    def audience(self, selector: Values) -> Audience:
        found = World.audience(self, selector)
        if not found.count:
            self.empty.append(selector)
        return found

    def nobody(self) -> list[str]:
        """A sentence for each empty choice by tag."""
        tags = Counter(tag for person in self.contacts for tag in person.get("tags") or ())
        in_file = ", ".join(tag for tag, _ in tags.most_common(TAGS_SHOWN)) or "none"
        said = []
        for selector in self.empty:
            named = [*(selector.get("tags_any") or ()), *(selector.get("tags_all") or ())]
            if named:
                asked = ", ".join(f"'{tag}'" for tag in named)
                word = "tag" if len(named) == 1 else "tags"
                said.append(f"Nobody has the {word} {asked}; tags in the file: {in_file}.")
        return list(dict.fromkeys(said))


def unknown_fields(
    document: Document, params: Mapping[str, Any], people: Sequence[Mapping[str, Any]]
) -> list[str]:
    """A warning for each field of the texts that neither contacts, flow nor shop have.

    A field with a default of its own is told only when it looks misspelt. Nothing is said without
    contacts: nobody knows their fields then.
    """
    if not people:
        return []
    known = {*ALWAYS_KNOWN, *document.vars}
    for person in people:
        known.update(key for key in person if key not in ("id", "fields", "tags", "active"))
        known.update(person.get("fields") or ())
    for node in document.nodes.values():
        values = node.with_.get("values") if node.type == "set-variables" else None
        known.update(values if isinstance(values, Mapping) else ())
    return [
        f"{place}:{found.line}:{found.column}: warning: {found.message} [{found.kind.value}]\n"
        f"    {found.hint}"
        for place, text in _texts(document, params)
        for found in check(text, known)
        if found.kind is Kind.UNKNOWN_FIELD
        and ("|" not in found.message or "Did you mean" in found.hint)
    ]


def _texts(document: Document, params: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Message texts: of parameters that say `x-lang: text`, and those written in spintax nodes."""
    schemas = (document.params or {}).get("properties") or {}
    for name, schema in schemas.items():
        text = params.get(name, schema.get("default"))
        if schema.get("x-lang") == "text" and isinstance(text, str):
            yield ("--params " if name in params else "params ") + name, text
    for node_id, node in document.nodes.items():
        text = node.with_.get("text")
        if node.type == "spintax" and isinstance(text, str):
            yield f"node {node_id}", text
