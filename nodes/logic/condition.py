"""Condition: one way when a rule holds, another when it does not."""

from typing import Any

from pydantic import PrivateAttr, model_validator

from nodes.contract import Context, Go, Params, node
from nodes.form import form
from nodes.logic.rules import Compiled, compiled


class ConditionForm(Params):
    test: bool | dict[str, Any] = form(
        "Rule",
        "Aturan",
        "What must be true, for example the contact has the tag VIP.",
        "Apa yang harus benar, misalnya kontak punya tag VIP.",
        lang="jsonlogic",
        widget="rule",
    )
    _rule: Compiled = PrivateAttr()

    @model_validator(mode="after")
    def compile_once(self) -> "ConditionForm":
        self._rule = compiled(self.test)
        return self

    @property
    def rule(self) -> Compiled:
        return self._rule


@node(
    "condition",
    title="Condition",
    title_id="Syarat",
    gives=("match", "else", "error"),
    effect="pure",
    doc_id="""
    Memeriksa satu aturan (JsonLogic) atas data run ini: kontak, pesan, hasil langkah, jam.
    Keluar lewat `match` kalau benar, lewat `else` kalau tidak.
    `else` boleh dibiarkan kosong: alur berakhir di situ.
    `error`: aturannya tidak bisa dihitung, misalnya membagi dengan teks.
    """,
)
def condition(params: ConditionForm, ctx: Context) -> Go:
    """Check one rule (JsonLogic) over the data of this run: contact, message, steps, time.

    Leaves by `match` when it is true, by `else` when it is not.
    `else` may stay unconnected: the flow ends there.
    `error`: the rule can't be worked out, for example a division by a text.
    """
    return Go("match" if params.rule.holds(ctx) else "else")
