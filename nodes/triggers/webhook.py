"""Webhook: another program calls an address of this flow."""

from typing import Any

from pydantic import field_validator

from nodes.contract import Context, Go, Params, node
from nodes.form import form
from nodes.triggers.event import given

OUTPUTS = {"body": "any", "headers": "object", "query": "object"}


class Webhook(Params):
    payload: dict[str, Any] = form(
        "What the body must look like",
        "Bentuk isi yang diterima",
        "A JSON Schema; a call whose body does not fit is refused with every reason. Empty: any.",
        "JSON Schema; panggilan yang isinya tidak cocok ditolak beserta alasannya. Kosong: bebas.",
        default_factory=dict,
        widget="key-value",
        max_length=50,
    )

    @field_validator("payload")
    @classmethod
    def a_schema(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value:
            from jsonschema import Draft202012Validator, SchemaError  # slow to import

            try:
                Draft202012Validator.check_schema(value)
            except SchemaError as problem:
                raise ValueError(f"this is no JSON Schema: {problem.message[:200]}") from problem
        return value


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
    `payload` membatasi isi yang diterima.
    Keluar lewat `next`.
    Hasil (dibaca sebagai `trigger.body` dan seterusnya): `body`, `headers`, dan `query`.
    """,
)
def webhook(params: Webhook, ctx: Context) -> Go:
    """The flow starts when another program (a web shop, a form, a till) calls its address.

    The address and its key are made when the flow is published, and show on its page.
    `payload` limits what is taken.
    Leaves by `next`.
    Outputs (read as `trigger.body` and so on): `body`, `headers` and `query`.
    """
    return Go("next", given(ctx, OUTPUTS))
