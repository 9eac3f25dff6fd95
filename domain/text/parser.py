"""From tokens to the tree, collecting every problem on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from domain.text.problems import Kind, Severity
from domain.text.scanner import Sign, Token, scan
from domain.text.tree import Choice, Field, Option, Part, Words

SOURCE_MAX_BYTES = 64 * 1024
DEPTH_MAX = 32
OPTIONS_MAX = 10_000

# `2:09:00 WIB` is a time with a weight: nobody writes seconds after an hour of one digit.
_TIME_OF_DAY = re.compile(
    r"(?![1-9]:(?:[01]\d|2[0-4]):[0-5]\d(?!\d))(?:[01]?\d|2[0-4]):[0-5]\d(?!\d)"
)
_WEIGHT = re.compile(r"([1-9]\d?):")
_NUMBER_AND_COLON = re.compile(r"\d+:")
_LAST_WORD_LINK = re.compile(r"(?:https?://|www\.)[^\s{}|/?#]*[/?#](?:[^\s{}|\\]|\\.)*\Z", re.I)
_NEXT_HAS_LINK = re.compile(r"[^|{}]{0,256}?(?:https?://|www\.)", re.I)
_TEMPLATE_TAG = re.compile(
    r"\{%[-+]?\s*(?:if|elif|else|endif|for|endfor|set|include|extends|block|macro|raw)\b"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at `[start, end)` of the source, before lines and columns are counted."""

    severity: Severity
    kind: Kind
    start: int
    end: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands in the source."""

    name: str
    start: int
    end: int


@dataclass(slots=True)
class Outcome:
    """What reading a source gave: the tree is only complete when no finding is an error."""

    parts: tuple[Part, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """A group that is still open; the outermost text is the group with `start` -1."""

    start: int
    option_start: int
    parts: list[Part] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    weight: int = 1
    fresh: bool = True  # nothing of the option was read yet: a weight may stand here
    only_child: tuple[int, int] | None = None  # the place of the last inner group


def read(source: str) -> Outcome:
    """The tree of `source` and everything that is wrong with it. Never raises."""
    outcome = Outcome()
    if len(source.encode("utf-8", "surrogatepass")) > SOURCE_MAX_BYTES:
        outcome.findings.append(
            Finding(
                Severity.ERROR,
                Kind.SOURCE_TOO_LONG,
                0,
                1,
                f"The text is longer than {SOURCE_MAX_BYTES // 1024} KiB.",
                "Shorten it; WhatsApp shows 4,096 characters without a 'read more'.",
            )
        )
        return outcome
    _Reader(source, outcome).run()
    outcome.findings.sort(key=lambda finding: (finding.start, finding.severity))
    return outcome


class _Reader:
    def __init__(self, source: str, outcome: Outcome) -> None:
        self.source = source
        self.outcome = outcome
        self.open = [_Group(start=-1, option_start=0, fresh=False)]
        self.options_count = 0

    def run(self) -> None:
        for token in scan(self.source):
            if not self._take(token):
                return
        for group in self.open[1:]:
            self._unclosed(group)
        self.outcome.parts = tuple(self.open[0].parts)

    def _take(self, token: Token) -> bool:
        """Add one token; False when a bound is passed and reading on makes no sense."""
        group = self.open[-1]
        match token.sign:
            case Sign.OPEN:
                group.fresh = False
                return self._open(token)
            case Sign.CLOSE:
                self._close(token)
            case Sign.BAR if group.start >= 0:
                return self._bar(group, token)
            case Sign.FIELD:
                group.fresh = False
                group.parts.append(Field(token.text, token.default))
                self.outcome.places.append(Place(token.text, token.start, token.end))
            case _:
                self._words(group, token)
        return True

    def _words(self, group: _Group, token: Token) -> None:
        text = token.text
        if group.fresh and token.sign is Sign.WORDS and token.problem is None:
            text = self._weight(group, token)
        group.fresh = False
        if token.problem is not None:
            self._not_a_field(token.problem, token)
        if not text:
            return
        if group.parts and isinstance(last := group.parts[-1], Words):
            group.parts[-1] = Words(last.text + text)
        else:
            group.parts.append(Words(text))

    def _weight(self, group: _Group, token: Token) -> str:
        """Take a weight off the start of an option; the rest of its words."""
        text = token.text
        if time := _TIME_OF_DAY.match(text):
            if time[0][1] == ":":
                self._find(
                    Severity.WARNING,
                    Kind.WEIGHT_OR_TIME,
                    token.start,
                    token.start + time.end(),
                    f"{time[0]} is read as a time of day, not as a weight.",
                    f"For a weight leave a space after the colon: {time[0][:2]} {time[0][2:]}.",
                )
            return text
        if weight := _WEIGHT.match(text):
            group.weight = int(weight[1])
            return text[weight.end() :]
        if number := _NUMBER_AND_COLON.match(text):
            self._find(
                Severity.WARNING,
                Kind.NOT_A_WEIGHT,
                token.start,
                token.start + number.end(),
                f"{number[0]} is read as text: a weight is a whole number from 1 to 99.",
                f"If the text is meant, write 1:{number[0]} (a weight of 1, then the text).",
            )
        return text

    def _open(self, token: Token) -> bool:
        if len(self.open) > DEPTH_MAX:
            self._find(
                Severity.ERROR,
                Kind.TOO_DEEP,
                token.start,
                token.end,
                f"Choices stand more than {DEPTH_MAX} deep inside each other.",
                "Take some of them out, next to each other.",
            )
            return False
        self.open.append(_Group(start=token.start, option_start=token.end))
        return self._count_option(token)

    def _bar(self, group: _Group, token: Token) -> bool:
        if self._bar_is_in_link(group, token):
            self._find(
                Severity.ERROR,
                Kind.BAR_IN_URL,
                token.start,
                token.end,
                "A bar inside a link would cut the link into two choices.",
                r"Write \| if it belongs to the link, or put a space before it if a new choice "
                "begins here.",
            )
        self._end_option(group, token.end)
        return self._count_option(token)

    def _close(self, token: Token) -> None:
        if len(self.open) == 1:
            self._find(
                Severity.ERROR,
                Kind.STRAY_BRACE,
                token.start,
                token.end,
                "This } closes nothing.",
                r"Remove it, open a choice with { before it, or write \} for a plain brace.",
            )
            return
        group = self.open.pop()
        self._end_option(group, token.end)
        parent = self.open[-1]
        parent.parts.append(Choice(tuple(group.options)))
        parent.only_child = (group.start, token.end)
        self._judge(group, token.end)

    def _judge(self, group: _Group, end: int) -> None:
        """Say what is wrong with a closed group."""
        options = group.options
        if self._is_template_syntax(group, end):
            findings = self.outcome.findings
            findings[:] = [known for known in findings if not group.start <= known.start < end]
            self._find(
                Severity.ERROR,
                Kind.TEMPLATE_SYNTAX,
                group.start,
                end,
                "Double braces and {% %} are not used in message text.",
                "Write [name] for a value of the contact, or {a|b} for a choice.",
            )
        elif end - group.start == 2:
            self._find(
                Severity.ERROR,
                Kind.EMPTY_GROUP,
                group.start,
                end,
                "There is nothing between { and }.",
                r"Write the choices, {a|b}, or \{\} for plain braces.",
            )
        elif len(options) == 1:
            self._find(
                Severity.WARNING,
                Kind.ONE_CHOICE,
                group.start,
                end,
                "There is only one choice here.",
                "Add another one, {a|b}; for a value of the contact write [name].",
            )
        elif not any(option.parts for option in options):
            self._find(
                Severity.WARNING,
                Kind.EMPTY_OPTIONS,
                group.start,
                end,
                "All choices here are empty.",
                "Write at least one of them: {Kak|}.",
            )

    def _is_template_syntax(self, group: _Group, end: int) -> bool:
        """`{{ name }}`, `{% if %}` or `{# note #}`; `{{a|b}|c}` and `{%5|%10}` are choices."""
        single = len(group.options) == 1
        if single and group.only_child == (group.start + 1, end - 1):
            return True
        sign = self.source[group.start + 1]
        if single and sign in "%#" and end - group.start > 3 and self.source[end - 2] == sign:
            return True
        return bool(_TEMPLATE_TAG.match(self.source, group.start))

    def _end_option(self, group: _Group, next_start: int) -> None:
        group.options.append(Option(group.weight, tuple(group.parts)))
        group.parts = []
        group.weight = 1
        group.fresh = True
        group.option_start = next_start

    def _count_option(self, token: Token) -> bool:
        self.options_count += 1
        if self.options_count <= OPTIONS_MAX:
            return True
        self._find(
            Severity.ERROR,
            Kind.TOO_MANY_OPTIONS,
            token.start,
            token.end,
            f"The text has more than {OPTIONS_MAX:,} choices.",
            "Remove some; a few dozen already make every message different.",
        )
        return False

    def _bar_is_in_link(self, group: _Group, token: Token) -> bool:
        """Whether the bar may belong to the link before it.

        It cannot when the link is a bare host, when space or a sign follows, or when the next
        option has a link of its own; and an author who escaped one bar of a link meant the next.
        """
        following = self.source[token.end : token.end + 1]
        if not following or following.isspace() or following in "|{}[":
            return False
        if _NEXT_HAS_LINK.match(self.source, token.end):
            return False
        before = self.source[group.option_start : token.start]
        words = before.split()
        if not words or before[-1:].isspace():
            return False
        link = _LAST_WORD_LINK.search(words[-1])
        return link is not None and r"\|" not in link[0]

    def _unclosed(self, group: _Group) -> None:
        hint = r"Close it with }, or write \{ for a plain brace."
        if self.source.startswith("{{", group.start):
            hint += " For a value of the contact write [name]."
        self._find(
            Severity.ERROR,
            Kind.UNCLOSED_BRACE,
            group.start,
            group.start + 1,
            "This { is never closed.",
            hint,
        )

    def _not_a_field(self, kind: Kind, token: Token) -> None:
        if kind is Kind.DEFAULT_NOT_PLAIN:
            self._find(
                Severity.ERROR,
                kind,
                token.start,
                token.end,
                "The default of a field is plain text: no choices, bars or fields in it.",
                r"Write one default, [name|Kak], or escape the signs: \{ \| \} \[ \].",
            )
        elif kind is Kind.NOT_A_FIELD:
            self._find(
                Severity.WARNING,
                kind,
                token.start,
                token.end,
                f"{_short(token.text)} is no field name and is sent as it stands.",
                r"Write \[ to say so; a field name begins with a letter: [name].",
            )
        else:
            self._find(
                Severity.WARNING,
                kind,
                token.start,
                token.end,
                "This [ is never closed and is sent as it stands.",
                r"Write \[ to say so, or close the field: [name].",
            )

    def _find(
        self, severity: Severity, kind: Kind, start: int, end: int, message: str, hint: str
    ) -> None:
        self.outcome.findings.append(Finding(severity, kind, start, end, message, hint))


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
