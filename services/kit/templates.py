"""Templates that tenants write (`x-lang: jinja`): a part of Jinja, bounded in time and memory.

Nothing in it can repeat work: no loops, no calls, no variables, and every filter and operator
checks the size of its result before it makes it. So the cost of a template is bounded by the length
of its source, and it needs no process of its own to be killed in.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from jinja2 import ChainableUndefined, Template, Undefined, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from domain.text.clock_words import MONTHS

SOURCE_MAX_BYTES = 8 * 1024
OUTPUT_MAX_CHARS = 64 * 1024
NUMBER_MAX = 10**15
"""Larger numbers are no prices and no counts, and their powers take minutes."""
DEPTH_MAX = 40
NODES_MAX = 2_000
PRECISION_MAX = 10
CACHE_SIZE = 512

FILTERS = (
    "default",
    "upper",
    "lower",
    "title",
    "round",
    "length",
    "replace",
    "trim",
    "first",
    "last",
    "join",
    "int",
    "float",
    "rupiah",
    "tanggal",
)
TESTS = ("defined", "undefined", "none", "number", "string", "boolean", "odd", "even", "in")


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """What is wrong with a template; `code` is a stable word, `line` counts from 1."""

    code: str
    line: int
    message: str
    hint: str = ""


class TemplateError(ValueError):
    """A template that can't be compiled, or that failed on the values it met."""

    def __init__(self, problem: TemplateProblem) -> None:
        super().__init__(f"line {problem.line}: {problem.message}")
        self.problem = problem
        self.code = problem.code
        self.line = problem.line
        self.hint = problem.hint


def render(source: str, values: Mapping[str, Any]) -> str:
    """`source` with its fields filled in from `values`, which are plain data and never templates.

    A name that is not there gives an empty text; `{{ name|default('kak') }}` gives another one.
    Raises: TemplateError.
    """
    template = _compiled(source)
    if isinstance(template, TemplateProblem):
        raise TemplateError(template)
    pieces: list[str] = []
    room = OUTPUT_MAX_CHARS
    try:
        for piece in template.root_render_func(template.new_context(dict(values))):
            room -= len(piece)
            if room < 0:
                raise _TooMuch(f"the text would be longer than {OUTPUT_MAX_CHARS} characters")
            pieces.append(piece)
    except _TooMuch as error:
        raise TemplateError(TemplateProblem("too_long", 1, str(error))) from error
    except Exception as error:
        message = f"{type(error).__name__}: {error}"[:300]
        raise TemplateError(TemplateProblem("render_failed", 1, message)) from error
    return "".join(pieces)


def check(source: str) -> list[TemplateProblem]:
    """Everything that is wrong with a template, in the order of its text."""
    problems, _ = _read(source)
    if problems:
        return problems
    found = _compiled(source)
    return [found] if isinstance(found, TemplateProblem) else []


# --------------------------------------------------------------------------- reading

_PLAIN: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Concat,
    nodes.List,
    nodes.Tuple,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
)

_REFUSED: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.For: ("loops are not allowed", "Use a for-each step, or the join filter for a list."),
    nodes.Call: ("calls are not allowed", "Use a filter, such as {{ name|upper }}."),
    nodes.Pow: ("** is not allowed", "Work the number out in a step before."),
    nodes.Assign: ("set is not allowed", "Use a set-variables step."),
    nodes.AssignBlock: ("set is not allowed", "Use a set-variables step."),
    nodes.Slice: ("slices are not allowed", "Use first or last."),
    nodes.Macro: ("macros are not allowed", ""),
    nodes.Include: ("include is not allowed", ""),
    nodes.Import: ("import is not allowed", ""),
    nodes.FromImport: ("import is not allowed", ""),
    nodes.Extends: ("extends is not allowed", ""),
    nodes.Block: ("blocks are not allowed", ""),
    nodes.FilterBlock: ("filter blocks are not allowed", "Write {{ name|upper }}."),
}

_OTHER_NAMES = frozenset({"range", "lipsum", "cycler", "joiner", "namespace", "self", "loop"})


