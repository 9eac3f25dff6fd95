"""Webhook: another program calls an address of this flow."""

from nodes.contract import Context, Go, Params, node
from nodes.triggers.event import given

OUTPUTS = {"body": "any", "headers": "object", "query": "object"}


class Webhook(Params):
    """Nothing to fill in: the address and its key are made when the flow is published."""


@node(
    "webhook",
    title="Webhook",
    title_id="Webhook",
    gives=("next",),
    effect="pure",
    trigger=True,
    required_ports=("next",),
    outputs=OUTPUTS,
    doc_id="""
    Alur mulai saat program lain (toko online, formulir, kasir) memanggil alamatnya.
    Alamat dan kuncinya dibuat saat alur diterbitkan, dan tampil di halaman alur.
    Keluar lewat `next`.
    Hasil (dibaca sebagai `trigger.body` dan seterusnya): `body`, `headers`, dan `query`.
    """,
)
def webhook(params: Webhook, ctx: Context) -> Go:
    """The flow starts when another program (a web shop, a form, a till) calls its address.

    The address and its key are made when the flow is published, and show on its page.
    Leaves by `next`.
    Outputs (read as `trigger.body` and so on): `body`, `headers` and `query`.
    """
    return Go("next", given(ctx, OUTPUTS))
