"""Broadcast: the start of a campaign."""

from nodes.contract import Context, Go, Params, node


class Broadcast(Params):
    """Nothing to fill in: the campaign brings its audience, its devices and its pace."""


@node(
    "broadcast",
    title="Broadcast",
    title_id="Siaran",
    gives=("next",),
    effect="pure",
    trigger=True,
    required_ports=("next",),
    doc_id="""
    Titik awal sebuah kampanye.
    Alur mulai di sini saat kamu menekan Mulai di halaman kampanye, atau saat jadwalnya tiba.
    Tidak ada yang perlu diisi: jeda, perangkat, dan jadwal diatur di kampanye.
    Keluar lewat `next`; sambungkan ke Pilih kontak.
    """,
)
def broadcast(params: Broadcast, ctx: Context) -> Go:
    """The starting point of a campaign.

    The flow starts here when you press Start on the campaign page, or when its schedule comes.
    There is nothing to fill in: pace, devices and schedule belong to the campaign.
    Leaves by `next`; connect it to Select contacts.
    """
    return Go("next")
