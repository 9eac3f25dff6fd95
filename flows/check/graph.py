"""Level graph: kinds, ports, targets, cycles, bodies of containers, and what is never reached."""

from flows.check.outline import EACH, Outline, Step
from flows.check.report import Notebook
from flows.document import split_type
from flows.problems import closest, did_you_mean


def check_graph(whole: Outline, notebook: Notebook) -> None:
    for step in whole.steps():
        _check_kind(step, whole, notebook)
        _check_ports(step, notebook)
        _check_targets(step, whole, notebook)
    for step in whole.nodes.values():
        _check_within(step, whole, notebook)
    _check_cycles(whole, notebook)
    _check_reached(whole, notebook)


def _check_kind(step: Step, whole: Outline, notebook: Notebook) -> None:
    at = (*step.path, "type")
    trigger = step.path[0] == "triggers"
    if not step.type:
        return
    if step.kind is None:
        kind, version = split_type(step.type)
        versions = [known for name, known in whole.kinds if name == kind]
        if versions:
            notebook.error(
                "unknown_version",
                at,
                f"There is no version {version} of '{kind}'.",
                f"The newest is {kind}@{max(versions)}.",
            )
            return
        names = sorted(
            {name for (name, _), known in whole.kinds.items() if known.trigger == trigger}
        )
        what = "trigger" if trigger else "kind of node"
        notebook.error(
            "unknown_kind", at, f"There is no {what} called '{kind}'.", did_you_mean(kind, names)
        )
    elif step.kind.trigger and not trigger:
        notebook.error(
            "trigger_as_node",
            at,
            f"'{step.type}' starts a flow; it cannot stand among the nodes.",
            "Move it to 'triggers:'.",
        )
    elif trigger and not step.kind.trigger:
        notebook.error(
            "node_as_trigger",
            at,
            f"'{step.type}' is a step; it cannot start a flow.",
            "Move it to 'nodes:' and start with a trigger such as broadcast, message or manual.",
        )
    else:
        newest = max(version for name, version in whole.kinds if name == step.kind.kind)
        if newest > step.kind.version:
            notebook.warning(
                "newer_version",
                at,
                f"'{step.kind.kind}' has a newer version ({newest}).",
                "Upgrade the node in the designer; a preview shows what changes.",
            )


def _check_ports(step: Step, notebook: Notebook) -> None:
    ports = step.ports()
    if ports is None or step.kind is None:
        return
    for port in step.next:
        if port in ports:
            continue
        hint = (
            did_you_mean(port, ports, several="Its ports")
            if ports
            else "It has no way out: the run ends here."
        )
        notebook.error(
            "unknown_port",
            (*step.path, "next", port),
            f"'{step.id}' ({step.type}) has no port '{port}'.",
            hint,
            on_key=True,
        )
    for port in step.kind.required_ports:
        if not step.next.get(port) and not step.raw.get("disabled"):
            notebook.warning(
                "unwired_port",
                (*step.path, "next"),
                f"The port '{port}' of '{step.id}' leads nowhere.",
                f"Connect it: next: {{{port}: <node>}}.",
                on_key=True,
            )


def _check_targets(step: Step, whole: Outline, notebook: Notebook) -> None:
    several = isinstance(step.raw.get("next"), dict)
    for port, targets in step.next.items():
        at = (*step.path, "next", port) if several else (*step.path, "next")
        for target in targets:
            if target in whole.nodes:
                continue
            if target in whole.triggers:
                notebook.error(
                    "target_is_trigger",
                    at,
                    f"'{target}' is a trigger; nothing can lead to it.",
                    "Lead to the node that comes after it.",
                )
                continue
            notebook.error(
                "unknown_target",
                at,
                f"'{step.id}' leads to '{target}', but there is no such node.",
                did_you_mean(target, list(whole.nodes), several="The nodes"),
            )
        for target in {target for target in targets if targets.count(target) > 1}:
            notebook.warning(
                "target_twice", at, f"'{target}' is named twice here.", "Name it once."
            )


