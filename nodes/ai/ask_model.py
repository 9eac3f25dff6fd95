"""Ask model: a language model writes a text, or fills in the fields it is asked for."""

from typing import Annotated, Any

from pydantic import Field

from nodes.ai.asking import TIMEOUT_S, asked, told
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form, reads

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]
Meaning = Annotated[str, Field(max_length=300)]


class AskModel(Params):
    instructions: str = form(
        "Instructions",
        "Perintah",
        "What the model should do with the text.",
        "Apa yang harus dilakukan model dengan teksnya.",
        widget="textarea",
        min_length=1,
        max_length=8_192,
    )
    fields: dict[FieldName, Meaning] = form(
        "Fields",
        "Isian",
        "Names and meanings of values to find, such as kota: the city of delivery.",
        "Nama dan arti nilai yang dicari, misalnya kota: kota tujuan kirim.",
        default_factory=dict,
        widget="key-value",
        max_length=20,
    )
    temperature: float = form(
        "How free",
        "Seberapa bebas",
        "0 is strict, 1 is inventive.",
        "0 berarti kaku, 1 berarti kreatif.",
        default=0.3,
        widget="number",
        ge=0,
        le=1,
    )
    chars_most: int = form(
        "Longest answer",
        "Jawaban terpanjang",
        "In characters.",
        "Dalam karakter.",
        default=1_000,
        widget="number",
        ge=10,
        le=8_192,
    )


@node(
    "ask-model",
    title="Ask AI",
    title_id="Tanya AI",
    gives=("ok", "quota", "error"),
    effect="read",
    queue="media",
    timeout_s=TIMEOUT_S,
    required_ports=("ok",),
    outputs={"text": "string", "data": "object"},
    doc_id="""
    Meminta model bahasa menulis teks, atau mengisi nilai dari sebuah pesan (kota, jumlah, ukuran).
    `ok`: ada jawabannya. `quota`: jatah AI bulan ini habis.
    `error`: mesin AI belum disiapkan (`not_configured`), atau tidak menjawab.
    Hasil: `text`, dan `data`, nilai dari isian yang diminta.
    """,
)
def ask_model(
    params: AskModel,
    ctx: Context,
    *,
    text: Annotated[
        str,
        reads(
            "Text",
            "Teks",
            "What the model reads, usually trigger.text.",
            "Yang dibaca model, biasanya trigger.text.",
            widget="textarea",
        ),
    ],
) -> Go:
    """Have a language model write a text, or find values in a message (city, number, size).

    `ok`: there is an answer. `quota`: this month's AI budget is used up.
    `error`: no AI engine is set up (`not_configured`), or it does not answer.
    Outputs: `text`, and `data`, the values of the fields it was asked for.
    """
    said = told(
        ctx,
        "ask",
        {
            "text": asked(text, "text"),
            "instructions": params.instructions,
            "fields": dict(params.fields),
            "temperature": params.temperature,
            "chars_most": params.chars_most,
        },
    )
    if said.get("outcome", "ok") == "quota":
        return Go("quota", {"text": "", "data": {}})
    data: Any = said.get("data")
    if params.fields and not isinstance(data, dict):
        raise NodeError("The AI engine gave no fields.", kind="upstream", code="bad_answer")
    known = {name: (data or {}).get(name) for name in params.fields}
    return Go("ok", {"text": str(said.get("text") or ""), "data": known})
