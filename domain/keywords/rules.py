"""Many rules, compiled once, so that a message costs the same for ten rules as for ten thousand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ahocorasick

from domain.keywords.fuzzy import WORDS_MAX, NearWords, is_near
from domain.keywords.patterns import Pattern, PatternError, PatternSet
from domain.keywords.rule import How, Match, Need, Rule, RuleError
from domain.normalise import plain, run_lengths, squeeze, without_clitic

RULES_MAX = 20_000
KEYWORDS_MAX = 100_000
KEYWORD_MAX_CHARACTERS = 256
PATTERNS_MAX = 500
TEXT_MAX_CHARACTERS = 16 * 1024

_VARIATION_SIGN = "\N{VARIATION SELECTOR-16}"
_WORD_END = re.compile(r"\S*")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One keyword of one rule, as it is looked for. `number` -1 is an `unless` word."""

    rule: int
    number: int
    how: How
    spelling: str
    lengths: tuple[int, ...] | None  # when letters stand twice in the keyword itself


@dataclass(slots=True)
class _Message:
    """A message in the forms that the kinds of rules need."""

    text: str
    plain: str
    padded: str
    _lengths: list[int] | None = None

    @property
    def lengths(self) -> list[int]:
        if self._lengths is None:
            self._lengths = run_lengths(f" {self.plain} ")
        return self._lengths


Hits = dict[int, dict[int, str]]
"""What was found: rule -> keyword number -> the words in the message."""


