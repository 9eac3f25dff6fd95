"""Block contact: somebody goes on the blacklist."""

from typing import Annotated, Literal

from nodes.checks import person
from nodes.contract import Context, Go, Params, node
from nodes.form import form, reads


class BlockContact(Params):
    reason: Literal["UNSUBSCRIBE", "MANUAL", "SPAM_REPORT"] = form(
        "Why",
        "Alasan",
        "Who asked to stop is still answered when they write first; the others are not.",
        "Yang minta berhenti tetap dijawab kalau menulis duluan; yang lain tidak.",
        default="UNSUBSCRIBE",
        widget="select",
        labels={
            "UNSUBSCRIBE": ("Wants no more promotions", "Tidak mau promosi lagi"),
            "MANUAL": ("Blocked by the shop", "Diblokir toko"),
            "SPAM_REPORT": ("Reported us, or sends spam", "Melaporkan kita, atau mengirim spam"),
        },
    )


Phone = Annotated[
    str,
    reads(
        "Number",
        "Nomor",
        "Who to block, usually trigger.chat_id.",
        "Siapa yang diblokir, biasanya trigger.chat_id.",
        widget="phone",
    ),
]


def pretend(params: BlockContact, ctx: Context, *, phone: Phone) -> Go:
    """The same checks without a change to the blacklist."""
    person(phone, "phone")
    return Go("ok")


@node(
    "block-contact",
    title="Block contact",
    title_id="Blokir kontak",
    gives=("ok", "error"),
    effect="idempotent",
    simulate=pretend,
    doc_id="""
    Memasukkan orang ini ke daftar blokir; siaran tidak dikirim lagi ke dia.
    Dengan alasan "diblokir toko" atau "spam", pesannya juga tidak dijawab otomatis lagi.
    Yang sudah ada di daftar tetap dengan alasannya.
    Keluar lewat `ok`.
    """,
)
def block_contact(params: BlockContact, ctx: Context, *, phone: Phone) -> Go:
    """Put this person on the blacklist: no broadcast reaches them any more.

    Blocked by the shop, or for spam, they are not answered automatically either.
    Who stands on the list already stays there for the reason it has.
    Leaves by `ok`.
    """
    ctx.ports.block(person(phone, "phone"), params.reason)
    return Go("ok")
