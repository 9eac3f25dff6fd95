"""What a plain word of YAML means in a flow document, and which texts need quotes to stay texts."""

import math
import re

import yaml

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_OTHER_INTEGER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_YAML_1_1_WORDS = frozenset({"y", "Y", "n", "N", "=", "<<"})

INTEGER_MAX = 2**63 - 1
"""Conditions cannot hold more; phone numbers (15 digits) fit."""

_yaml_1_1 = yaml.resolver.Resolver()


def typed(word: str) -> str | int | float | bool | None:
    """The value of an unquoted word: YAML 1.2's core types, with one difference.

    Digits with a zero in front (`0812...`, a phone) stay text, where YAML 1.1 reads an octal
    number and YAML 1.2 loses the zero. Raises: ValueError for NaN, infinity and integers beyond
    64 bits, which JSON or conditions cannot hold.
    """
    if word in _NULL:
        return None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    if word[0] not in "-+.0123456789":
        return word
    if _NOT_FINITE.fullmatch(word):
        raise ValueError(f"'{word}' is no number that can be stored")
    if _INTEGER.fullmatch(word) or _OTHER_INTEGER.fullmatch(word):
        number = int(word) if len(word) <= 40 and "x" not in word and "o" not in word else None
        if number is None and len(word) <= 40:
            number = int(word, 0)
        if number is None or abs(number) > INTEGER_MAX:
            raise ValueError(f"'{word[:24]}' has too many digits for a number")
        return number
    if _FLOAT.fullmatch(word) and not re.match(r"[-+]?0[0-9]+$", word):
        value = float(word)
        if not math.isfinite(value):
            raise ValueError(f"'{word[:24]}' is too large for a number")
        return value
    return word


def needs_quotes(text: str) -> bool:
    """Whether a reader of YAML 1.1 or 1.2 would take this text, unquoted, for something else."""
    if text in _YAML_1_1_WORDS or not text:
        return True
    try:
        if typed(text) != text:
            return True
    except ValueError:
        return True
    if text[0].isdecimal() or text[0] in "-+.":
        return bool(re.fullmatch(r"[-+.]?[0-9][-+0-9_.,:eExXoObBa-fA-FtTzZ ]*", text)) or (
            _tag(text) != "tag:yaml.org,2002:str"
        )
    return _tag(text) != "tag:yaml.org,2002:str"


def _tag(text: str) -> str:
    return str(_yaml_1_1.resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]
