"""Save contact: what a flow found out about a person goes into the contacts."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from nodes.checks import kind_of, person
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form, reads

MAX_FIELDS = 50
MAX_VALUE_CHARS = 1_000
NAME_CHARS = 100

FieldName = Annotated[str, Field(pattern=r"^[^\s\[\]|{}][^\[\]|{}]{0,59}$")]


class SaveContact(Params):
    fields: dict[FieldName, Any] = form(
        "Fields",
        "Isian",
        "The contact's own fields and their values; an empty value takes a field away.",
        "Isian kontak dan nilainya; nilai kosong menghapus isian itu.",
        default_factory=dict,
        widget="key-value",
        max_length=MAX_FIELDS,
    )


Phone = Annotated[
    str,
    reads(
        "Number",
        "Nomor",
        "Who to save, usually trigger.chat_id or a number from a form.",
        "Siapa yang disimpan, biasanya trigger.chat_id atau nomor dari formulir.",
        widget="phone",
    ),
]
Name = Annotated[
    str | None,
    reads(
        "Name",
        "Nama",
        "The person's name; empty to leave it as it is.",
        "Nama orangnya; kosong berarti tidak diubah.",
        widget="text",
    ),
]


def pretend(params: SaveContact, ctx: Context, *, phone: Phone, name: Name = None) -> Go:
    """The same checks; the contact is put together, not written down."""
    who, called, fields = person(phone, "phone"), _name(name), _fields(params.fields)
    known = ctx.ports.contact(who) or {"id": None, "phone": who, "name": None, "tags": []}
    before = known.get("fields")
    merged = {**(before if isinstance(before, Mapping) else {}), **fields}
    kept = {field: value for field, value in merged.items() if value is not None}
    contact = {**known, "name": called or known.get("name"), "fields": kept}
    return Go("ok", {"contact": contact})


@node(
    "save-contact",
    title="Save contact",
    title_id="Simpan kontak",
    gives=("ok", "error"),
    effect="idempotent",
    simulate=pretend,
    outputs={"contact": "object"},
    doc_id="""
    Menyimpan orang ini sebagai kontak, atau melengkapi nama dan isian kontak yang sudah ada.
    Isian yang tidak disebut tidak berubah. Dijalankan dua kali pun hasilnya sama.
    `error`: nomornya salah, atau isian terlalu panjang.
    Hasil: `contact`, kontaknya setelah disimpan.
    """,
)
def save_contact(params: SaveContact, ctx: Context, *, phone: Phone, name: Name = None) -> Go:
    """Save this person as a contact, or fill in the name and fields of the contact there is.

    Fields that are not named stay as they are. Run twice, it changes nothing more.
    `error`: this is no number, or a value is too long.
    Output: `contact`, the contact as it is saved.
    """
    who, called, fields = person(phone, "phone"), _name(name), _fields(params.fields)
    return Go("ok", {"contact": dict(ctx.ports.save_contact(who, called, fields))})


def _name(name: Any) -> str | None:
    if name is None:
        return None
    if not isinstance(name, str):
        raise NodeError(f"name should be text but is {kind_of(name)}.", code="bad_name")
    return " ".join(name.split())[:NAME_CHARS] or None


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in given.items():
        if isinstance(value, str):
            value = value.strip() or None
        if value is not None and not isinstance(value, str | int | float | bool):
            raise NodeError(
                f"The field {field!r} should be text or a number but is {kind_of(value)}.",
                code="bad_field",
            )
        if isinstance(value, str) and len(value) > MAX_VALUE_CHARS:
            raise NodeError(
                f"The field {field!r} has {len(value)} characters; {MAX_VALUE_CHARS} is the most.",
                code="field_too_long",
            )
        found[field.strip()] = value
    return found