def _check_within(step: Step, whole: Outline, notebook: Notebook) -> None:
    if step.within is not None:
        at = (*step.path, "within")
        outer = whole.nodes.get(step.within)
        containers = [node.id for node in whole.nodes.values() if node.container]
        if outer is None:
            notebook.error(
                "unknown_container",
                at,
                f"There is no node '{step.within}' to stand within.",
                did_you_mean(step.within, containers),
            )
        elif outer.kind is not None and not outer.container:
            notebook.error(
                "no_container",
                at,
                f"'{step.within}' ({outer.type}) is no container.",
                "Only for-each and repeat have steps within.",
            )
        elif _loops(step, whole):
            notebook.error(
                "within_itself", at, f"'{step.id}' stands within itself.", "Change one 'within'."
            )
    for port, targets in step.next.items():
        inside = step.container and port == EACH
        for target in targets:
            node = whole.nodes.get(target)
            if node is None:
                continue
            if inside and node.within != step.id:
                notebook.error(
                    "not_within",
                    (*step.path, "next", port),
                    f"'{EACH}' leads to '{target}', which does not stand within '{step.id}'.",
                    f"Add 'within: {step.id}' to '{target}'.",
                )
            elif not inside and node.within != step.within:
                notebook.error(
                    "leaves_container" if step.within else "enters_container",
                    (*step.path, "next", port),
                    _crossing(step, node),
                    "Inside and outside meet only at the container: 'each' leads in, 'done' goes "
                    "on when all elements have ended.",
                )


def _crossing(step: Step, node: Step) -> str:
    if step.within is None:
        return f"'{step.id}' leads into '{node.within}' from outside, to '{node.id}'."
    if node.within is None:
        return f"'{step.id}' stands within '{step.within}' but leads out of it, to '{node.id}'."
    return f"'{step.id}' leads from within '{step.within}' to '{node.id}' within '{node.within}'."


def _loops(step: Step, whole: Outline) -> bool:
    seen = {step.id}
    outer = whole.nodes.get(step.within or "")
    while outer is not None:
        if outer.id in seen:
            return True
        seen.add(outer.id)
        outer = whole.nodes.get(outer.within or "")
    return False


def _check_cycles(whole: Outline, notebook: Notebook) -> None:
    """One problem per cycle that a walk through the graph runs into, with the path named."""
    done: set[str] = set()
    for start in whole.nodes:
        if start in done:
            continue
        path = [start]
        stack = [_edges(whole.nodes[start], whole)]
        while stack:
            if not stack[-1]:
                stack.pop()
                done.add(path.pop())
                continue
            port, target = stack[-1].pop()
            if target in path:
                circle = [*path[path.index(target) :], target]
                notebook.error(
                    "cycle",
                    ("nodes", path[-1], "next", port),
                    f"The steps run in a circle: {' -> '.join(circle)}.",
                    "Take one of these connections away. To repeat steps use for-each or repeat.",
                )
            elif target not in done:
                path.append(target)
                stack.append(_edges(whole.nodes[target], whole))


def _edges(step: Step, whole: Outline) -> list[tuple[str, str]]:
    return [
        (port, target)
        for port, targets in reversed(list(step.next.items()))
        for target in targets
        if target in whole.nodes
    ]


def _check_reached(whole: Outline, notebook: Notebook) -> None:
    if not whole.triggers:
        starts = sorted(kind.kind for kind in whole.kinds.values() if kind.trigger)
        near = f" Triggers: {', '.join(starts)}." if starts else ""
        notebook.error(
            "no_trigger",
            ("triggers",),
            "The flow has no trigger, so it never starts.",
            f"Add one under 'triggers:'.{near}",
        )
        return
    if not whole.nodes:
        notebook.error("no_nodes", ("nodes",), "The flow has no steps.", "Add one under 'nodes:'.")
    for step in whole.triggers.values():
        if not any(step.next.values()):
            notebook.warning(
                "unwired_port",
                (*step.path, "next"),
                f"The trigger '{step.id}' leads nowhere.",
                "Add 'next: <node>'.",
            )
    for id_, step in whole.nodes.items():
        if id_ not in whole.before:
            targets = [n for s in whole.steps() for named in s.next.values() for n in named]
            meant_by = closest(id_, [target for target in targets if target not in whole.nodes])
            meant = f" Is it meant by '{meant_by}'?" if meant_by else ""
            notebook.warning(
                "unreachable",
                step.path,
                f"No step leads to '{id_}', so it never runs.",
                f"Connect a port to it, or remove it.{meant}",
                on_key=True,
            )
