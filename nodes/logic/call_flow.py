"""Call flow: another flow of the shop runs, and this one goes on with what it gives back."""

from typing import Any

from nodes.contract import Call, Context, Params, node
from nodes.form import form


class CallFlow(Params):
    flow: str = form(
        "Flow",
        "Alur",
        "The id of a published flow of the kind subflow.",
        "Id alur yang sudah terbit, jenis subflow.",
        widget="select",
        pattern=r"^[a-z][a-z0-9_]{0,59}$",
    )
    version: int | None = form(
        "Version",
        "Versi",
        "A fixed version; empty for the newest published one.",
        "Versi tertentu; kosong berarti terbitan terbaru.",
        default=None,
        widget="number",
        ge=1,
    )
    inputs: dict[str, Any] = form(
        "Inputs",
        "Isian",
        "What the other flow asks for, by name.",
        "Isian yang diminta alur itu, menurut nama.",
        default_factory=dict,
        widget="key-value",
        max_length=50,
    )


@node(
    "call-flow",
    title="Call flow",
    title_id="Panggil alur",
    gives=("ok", "error"),
    effect="idempotent",
    outputs={"outputs": "object"},
    doc_id="""
    Menjalankan alur lain milik toko ini, lalu melanjutkan dengan hasilnya.
    Berguna untuk langkah yang dipakai di banyak alur.
    `error`: alurnya tidak ada, belum terbit, atau gagal.
    Hasil: `outputs`, sesuai yang dinyatakan alur itu.
    """,
)
def call_flow(params: CallFlow, ctx: Context) -> Call:
    """Run another flow of this shop, then go on with what it gives back.

    Good for steps that several flows share.
    `error`: there is no such flow, it is not published, or it failed.
    Outputs: what that flow declares.
    """
    return Call(params.flow, dict(params.inputs), params.version)
