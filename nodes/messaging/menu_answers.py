"""Which option of a menu in text an answer means: "1", "1.", "satu", or the words of the option."""

import re
from collections.abc import Mapping, Sequence

from domain.keywords import How, Rule, RuleError, Rules
from domain.normalise import plain, squeeze

NUMBERS = (
    ("satu", "pertama", "kesatu", "one", "first", "siji"),
    ("dua", "kedua", "two", "second", "loro"),
    ("tiga", "ketiga", "three", "third", "telu"),
    ("empat", "keempat", "four", "fourth", "papat"),
    ("lima", "kelima", "five", "fifth", "limo"),
    ("enam", "keenam", "six", "sixth", "enem"),
    ("tujuh", "ketujuh", "seven", "seventh", "pitu"),
    ("delapan", "kedelapan", "eight", "eighth", "wolu"),
    ("sembilan", "kesembilan", "nine", "ninth", "songo"),
    ("sepuluh", "kesepuluh", "ten", "tenth"),
)
"""The words of a number that people type, 1 to 10."""

OPTIONS_MOST = len(NUMBERS)
ANSWER_CHARS_MOST = 200
"""A longer text is no choice from a menu."""

_LEAD = re.compile(
    r"^(?:(?:saya|aku|mau|pilih|pilihan|opsi|menu|nomor|nomer|no|nmr|yang|yg|option|number)\s+)*"
)
_TAIL = re.compile(r"(?:\s+(?:ya|kak|kk|min|gan|sis|dong|aja|saja|please|thanks|makasih))*$")


def chosen(text: str, options: Mapping[str, str], words: Mapping[str, Sequence[str]]) -> str | None:
    """The option (its port) that a message chooses; None when it is none of them, or several.

    `options` are port -> label in the order of the menu; `words` further words of a port.
    """
    if len(text) > ANSWER_CHARS_MOST:
        return None
    whole = plain(text)
    said = _TAIL.sub("", _LEAD.sub("", whole)) or whole
    ports = list(options)
    number = _number(said)
    if number is not None:
        return ports[number - 1] if 1 <= number <= len(ports) else None
    spellings = {port: _spellings(label, words.get(port, ())) for port, label in options.items()}
    exact = [port for port in ports if squeeze(said) in map(squeeze, spellings[port])]
    if exact:
        return exact[0] if len(exact) == 1 else None
    return _only(_named(said, spellings)) or _only(_part_of(said, spellings))


def is_exit(text: str, exit_words: Sequence[str]) -> bool:
    """Whether a message says one of the words that leave the menu, and nothing else."""
    said = squeeze(_TAIL.sub("", plain(text)))
    return bool(said) and said in {squeeze(plain(word)) for word in exit_words}


def _number(said: str) -> int | None:
    compact = said.replace(" ", "")
    if compact.isascii() and compact.isdecimal() and len(compact) <= 2:
        return int(compact)
    for index, words in enumerate(NUMBERS, start=1):
        if said in words:
            return index
    return None


def _spellings(label: str, words: Sequence[str]) -> list[str]:
    return [found for found in map(plain, (label, *words)) if found]


def _named(said: str, spellings: Mapping[str, Sequence[str]]) -> list[str]:
    """Options whose words stand in the answer, a slip or two forgiven."""
    try:
        rules = Rules(
            Rule(id=port, keywords=tuple(found), how=How.FUZZY, stop=False)
            for port, found in spellings.items()
            if found
        )
    except RuleError:  # a label that is a sign only can't be named, just numbered
        return []
    return [match.rule.id for match in rules.matches(said)]


def _part_of(said: str, spellings: Mapping[str, Sequence[str]]) -> list[str]:
    """Options that hold every word of it: "harga" for "Daftar harga", "ya" for "Ya, mau"."""
    asked = set(said.split())
    if not asked or max(map(len, asked)) < 3:
        return [
            port
            for port, found in spellings.items()
            if any(said == spelling.split()[0] for spelling in found)
        ]
    return [
        port
        for port, found in spellings.items()
        if any(asked <= set(spelling.split()) for spelling in found)
    ]


def _only(found: Sequence[str]) -> str | None:
    return found[0] if len(found) == 1 else None