class Rules:
    """A compiled set of rules; it does not change and may be shared between threads.

    `rules` may also be mappings with the keys of `Rule`.

    Raises: RuleError for the first rule that can never work (`check` gives them all).
    """

    def __init__(self, rules: Iterable[Rule | Mapping[str, Any]]) -> None:
        listed = [rule if isinstance(rule, Rule) else Rule(**rule) for rule in rules]
        errors = _bounds(listed)
        if errors:
            raise errors[0]
        self.rules = tuple(sorted(listed, key=lambda rule: -rule.priority))
        self._patterns: dict[int, list[Pattern]] = {}
        self._whole: dict[str, list[_Entry]] = {}
        self._signs: list[tuple[_Entry, str]] = []
        self._near_entries: dict[str, list[_Entry]] = {}
        found_inside: dict[str, list[_Entry]] = {}
        for index, rule in enumerate(self.rules):
            self._add(index, rule, found_inside)
        placed = [
            (index, pattern) for index, patterns in self._patterns.items() for pattern in patterns
        ]
        self._pattern_rules = [index for index, _ in placed]
        self._pattern_set = PatternSet([pattern for _, pattern in placed])
        self._near = NearWords(self._near_entries)
        self._automaton = _automaton(found_inside)

    def match(self, text: str) -> Match | None:
        """The first rule that the message meets, by priority."""
        return next(self._each(text), None)

    def matches(self, text: str) -> list[Match]:
        """Every rule that the message meets, by priority, for a trace."""
        return list(self._each(text))

    def until_stop(self, text: str) -> list[Match]:
        """The rules to apply: those met, up to and with the first that stops."""
        applied = []
        for match in self._each(text):
            applied.append(match)
            if match.rule.stop:
                break
        return applied

    def _add(self, index: int, rule: Rule, found_inside: dict[str, list[_Entry]]) -> None:
        if rule.how is How.REGEX:
            self._patterns[index] = [_pattern(rule, keyword) for keyword in rule.keywords]
        else:
            for number, keyword in enumerate(rule.keywords):
                self._add_keyword(index, rule, number, keyword, found_inside)
        for word in rule.unless:
            self._add_keyword(index, rule, -1, word, found_inside)

    def _add_keyword(
        self,
        index: int,
        rule: Rule,
        number: int,
        keyword: str,
        found_inside: dict[str, list[_Entry]],
    ) -> None:
        error = _keyword_error(rule, keyword)
        if error is not None:
            raise error
        words = plain(keyword)
        spelling = squeeze(words)
        lengths = None if spelling == words else tuple(run_lengths(words))
        how = rule.how if number >= 0 else How.WHOLE_WORD
        entry = _Entry(index, number, how, spelling, lengths)
        if not words:  # emoji and signs, which normalising takes away
            self._signs.append((entry, _visible(keyword)))
        elif how is How.EXACT:
            self._whole.setdefault(spelling, []).append(entry)
        elif how is How.FUZZY:
            self._near_entries.setdefault(spelling.split(" ", 1)[0], []).append(entry)
        else:
            found_inside.setdefault(spelling, []).append(entry)

    def _each(self, text: str) -> Iterator[Match]:
        text = text[:TEXT_MAX_CHARACTERS]
        words = plain(text)
        message = _Message(text, words, f" {squeeze(words)} ")
        hits: Hits = {}
        self._find_whole(message, hits)
        self._find_inside(message, hits)
        self._find_near(message, hits)
        self._find_signs(message, hits)
        fitting = {self._pattern_rules[place] for place in self._pattern_set.which(text)}
        for index in sorted({*hits, *fitting}):
            found = hits.get(index, {})
            if -1 in found:
                continue
            match = self._judge(index, found, text)
            if match is not None:
                yield match

    def _judge(self, index: int, found: dict[int, str], text: str) -> Match | None:
        rule = self.rules[index]
        if rule.how is How.REGEX:
            return _judge_patterns(rule, self._patterns[index], text)
        if not found or (rule.need is Need.ALL and len(found) < len(rule.keywords)):
            return None
        number = min(found)
        return Match(rule, rule.keywords[number], found[number])

    def _find_whole(self, message: _Message, hits: Hits) -> None:
        spelling = message.padded[1:-1]
        for entry in self._whole.get(spelling, ()):
            if _long_enough(entry, message, 1):
                _note(hits, entry, spelling)

    def _find_inside(self, message: _Message, hits: Hits) -> None:
        if self._automaton is None:
            return
        for end, entries in self._automaton.iter(message.padded):
            for entry in entries:
                start = end - len(entry.spelling) + 1
                if _fits(entry, message, start, end + 1) and _long_enough(entry, message, start):
                    _note(hits, entry, entry.spelling)

    def _find_near(self, message: _Message, hits: Hits) -> None:
        if not self._near_entries:
            return
        words = message.padded.split()
        known: dict[str, list[str]] = {}
        for at, word in enumerate(words):
            if word not in known:
                if len(known) == WORDS_MAX:
                    break
                known[word] = self._near_words(word)
            for near in known[word]:
                for entry in self._near_entries[near]:
                    wanted = entry.spelling.split()
                    written = words[at : at + len(wanted)]
                    if len(written) == len(wanted) and all(
                        map(_is_near_or_form, written[1:], wanted[1:])
                    ):
                        _note(hits, entry, " ".join(written))

    def _near_words(self, word: str) -> list[str]:
        found = self._near.find(word)
        base = without_clitic(word)
        if base is not None:
            found = list(dict.fromkeys([*found, *self._near.find(base)]))
        return found

    def _find_signs(self, message: _Message, hits: Hits) -> None:
        if not self._signs:
            return
        text = _visible(message.text)
        for entry, signs in self._signs:
            found = {
                How.EXACT: text == signs,
                How.STARTS: text.startswith(signs),
                How.ENDS: text.endswith(signs),
            }.get(entry.how, signs in text)
            if found:
                _note(hits, entry, signs)


def check(rules: Iterable[Rule]) -> list[RuleError]:
    """Everything that is wrong with the rules, in their order."""
    listed = list(rules)
    errors = _bounds(listed)
    for rule in listed:
        for keyword in (*rule.keywords, *rule.unless):
            error = _keyword_error(rule, keyword)
            if error is not None:
                errors.append(error)
        if rule.how is How.REGEX:
            for keyword in rule.keywords:
                try:
                    _pattern(rule, keyword)
                except RuleError as refusal:
                    errors.append(refusal)
    return errors


