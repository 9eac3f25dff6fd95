"""What people type, brought to one spelling, so that texts can be compared."""

from __future__ import annotations

import re
import unicodedata

# Endings that are words of their own in Indonesian: "harganya" is "harga" + "nya". The short ones
# need a longer word before them, or "ka" + "mu" would be a form of a keyword "ka".
CLITIC_MIN_LETTERS = {"nya": 2, "ny": 3, "ku": 4, "mu": 4, "lah": 4, "kah": 4, "pun": 4}
_CLITIC_ENDINGS = tuple(CLITIC_MIN_LETTERS)

# Words that only look like a shorter word with such an ending.
_LOOKALIKES = """
    hanya punya tanya bertanya masalah sekolah bertemu ketemu berlaku pelaku perilaku mengaku
    selaku walaupun meskipun maupun ataupun bagaimanapun
"""
WHOLE_WORDS = frozenset(_LOOKALIKES.split())

_DOUBLE_LETTERS = re.compile(r"([^\W\d_])\1+")
_TRANSLATED_MAX = 8_192


class _Signs(dict[int, str | None]):
    """For `str.translate`: marks and joiners vanish, signs become spaces, the rest stays."""

    def __missing__(self, code: int) -> str | None:
        sign = chr(code)
        replacement: str | None
        if sign in "'`´‘’ʼ" or unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
            replacement = None
        else:
            replacement = sign if sign.isalnum() else " "
        if len(self) < _TRANSLATED_MAX:
            self[code] = replacement
        return replacement


_SIGNS = _Signs()


def plain(text: str) -> str:
    """`text` as lower-case words with one space between them.

    Compatibility forms are unfolded (NFKC), accents, emoji, punctuation and invisible signs are
    gone: "  𝗛arga,  BERAPA?? 🙏" becomes "harga berapa". May be empty.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    return " ".join(text.casefold().translate(_SIGNS).split())


def squeeze(plain_text: str) -> str:
    """Repeated letters as one: "hargaaa" becomes "harga", "maaf" becomes "maf"."""
    return _DOUBLE_LETTERS.sub(r"\1", plain_text)


def run_lengths(plain_text: str) -> list[int]:
    """How often each letter of `squeeze(plain_text)` stands in `plain_text`."""
    lengths: list[int] = []
    last = ""
    for sign in plain_text:
        if sign == last and sign.isalpha():
            lengths[-1] += 1
        else:
            lengths.append(1)
        last = sign
    return lengths


def without_clitic(word: str) -> str | None:
    """The word before an ending such as -nya, or None when there is no such ending."""
    if not word.endswith(_CLITIC_ENDINGS) or word in WHOLE_WORDS:
        return None
    for ending, letters_min in CLITIC_MIN_LETTERS.items():
        if word.endswith(ending) and len(word) - len(ending) >= letters_min:
            return word[: -len(ending)]
    return None
