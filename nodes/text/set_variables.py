"""Set variables: values that every later step may use under a short name."""

import json
from typing import Annotated, Any

from pydantic import Field

from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form

MAX_VARIABLES = 50
MAX_SIZE_BYTES = 16 * 1024

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]


class SetVariables(Params):
    values: dict[Name, Any] = form(
        "Variables",
        "Variabel",
        "A name and a value each; a value may come from an earlier step.",
        "Nama dan nilainya; nilai boleh dari langkah sebelumnya.",
        widget="key-value",
        min_length=1,
        max_length=MAX_VARIABLES,
    )


@node(
    "set-variables",
    title="Set variables",
    title_id="Atur variabel",
    gives=("ok", "error"),
    effect="pure",
    doc_id="""
    Menyimpan nilai dengan nama pendek untuk langkah-langkah berikutnya.
    Dibaca sebagai `vars.nama`, dan di teks pesan sebagai [nama].
    Di dalam Untuk setiap, nilainya hanya berlaku untuk elemen itu.
    Keluar lewat `ok`.
    """,
)
def set_variables(params: SetVariables, ctx: Context) -> Go:
    """Keep values under a short name for the steps that follow.

    They are read as `vars.name`, and in a message text as [name].
    Inside For each a value holds for that element alone.
    Leaves by `ok`.
    """
    try:
        size_bytes = len(json.dumps(params.values, ensure_ascii=False).encode())
    except (TypeError, ValueError) as problem:
        raise NodeError(f"A value can't be stored: {problem}.", code="bad_values") from problem
    if size_bytes > MAX_SIZE_BYTES:
        raise NodeError(
            f"The variables take {size_bytes} bytes; {MAX_SIZE_BYTES} is the most.",
            code="values_too_large",
        )
    return Go("ok", dict(params.values), vars=dict(params.values))
