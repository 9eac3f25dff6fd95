"""Manual start: a person or a program starts the flow, with inputs."""

from nodes.checks import from_scope, mapping
from nodes.contract import Context, Go, Params, node


class Manual(Params):
    """Nothing to fill in: the inputs are declared in the flow itself, under `inputs`."""


@node(
    "manual",
    title="Manual start",
    title_id="Mulai manual",
    gives=("next",),
    effect="pure",
    trigger=True,
    required_ports=("next",),
    outputs={"inputs": "object"},
    doc_id="""
    Alur mulai saat kamu menekan Jalankan, atau saat program lain memanggilnya lewat API.
    Isian yang diminta alur (`inputs`) ditanyakan lebih dulu, lalu tersedia sebagai `inputs`.
    Keluar lewat `next`.
    Hasil: `inputs`, isian yang diberikan.
    """,
)
def manual(params: Manual, ctx: Context) -> Go:
    """The flow starts when you press Run, or when another program calls it through the API.

    What the flow asks for (`inputs`) is asked first and is then there as `inputs`.
    Leaves by `next`.
    Output: `inputs`, what was given.
    """
    given = from_scope(ctx.scope, "inputs")
    return Go("next", {"inputs": dict(mapping({} if given is None else given, "inputs"))})
