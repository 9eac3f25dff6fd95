"""Contact event: something happened to a contact."""

from typing import Literal

from nodes.contract import Context, Go, Params, node
from nodes.form import form
from nodes.triggers.event import given

OUTPUTS = {"event": "string", "contact": "object"}

Event = Literal["created", "updated", "tagged", "untagged", "opted_out", "opted_in"]


class ContactEvent(Params):
    events: list[Event] = form(
        "Events",
        "Kejadian",
        "Which of these start the flow.",
        "Kejadian mana yang memulai alur.",
        widget="select",
        min_length=1,
        max_length=6,
        labels={
            "created": ("New contact", "Kontak baru"),
            "updated": ("Contact changed", "Kontak diubah"),
            "tagged": ("Tag given", "Tag diberikan"),
            "untagged": ("Tag taken away", "Tag dilepas"),
            "opted_out": ("Asked to stop", "Minta berhenti"),
            "opted_in": ("Wants messages again", "Mau dikirimi lagi"),
        },
    )
    tags: list[str] = form(
        "Tags",
        "Tag",
        "For given and taken tags: only these; empty for any.",
        "Untuk tag yang diberikan atau dilepas: hanya ini; kosong berarti semua.",
        default_factory=list,
        widget="tags",
        max_length=100,
    )


@node(
    "contact-event",
    title="Contact event",
    title_id="Kejadian kontak",
    gives=("next",),
    effect="pure",
    trigger=True,
    required_ports=("next",),
    outputs=OUTPUTS,
    doc_id="""
    Alur mulai saat sesuatu terjadi pada kontak: baru, diubah, diberi tag, minta berhenti.
    Pilih satu kejadian atau lebih; untuk tag, bisa dibatasi ke tag tertentu.
    Keluar lewat `next`.
    Hasil (dibaca sebagai `trigger.event` dan `trigger.contact`): `event` dan `contact`.
    """,
)
def contact_event(params: ContactEvent, ctx: Context) -> Go:
    """The flow starts when something happens to a contact: new, changed, tagged, asked to stop.

    Choose one event or more; for tags it can be limited to certain ones.
    Leaves by `next`.
    Outputs (read as `trigger.event` and `trigger.contact`): `event` and `contact`.
    """
    return Go("next", given(ctx, OUTPUTS))
