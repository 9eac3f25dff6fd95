"""Redirect: the visitor of a link goes on to a WhatsApp chat, or to another page."""

from typing import Annotated
from urllib.parse import quote, urlsplit

from nodes.checks import person, wanted
from nodes.contract import Context, NodeError, Params, Reply, node
from nodes.form import form, reads
from nodes.rendering import rendered

MAX_ADDRESS_CHARS = 2_048


class Redirect(Params):
    text: str | None = form(
        "First message",
        "Pesan pembuka",
        "Stands ready in the chat; {{ trigger.utm.source }} puts in a value of this visit.",
        "Sudah tertulis di chat; {{ trigger.utm.source }} mengisi nilai dari kunjungan ini.",
        default=None,
        lang="jinja",
        widget="textarea",
        max_length=1_000,
    )


@node(
    "redirect",
    title="Redirect",
    title_id="Alihkan",
    gives=("ok", "error"),
    effect="pure",
    outputs={},
    doc_id="""
    Mengantar pengunjung tautan ke chat WhatsApp dengan pesan pembuka, atau ke halaman lain.
    Isi nomor (biasanya dari Pilih tujuan) atau alamat, salah satu.
    Pengunjung langsung pindah; langkah sesudahnya (misalnya Catat klik) tetap jalan.
    Keluar lewat `ok`.
    """,
)
def redirect(
    params: Redirect,
    ctx: Context,
    *,
    phone: Annotated[
        str | None,
        reads(
            "Number",
            "Nomor",
            "The chat that opens, usually from Pick target.",
            "Chat yang dibuka, biasanya dari Pilih tujuan.",
            widget="phone",
        ),
    ] = None,
    url: Annotated[
        str | None,
        reads(
            "Address",
            "Alamat",
            "A web page instead of a chat, beginning with https://.",
            "Halaman web sebagai ganti chat, diawali https://.",
            widget="text",
        ),
    ] = None,
) -> Reply:
    """Lead the visitor of a link to a WhatsApp chat with a first message, or to another page.

    Give either a number (usually from Pick target) or an address.
    The visitor goes on at once; the steps that follow (such as Record click) still run.
    Leaves by `ok`.
    """
    if (phone is None) == (url is None):
        raise NodeError("Give either a number or an address.", code="no_target")
    location = _page(url) if url is not None else _chat(phone, params.text, ctx)
    if len(location) > MAX_ADDRESS_CHARS:
        raise NodeError("The address is too long; shorten the first message.", code="too_long")
    return Reply(302, {"location": location, "cache-control": "no-store"})


def _chat(phone: str | None, text: str | None, ctx: Context) -> str:
    digits = person(phone, "phone").removesuffix("@c.us").removesuffix("@s.whatsapp.net")
    if not (digits.isascii() and digits.isdecimal()):
        raise NodeError("A link can only open a chat with a phone number.", code="bad_phone")
    opening = rendered(text, ctx.scope).strip() if text else ""
    return f"https://wa.me/{digits}" + (f"?text={quote(opening, safe='')}" if opening else "")


def _page(url: str) -> str:
    written = wanted(url, "url").strip()
    try:
        parts = urlsplit(written)
    except ValueError as problem:
        raise NodeError(f"{written[:60]!r} is no address.", code="bad_url") from problem
    if parts.scheme not in ("https", "http") or not parts.hostname or not written.isprintable():
        raise NodeError(
            f"{written[:60]!r} is no web address; it begins with https://.", code="bad_url"
        )
    return quote(written, safe="%/:=&?~#+!$,;'@()*[]")
