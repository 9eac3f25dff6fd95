"""The pages of links: for previews, for closed hours, and for addresses that lead nowhere."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from html import escape
from typing import Any, Literal

from domain.zones import zone_of
from runtime.links.link import Link
from services.rotators import first_message

Language = Literal["id", "en"]

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;display:grid;place-items:center;"
    "min-height:100vh;background:#f4f6f5;color:#14201b}"
    "main{max-width:26rem;margin:1rem;padding:2rem;background:#fff;border-radius:1rem}"
    "h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:.5rem 0}li{margin:.25rem 0}"
    "@media(prefers-color-scheme:dark){body{background:#101613;color:#e6ece9}"
    "main{background:#1b2420}}"
)
_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

DAYS = {
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_SHORT = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "id": {
        "unknown": "Tautan ini tidak ada",
        "unknown_text": "Periksa lagi alamatnya, atau minta tautan yang baru ke tokonya.",
        "closed": "Kami sedang tutup",
        "closed_text": "Belum ada yang bisa menjawab sekarang.",
        "opens": "Kami buka lagi {day} pukul {time} {zone}.",
        "soon": "Coba lagi sebentar lagi, ya.",
        "hours": "Jam buka",
        "all": "Setiap hari",
        "away": "Sebentar, ya",
        "away_text": "Tautan ini belum bisa dibuka. Coba lagi sebentar lagi.",
        "limited": "Terlalu sering",
        "limited_text": "Tautan ini dibuka terlalu sering dari alamatmu. Coba lagi semenit lagi.",
        "method": "Tautan ini hanya bisa dibuka",
        "method_text": "Buka alamatnya di peramban.",
        "chat": "Chat di WhatsApp",
    },
    "en": {
        "unknown": "There is no such link",
        "unknown_text": "Check the address, or ask the shop for a new link.",
        "closed": "We are closed right now",
        "closed_text": "Nobody can answer at the moment.",
        "opens": "We open again on {day} at {time} {zone}.",
        "soon": "Please try again in a moment.",
        "hours": "Opening hours",
        "all": "Every day",
        "away": "One moment, please",
        "away_text": "This link can't be opened yet. Try again in a moment.",
        "limited": "Too often",
        "limited_text": "This link is opened too often from your address. Try again in a minute.",
        "method": "This link can only be opened",
        "method_text": "Open the address in a browser.",
        "chat": "Chat on WhatsApp",
    },
}


def language_of(accept: str) -> Language:
    """The first of the visitor's languages that we speak; Indonesian when there is none."""
    for part in accept.split(",")[:10]:
        word = part.strip().lower()[:2]
        if word in ("id", "in", "ms", "jv", "su"):
            return "id"
        if word == "en":
            return "en"
    return "id"


def plain(what: str, language: Language) -> bytes:
    """A page that says one thing: unknown, away, limited or method."""
    words = _WORDS[language]
    return _page(language, words[what], f"<p>{words[f'{what}_text']}</p>")


def closed(link: Link, now: datetime, language: Language) -> bytes:
    """Nobody takes visitors now: when that changes, and the hours."""
    words = _WORDS[language]
    facts = link.facts
    told = escape(facts.closed_text) if facts.closed_text else words["closed_text"]
    body = [f"<p>{told}</p>"]
    opens = link.opens_at(now) if facts.is_active else None
    if opens is not None:
        local = opens.astimezone(zone_of(facts.zone))
        day = DAYS[language][local.weekday()]
        zone = local.tzname() or ""
        said = words["opens"].format(day=day, time=local.strftime("%H.%M"), zone=zone)
        body.append(f"<p><strong>{escape(said)}</strong></p>")
    elif facts.is_active:
        body.append(f"<p>{words['soon']}</p>")
    hours = _hours(facts.target_numbers, language)
    if hours:
        rows = "".join(f"<li>{escape(row)}</li>" for row in hours)
        body.append(f"<h2>{words['hours']}</h2><ul>{rows}</ul>")
    title = escape(facts.name or str(facts.shop.get("name") or "")) or words["closed"]
    return _page(language, words["closed"], "".join(body), title)


def preview(link: Link, url: str, language: Language) -> bytes:
    """What a chat shows of the link, and what search engines are told."""
    facts = link.facts
    title = escape(facts.name or str(facts.shop.get("name") or facts.slug))
    about = ""
    if facts.default_message:
        parsed = first_message.read(facts.default_message, with_code=False)
        about = " ".join(_without_fields(parsed.parts).split())
    about = escape(about or _WORDS[language]["chat"])
    head = (
        f'<meta property="og:type" content="website"><meta property="og:title" content="{title}">'
        f'<meta property="og:description" content="{about}">'
        f'<meta property="og:url" content="{escape(url)}">'
        f'<meta name="description" content="{about}"><meta name="robots" content="noindex">'
    )
    return _page(language, title, f"<p>{about}</p>", title, head)


def _without_fields(parts: Sequence[Any]) -> str:
    return "".join(getattr(part, "text", "") for part in parts)


def _hours(targets: Sequence[Mapping[str, Any]], language: Language) -> list[str]:
    """The hours of the numbers, each once, in words."""
    found: dict[str, None] = {}
    for target in targets:
        for days, spans in (target.get("hours") or {}).items():
            found[f"{_days(str(days), language)}: {', '.join(map(str, spans))}"] = None
    return list(found)


def _days(written: str, language: Language) -> str:
    if written == "all":
        return _WORDS[language]["all"]
    names = [
        DAYS[language][_SHORT.index(day)] if day in _SHORT else day for day in written.split("-")
    ]
    return "–".join(names)


def _page(language: Language, title: str, body: str, heading: str = "", head: str = "") -> bytes:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>{head}'
        f"<style>{STYLE}</style></head><body><main><h1>{heading or title}</h1>{body}</main>"
        "</body></html>"
    ).encode()
