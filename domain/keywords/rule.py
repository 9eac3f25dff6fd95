"""One keyword rule, and what it means that a message meets it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """How a keyword is looked for. All but `REGEX` compare normalised texts."""

    EXACT = "exact"  # the whole message is the keyword
    WHOLE_WORD = "whole_word"  # as whole words; "harganya" counts for "harga", "menghargai" not
    CONTAINS = "contains"  # anywhere, also inside a longer word
    STARTS = "starts"  # the message begins with it, as whole words
    ENDS = "ends"  # the message ends with it, as whole words
    FUZZY = "fuzzy"  # whole words with a slip or two: 1 from 4 letters on, 2 from 9 on
    REGEX = "regex"  # an RE2 pattern, found anywhere, no difference between A and a

    @classmethod
    def _missing_(cls, value: object) -> How | None:
        name = str(value).lower()
        return next((how for how in cls if how.value == name), None)


class Need(StrEnum):
    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a shop.

    `need` says whether one of the `keywords` is enough. A message that holds one of the `unless`
    words (as whole words) does not meet the rule. Rules with a higher `priority` come first;
    equal ones keep their order. After a rule with `stop` no further rule is applied.
    """

    id: str
    keywords: tuple[str, ...]
    how: How = How.WHOLE_WORD
    need: Need = Need.ANY
    unless: tuple[str, ...] = ()
    priority: int = 0
    stop: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "keywords", tuple(self.keywords))
        object.__setattr__(self, "unless", tuple(self.unless))
        object.__setattr__(self, "how", How(self.how))
        object.__setattr__(self, "need", Need(self.need))


@dataclass(frozen=True, slots=True)
class Match:
    """A message meets `rule` because of `keyword` (as its owner wrote it).

    `found` is what stood in the message: normalised words, or of a pattern the text as it was
    written; `groups` and `named` are a pattern's groups.
    """

    rule: Rule
    keyword: str
    found: str
    groups: tuple[str | None, ...] = ()
    named: tuple[tuple[str, str | None], ...] = ()


class RuleError(ValueError):
    """A rule that can never work. `keyword` is the one at fault, or empty."""

    def __init__(self, rule_id: str, keyword: str, message: str, hint: str) -> None:
        self.rule_id = rule_id
        self.keyword = keyword
        self.message = message
        self.hint = hint
        super().__init__(rule_id, keyword, message, hint)

    def __str__(self) -> str:
        return f"rule {self.rule_id}: {self.message} {self.hint}"
