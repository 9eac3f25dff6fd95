"""Select contacts: who a broadcast is for."""

from typing import Any

from nodes.checks import names, person
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form

MAX_PHONES = 10_000
MAX_TAGS = 100


class SelectContacts(Params):
    tags_any: list[str] = form(
        "Has one of these tags",
        "Punya salah satu tag",
        "People with at least one of these tags.",
        "Orang yang punya paling sedikit satu dari tag ini.",
        default_factory=list,
        widget="tags",
        max_length=MAX_TAGS,
    )
    tags_all: list[str] = form(
        "Has all of these tags",
        "Punya semua tag",
        "Only people with every one of these tags.",
        "Hanya orang yang punya semua tag ini.",
        default_factory=list,
        widget="tags",
        max_length=MAX_TAGS,
    )
    tags_none: list[str] = form(
        "Has none of these tags",
        "Tanpa tag ini",
        "People with one of these tags are left out.",
        "Orang yang punya salah satu tag ini tidak ikut.",
        default_factory=list,
        widget="tags",
        max_length=MAX_TAGS,
    )
    segment: str | None = form(
        "Segment",
        "Segmen",
        "A saved segment; the other conditions narrow it further.",
        "Segmen yang sudah disimpan; syarat lain mempersempitnya lagi.",
        default=None,
        widget="select",
    )
    phones: list[str] = form(
        "Numbers",
        "Nomor",
        "Exactly these numbers. The tags above narrow them further.",
        "Tepat nomor-nomor ini. Tag di atas mempersempitnya lagi.",
        default_factory=list,
        widget="list",
        max_length=MAX_PHONES,
    )
    everyone: bool = form(
        "Everyone",
        "Semua kontak",
        "All active contacts. Must be switched on, so that an empty tag never writes to everyone.",
        "Semua kontak aktif. Harus dinyalakan, supaya tag kosong tidak mengirimi semua orang.",
        default=False,
        widget="switch",
    )


@node(
    "select-contacts",
    title="Select contacts",
    title_id="Pilih kontak",
    gives=("ok", "empty", "error"),
    effect="read",
    required_ports=("ok",),
    outputs={"cursor": "cursor", "count": "integer"},
    doc_id="""
    Memilih penerima: lewat tag, segmen, atau daftar nomor.
    Syarat digabung: semua yang kamu isi harus terpenuhi.
    Kalau tidak ada yang diisi, alur berhenti dengan galat; nyalakan Semua kontak kalau itu maumu.
    Keluar lewat `ok`, atau `empty` kalau tidak ada yang cocok.
    Hasil: `cursor` (untuk Untuk setiap) dan `count`, jumlah orang.
    """,
)
def select_contacts(params: SelectContacts, ctx: Context) -> Go:
    """Choose who gets the message: by tags, by a segment, or by a list of numbers.

    Conditions add up: a person must meet all that you fill in.
    With nothing filled in the step fails; switch Everyone on if that is what you mean.
    Leaves by `ok`, or by `empty` when nobody fits.
    Outputs: `cursor` (for For each) and `count`, how many people.
    """
    selector: dict[str, Any] = {
        "tags_any": names(params.tags_any, "tags_any"),
        "tags_all": names(params.tags_all, "tags_all"),
        "tags_none": names(params.tags_none, "tags_none"),
        "segment": (params.segment or "").strip() or None,
        "phones": list(dict.fromkeys(person(phone, "phones") for phone in params.phones)),
    }
    asked = {name: value for name, value in selector.items() if value}
    narrows = set(asked) - {"tags_none"}
    if not narrows and not params.everyone:
        raise NodeError(
            "No contacts are chosen. Fill in a tag, a segment or numbers, or switch Everyone on.",
            code="no_selection",
        )
    audience = ctx.ports.audience(asked)
    port = "ok" if audience.count else "empty"
    return Go(port, {"cursor": dict(audience.cursor), "count": audience.count})
