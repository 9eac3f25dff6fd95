"""Control characters: where they stand in a text, and how a message can show them."""

import re

_UNSEEN = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
_IN_LINES = re.compile(f"[{_UNSEEN}]")
_IN_A_LABEL = re.compile(f"[{_UNSEEN}\\t\\n\\r]")


def control_sign(text: str, *, lines: bool) -> str | None:
    """The first control character (or half of a surrogate pair) of a text, as U+0000, or None.

    With `lines` tabs and ends of lines are allowed.
    """
    found = (_IN_LINES if lines else _IN_A_LABEL).search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def readable(text: str) -> str:
    """The text with its control characters written out (<U+0000>); lines stay lines."""
    return _IN_LINES.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)
