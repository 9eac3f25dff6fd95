"""Classify: a message goes the way of the label that fits it."""

from typing import Annotated

from pydantic import Field, model_validator

from nodes.ai.asking import TIMEOUT_S, asked, told
from nodes.contract import Context, Go, Params, node
from nodes.form import PORT_PATTERN, form, reads

Label = Annotated[str, Field(pattern=PORT_PATTERN)]
Meaning = Annotated[str, Field(min_length=1, max_length=300)]


class Classify(Params):
    labels: dict[Label, Meaning] = form(
        "Labels",
        "Label",
        "A short name (the port) and what belongs there, such as komplain: broken or late goods.",
        "Nama pendek (port) dan isinya, misalnya komplain: barang rusak atau terlambat.",
        widget="key-value",
        min_length=2,
        max_length=20,
    )
    min_score: float = form(
        "How sure it must be",
        "Seberapa yakin",
        "0 to 1; below it the message is unsure.",
        "0 sampai 1; di bawah ini pesannya dianggap belum pasti.",
        default=0.6,
        widget="number",
        ge=0,
        le=1,
    )

    @model_validator(mode="after")
    def labels_that_can_be_ports(self) -> "Classify":
        taken = sorted({"unsure", "error"} & set(self.labels))
        if taken:
            raise ValueError(f"a label can't be called {taken[0]}; the node has such a port")
        return self


@node(
    "classify",
    title="Classify",
    title_id="Kelompokkan pesan",
    gives=("unsure", "error"),
    effect="read",
    queue="media",
    timeout_s=TIMEOUT_S,
    ports_from=lambda params: tuple(params.labels),
    outputs={"label": "string", "score": "number"},
    doc_id="""
    Memilih label yang paling cocok untuk sebuah pesan: tanya harga, komplain, pesan barang.
    Tiap label punya port sendiri. `unsure`: tidak ada yang cukup pasti.
    `error`: mesin AI belum disiapkan (`not_configured`), atau tidak menjawab.
    Hasil: `label`, dan `score` 0 sampai 1.
    """,
)
def classify(
    params: Classify,
    ctx: Context,
    *,
    text: Annotated[
        str,
        reads(
            "Text",
            "Teks",
            "The message to sort, usually trigger.text.",
            "Pesan yang dikelompokkan, biasanya trigger.text.",
            widget="textarea",
        ),
    ],
) -> Go:
    """Choose the label that fits a message best: a price, a complaint, an order.

    Each label has a port of its own. `unsure`: none of them is sure enough.
    `error`: no AI engine is set up (`not_configured`), or it does not answer.
    Outputs: `label`, and `score` from 0 to 1.
    """
    said = told(ctx, "classify", {"text": asked(text, "text"), "labels": dict(params.labels)})
    label, score = said.get("label"), float(said.get("score") or 0.0)
    if label not in params.labels or score < params.min_score:
        return Go("unsure", {"label": None, "score": score})
    return Go(str(label), {"label": label, "score": score})
