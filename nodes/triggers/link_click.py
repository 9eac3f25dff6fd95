"""Link click: somebody opens a short link of the shop."""

from nodes.contract import Context, Go, Params, node
from nodes.form import form
from nodes.triggers.event import given

OUTPUTS = {
    "visitor": "string",
    "utm": "object",
    "source": "object",
    "referer": "string",
    "slug": "string",
}


class LinkClick(Params):
    slug: str = form(
        "Name of the link",
        "Nama tautan",
        "What stands behind /link/ in the address: small letters, digits and hyphens.",
        "Bagian setelah /link/ di alamat: huruf kecil, angka, dan tanda hubung.",
        widget="text",
        pattern=r"^[a-z0-9][a-z0-9-]{0,59}$",
    )
    ignore_bots: bool = form(
        "Ignore previews and robots",
        "Abaikan pratinjau dan robot",
        "Previews in chats and search engines get the page but do not count.",
        "Pratinjau di chat dan mesin pencari dilayani tapi tidak dihitung.",
        default=True,
        widget="switch",
    )


@node(
    "link-click",
    title="Link click",
    title_id="Klik tautan",
    gives=("next",),
    effect="pure",
    trigger=True,
    required_ports=("next",),
    outputs=OUTPUTS,
    doc_id="""
    Alur mulai saat seseorang membuka tautan pendekmu.
    Alur ini berjalan di dalam permintaannya, jadi harus singkat: pilih tujuan, lalu alihkan.
    Keluar lewat `next`.
    Hasil (dibaca sebagai `trigger.visitor` dan seterusnya): `visitor` (disamarkan), `utm`,
    `source` (utm_* dan kode iklan apa adanya), `slug`, dan
    `referer`.
    """,
)
def link_click(params: LinkClick, ctx: Context) -> Go:
    """The flow starts when somebody opens your short link.

    It runs inside the request, so it should be short: pick a target, then redirect.
    Leaves by `next`.
    Outputs (read as `trigger.visitor` and so on): `visitor` (hashed), `utm`, `source` (utm_* and
    the ids of advertisers as they came), `slug` and `referer`.
    """
    return Go("next", given(ctx, OUTPUTS))
