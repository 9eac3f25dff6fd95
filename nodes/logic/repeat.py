"""Repeat: the steps inside run several times, one round after the other."""

from nodes.contract import Context, Params, Repeat, node
from nodes.form import form

MAX_ROUNDS = 1_000


class RepeatForm(Params):
    times: int = form(
        "How many times",
        "Berapa kali",
        "Rounds in all.",
        "Jumlah putaran seluruhnya.",
        default=3,
        widget="number",
        ge=1,
        le=MAX_ROUNDS,
    )


@node(
    "repeat",
    title="Repeat",
    title_id="Ulangi",
    gives=("each", "done", "error"),
    effect="pure",
    container=True,
    required_ports=("each",),
    outputs={"round": "integer", "rounds": "integer"},
    doc_id="""
    Menjalankan langkah di dalamnya beberapa kali, satu putaran demi satu putaran.
    `each` menuju langkah pertama di dalam; `done` jalan setelah putaran terakhir.
    Untuk berhenti lebih awal, pakai Berhenti di dalam.
    Hasil: `round`, putaran ke berapa (mulai 1), dan di akhir `rounds`.
    """,
)
def repeat(params: RepeatForm, ctx: Context) -> Repeat:
    """Run the steps inside several times, one round after the other.

    `each` leads to the first step inside; `done` goes on after the last round.
    To end earlier, use Stop inside.
    Outputs: `round`, the number of the round (from 1), and `rounds` at the end.
    """
    return Repeat(params.times)
