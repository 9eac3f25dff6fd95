"""RAG answer: a question is answered out of the shop's own documents, or not at all."""

from typing import Annotated

from nodes.ai.asking import TIMEOUT_S, asked, told
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form, reads

PORTS = ("ok", "ask_back", "no_context", "quota")


class RagAnswer(Params):
    documents: list[str] = form(
        "Documents",
        "Dokumen",
        "Only documents with these tags; empty for all of the knowledge base.",
        "Hanya dokumen dengan tag ini; kosong berarti seluruh basis pengetahuan.",
        default_factory=list,
        widget="tags",
        max_length=50,
    )
    instructions: str = form(
        "How to answer",
        "Gaya menjawab",
        "Tone and rules, such as: short, friendly, call the customer Kak.",
        "Nada dan aturan, misalnya: singkat, ramah, panggil Kak.",
        default="Jawab singkat, ramah, dan hanya dari dokumen toko. Panggil pelanggan Kak.",
        widget="textarea",
        max_length=4_096,
    )
    min_score: float = form(
        "How sure it must be",
        "Seberapa yakin",
        "0 to 1; below it the question is not answered from the documents.",
        "0 sampai 1; di bawah ini pertanyaan tidak dijawab dari dokumen.",
        default=0.5,
        widget="number",
        ge=0,
        le=1,
    )
    passages: int = form(
        "Passages",
        "Kutipan",
        "How many passages are looked at.",
        "Berapa kutipan yang dibaca.",
        default=5,
        widget="number",
        ge=1,
        le=20,
    )
    chars_most: int = form(
        "Longest answer",
        "Jawaban terpanjang",
        "In characters.",
        "Dalam karakter.",
        default=800,
        widget="number",
        ge=50,
        le=4_096,
    )


@node(
    "rag-answer",
    title="Answer from documents",
    title_id="Jawab dari dokumen",
    gives=(*PORTS, "error"),
    effect="read",
    queue="media",
    timeout_s=TIMEOUT_S,
    required_ports=("ok",),
    outputs={"text": "string", "citations": "array", "score": "number"},
    doc_id="""
    Menjawab pertanyaan dari dokumen toko sendiri, dengan sumbernya.
    `ok`: ada jawabannya. `ask_back`: pertanyaannya kurang jelas, `text` menanyakan balik.
    `no_context`: tidak ada di dokumen; serahkan ke manusia. `quota`: jatah AI bulan ini habis.
    `error`: mesin AI belum disiapkan (`not_configured`), atau tidak menjawab.
    Hasil: `text`, `citations` (dokumen dan kutipannya), `score` 0 sampai 1.
    """,
)
def rag_answer(
    params: RagAnswer,
    ctx: Context,
    *,
    question: Annotated[
        str,
        reads(
            "Question",
            "Pertanyaan",
            "What the customer asks, usually trigger.text.",
            "Yang ditanyakan pelanggan, biasanya trigger.text.",
            widget="textarea",
        ),
    ],
) -> Go:
    """Answer a question out of the shop's own documents, and say where it stands.

    `ok`: there is an answer. `ask_back`: the question is unclear, `text` asks back.
    `no_context`: it is not in the documents; give it to a person.
    `quota`: this month's AI budget is used up.
    `error`: no AI engine is set up (`not_configured`), or it does not answer.
    Outputs: `text`, `citations` (document and passage), `score` from 0 to 1.
    """
    said = told(
        ctx,
        "answer",
        {
            "question": asked(question, "question"),
            "documents": list(params.documents),
            "instructions": params.instructions,
            "min_score": params.min_score,
            "passages": params.passages,
            "chars_most": params.chars_most,
        },
    )
    port = said.get("outcome", "ok")
    if port not in PORTS:
        raise NodeError(f"The AI engine answered {port!r}.", kind="upstream", code="bad_answer")
    return Go(
        port,
        {
            "text": str(said.get("text") or ""),
            "citations": list(said.get("citations") or ()),
            "score": float(said.get("score") or 0.0),
        },
    )
