"""HTTP request: ask another server, through the one guarded door."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import Field, field_validator

from nodes.checks import kind_of, wanted
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import Seconds, form, reads

TIMEOUT_MOST_S = 30.0
BODY_BYTES_MOST = 256 * 1024
KEPT_HEADERS_MOST = 50
IDEMPOTENCY_HEADER = "idempotency-key"
BUSY = frozenset({408, 425, 429})
"""Statuses below 500 that say: try again later."""

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]{0,2048}$")]

Address = Annotated[
    str,
    reads(
        "Address",
        "Alamat",
        "Where to ask, beginning with https://.",
        "Alamat yang ditanya, diawali https://.",
        widget="text",
    ),
]
Body = Annotated[
    Any,
    reads(
        "Body",
        "Isi",
        "An object or a list goes as JSON, a text as it stands; empty for none.",
        "Objek atau daftar dikirim sebagai JSON, teks apa adanya; boleh kosong.",
        widget="key-value",
    ),
]


class HttpRequest(Params):
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = form(
        "Method",
        "Metode",
        "GET reads, the others change something.",
        "GET membaca, yang lain mengubah sesuatu.",
        default="GET",
        widget="select",
    )
    query: dict[str, str | int | float | bool | None] = form(
        "Query",
        "Parameter alamat",
        "Values that are put behind the address, encoded.",
        "Nilai yang ditaruh di belakang alamat, sudah dikodekan.",
        default_factory=dict,
        widget="key-value",
        max_length=50,
    )
    headers: dict[HeaderName, HeaderValue] = form(
        "Headers",
        "Header",
        "Further HTTP headers.",
        "Header HTTP tambahan.",
        default_factory=dict,
        widget="key-value",
        max_length=30,
    )
    timeout: Seconds = form(
        "Wait at most",
        "Tunggu paling lama",
        "For the whole answer, 30 seconds at most.",
        "Untuk seluruh jawaban, paling lama 30 detik.",
        default=15.0,
        widget="duration",
    )
    any_status: bool = form(
        "Every status is fine",
        "Semua status diterima",
        "Leave by ok with any status; otherwise 400 and above is an error.",
        "Keluar lewat ok dengan status apa pun; kalau tidak, 400 ke atas dianggap gagal.",
        default=False,
        widget="switch",
    )

    @field_validator("timeout")
    @classmethod
    def not_too_patient(cls, value: float) -> float:
        if not 1 <= value <= TIMEOUT_MOST_S:
            raise ValueError(f"between 1 and {TIMEOUT_MOST_S:g} seconds")
        return value


def pretend(params: HttpRequest, ctx: Context, *, url: Address, body: Body = None) -> Go:
    """The same checks; nobody is asked, and an empty answer stands for the real one."""
    _request(params, ctx, url, body)
    return Go("ok", {"status": 200, "headers": {}, "body": None})


@node(
    "http-request",
    title="HTTP request",
    title_id="Permintaan HTTP",
    gives=("ok", "error"),
    effect="idempotent",
    queue="media",
    timeout_s=TIMEOUT_MOST_S + 5.0,
    simulate=pretend,
    required_ports=("ok",),
    outputs={"status": "integer", "headers": "object", "body": "any"},
    doc_id="""
    Bertanya atau mengirim data ke server lain: cek ongkir, buat pesanan, catat ke lembar kerja.
    Hanya alamat di internet, port 80 dan 443; alamat jaringan sendiri ditolak.
    Setiap permintaan yang mengubah sesuatu membawa Idempotency-Key, supaya aman dicoba lagi.
    Jawaban JSON dibaca sebagai objek. Saat mencoba alur, tidak ada yang ditanya.
    `error`: ditolak, tidak dijawab, atau status 400 ke atas; `error.detail` memuat jawabannya.
    Hasil: `status`, `headers`, `body`.
    """,
)
def http_request(params: HttpRequest, ctx: Context, *, url: Address, body: Body = None) -> Go:
    """Ask another server, or send it something: postage, an order, a line for a spreadsheet.

    Only addresses on the internet, ports 80 and 443; those of the own network are refused.
    A request that changes something carries an Idempotency-Key, so that it may be tried again.
    An answer in JSON is read as an object. When a flow is tried, nobody is asked.
    `error`: refused, no answer, or a status of 400 and above; `error.detail` holds the answer.
    Outputs: `status`, `headers`, `body`.
    """
    answer = ctx.ports.http(_request(params, ctx, url, body), params.timeout)
    status = int(answer["status"])
    headers = dict(list(dict(answer.get("headers") or {}).items())[:KEPT_HEADERS_MOST])
    found = {"status": status, "headers": headers, "body": _body(answer.get("body"), headers)}
    if status >= 400 and not params.any_status:
        raise NodeError(
            f"The server answered {status}.",
            kind="rate_limited" if status == 429 else "upstream",
            code=f"http_{status}",
            retriable=status >= 500 or status in BUSY,
            detail=found,
        )
    return Go("ok", found)


def _request(params: HttpRequest, ctx: Context, url: Any, body: Any) -> dict[str, Any]:
    address = wanted(url, "url").strip()
    try:
        parts = urlsplit(address)
    except ValueError as problem:
        raise NodeError(f"{address[:60]!r} is no address.", code="bad_url") from problem
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise NodeError(
            f"{address[:60]!r} is no web address; it begins with https://.", code="bad_url"
        )
    query = urlencode({name: value for name, value in params.query.items() if value is not None})
    if query:
        joined = f"{parts.query}&{query}" if parts.query else query
        address = parts._replace(query=joined).geturl()
    headers = {name.lower(): value for name, value in params.headers.items()}
    unbound = next((name for name, value in headers.items() if value.startswith("secret:")), None)
    if unbound is not None:
        raise NodeError(f"The secret of the header {unbound} has no value.", code="unbound_secret")
    content = None
    if body is not None and params.method not in ("GET", "HEAD"):
        content, kind = _content(body)
        headers.setdefault("content-type", kind)
    if params.method not in ("GET", "HEAD"):
        headers.setdefault(IDEMPOTENCY_HEADER, _key(ctx))
    return {"method": params.method, "url": address, "headers": headers, "body": content}


def _content(body: Any) -> tuple[str, str]:
    if isinstance(body, str):
        content, kind = body, "text/plain; charset=utf-8"
    elif isinstance(body, Mapping | list | tuple | int | float | bool):
        try:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as problem:
            raise NodeError(f"The body is no JSON: {problem}.", code="bad_body") from problem
        kind = "application/json"
    else:
        raise NodeError(f"The body can't be {kind_of(body)}.", code="bad_body")
    if len(content.encode()) > BODY_BYTES_MOST:
        raise NodeError(f"The body is larger than {BODY_BYTES_MOST} bytes.", code="body_too_large")
    return content, kind


def _key(ctx: Context) -> str:
    """The same for every try of one step of one run, another for every round of a repeat."""
    named = f"{ctx.tenant_id}|{ctx.run_id}|{ctx.seed}|{ctx.identity}|{ctx.node_id}|{ctx.round_no}"
    return hashlib.sha256(named.encode()).hexdigest()[:40]


def _body(text: Any, headers: Mapping[str, Any]) -> Any:
    if not isinstance(text, str) or not text.strip():
        return text or None
    kind = str(headers.get("content-type", "")).partition(";")[0].strip().lower()
    if kind.endswith("json"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
