"""The fields that a tenant's message texts may name: those that will have a value."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.orm import Session

from domain.text import Choice, Field, Part, TextError, field_name, parse
from flows.document import Document
from services.accounts import repository as accounts
from services.contacts import repository as contacts

NEWEST_CONTACTS = 1_000
FIELDS_MOST = 500
FIXED = frozenset({"name", "phone", "zone", "toko", "owner_phone"})
"""What a contact and a shop have by themselves; `[nama]` is `[name]`."""


def known(session: Session, tenant_id: int, document: Document) -> frozenset[str] | None:
    """The names of the fields; None while there is no contact, when any name may become one.

    The contacts' own fields are those of the newest contacts. A field that the flow's own text
    names with something to stand in for it, `[diskon|10]`, is the flow's own as well.
    """
    own = contacts.field_names(session, tenant_id, NEWEST_CONTACTS)
    if own is None:
        return None
    names = {*FIXED, *document.vars, *_set_by_steps(document), *_spoken(document)}
    names.update(accounts.tenant(session, tenant_id).profile or {})
    names.update(sorted(own)[:FIELDS_MOST])
    return frozenset(field_name(str(name)) for name in names)


def _set_by_steps(document: Document) -> Iterator[str]:
    for node in document.nodes.values():
        if node.type.split("@")[0] == "set-variables":
            for value in node.with_.values():
                if isinstance(value, Mapping):
                    yield from map(str, value)


def _spoken(document: Document) -> Iterator[str]:
    """The fields with a fallback in the default texts of the parameters."""
    for form in ((document.params or {}).get("properties") or {}).values():
        if not isinstance(form, Mapping) or form.get("x-lang") != "text":
            continue
        try:
            yield from _with_fallback(parse(str(form.get("default") or "")).parts)
        except TextError:
            continue  # the text is told of when somebody sends it


def _with_fallback(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Field) and part.default is not None:
            yield part.name
        elif isinstance(part, Choice):
            for option in part.options:
                yield from _with_fallback(option.parts)
