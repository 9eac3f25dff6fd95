"""What can be wrong with a keyword rule: everything at once, each with its field."""

from collections.abc import Sequence
from datetime import date

from domain.keywords import RuleError, check
from domain.keywords.rules import PATTERNS_MAX, RULES_MAX
from domain.text import TextError, parse
from domain.text import check as check_text
from domain.text.problems import Severity
from domain.windows import WindowError
from services.auto_replies.models import AutoReply
from services.auto_replies.rules import hours_of, keyword_rule
from services.auto_replies.words import Action, MatchType
from services.kit.errors import FieldProblem


def problems(row: AutoReply, devices: frozenset[str]) -> list[FieldProblem]:
    """Everything that is wrong with a rule itself; media is looked up elsewhere."""
    return [
        *_of_keywords(row),
        *_of_reply(row),
        *_of_devices(row.devices, devices),
        *_of_schedule(row),
    ]


def of_counts(row: AutoReply, rules: int, patterns: int) -> list[FieldProblem]:
    """Whether the tenant has room for it beside so many others."""
    found = []
    if rules >= RULES_MAX:
        message = f"There are {rules:,} rules; at most {RULES_MAX:,} are allowed."
        found.append(FieldProblem("keyword", message, "Delete some."))
    if row.match_type == MatchType.REGEX and patterns + 1 + len(row.keywords) > PATTERNS_MAX:
        message = f"There are {patterns:,} patterns; at most {PATTERNS_MAX:,} are allowed."
        found.append(FieldProblem("match_type", message, "Use whole words where they do."))
    return found


def _of_keywords(row: AutoReply) -> list[FieldProblem]:
    keywords = [row.keyword, *row.keywords]
    rule = keyword_rule("new", keywords, row.match_type, row.need, row.unless)
    found = []
    for problem in check([rule]):
        found.append(FieldProblem(_place(problem, row), problem.message, problem.hint))
    doubles = {word for word in keywords if keywords.count(word) > 1}
    found += [
        FieldProblem(f"keywords.{index}", "This keyword comes twice.", "Remove one of them.")
        for index, word in enumerate(row.keywords)
        if word in doubles and (word == row.keyword or word in row.keywords[:index])
    ]
    return found


def _place(problem: RuleError, row: AutoReply) -> str:
    """The field a keyword stands in; the first one when it stands in several."""
    if problem.keyword == row.keyword:
        return "keyword"
    for name, words in (("keywords", row.keywords), ("unless", row.unless)):
        if problem.keyword in words:
            return f"{name}.{words.index(problem.keyword)}"
    return "keyword"


def _of_reply(row: AutoReply) -> list[FieldProblem]:
    if not row.response_text.strip() and row.media_url is None:
        if row.action == Action.HANDOVER:
            return []
        return [
            FieldProblem("response_text", "The rule has no answer.", "Write one or choose a file.")
        ]
    found = [
        FieldProblem(f"response_text:{one.line}:{one.column}", one.message, one.hint)
        for one in check_text(row.response_text)
        if one.severity is Severity.ERROR
    ]
    if found:
        return found
    try:
        parse(row.response_text)
    except TextError as problem:
        place = f"response_text:{problem.line}:{problem.column}"
        return [FieldProblem(place, problem.message, problem.hint)]
    return []


def _of_devices(wanted: Sequence[str], devices: frozenset[str]) -> list[FieldProblem]:
    return [
        FieldProblem(f"devices.{index}", "There is no such device.", "Choose one of yours.")
        for index, name in enumerate(wanted)
        if name not in devices
    ]


def _of_schedule(row: AutoReply) -> list[FieldProblem]:
    found = []
    hours, first, last = (row.schedule.get(name) for name in ("hours", "from", "until"))
    if hours:
        try:
            hours_of(hours)
        except WindowError as problem:
            found.append(FieldProblem("schedule.hours", str(problem)))
    if first and last and date.fromisoformat(first) > date.fromisoformat(last):
        found.append(
            FieldProblem("schedule.until", "It ends before it begins.", "Swap the two days.")
        )
    return found
