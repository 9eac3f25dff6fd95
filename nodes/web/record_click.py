"""Record click: a visitor of a link is noted down, and gets a code that names the visit."""

from collections.abc import Mapping
from typing import Annotated, Any

from domain.click_codes import BITS, encode
from domain.seeds import seed
from nodes.checks import from_scope, person
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form, reads

MAX_SOURCE_VALUES = 20
MAX_SOURCE_CHARS = 200


class RecordClick(Params):
    rotator: str = form(
        "Link",
        "Tautan",
        "The link that was opened; empty for the one that started this flow.",
        "Tautan yang dibuka; kosong berarti tautan yang memulai alur ini.",
        default="",
        widget="text",
        max_length=100,
    )


def pretend(params: RecordClick, ctx: Context, *, target: str) -> Go:
    """The same checks and a code of this run, without a click being noted down."""
    _link(params, ctx)
    _digits(target)
    return Go("ok", {"code": encode(seed(ctx.seed, ctx.identity, ctx.node_id) >> (256 - BITS))})


@node(
    "record-click",
    title="Record click",
    title_id="Catat klik",
    gives=("ok", "error"),
    effect="idempotent",
    simulate=pretend,
    outputs={"code": "string"},
    doc_id="""
    Mencatat satu klik tautan: ke nomor mana, dari iklan atau kampanye apa.
    Hasil: `code`, kode pendek untuk ditaruh di pesan pembuka, misalnya (#[kode]).
    Saat pesan itu masuk, chatnya dicocokkan dengan klik ini.
    Keluar lewat `ok`.
    """,
)
def record_click(
    params: RecordClick,
    ctx: Context,
    *,
    target: Annotated[
        str,
        reads(
            "Number",
            "Nomor",
            "The number the visitor goes on to, usually from Pick target.",
            "Nomor yang dituju pengunjung, biasanya dari Pilih tujuan.",
            widget="phone",
        ),
    ],
) -> Go:
    """Note down one click on a link: which number it went to, from which ad or campaign.

    Outputs: `code`, short enough for the first message, for example (#[kode]).
    When that message comes in, its chat is matched with this click.
    Leaves by `ok`.
    """
    code = ctx.ports.click(_link(params, ctx), _digits(target), source_of(ctx.scope))
    return Go("ok", {"code": code})


def source_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Where the visitor of `trigger` came from: `source` as it is, else its `utm_` values."""
    given = from_scope(scope, "trigger", "source")
    if not isinstance(given, Mapping):
        utm = from_scope(scope, "trigger", "utm")
        given = {f"utm_{key}": value for key, value in utm.items()} if _is_map(utm) else {}
    told = [(str(key), value) for key, value in given.items() if isinstance(value, str) and value]
    return {key[:40]: value[:MAX_SOURCE_CHARS] for key, value in told[:MAX_SOURCE_VALUES]}


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _link(params: RecordClick, ctx: Context) -> str:
    slug = params.rotator or from_scope(ctx.scope, "trigger", "slug")
    if not isinstance(slug, str) or not slug:
        raise NodeError("Say which link was opened.", code="no_link")
    return slug


def _digits(target: str) -> str:
    digits = person(target, "target").removesuffix("@c.us").removesuffix("@s.whatsapp.net")
    if not (digits.isascii() and digits.isdecimal()):
        raise NodeError("A click leads to a phone number.", code="bad_target")
    return digits
