"""A compiled flow: everything about a document that does not change from run to run."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from flows.document import Document, NodeDoc, Retry
from flows.engine.forms import form_schema, language_of, secret_names
from flows.engine.keeping import steps_read
from flows.engine.values import Compiled, Getter, NotHere, compile_value
from nodes import catalogue
from nodes.contract import Answer, Context, Go, Join, NodeError, NodeKind, Params

Finder = Callable[[str], NodeKind | None]
Run = Callable[..., Answer]

STEP_LIMIT = 10_000
"""Node steps of one run, over its whole life; more is a flow that runs away."""

PASSING_PORTS = frozenset({"ok", "next", "each", "done", "match", "matched", "clear", "replied"})
"""Ways out that mean "all went well" on every kind."""


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Why a document can't be compiled; `path` is a JSON pointer into it."""

    code: str
    path: str
    message: str
    hint: str = ""
    node: str | None = None


class PlanError(ValueError):
    """The document can't be run. `problems` holds every reason."""

    def __init__(self, problems: Iterable[PlanProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{found.path} {found.message}" for found in self.problems))


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node, bound: its form, its inputs and where each port leads."""

    id: str
    kind: NodeKind
    run: Run
    simulate: Run
    params: Params | None
    """Bound once; None when a field is only known at run time: then `bind` makes them."""
    bind: Callable[[Mapping[str, Any]], Params] | None
    constants: Mapping[str, Any]
    inputs: tuple[tuple[str, Getter, bool], ...]
    """Name, getter, and whether the input must be there (else None means its default)."""
    next: Mapping[str, str]
    branches: Mapping[str, tuple[str, ...]]
    """Ports with several targets; such a port is not in `next`."""
    joins: Mapping[str, str | None]
    """Where the branches of such a port meet again."""
    within: str | None
    passing: frozenset[str]
    """Ways out that mean all went well: a path may end there."""
    through: str
    """The way out of a node that is passed over: disabled, or failed with on_error: continue."""
    on_error: str
    retry: Retry | None
    timeout_s: float
    queue: str | None
    priority: str | None
    gap: tuple[float, float] | Getter | None
    keeps: bool
    """Whether some step reads this one's outputs."""
    live: frozenset[str]
    """The steps that may still be read once this node stands still."""
    secrets: frozenset[str]
    save: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One way in."""

    id: str
    kind: NodeKind
    params: Params | None
    values: Mapping[str, Any]
    """The trigger's `with` with parameters inlined."""
    targets: tuple[str, ...]
    join: str | None
    disabled: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A document with its parameters, ready to run. Immutable; one serves any number of runs."""

    id: str
    kind: str
    mode: str
    params: Mapping[str, Any]
    vars: Mapping[str, Any]
    entries: Mapping[str, Entry]
    nodes: Mapping[str, PlanNode]
    body_reads: Mapping[str, frozenset[str]]
    """Per container: the steps its body reads, which its elements are given along."""
    outputs: Getter | None
    step_limit: int = STEP_LIMIT
    duration_s: float | None = None
    secret_params: frozenset[str] = field(default_factory=frozenset)


def compile_plan(
    document: Document,
    params: Mapping[str, Any] | None = None,
    *,
    find: Finder = catalogue.find,
) -> Plan:
    """The plan of a document whose parameters are filled in with `params`.

    Costs milliseconds: keep it by (content hash, hash of the parameters).
    Raises: PlanError with every problem found.
    """
    problems: list[PlanProblem] = []
    filled = fill_params(document, params or {}, problems)
    compiler = _Compiler(document, filled, find, problems)
    plan = compiler.plan()
    if problems:
        raise PlanError(problems)
    return plan


def fill_params(
    document: Document, given: Mapping[str, Any], problems: list[PlanProblem]
) -> dict[str, Any]:
    """`given` with the defaults of the document's `params`; what is wrong goes to `problems`."""
    schema = document.params or {}
    properties = schema.get("properties") or {}
    filled = {
        name: form["default"]
        for name, form in properties.items()
        if isinstance(form, Mapping) and "default" in form
    }
    filled.update({name: value for name, value in given.items() if value is not None})
    if not schema:
        return filled
    from jsonschema import Draft202012Validator  # slow to import, only needed here

    for error in Draft202012Validator({**schema, "type": "object"}).iter_errors(filled):
        path = "/".join(str(part) for part in error.absolute_path)
        problems.append(
            PlanProblem(
                "bad_param",
                f"/params/{path}".rstrip("/"),
                error.message[:300],
                "Fill in this parameter, or give it a default.",
            )
        )
    return filled


class _Compiler:
    """Holds what the parts of one compilation share."""

    def __init__(
        self,
        document: Document,
        params: Mapping[str, Any],
        find: Finder,
        problems: list[PlanProblem],
    ) -> None:
        self.document = document
        self.params = params
        self.find = find
        self.problems = problems
        self.kinds: dict[str, NodeKind] = {}

    def plan(self) -> Plan:
        document = self.document
        for node_id, spec in document.nodes.items():
            kind = self._kind(spec.type, f"/nodes/{node_id}/type", node_id)
            if kind is not None:
                self.kinds[node_id] = kind
        entries = self._entries()
        self._check_targets()
        outputs = self._outputs()
        reads = self._reads()
        known = frozenset(document.nodes)
        result_reads = steps_read(document.outputs or {}, known)
        read = result_reads.union(*reads.values())
        nodes: dict[str, PlanNode] = {}
        for node_id, spec in document.nodes.items():
            if node_id in self.kinds:
                live = self._live(node_id, reads) | result_reads
                node = self._node(node_id, spec, node_id in read, live)
                if node is not None:
                    nodes[node_id] = node
        return Plan(
            id=document.id,
            kind=document.kind,
            mode=document.mode,
            params=dict(self.params),
            vars=self._inline(document.vars),
            entries=entries,
            nodes=nodes,
            body_reads=self._body_reads(reads),
            outputs=outputs,
            step_limit=document.limits.steps or STEP_LIMIT,
            duration_s=document.limits.duration_s,
            secret_params=secret_names(document.params),
        )

    # ------------------------------------------------------------------ parts

    def _entries(self) -> dict[str, Entry]:
        entries = {}
        for trigger_id, spec in self.document.triggers.items():
            base = f"/triggers/{trigger_id}"
            kind = self._kind(spec.type, f"{base}/type", None)
            if kind is None:
                continue
            fields, unfilled = self._fields(kind, spec.with_, base, None)
            values: dict[str, Any] = {}
            disabled = spec.disabled
            for name, found in fields.items():
                if found.get is None:
                    values[name] = found.constant
                else:
                    self._problem(
                        "dynamic_trigger",
                        f"{base}/with/{name}",
                        "a trigger is set up before a run exists",
                        "Use a literal or {$: params...}.",
                    )
            params: Params | None = None
            try:
                params = kind.params.model_validate(
                    {name: value for name, value in values.items() if name not in kind.inputs}
                )
            except ValidationError as error:
                if unfilled:
                    disabled = True  # an optional parameter was left out: this way in is closed
                else:
                    self._invalid(error, f"{base}/with", None)
            entries[trigger_id] = Entry(
                id=trigger_id,
                kind=kind,
                params=params,
                values=values,
                targets=tuple(target for target in spec.next if target in self.document.nodes),
                join=self._join(spec.next, None) if len(spec.next) > 1 else None,
                disabled=disabled,
            )
        return entries

    def _node(
        self, node_id: str, spec: NodeDoc, keeps: bool, live: frozenset[str]
    ) -> PlanNode | None:
        kind = self.kinds[node_id]
        base = f"/nodes/{node_id}"
        run, simulate = kind.run, kind.simulate
        params: Params | None = None
        bind: Callable[[Mapping[str, Any]], Params] | None = None
        constants: dict[str, Any] = {}
        inputs: list[tuple[str, Getter, bool]] = []
        if spec.disabled:
            run = simulate = _pass_by(_through(kind, spec))
            params = Params()
        else:
            before = len(self.problems)
            fields, _ = self._fields(kind, spec.with_, base, node_id)
            form: dict[str, Compiled] = {}
            for name, found in fields.items():
                if name not in kind.inputs:
                    form[name] = found
                elif found.get is None:
                    constants[name] = found.constant
                else:
                    inputs.append((name, found.get, name in kind.required_inputs))
            for name in sorted(kind.required_inputs - set(fields)):
                self._problem(
                    "missing_input",
                    f"{base}/with",
                    f"{name} is missing",
                    f"Give {name} a value or a reference.",
                    node_id,
                )
            if len(self.problems) > before:
                return None
            params, bind = self._form(kind, form, base, node_id)
            if params is None and bind is None:
                return None
        next_one = {port: targets[0] for port, targets in spec.next.items() if len(targets) == 1}
        branches = {port: targets for port, targets in spec.next.items() if len(targets) > 1}
        passing = PASSING_PORTS
        if kind.ports_from is None and kind.gives:
            passing = passing | {kind.gives[0]}
        return PlanNode(
            id=node_id,
            kind=kind,
            run=run,
            simulate=simulate,
            params=params,
            bind=bind,
            constants=constants,
            inputs=tuple(inputs),
            next=next_one,
            branches=branches,
            joins={
                port: self._join(targets, self.document.nodes[targets[0]].within)
                for port, targets in branches.items()
                if all(target in self.document.nodes for target in targets)
            },
            within=spec.within,
            passing=passing,
            through=_through(kind, spec),
            on_error=spec.on_error,
            retry=spec.retry,
            timeout_s=kind.timeout_s if spec.timeout_s is None else spec.timeout_s,
            queue=None if spec.disabled else kind.queue,
            priority=spec.priority,
            gap=self._gap(spec, base, node_id),
            keeps=keeps,
            live=live,
            secrets=secret_names(form_schema(kind.params)),
            save=spec.save,
        )

    def _fields(
        self, kind: NodeKind, values: Mapping[str, Any], base: str, node_id: str | None
    ) -> tuple[dict[str, Compiled], bool]:
        """The fields of `with` compiled; and whether a parameter they name was left out."""
        found: dict[str, Compiled] = {}
        unfilled = False
        for name, value in values.items():
            try:
                compiled = compile_value(value, self.params, language_of(kind, name))
            except NotHere as error:
                self._problem("dynamic_condition", f"{base}/with/{name}", str(error), "", node_id)
                continue
            except ValueError as error:
                self._problem("bad_reference", f"{base}/with/{name}", str(error), "", node_id)
                continue
            if compiled.get is None and compiled.constant is None and compiled.from_params:
                unfilled = True
                continue
            found[name] = compiled
        return found, unfilled

    def _form(
        self, kind: NodeKind, form: Mapping[str, Compiled], base: str, node_id: str
    ) -> tuple[Params | None, Callable[[Mapping[str, Any]], Params] | None]:
        constants = {name: part.constant for name, part in form.items() if part.get is None}
        dynamic = [(name, part.get) for name, part in form.items() if part.get is not None]
        if dynamic:
            return None, _binder(kind.params, constants, dynamic)
        try:
            return kind.params.model_validate(constants), None
        except ValidationError as error:
            self._invalid(error, f"{base}/with", node_id)
            return None, None

    def _gap(self, spec: NodeDoc, base: str, node_id: str) -> tuple[float, float] | Getter | None:
        if spec.pace is None or (spec.pace.min_s is None and spec.pace.max_s is None):
            return None
        parts = [
            compile_value(value, self.params, lambda path: None)
            for value in (spec.pace.min_s, spec.pace.max_s)
        ]
        if all(part.get is None for part in parts):
            try:
                return _gap_of([part.constant for part in parts])
            except NodeError as error:
                self._problem("bad_pace", f"{base}/pace", error.message, "", node_id)
                return None
        return lambda scope: _gap_of(
            [part.constant if part.get is None else part.get(scope) for part in parts]
        )

    def _outputs(self) -> Getter | None:
        if not self.document.outputs:
            return None
        found = compile_value(self.document.outputs, self.params, lambda path: None)
        constant = found.constant
        return found.get or (lambda scope: constant)

    def _inline(self, value: Any) -> Any:
        """`value` with references into `params` replaced; ill-formed ones are left as they are."""
        from flows.references import is_reference, look_up, parse

        if is_reference(value):
            try:
                paths = parse(value).paths
            except ValueError:
                return value
            if all(path == "params" or path.startswith("params.") for path in paths):
                for path in paths:
                    found = look_up(path, {"params": self.params})
                    if found is not None:
                        return found
                return None
            return value
        if isinstance(value, Mapping):
            return {key: self._inline(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._inline(inner) for inner in value]
        return value

    def _reads(self) -> dict[str, frozenset[str]]:
        """The steps each node reads, parameters put in first: a parameter may hold a template."""
        known = frozenset(self.document.nodes)
        return {
            node_id: steps_read(
                [self._inline(spec.with_), spec.pace and [spec.pace.min_s, spec.pace.max_s]], known
            )
            for node_id, spec in self.document.nodes.items()
        }

    def _live(self, node_id: str, reads: Mapping[str, frozenset[str]]) -> frozenset[str]:
        """What nodes that may run after this one read; its own too when it may try again."""
        nodes = self.document.nodes
        seen: set[str] = {node_id} if nodes[node_id].retry else set()
        queue = [node_id]
        while queue:
            spec = nodes[queue.pop()]
            after = [target for targets in spec.next.values() for target in targets]
            if spec.within is not None:
                after.append(spec.within)  # a repeat comes round again
            for target in after:
                if target in nodes and target not in seen:
                    seen.add(target)
                    queue.append(target)
        return frozenset[str]().union(*(reads[found] for found in seen))

    def _body_reads(self, reads: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
        bodies: dict[str, frozenset[str]] = {}
        for node_id in self.document.nodes:
            for container in self._around(node_id):
                bodies[container] = bodies.get(container, frozenset()) | reads[node_id]
        return bodies

    # ------------------------------------------------------------------ graph

    def _around(self, node_id: str) -> list[str]:
        """The containers around a node, innermost first."""
        found: list[str] = []
        inside = self.document.nodes[node_id].within
        while inside is not None and inside in self.document.nodes and inside not in found:
            found.append(inside)
            inside = self.document.nodes[inside].within
        return found

    def _check_targets(self) -> None:
        nodes = self.document.nodes
        for trigger_id, trigger in self.document.triggers.items():
            for target in trigger.next:
                self._check_target(target, None, f"/triggers/{trigger_id}/next", None)
        for node_id, spec in nodes.items():
            if spec.within is not None:
                kind = self.kinds.get(spec.within)
                if spec.within not in nodes or (kind is not None and not kind.container):
                    self._problem(
                        "bad_within",
                        f"/nodes/{node_id}/within",
                        f"'{spec.within}' is no container",
                        "Name a for-each or repeat node.",
                        node_id,
                    )
            kind = self.kinds.get(node_id)
            for port, targets in spec.next.items():
                body = kind is not None and kind.container and port == "each"
                for target in targets:
                    self._check_target(
                        target,
                        node_id if body else spec.within,
                        f"/nodes/{node_id}/next/{port}",
                        node_id,
                    )

    def _check_target(self, target: str, within: str | None, path: str, node: str | None) -> None:
        spec = self.document.nodes.get(target)
        if spec is None:
            self._problem("no_target", path, f"there is no node '{target}'", "", node)
        elif spec.within != within:
            place = f"inside '{within}'" if within else "outside every container"
            self._problem(
                "wrong_container",
                path,
                f"'{target}' must stand {place}",
                f"Set within of '{target}', or lead this port elsewhere.",
                node,
            )

    def _join(self, targets: tuple[str, ...], within: str | None) -> str | None:
        """The nearest join that every one of these branches can reach, or None."""
        reached = [self._joins_from(target, within) for target in targets]
        shared = set(reached[0]).intersection(*reached[1:])
        return min(
            shared, key=lambda found: (max(each[found] for each in reached), found), default=None
        )

    def _joins_from(self, start: str, within: str | None) -> dict[str, int]:
        """The joins reachable from a node without entering or leaving a container, by distance."""
        distance = {start: 0}
        queue = deque([start])
        found: dict[str, int] = {}
        while queue:
            node_id = queue.popleft()
            spec = self.document.nodes.get(node_id)
            if spec is None or spec.within != within:
                continue
            kind = self.kinds.get(node_id)
            if kind is not None and not spec.disabled and _answers_join(kind.run):
                found[node_id] = distance[node_id]
                continue
            for targets in spec.next.values():
                for target in targets:
                    if target not in distance:
                        distance[target] = distance[node_id] + 1
                        queue.append(target)
        return found

    # ------------------------------------------------------------------ problems

    def _kind(self, name: str, path: str, node_id: str | None) -> NodeKind | None:
        kind = self.find(name)
        if kind is None:
            self._problem("unknown_type", path, f"there is no node type '{name}'", "", node_id)
        return kind

    def _invalid(self, error: ValidationError, base: str, node_id: str | None) -> None:
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            place = "/".join(str(part) for part in found["loc"])
            self._problem("bad_value", f"{base}/{place}".rstrip("/"), found["msg"], "", node_id)

    def _problem(
        self, code: str, path: str, message: str, hint: str = "", node: str | None = None
    ) -> None:
        self.problems.append(PlanProblem(code, path, message, hint, node))


def _binder(
    model: type[Params], constants: Mapping[str, Any], dynamic: list[tuple[str, Getter]]
) -> Callable[[Mapping[str, Any]], Params]:
    def bind(scope: Mapping[str, Any]) -> Params:
        values = dict(constants)
        for name, get in dynamic:
            value = get(scope)
            if value is not None:  # nothing there: the field's default
                values[name] = value
        try:
            return model.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise NodeError(
                f"{place}: {first['msg']}", code="bad_params", detail={"field": place}
            ) from error

    return bind


def _through(kind: NodeKind, spec: NodeDoc) -> str:
    if kind.container:
        return "done"
    usual = [port for port in kind.gives if port != "error"]
    wired = [port for port in spec.next if port != "error"]
    return next((port for port in usual if port in wired), (usual or wired or ["ok"])[0])


def _pass_by(port: str) -> Run:
    answer = Go(port)

    def pass_by(params: Params, ctx: Context) -> Answer:
        return answer

    return pass_by


def _gap_of(values: list[Any]) -> tuple[float, float]:
    from flows.durations import seconds

    try:
        low, high = (None if value is None else seconds(value) for value in values)
    except ValueError as error:
        raise NodeError(f"pace: {error}", code="bad_pace") from error
    low_s = high if low is None else low
    high_s = low if high is None else high
    assert low_s is not None  # at least one of the two is given
    assert high_s is not None
    if low_s > high_s:
        raise NodeError(f"pace: min {low_s:g} s is above max {high_s:g} s", code="bad_pace")
    return low_s, high_s


def _answers_join(run: Run) -> bool:
    annotation = get_type_hints(run).get("return")
    return annotation is Join or Join in get_args(annotation)