@lru_cache(maxsize=CACHE_SIZE)
def _compiled(source: str) -> Template | TemplateProblem:
    problems, tree = _read(source)
    if problems or tree is None:
        return problems[0]
    try:
        code = _ENVIRONMENT.compile(_Bounded().visit(tree))
        return Template.from_code(_ENVIRONMENT, code, dict(_ENVIRONMENT.globals))
    except (RecursionError, MemoryError, SyntaxError, ValueError, TypeError) as error:
        return TemplateProblem("not_compiled", 1, f"{type(error).__name__}: {error}"[:300])


def _read(source: str) -> tuple[list[TemplateProblem], nodes.Template | None]:
    if len(source.encode("utf-8", "surrogatepass")) > SOURCE_MAX_BYTES:
        return [
            TemplateProblem("too_long", 1, f"the template is longer than {SOURCE_MAX_BYTES} bytes")
        ], None
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        hint = "Every {{ needs a }} and every {% if %} an {% endif %}."
        return [TemplateProblem("syntax", error.lineno, error.message or "no template", hint)], None
    except RecursionError:
        return [TemplateProblem("too_deep", 1, f"nested deeper than {DEPTH_MAX}")], None
    except ValueError as error:  # a number with thousands of digits
        return [TemplateProblem("syntax", 1, str(error)[:200])], None
    problems = list(_checked(tree))
    return sorted(problems, key=lambda found: found.line), tree


def _checked(tree: nodes.Template) -> Iterator[TemplateProblem]:
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if depth > DEPTH_MAX:
            yield TemplateProblem("too_deep", node.lineno, f"nested deeper than {DEPTH_MAX}")
            return
        if seen > NODES_MAX:
            yield TemplateProblem("too_long", node.lineno, f"more than {NODES_MAX} parts")
            return
        problem = _problem(node)
        if problem is not None:
            yield problem
            continue
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _problem(node: nodes.Node) -> TemplateProblem | None:
    kind, line = type(node), node.lineno
    if kind not in _PLAIN:
        message, hint = _REFUSED.get(kind, (f"{kind.__name__.lower()} is not allowed", ""))
        return TemplateProblem("not_allowed", line, message, hint)
    if isinstance(node, nodes.Name) and (node.name in _OTHER_NAMES or node.name[:2] == "__"):
        return TemplateProblem("not_allowed", line, f"'{node.name}' is not allowed")
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        return TemplateProblem("not_allowed", line, f"'{node.attr}' is not allowed")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        hint = f"Filters: {', '.join(FILTERS)}."
        return TemplateProblem("unknown_filter", line, f"there is no filter '{node.name}'", hint)
    if isinstance(node, nodes.Filter) and (node.dyn_args or node.dyn_kwargs):
        return TemplateProblem("not_allowed", line, "* in the parts of a filter is not allowed")
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return TemplateProblem("unknown_test", line, f"there is no test '{node.name}'")
    if isinstance(node, nodes.Mul | nodes.Mod):
        for side in (node.left, node.right):
            if isinstance(side, nodes.Const) and isinstance(side.value, str):
                sign = "*" if isinstance(node, nodes.Mul) else "%"
                return TemplateProblem("not_allowed", line, f"{sign} works on numbers only")
    if (
        isinstance(node, nodes.Const)
        and isinstance(node.value, int | float)
        and not abs(node.value) <= NUMBER_MAX
    ):
        return TemplateProblem("too_large", line, "the number is too large")
    return None


