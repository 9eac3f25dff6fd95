"""Blacklist check: may this person be written to?"""

from typing import Annotated

from nodes.checks import person
from nodes.contract import Context, Go, Params, node
from nodes.form import reads


class BlacklistCheck(Params):
    """Nothing to fill in: the blacklist is kept on the contacts page."""


@node(
    "blacklist-check",
    title="Blacklist check",
    title_id="Cek daftar blokir",
    gives=("clear", "blocked", "error"),
    effect="read",
    required_ports=("clear",),
    outputs={"reason": "string"},
    doc_id="""
    Memeriksa apakah orang ini minta berhenti atau ada di daftar blokir.
    Keluar lewat `clear` kalau boleh dikirimi, atau `blocked` kalau tidak.
    Port `blocked` boleh dibiarkan kosong: penerima itu dilewati dan dihitung.
    Hasil pada `blocked`: `reason`, alasannya.
    Tepat sebelum setiap kirim hal yang sama diperiksa sekali lagi.
    """,
)
def blacklist_check(
    params: BlacklistCheck,
    ctx: Context,
    *,
    phone: Annotated[
        str,
        reads(
            "Number",
            "Nomor",
            "The person to look up, usually item.contact.phone.",
            "Orang yang diperiksa, biasanya item.contact.phone.",
            widget="phone",
        ),
    ],
) -> Go:
    """Look whether this person asked to stop, or stands on the blacklist.

    Leaves by `clear` when you may write, by `blocked` when you may not.
    `blocked` may stay unconnected: the recipient is skipped and counted.
    Output at `blocked`: `reason`.
    The same is checked once more right before every send.
    """
    reason = ctx.ports.blocked(person(phone, "phone"))
    if reason is None:
        return Go("clear")
    return Go("blocked", {"reason": reason})