def first_match(text: str, keywords: Sequence[str], how: How | str = How.WHOLE_WORD) -> str | None:
    """The first of `keywords`, in their order, that `text` meets; as it is written there.

    Raises: RuleError when a keyword is empty or a pattern is refused.
    """
    match = _one_each(tuple(keywords), How(how)).match(text)
    return None if match is None else match.keyword


@lru_cache(maxsize=64)
def _one_each(keywords: tuple[str, ...], how: How) -> Rules:
    return Rules(Rule(str(number), (keyword,), how) for number, keyword in enumerate(keywords, 1))


def _judge_patterns(rule: Rule, patterns: list[Pattern], text: str) -> Match | None:
    first: Match | None = None
    for pattern in patterns:
        found = pattern.search(text)
        if found is None:
            if rule.need is Need.ALL:
                return None
            continue
        first = first or Match(rule, pattern.source, found.text, found.groups, found.named)
        if rule.need is Need.ANY:
            break
    return first


def _fits(entry: _Entry, message: _Message, start: int, end: int) -> bool:
    """Whether the place `[start, end)` of the padded text is what the kind of rule asks for."""
    if entry.how is How.CONTAINS:
        return True
    text = message.padded
    if text[start - 1] != " " or (entry.how is How.STARTS and start != 1):
        return False
    if text[end] != " ":
        rest = _WORD_END.match(text, end)
        assert rest is not None  # the pattern matches nothing, too
        word_start = text.rfind(" ", 0, end) + 1
        if without_clitic(text[word_start : rest.end()]) != text[word_start:end]:
            return False
        end = rest.end()
    return entry.how is not How.ENDS or end == len(text) - 1


def _long_enough(entry: _Entry, message: _Message, start: int) -> bool:
    """ "offf" is "off" drawn out, "of" is another word."""
    if entry.lengths is None:
        return True
    written = message.lengths[start : start + len(entry.lengths)]
    return all(map(int.__ge__, written, entry.lengths))


def _is_near_or_form(written: str, word: str) -> bool:
    base = without_clitic(written)
    return is_near(written, word) or (base is not None and is_near(base, word))


def _note(hits: Hits, entry: _Entry, found: str) -> None:
    hits.setdefault(entry.rule, {}).setdefault(entry.number, found)


def _automaton(found_inside: dict[str, list[_Entry]]) -> Any:
    """The Aho-Corasick automaton over all spellings, or None when there are none."""
    if not found_inside:
        return None
    automaton = ahocorasick.Automaton()
    for spelling, entries in found_inside.items():
        automaton.add_word(spelling, entries)
    automaton.make_automaton()
    return automaton


def _visible(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(_VARIATION_SIGN, "").strip()


def _pattern(rule: Rule, source: str) -> Pattern:
    try:
        return Pattern(source)
    except PatternError as refusal:
        raise RuleError(rule.id, source, refusal.message, refusal.hint) from None


def _keyword_error(rule: Rule, keyword: str) -> RuleError | None:
    if not _visible(keyword):
        return RuleError(rule.id, keyword, "A keyword is empty.", "Write it or remove it.")
    if len(keyword) > KEYWORD_MAX_CHARACTERS:
        message = f"A keyword is longer than {KEYWORD_MAX_CHARACTERS} characters."
        return RuleError(rule.id, keyword, message, "Shorten it.")
    return None


def _bounds(rules: list[Rule]) -> list[RuleError]:
    """Errors of the whole list, and of rules that have nothing to look for."""
    errors = [
        RuleError(rule.id, "", "The rule has no keywords.", "Add at least one.")
        for rule in rules
        if not rule.keywords
    ]
    counts = (
        ("rules", RULES_MAX, len(rules)),
        ("keywords", KEYWORDS_MAX, sum(len(rule.keywords) + len(rule.unless) for rule in rules)),
        (
            "patterns",
            PATTERNS_MAX,
            sum(len(rule.keywords) for rule in rules if rule.how is How.REGEX),
        ),
    )
    for what, most, count in counts:
        if count > most:
            message = f"There are {count:,} {what}; at most {most:,} are allowed."
            errors.append(RuleError(rules[-1].id, "", message, "Remove some."))
    return errors
