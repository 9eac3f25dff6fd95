"""Conditions: JsonLogic that an owner wrote, checked before it runs and bounded when it does."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import re2
from datalogic_py import CompileError, DataLogicError, Engine, Rule

from domain import phone
from domain.zones import WIB, UnknownZone, zone_of

MAX_DEPTH = 20
MAX_NODES = 500
MAX_STRING_CHARS = 64 * 1024
MAX_PATTERN_CHARS = 500
PATTERN_MEMORY_BYTES = 1 << 20

BUDGET = 10_000
"""Operations one evaluation may cost: a node, an item walked, or 64 characters moved."""

CLASSIC = frozenset(
    {"var", "missing", "missing_some", "if", "and", "or", "!", "!!", "==", "===", "!=", "!=="}
    | {"<", "<=", ">", ">=", "in", "cat", "substr", "some", "all", "none", "map", "filter"}
    | {"reduce", "merge", "max", "min", "+", "-", "*", "/", "%"}
)
OWN = frozenset({"matches", "phone_in", "tag", "between_time", "days_since"})
OPERATORS = CLASSIC | OWN
"""Everything a condition may use; what else the engine knows is refused."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a rule; `path` is a JSON Pointer (RFC 6901) into it."""

    path: str
    message: str
    hint: str = ""


class ConditionError(ValueError):
    """A condition that can't be compiled, or that failed on the values it met.

    `problems` holds everything wrong with the rule, or the one thing that went wrong in a run.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled rule; safe to keep and to share between threads."""

    rule: Rule
    reads: tuple[str, ...]

    def test(
        self,
        scope: Mapping[str, Any],
        *,
        now: datetime | None = None,
        zone: str = WIB,
        budget: int = BUDGET,
    ) -> bool:
        """Whether the rule holds for these values (JsonLogic's truth: "", 0, [] and null do not).

        `now` (aware) and `zone` serve `between_time` and `days_since`.
        Raises: ConditionError when an operator meets a value it can't use, or the budget is spent.
        """
        return _ENGINE.truthy(self._run(scope, now, zone, budget))

    def value(
        self,
        scope: Mapping[str, Any],
        *,
        now: datetime | None = None,
        zone: str = WIB,
        budget: int = BUDGET,
    ) -> Any:
        """What the rule gives, as a JSON value of at most MAX_STRING_CHARS characters.

        Raises: ConditionError, as `test` does.
        """
        result = self._run(scope, now, zone, budget)
        if len(result) > MAX_STRING_CHARS:
            raise _failed(f"the result is longer than {MAX_STRING_CHARS} characters")
        return json.loads(result)

    def _run(self, scope: Mapping[str, Any], now: datetime | None, zone: str, budget: int) -> str:
        moment = _Moment(scope, now, zone, budget)
        token = _MOMENT.set(moment)
        try:
            return _evaluated(self.rule, scope, budget)
        except DataLogicError as error:
            raise moment.error or _explained(error) from error
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise _failed("the values hold something a condition can't read") from error
        finally:
            _MOMENT.reset(token)


def check(rule: Any) -> list[Problem]:
    """Everything wrong with a rule, in the order it is written; empty when it can be compiled."""
    if not isinstance(rule, dict | bool):
        return [
            Problem(
                "",
                "a condition is an object with one operator, or true or false",
                'Write for example {"==": [{"var": "contact.city"}, "Bandung"]}.',
            )
        ]
    problems = list(_structure_problems(rule))
    if any(problem.message in _UNREADABLE for problem in problems):
        return problems
    known = {problem.path for problem in problems}
    try:
        found = _ENGINE.check(_text(rule), "strict")
    except (DataLogicError, ValueError, TypeError) as error:
        return problems or [Problem("", f"the rule can't be read: {error}")]
    for diagnostic in found:
        # An argument that is never looked at is only a warning there; here it is a mistake.
        wrong = diagnostic["severity"] == "error" or diagnostic["code"] == "ArgumentCount"
        if wrong and diagnostic["pointer"] not in known:
            message = diagnostic["message"].replace("`", '"')
            problems.append(Problem(diagnostic["pointer"], message))
    return problems


def compile(rule: Any) -> Condition:  # noqa: A001 - the name everyone expects, as in re.compile
    """The rule, ready to run. Raises: ConditionError with every problem `check` finds."""
    problems = check(rule)
    if problems:
        raise ConditionError(problems)
    try:
        return Condition(_ENGINE.compile_checked(_text(rule)), tuple(reads(rule)))
    except CompileError as error:
        raise ConditionError(
            [Problem(one["pointer"], one["message"]) for one in error.diagnostics]
        ) from error
    except (DataLogicError, ValueError) as error:
        raise _failed(f"the rule can't be compiled: {error}") from error


