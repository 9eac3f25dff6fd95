"""OCR: the text in a picture or a PDF."""

from datetime import timedelta
from typing import Annotated, Any

from nodes.checks import media_reference
from nodes.contract import Context, Go, NodeError, Params, Wait, node
from nodes.form import Seconds, form, reads

TIMEOUT_S = 60.0
LOOK_AGAIN_S = 5.0
"""How soon a picture is tried again while the reader is busy or away, unless it says when."""
LOOK_AGAIN_MOST_S = 60.0
MAX_TEXT_CHARS = 65_536
MAX_LINES = 1_000
"""More is cut off: a run carries its findings along."""


class Ocr(Params):
    wait_max: Seconds = form(
        "Wait for the reader at most",
        "Tunggu pembaca paling lama",
        "While the reader is busy or being restarted the picture waits, this long.",
        "Selama pembaca sibuk atau sedang dimulai ulang, gambar menunggu selama ini.",
        default=600.0,
        widget="duration",
    )


@node(
    "ocr",
    title="Read image",
    title_id="Baca gambar",
    gives=("ok", "empty", "error"),
    effect="read",
    queue="media",
    timeout_s=TIMEOUT_S,
    outputs={"text": "string", "lines": "array", "confidence": "number"},
    doc_id="""
    Membaca teks di gambar atau PDF: bukti transfer, struk, tangkapan layar, brosur.
    Berkasnya dari pustaka media atau dari pesan masuk.
    Kalau pembaca sedang sibuk, gambar menunggu gilirannya; pesan lain jalan terus.
    `empty`: tidak ada teks. `error`: rusak, terkunci, bukan gambar, atau pembaca lama tidak ada.
    Hasil: `text`, `lines` (tiap baris: text, confidence, page), `confidence` 0 sampai 1.
    """,
)
def ocr(
    params: Ocr,
    ctx: Context,
    *,
    media: Annotated[
        Any,
        reads(
            "Picture or PDF",
            "Gambar atau PDF",
            "The media of a message, or a file of the media library.",
            "Media dari pesan masuk, atau berkas dari pustaka media.",
            widget="media",
        ),
    ],
) -> Go | Wait:
    """Read the text in a picture or a PDF: a transfer proof, a receipt, a screenshot, a leaflet.

    The file comes from the media library or from a message that came in.
    While the reader is busy the picture waits for its turn; other messages go on.
    `empty`: there is no text. `error`: broken, locked, no picture, or the reader is long away.
    Outputs: `text`, `lines` (each: text, confidence, page), `confidence` from 0 to 1.
    """
    try:
        found = ctx.ports.read_image(media_reference(media), TIMEOUT_S)
    except NodeError as error:
        left_s = params.wait_max - ctx.waited_s
        if not error.retriable or left_s <= 0:
            raise
        asked_s = error.detail.get("retry_after_s") or LOOK_AGAIN_S
        again_s = min(max(float(asked_s), 1.0), LOOK_AGAIN_MOST_S, left_s)
        return Wait(ctx.now + timedelta(seconds=again_s), again=True)
    text = found.text.strip()[:MAX_TEXT_CHARS]
    if not text:
        return Go("empty", {"text": "", "lines": [], "confidence": 0.0})
    lines = [dict(line) for line in found.lines[:MAX_LINES]]
    return Go("ok", {"text": text, "lines": lines, "confidence": round(found.confidence, 4)})
