"""Respond: the answer to the web request that started this flow."""

import json
from typing import Annotated, Any

from pydantic import Field

from nodes.contract import Context, NodeError, Params, Reply, node
from nodes.form import form, reads
from nodes.rendering import rendered

MAX_BODY_BYTES = 256 * 1024

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]{0,512}$")]

UNSETTABLE = frozenset(
    {"set-cookie", "content-length", "transfer-encoding", "connection", "content-security-policy"}
)


class Respond(Params):
    status: int = form(
        "Status",
        "Status",
        "The HTTP status, 200 when all is well.",
        "Status HTTP, 200 kalau semua baik.",
        default=200,
        widget="number",
        ge=200,
        le=599,
    )
    text: str | None = form(
        "Text",
        "Teks",
        "A text answer; {{ steps.name.value }} puts in a value of this run.",
        "Jawaban berupa teks; {{ steps.nama.nilai }} mengisi nilai dari run ini.",
        default=None,
        lang="jinja",
        widget="textarea",
        max_length=8_192,
    )
    headers: dict[HeaderName, HeaderValue] = form(
        "Headers",
        "Header",
        "Further HTTP headers.",
        "Header HTTP tambahan.",
        default_factory=dict,
        widget="key-value",
        max_length=20,
    )


@node(
    "respond",
    title="Respond",
    title_id="Jawab permintaan",
    gives=(),
    effect="pure",
    doc_id="""
    Menjawab permintaan web yang memulai alur ini (webhook atau tautan).
    Isi `body` dengan objek atau daftar untuk jawaban JSON, atau `text` untuk jawaban teks.
    Tanpa keduanya jawabannya kosong.
    Alur berakhir di sini.
    """,
)
def respond(
    params: Respond,
    ctx: Context,
    *,
    body: Annotated[
        Any,
        reads(
            "Body",
            "Isi",
            "An object or a list that is answered as JSON.",
            "Objek atau daftar yang dijawab sebagai JSON.",
            widget="key-value",
        ),
    ] = None,
) -> Reply:
    """Answer the web request that started this flow (a webhook or a link).

    Give `body` an object or a list for a JSON answer, or fill in `text` for a text answer.
    Without either the answer is empty.
    The flow ends here.
    """
    if body is not None and params.text is not None:
        raise NodeError("Give either a body or a text, not both.", code="two_bodies")
    headers = {name.lower(): value for name, value in params.headers.items()}
    forbidden = sorted(UNSETTABLE & set(headers))
    if forbidden:
        raise NodeError(f"The header {forbidden[0]} can't be set by a flow.", code="bad_header")
    content = ""
    if params.text is not None:
        content = rendered(params.text, ctx.scope)
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    elif body is not None:
        try:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as problem:
            raise NodeError(f"The body is no JSON: {problem}.", code="bad_body") from problem
        headers.setdefault("content-type", "application/json")
    if len(content.encode()) > MAX_BODY_BYTES:
        raise NodeError(f"The answer is larger than {MAX_BODY_BYTES} bytes.", code="body_too_large")
    return Reply(params.status, headers, content)