def reads(rule: Any) -> list[str]:
    """The paths a rule reads from the scope, as written, each once: "contact.city", "steps.ocr".

    Paths inside the body of `map`, `filter`, `reduce`, `some`, `all` and `none` are relative to
    the item and not among them; computed paths can't be known.
    """
    found: dict[str, None] = {}
    todo = [rule]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo += reversed(node)
        elif isinstance(node, dict):
            for operator, given in node.items():
                arguments = given if isinstance(given, list) else [given]
                for path in _paths(operator, arguments):
                    found[path] = None
                scoped = operator in _ITERATORS
                todo += reversed(arguments[:1] + arguments[2:] if scoped else arguments)
    return list(found)


@dataclass(slots=True)
class _Moment:
    """What our own operators need of the evaluation they run in."""

    scope: Mapping[str, Any]
    now: datetime | None
    zone: str
    left: int
    error: ConditionError | None = field(default=None)

    def charge(self, operations: int) -> None:
        self.left -= operations
        if self.left < 0:
            raise _failed(_TOO_MUCH)

    def local_now(self, operator: str) -> datetime:
        if self.now is None:
            raise _failed(f'"{operator}" needs the present time, and none was given')
        return self.now.astimezone(zone_of(self.zone))


_MOMENT: ContextVar[_Moment] = ContextVar("condition_moment")


def _evaluated(rule: Rule, scope: Mapping[str, Any], budget: int) -> str:
    try:
        return rule.evaluate_metered(scope, budget)[0]
    except DataLogicError as error:
        if error.error_type != "ParseError" and type(error).__name__ != "ParseError":
            raise
    # Times, decimals or huge numbers: rare, so only then are the values copied.
    return rule.evaluate_metered(_json_value(scope), budget)[0]


def _json_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json_value(one) for one in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # half an emoji is no text
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) >= 2**63):
        return float(value)
    return value


def _structure_problems(rule: Any) -> Iterator[Problem]:
    """What is wrong with the shape of a rule; walks no deeper and no further than the limits."""
    nodes = 0
    todo: list[tuple[str, Any, int]] = [("", rule, 1)]
    while todo:
        path, node, depth = todo.pop()
        nodes += 1
        if nodes > MAX_NODES:
            yield Problem(path, _TOO_MANY, "Split it into several conditions.")
            return
        if depth > MAX_DEPTH:
            yield Problem(path, _TOO_DEEP, "Split it into several conditions.")
            return
        if isinstance(node, dict):
            yield from _operator_problems(path, node)
            below = [
                (f"{path}/{_escaped(operator)}", given)
                for operator, given in node.items()
                if isinstance(operator, str)
            ]
            for place, given in reversed(below):
                if isinstance(given, list):
                    todo += reversed(
                        [(f"{place}/{i}", one, depth + 1) for i, one in enumerate(given)]
                    )
                else:
                    todo.append((place, given, depth + 1))
        elif isinstance(node, list):
            todo += reversed([(f"{path}/{i}", one, depth + 1) for i, one in enumerate(node)])
        else:
            yield from _literal_problems(path, node)


def _operator_problems(path: str, node: dict[Any, Any]) -> Iterator[Problem]:
    if len(node) != 1:
        names = ", ".join(f'"{key}"' for key in node) or "none"
        yield Problem(
            path,
            f"an object has exactly one operator; this one has {len(node)} ({names})",
            'To ask for several things at once, write {"and": [..., ...]}.',
        )
        return
    operator, given = next(iter(node.items()))
    if operator not in OPERATORS:
        yield Problem(path, f'there is no operator "{operator}"', _suggestion(operator))
    elif operator in OWN:
        arguments = given if isinstance(given, list) else [given]
        complaint = _OWN_CHECKS[operator](arguments)
        if complaint:
            yield Problem(path, f'"{operator}" {complaint}', _OWN_HINTS[operator])


def _literal_problems(path: str, value: Any) -> Iterator[Problem]:
    if isinstance(value, str):
        if len(value) > MAX_STRING_CHARS:
            yield Problem(path, f"a text has at most {MAX_STRING_CHARS} characters")
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        if abs(value) >= 2**63 or math.isnan(value):
            yield Problem(path, "a number must be finite and fit into 64 bits")
    else:
        kind = type(value).__name__
        yield Problem(path, f"a value of type {kind} is no JSON", "Put it in quotation marks.")


