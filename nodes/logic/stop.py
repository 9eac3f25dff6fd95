"""Stop: this run, or this element of a list, ends here."""

from typing import Literal

from nodes.contract import Context, Params, Stop, node
from nodes.form import form


class StopHere(Params):
    status: Literal["succeeded", "failed", "skipped"] = form(
        "Ends as",
        "Berakhir sebagai",
        "How this run, or this recipient, is counted.",
        "Bagaimana run atau penerima ini dihitung.",
        default="succeeded",
        widget="select",
        labels={
            "succeeded": ("Done", "Selesai"),
            "failed": ("Failed", "Gagal"),
            "skipped": ("Skipped", "Dilewati"),
        },
    )
    reason: str | None = form(
        "Reason",
        "Alasan",
        "A short word for the report, for example no_stock.",
        "Satu kata pendek untuk laporan, misalnya stok_habis.",
        default=None,
        widget="text",
        max_length=80,
    )


@node(
    "stop",
    title="Stop",
    title_id="Berhenti",
    gives=(),
    effect="pure",
    doc_id="""
    Mengakhiri run di sini. Di dalam Untuk setiap hanya elemen ini yang berakhir.
    Pilih bagaimana ini dihitung: selesai, gagal, atau dilewati.
    Alasan muncul di laporan.
    Tidak ada jalan keluar.
    """,
)
def stop(params: StopHere, ctx: Context) -> Stop:
    """End the run here. Inside For each only this element ends.

    Choose how it is counted: done, failed or skipped.
    The reason shows in the report.
    There is no way out.
    """
    return Stop(reason=(params.reason or "").strip() or None, status=params.status)
