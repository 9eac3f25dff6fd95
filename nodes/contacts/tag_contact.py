"""Tag contact: give and take tags."""

from typing import Annotated

from nodes.checks import names, person
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form, reads

MAX_TAGS = 50


class TagContact(Params):
    add: list[str] = form(
        "Give",
        "Beri tag",
        "Tags that the contact gets. A tag that does not exist yet is made.",
        "Tag yang diberikan. Tag yang belum ada dibuat.",
        default_factory=list,
        widget="tags",
        max_length=MAX_TAGS,
    )
    remove: list[str] = form(
        "Take away",
        "Lepas tag",
        "Tags that the contact loses.",
        "Tag yang dilepas dari kontak.",
        default_factory=list,
        widget="tags",
        max_length=MAX_TAGS,
    )


def pretend(params: TagContact, ctx: Context, *, phone: str) -> Go:
    """The same checks without a change to anybody's tags."""
    _changes(params)
    person(phone, "phone")
    return Go("ok")


@node(
    "tag-contact",
    title="Tag contact",
    title_id="Tandai kontak",
    gives=("ok", "error"),
    effect="idempotent",
    simulate=pretend,
    doc_id="""
    Memberi atau melepas tag pada satu kontak.
    Nomor yang belum jadi kontak dibuatkan kontak baru.
    Dijalankan dua kali pun hasilnya sama.
    Keluar lewat `ok`.
    """,
)
def tag_contact(
    params: TagContact,
    ctx: Context,
    *,
    phone: Annotated[
        str,
        reads(
            "Number",
            "Nomor",
            "The contact to tag, usually item.contact.phone.",
            "Kontak yang ditandai, biasanya item.contact.phone.",
            widget="phone",
        ),
    ],
) -> Go:
    """Give tags to a contact, or take tags away.

    A number that is no contact yet becomes one.
    Run twice, it changes nothing more.
    Leaves by `ok`.
    """
    add, remove = _changes(params)
    ctx.ports.tag(person(phone, "phone"), add, remove)
    return Go("ok")


def _changes(params: TagContact) -> tuple[list[str], list[str]]:
    add, remove = names(params.add, "add"), names(params.remove, "remove")
    if not add and not remove:
        raise NodeError("No tag to give or to take away. Fill in at least one.", code="no_tags")
    both = {tag.casefold() for tag in add} & {tag.casefold() for tag in remove}
    if both:
        raise NodeError(
            f"The tag {sorted(both)[0]!r} is both given and taken away.", code="contradicting_tags"
        )
    return add, remove