def _suggestion(operator: Any) -> str:
    if operator == "$":
        return 'Inside a condition, write {"var": "steps.pick.device"} instead of a reference.'
    if operator in _OTHER_NAMES:
        return f'Did you mean "{_OTHER_NAMES[operator]}"?'
    close = get_close_matches(str(operator).lower(), OPERATORS, 1, 0.6)
    if close:
        return f'Did you mean "{close[0]}"?'
    return f"Operators: {' '.join(sorted(OPERATORS))}."


def _paths(operator: Any, arguments: Sequence[Any]) -> Iterator[str]:
    if operator == "var" and arguments and isinstance(arguments[0], str):
        if arguments[0]:
            yield arguments[0]
    elif operator == "missing":
        yield from (one for one in arguments if isinstance(one, str))
    elif operator == "missing_some" and len(arguments) > 1 and isinstance(arguments[1], list):
        yield from (one for one in arguments[1] if isinstance(one, str))
    elif operator == "tag":
        yield "contact.tags"


def _explained(error: DataLogicError) -> ConditionError:
    steps = getattr(error, "path", None) or [{"json_pointer": ""}]
    path, operator = steps[-1]["json_pointer"], getattr(error, "operator", None)
    kind = getattr(error, "error_type", None)
    if kind == "BudgetExceeded":
        message = _TOO_MUCH
    elif operator and ("NaN" in str(error) or kind == "InvalidArguments"):
        message = (
            f'"{operator}" met a value it can\'t use: it works with numbers, and never divides by 0'
        )
    else:
        message = f"the condition failed: {error}"
    return ConditionError([Problem(path, message)])


def _failed(message: str) -> ConditionError:
    return ConditionError([Problem("", message)])


def _text(rule: Any) -> str:
    # As text, because the engine takes a Python string for JSON and not for a value.
    return json.dumps(rule, allow_nan=False)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


# --- our own operators --------------------------------------------------------------------------


