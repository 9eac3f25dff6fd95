"""Level schema: no keys or passwords in a document, and secrets named as slots that exist."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.check.report import Notebook
from flows.problems import Pointer, did_you_mean

_LOOKS_LIKE_A_KEY = re.compile(
    r"sk-[A-Za-z0-9_-]{16,}"  # OpenAI, DeepSeek, Anthropic and many who follow them
    r"|AIza[0-9A-Za-z_-]{30,}"  # Google
    r"|\bgsk_[A-Za-z0-9]{20,}"  # Groq
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bhf_[A-Za-z0-9]{30,}"
    r"|\b(SB-)?Mid-server-[A-Za-z0-9_-]{10,}"  # Midtrans
    r"|\bxnd_(production|development)_[A-Za-z0-9]{20,}"  # Xendit
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"  # JWT
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b[Bb]earer +[A-Za-z0-9._~+/-]{16,}"
    r"|://[^/\s:@]+:[^/\s:@]{3,}@"  # a password in an address
)
_NAMES = re.compile(
    r"(^|[_-])(api[_-]?key|secret|password|passwd|token|kata[_-]?sandi|authorization|x[_-]api[_-]key)$",
    re.IGNORECASE,
)
_LONG_WORD = re.compile(r"[A-Za-z0-9+/_=.-]{20,}")
_SLOT = re.compile(r"secret:([A-Za-z0-9_-]*)")


def check_secrets(raw: Mapping[str, Any], notebook: Notebook) -> None:
    """Messages never repeat what was found."""
    slots = raw.get("secrets")
    known = list(slots) if isinstance(slots, Mapping) else []
    for path, text in _strings(raw, ()):
        slot = _SLOT.fullmatch(text)
        if slot is not None and path[0] in ("nodes", "triggers"):
            if slot[1] not in known:
                notebook.error(
                    "unknown_secret",
                    path,
                    f"There is no secret slot '{slot[1]}'.",
                    did_you_mean(slot[1], known) or "Declare it under 'secrets:'.",
                )
            continue
        named = isinstance(path[-1], str) and _NAMES.search(path[-1]) is not None
        if _LOOKS_LIKE_A_KEY.search(text) or (named and _LONG_WORD.fullmatch(text)):
            notebook.error(
                "looks_like_secret",
                path,
                "This looks like a key or a password. It must not stand in a flow.",
                "Declare a slot under 'secrets:' and write 'secret:<slot>'. If it was shared "
                "already, have the provider replace it.",
            )


def _strings(value: Any, path: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        if path:
            yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strings(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _strings(inner, (*path, at))
