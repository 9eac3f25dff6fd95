"""Switch: the first case whose rule holds is the way out."""

from typing import Annotated, Any

from pydantic import Field, PrivateAttr, model_validator

from nodes.contract import Context, Go, Params, node
from nodes.form import PORT_PATTERN, form
from nodes.logic.rules import Compiled, compiled

MAX_CASES = 20
RESERVED = ("else", "error")

Case = Annotated[str, Field(pattern=PORT_PATTERN)]


class Switch(Params):
    cases: dict[Case, bool | dict[str, Any]] = form(
        "Cases",
        "Pilihan",
        "A name and a rule each, tried in this order; the name is the way out.",
        "Nama dan aturannya, dicoba berurutan; namanya jadi jalan keluar.",
        lang="jsonlogic",
        widget="cases",
        min_length=1,
        max_length=MAX_CASES,
    )
    _rules: tuple[tuple[str, Compiled], ...] = PrivateAttr()

    @model_validator(mode="after")
    def compile_once(self) -> "Switch":
        rules = []
        for name, test in self.cases.items():
            if name in RESERVED:
                raise ValueError(f"{name} is a way out of every switch; call this case otherwise")
            try:
                rules.append((name, compiled(test)))
            except ValueError as problem:
                raise ValueError(f"case {name}: {problem}") from problem
        self._rules = tuple(rules)
        return self

    @property
    def rules(self) -> tuple[tuple[str, Compiled], ...]:
        return self._rules


def cases_of(params: Switch) -> tuple[str, ...]:
    return tuple(params.cases)


@node(
    "switch",
    title="Switch",
    title_id="Percabangan",
    gives=("else", "error"),
    effect="pure",
    ports_from=cases_of,
    outputs={"case": "string"},
    doc_id="""
    Mencoba beberapa aturan berurutan dan keluar lewat pilihan pertama yang benar.
    Tiap pilihan punya jalan keluar sendiri dengan namanya.
    Kalau tidak ada yang benar, keluar lewat `else`.
    `error`: salah satu aturan tidak bisa dihitung.
    Hasil: `case`, nama pilihan yang terambil.
    """,
)
def switch(params: Switch, ctx: Context) -> Go:
    """Try several rules in order, and leave by the first that is true.

    Each case has a way out of its own, by its name.
    When none is true it leaves by `else`.
    `error`: one of the rules can't be worked out.
    Output: `case`, the name of the case that was taken.
    """
    for name, rule in params.rules:
        if rule.holds(ctx):
            return Go(name, {"case": name})
    return Go("else", {"case": None})