def _matches(arguments: list[Any], moment: _Moment) -> bool:
    text = "" if arguments[0] is None else arguments[0]
    if isinstance(text, int | float):
        text = json.dumps(text)
    if not isinstance(text, str):
        raise _failed('"matches" looks into a text')
    moment.charge(len(text) // 64 + 1)
    if len(text) > MAX_STRING_CHARS:
        raise _failed(f'"matches" looks into at most {MAX_STRING_CHARS} characters')
    return _pattern(arguments[1]).search(text) is not None


def _phone_in(arguments: list[Any], moment: _Moment) -> bool:
    wanted, listed = arguments
    if listed is None:
        return False
    numbers = listed if isinstance(listed, list) else [listed]
    moment.charge(len(numbers) + 1)
    digits = _digits(wanted)
    return digits is not None and any(_digits(number) == digits for number in numbers)


def _tag(arguments: list[Any], moment: _Moment) -> bool:
    contact = moment.scope.get("contact")
    tags = contact.get("tags") if isinstance(contact, Mapping) else None
    if not isinstance(tags, list | tuple | set | frozenset):
        return False
    moment.charge(len(tags) + 1)
    have = {_folded(tag) for tag in tags}
    return any(_folded(name) in have for name in arguments)


def _between_time(arguments: list[Any], moment: _Moment) -> bool:
    local = moment.local_now("between_time")
    if len(arguments) > 2:
        local = local.astimezone(zone_of(arguments[2]))
    start, end = _clock(arguments[0]), _clock(arguments[1])
    minute = local.hour * 60 + local.minute
    if start <= end:
        return start <= minute < end
    return minute >= start or minute < end


def _days_since(arguments: list[Any], moment: _Moment) -> int | None:
    stamp = arguments[0]
    if stamp is None or stamp == "":
        return None
    local = moment.local_now("days_since")
    try:
        if isinstance(stamp, str) and len(stamp) == len("2026-11-23"):
            return (local.date() - date.fromisoformat(stamp)).days
        then = datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        raise _failed(f'"days_since" can\'t read {stamp!r} as a date or a time') from None
    if then.tzinfo is None:
        then = then.replace(tzinfo=zone_of(moment.zone))
    return (local - then).days


def _matches_complaint(arguments: list[Any]) -> str:
    if len(arguments) != 2 or not isinstance(arguments[1], str):
        return "takes a value and a pattern that is written out"
    if len(arguments[1]) > MAX_PATTERN_CHARS:
        return f"takes a pattern of at most {MAX_PATTERN_CHARS} characters"
    try:
        _pattern(arguments[1])
    except re2.error as error:
        reason = error.args[0] if error.args else error
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        return f"has a pattern that is wrong: {said}"
    except (ValueError, TypeError):
        return "has a pattern that can't be read"
    return ""


def _phone_in_complaint(arguments: list[Any]) -> str:
    if len(arguments) != 2:
        return "takes a phone number and a list of phone numbers"
    if isinstance(arguments[1], list):
        for number in arguments[1]:
            if isinstance(number, str | int | float) and _digits(number) is None:
                return f"has {number!r} in its list, which is no phone number"
    return ""


def _tag_complaint(arguments: list[Any]) -> str:
    good = arguments and all(isinstance(name, str) and name.strip() for name in arguments)
    return "" if good else "takes one or more names of tags"


def _between_time_complaint(arguments: list[Any]) -> str:
    if not 2 <= len(arguments) <= 3 or not all(isinstance(one, str) for one in arguments):
        return "takes two times of day, and perhaps a time zone"
    for one in arguments[:2]:
        if not _CLOCK.fullmatch(one.strip()):
            return f"has {one!r}, which is no time of day"
    if arguments[0].strip() == arguments[1].strip():
        return "takes two different times of day"
    if len(arguments) == 3:
        try:
            zone_of(arguments[2])
        except UnknownZone as error:
            return f"has a time zone that is wrong: {error}"
    return ""


def _days_since_complaint(arguments: list[Any]) -> str:
    return "" if len(arguments) == 1 else "takes one date or time"


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY_BYTES
    options.log_errors = False
    return re2.compile(pattern, options)


def _digits(number: Any) -> str | None:
    """The number without its spelling; None when it is none. A LID is no phone number."""
    if isinstance(number, bool) or not isinstance(number, str | int | float):
        return None
    return _digits_of(str(number))


@lru_cache(maxsize=4096)
def _digits_of(number: str) -> str | None:
    found = phone.parse(number)
    if isinstance(found, phone.Phone) and found.kind is not phone.PhoneKind.LID:
        return found.digits
    return None


def _folded(name: Any) -> str:
    return " ".join(str(name).casefold().split())


def _clock(text: str) -> int:
    hours, minutes = re.split(r"[:.]", text.strip())
    return int(hours) * 60 + int(minutes)


def _operator(work: Callable[[list[Any], _Moment], Any]) -> Callable[[str], str]:
    """`work` as the engine calls it: arguments and result as JSON text.

    The engine turns what a callback raises into text, so the error itself is kept aside.
    """

    def run(arguments: str) -> str:
        moment = _MOMENT.get()
        try:
            return json.dumps(work(json.loads(arguments), moment))
        except ConditionError as error:
            moment.error = error
            raise

    return run


_CLOCK = re.compile(r"([01]?[0-9]|2[0-3])[:.][0-5][0-9]")

_ITERATORS = frozenset({"map", "filter", "reduce", "some", "all", "none"})

_OTHER_NAMES = {
    "=": "==",
    "<>": "!=",
    "eq": "==",
    "ne": "!=",
    "not": "!",
    "&&": "and",
    "||": "or",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "?:": "if",
    "val": "var",
    "any": "some",
    "contains": "in",
    "concat": "cat",
    "regex": "matches",
    "match": "matches",
    "tags": "tag",
    "has_tag": "tag",
}

_TOO_DEEP = f"a condition is at most {MAX_DEPTH} levels deep"
_TOO_MANY = f"a condition has at most {MAX_NODES} parts"
_TOO_MUCH = "the condition does too much work for these values"
_UNREADABLE = frozenset({_TOO_DEEP, _TOO_MANY})

_OWN_CHECKS: dict[str, Callable[[list[Any]], str]] = {
    "matches": _matches_complaint,
    "phone_in": _phone_in_complaint,
    "tag": _tag_complaint,
    "between_time": _between_time_complaint,
    "days_since": _days_since_complaint,
}

_OWN_HINTS = {
    "matches": 'Write {"matches": [{"var": "trigger.text"}, "(?i)harga|price"]}.',
    "phone_in": 'Write {"phone_in": [{"var": "contact.phone"}, ["0812-3456-7890"]]}.',
    "tag": 'Write {"tag": "VIP"}, or {"tag": ["VIP", "Reseller"]} for any of them.',
    "between_time": 'Write {"between_time": ["08:00", "17:00"]}; it may cross midnight.',
    "days_since": 'Write {">": [{"days_since": {"var": "contact.last_seen"}}, 30]}.',
}

_ENGINE = Engine(
    families=[],
    strict_operator_names=True,
    # "abc" == 3 is false for everyone who writes a rule, and no reason to fail.
    config={"loose_equality_errors": False},
    custom_operators={
        "matches": _operator(_matches),
        "phone_in": _operator(_phone_in),
        "tag": _operator(_tag),
        "between_time": _operator(_between_time),
        "days_since": _operator(_days_since),
    },
)
