"""Split traffic: people are divided over arms by share, each always into the same one."""

from typing import Annotated

from pydantic import Field, field_validator

from domain.seeds import seed
from nodes.contract import Context, Go, Params, node
from nodes.form import PORT_PATTERN, form

Arm = Annotated[str, Field(pattern=PORT_PATTERN)]
Share = Annotated[int, Field(ge=0, le=1_000)]


class SplitTraffic(Params):
    arms: dict[Arm, Share] = form(
        "Arms",
        "Cabang",
        "Each arm is a way out with its share: a: 50, b: 50. Shares need not add up to 100.",
        "Tiap cabang adalah jalan keluar dengan porsinya: a: 50, b: 50. Tidak harus jumlah 100.",
        widget="arms",
        min_length=2,
        max_length=10,
    )

    @field_validator("arms")
    @classmethod
    def somebody_goes_somewhere(cls, arms: dict[str, int]) -> dict[str, int]:
        if not any(arms.values()):
            raise ValueError("every arm has share 0; give at least one arm a share")
        return arms


def arms_of(params: SplitTraffic) -> tuple[str, ...]:
    return tuple(params.arms)


@node(
    "split-traffic",
    title="Split traffic",
    title_id="Bagi penerima",
    gives=(),
    effect="pure",
    ports_from=arms_of,
    outputs={"arm": "string"},
    doc_id="""
    Membagi orang ke beberapa cabang menurut porsi, untuk uji A/B.
    Orang yang sama di kampanye yang sama selalu masuk cabang yang sama.
    Satu jalan keluar untuk tiap cabang; cabang dengan porsi 0 tidak dapat siapa-siapa.
    Hasil: `arm`, nama cabangnya.
    """,
)
def split_traffic(params: SplitTraffic, ctx: Context) -> Go:
    """Divide people over several arms by share, for an A/B test.

    The same person in the same campaign always goes into the same arm.
    One way out for each arm; an arm with share 0 gets nobody.
    Output: `arm`, its name.
    """
    place = seed(ctx.seed, ctx.identity, ctx.node_id) % sum(params.arms.values())
    for arm, share in params.arms.items():
        if place < share:
            return Go(arm, {"arm": arm})
        place -= share
    raise AssertionError("a remainder lies within the sum of the shares")
