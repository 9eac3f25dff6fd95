"""Mends what engines mistake in Latin text: full-width signs, and a zero for an O in front."""

import re

FULL_WIDTH = {0xFF01 + at: 0x21 + at for at in range(94)} | {0x3000: " ", 0x3001: ",", 0x3002: "."}
"""Models made for Chinese too write `：` where Latin text has `:`."""
_ZERO_BEFORE_WORD = re.compile(r"(?<!\w)0(?=[a-wyz][a-z]{2})")
"""As in `0rder`. Never `0x1f`, `0km` or `05.30`."""


def mended(text: str) -> str:
    return _ZERO_BEFORE_WORD.sub("O", text.translate(FULL_WIDTH))
