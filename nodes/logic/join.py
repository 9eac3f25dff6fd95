"""Join: where parallel branches meet again."""

from datetime import timedelta
from typing import Literal

from pydantic import model_validator

from nodes.contract import Context, Join, Params, node
from nodes.form import Seconds, form


class JoinForm(Params):
    policy: Literal["all", "any", "count"] = form(
        "Wait for",
        "Tunggu",
        "All branches, the first one, or a number of them.",
        "Semua cabang, yang pertama selesai, atau beberapa.",
        default="all",
        widget="select",
        labels={
            "all": ("All of them", "Semua"),
            "any": ("The first", "Yang pertama"),
            "count": ("A number", "Beberapa"),
        },
    )
    count: int = form(
        "How many",
        "Berapa",
        "For a number: how many branches must have ended.",
        "Untuk pilihan beberapa: berapa cabang yang harus selesai.",
        default=0,
        widget="number",
        ge=0,
        le=100,
    )
    timeout: Seconds | None = form(
        "Wait at most",
        "Tunggu paling lama",
        "After this time it leaves by timeout; empty to wait for as long as it takes.",
        "Setelah selama ini keluar lewat timeout; kosong berarti tanpa batas.",
        default=None,
        widget="duration",
    )

    @model_validator(mode="after")
    def count_only_when_counting(self) -> "JoinForm":
        if (self.policy == "count") != (self.count > 0):
            raise ValueError("count goes together with the policy count, and is at least 1")
        return self


@node(
    "join",
    title="Join",
    title_id="Gabung",
    gives=("done", "timeout", "error"),
    effect="pure",
    required_ports=("done",),
    outputs={"counts": "object"},
    doc_id="""
    Tempat cabang-cabang yang berjalan bersamaan bertemu lagi.
    Menunggu semuanya, yang pertama selesai, atau sejumlah tertentu.
    `done`: cukup cabang sudah selesai. `timeout`: waktunya habis.
    Hasil: `counts`, berapa cabang berhasil, gagal, dan dilewati.
    """,
)
def join(params: JoinForm, ctx: Context) -> Join:
    """The place where branches that run side by side meet again.

    It waits for all of them, for the first, or for a number.
    `done`: enough branches have ended. `timeout`: time was up.
    Output: `counts`, how many branches went well, failed and were skipped.
    """
    until = None if params.timeout is None else ctx.now + timedelta(seconds=params.timeout)
    return Join(params.policy, params.count, until)
