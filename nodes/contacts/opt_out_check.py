"""Opt-out check: does this message ask us to stop?"""

from typing import Annotated

from domain.opt_out import OptOut, classify
from nodes.checks import kind_of
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import reads


class OptOutCheck(Params):
    """Nothing to fill in: the words are known, Indonesian and English."""


@node(
    "opt-out-check",
    title="Opt-out check",
    title_id="Cek permintaan berhenti",
    gives=("none", "opt_out", "ask_back", "error"),
    effect="read",
    doc_id="""
    Mengenali permintaan berhenti: STOP, BERHENTI, "jangan kirim lagi", dan sejenisnya.
    `opt_out`: jelas minta berhenti. `ask_back`: mungkin; tanyakan sekali. `none`: bukan.
    "busnya berhenti di mana?" bukan permintaan berhenti.
    Langkah ini hanya membaca; daftar blokir diurus sendiri oleh Alir saat pesan masuk.
    """,
)
def opt_out_check(
    params: OptOutCheck,
    ctx: Context,
    *,
    text: Annotated[
        str | None,
        reads(
            "Text",
            "Teks",
            "The message to read, usually trigger.text.",
            "Pesan yang dibaca, biasanya trigger.text.",
            widget="textarea",
        ),
    ],
) -> Go:
    """Recognise a request to stop: STOP, BERHENTI, "jangan kirim lagi" and the like.

    `opt_out`: a clear request. `ask_back`: perhaps; ask once. `none`: it is none.
    "busnya berhenti di mana?" is no request.
    This step only reads; Alir itself keeps the blacklist when a message comes in.
    """
    if text is None:
        return Go("none")
    if not isinstance(text, str):
        raise NodeError(f"text should be text but is {kind_of(text)}.", code="bad_text")
    footer = ctx.ports.profile().get("footer")
    found = classify(text, footer if isinstance(footer, str) and footer.strip() else None)
    return Go({OptOut.NONE: "none", OptOut.OPT_OUT: "opt_out"}.get(found, "ask_back"))
