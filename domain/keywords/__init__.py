"""Keyword rules: which of a shop's rules a message meets, however it is spelled."""

from domain.keywords.patterns import (
    PATTERN_INPUT_MAX_BYTES,
    PATTERN_MAX_CHARACTERS,
    Found,
    Pattern,
    PatternError,
)
from domain.keywords.rule import How, Match, Need, Rule, RuleError
from domain.keywords.rules import Rules, check, first_match

__all__ = [
    "PATTERN_INPUT_MAX_BYTES",
    "PATTERN_MAX_CHARACTERS",
    "Found",
    "How",
    "Match",
    "Need",
    "Pattern",
    "PatternError",
    "Rule",
    "RuleError",
    "Rules",
    "check",
    "first_match",
]