class _Bounded(NodeTransformer):
    """Turns `a ~ b` into a join, which looks at the sizes before it makes the text."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "join", [], [], None, None, lineno=node.lineno)


# --------------------------------------------------------------------------- running


class _TooMuch(ValueError):
    """The result would be larger than any message."""


class _Environment(ImmutableSandboxedEnvironment):
    """Sees plain data only: names of mappings and places of lists, never attributes of objects."""

    intercepted_binops = frozenset({"*", "%", "//", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping):
            if argument in obj:
                return obj[argument]
        elif (
            isinstance(obj, list | tuple)
            and isinstance(argument, int)
            and -len(obj) <= argument < len(obj)
        ):
            return obj[argument]
        elif isinstance(obj, Undefined):
            return obj
        return self.undefined(obj=obj, name=str(argument))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _of_size(left, len(left) + len(right)) + right
        return super().call_binop(context, operator, _number(left), _number(right))


def _shown(value: Any) -> Any:
    """What `{{ value }}` puts into the text."""
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple | Mapping):
        raise ValueError("a list or an object can't be shown; name a part of it, or use join")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no plain value")


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("arithmetic works on numbers only")
    if not abs(value) <= NUMBER_MAX:
        raise _TooMuch("the number is too large")
    return value


def _of_size(text: str, chars: int) -> str:
    if chars > OUTPUT_MAX_CHARS:
        raise _TooMuch(f"the text would be longer than {OUTPUT_MAX_CHARS} characters")
    return text


def _text(value: Any) -> str:
    text = str(_shown(value))
    return _of_size(text, len(text))


def _default(value: Any, other: Any = "", empty_too: Any = True) -> Any:
    """The other value when there is none; a blank one counts as none, unlike Jinja's own."""
    if value is None or isinstance(value, Undefined):
        return other
    return other if empty_too and isinstance(value, str) and not value.strip() else value


def _replace(value: Any, old: Any, new: Any) -> str:
    text, old_text, new_text = _text(value), _text(old), _text(new)
    grown = text.count(old_text) * (len(new_text) - len(old_text))
    return _of_size(text, len(text) + grown).replace(old_text, new_text)


def _join(value: Any, between: Any = "") -> str:
    parts = [_text(part) for part in _items(value)]
    glue = _text(between)
    chars = sum(map(len, parts)) + len(glue) * len(parts)
    _of_size("", chars)
    return glue.join(parts)


def _items(value: Any) -> Sequence[Any]:
    if value is None or isinstance(value, Undefined):
        return ()
    if isinstance(value, list | tuple | str):
        return value
    raise TypeError("this filter takes a list")


def _length(value: Any) -> int:
    return len(value) if isinstance(value, Mapping) else len(_items(value))


def _first(value: Any) -> Any:
    items = _items(value)
    return items[0] if items else None


def _last(value: Any) -> Any:
    items = _items(value)
    return items[-1] if items else None


def _float(value: Any, other: float = 0.0) -> float:
    if isinstance(value, str):
        value = value.strip()[:40]
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return other
    return found if math.isfinite(found) else other


def _int(value: Any, other: int = 0) -> int:
    if isinstance(value, int):
        return int(value)
    found = _float(value, math.nan)
    return int(found) if abs(found) <= NUMBER_MAX else other


def _round(value: Any, precision: Any = 0) -> float:
    if not isinstance(precision, int) or not 0 <= precision <= PRECISION_MAX:
        raise ValueError(f"round takes 0 to {PRECISION_MAX} decimals")
    return round(_number(value), precision)


def _rupiah(value: Any) -> str:
    """150000 -> "Rp150.000"."""
    amount = _int(value if isinstance(value, int) else round(_float(value)))
    return f"{'-' if amount < 0 else ''}Rp{abs(amount):,}".replace(",", ".")


def _tanggal(value: Any) -> str:
    """A date, or a text that begins with one (2026-03-02), as "2 Maret 2026"."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise ValueError("tanggal takes a date like 2026-03-02") from error
    if not isinstance(value, date):
        return _text(value)
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def _environment() -> _Environment:
    environment = _Environment(
        autoescape=False,
        undefined=ChainableUndefined,
        keep_trailing_newline=True,
        finalize=_shown,
        cache_size=0,
    )
    own: dict[str, Callable[..., Any]] = {
        "default": _default,
        "upper": lambda value: _text(value).upper(),
        "lower": lambda value: _text(value).lower(),
        "title": lambda value: _text(value).title(),
        "trim": lambda value: _text(value).strip(),
        "round": _round,
        "length": _length,
        "replace": _replace,
        "first": _first,
        "last": _last,
        "join": _join,
        "int": _int,
        "float": _float,
        "rupiah": _rupiah,
        "tanggal": _tanggal,
    }
    environment.globals = {}
    environment.filters = own
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


_ENVIRONMENT = _environment()
