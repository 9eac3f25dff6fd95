"""Finds the flow behind a hook's address, and starts it or runs it on the spot."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any, get_args, get_type_hints

import structlog
from sqlalchemy import Connection

from flows.document import Document
from flows.engine import halts
from flows.engine.plan import Plan, PlanError, compile_plan
from flows.engine.step import advance, begin
from flows.references import look_up
from nodes.contract import Context, Reply
from runtime.hooks import repository
from runtime.ports import DbPorts, TurnBlocks
from runtime.starts import start_run
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from services.kit.secrets import Sealer

log = structlog.get_logger("runtime.hooks")

HOOKS_KEPT = 2_000
INLINE_EFFECTS = frozenset({"pure", "read"})
INLINE_STEPS = 200


@dataclass(frozen=True, slots=True)
class Hook:
    """The flow behind an address."""

    trigger_id: int
    tenant_id: int
    flow_id: int
    version_id: int
    name: str
    key: bytes | None
    """Deliveries must be signed with it; None: they need not."""
    payload: Mapping[str, Any]
    """JSON Schema of the body; empty: anything."""
    dedupe: tuple[str, float] | None
    """Path of what makes an event the same, and for how many seconds."""
    plan: Plan
    answers: bool
    """Whether the flow answers the request itself."""
    is_inline: bool
    """Whether it may run inside the request: nothing in it has an effect."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run; `was_there` when an earlier call had started it."""

    run_id: int
    was_there: bool
    status: str = "QUEUED"


class Desk:
    """What the routes of hooks share; one per process. Its methods block: call them in threads."""

    def __init__(
        self, database: Database, sealer: Sealer, clock: Clock, settings: Settings
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._media: Path = settings.media
        self._kept: OrderedDict[str, tuple[Any, Hook]] = OrderedDict()
        self._keeping = threading.Lock()
        self._blocks = TurnBlocks()

    def find(self, token: str) -> Hook | None:
        """The hook with this token. Raises: PlanError, SealBroken.

        Its row is read at each call, so that a key, a new token or a switch counts at once; what
        was compiled from it is kept as long as the row says the same.
        """
        with self._database.read() as connection:
            row = repository.by_token(connection, token)
            if row is None:
                return None
            with self._keeping:
                kept = self._kept.get(token)
            if kept is not None and kept[0] == row:
                return kept[1]
            version = repository.version(connection, row.tenant_id, row.flow_version_id)
        if version is None:
            return None
        found = self._compiled(row, version)
        with self._keeping:
            self._kept[token] = (row, found)
            self._kept.move_to_end(token)
            if len(self._kept) > HOOKS_KEPT:
                self._kept.popitem(last=False)
        return found

    def _compiled(self, row: Any, version: Any) -> Hook:
        document = Document.model_validate(version.document)
        plan = compile_plan(document, version.params or {})
        entry = document.triggers[row.name]
        answers = any(_answers_reply(node.run) for node in plan.nodes.values())
        return Hook(
            trigger_id=row.id,
            tenant_id=row.tenant_id,
            flow_id=row.flow_id,
            version_id=row.flow_version_id,
            name=row.name,
            key=None
            if row.secret_sealed is None
            else self._sealer.open(row.secret_sealed).encode(),
            payload=row.params.get("payload") or {},
            dedupe=None if entry.dedupe is None else (entry.dedupe.key, entry.dedupe.ttl_s),
            plan=plan,
            answers=answers,
            is_inline=answers
            and all(
                node.kind.effect in INLINE_EFFECTS and node.queue is None
                for node in plan.nodes.values()
            ),
        )

    # ------------------------------------------------------------------ starting

    def start(
        self, hook: Hook, event: Mapping[str, Any], *, only_key: str | None, key: str | None
    ) -> Started | None:
        """Start a run for an event.

        `only_key` names a signed delivery, which is believed once: None when it came before. `key`
        (or what the flow itself compares) makes a repetition the run that is there already.
        """
        now = self._clock.now()
        own = self._own_key(hook, event)
        with self._database.write() as connection:
            if only_key is not None and not self._first_time(connection, hook, only_key, now):
                return None
            dedupe_key = f"hook:{hook.trigger_id}:{own or key}" if own or key else None
            if dedupe_key is not None:
                there = repository.started(connection, hook.tenant_id, dedupe_key)
                lasts_s = hook.dedupe[1] if own and hook.dedupe else None
                if there is not None:
                    if lasts_s is None or there.created_at + timedelta(seconds=lasts_s) > now:
                        return Started(there.id, True, there.status)
                    repository.forget_key(connection, hook.tenant_id, there.id)
            made = start_run(
                connection,
                tenant_id=hook.tenant_id,
                flow_id=hook.flow_id,
                version_id=hook.version_id,
                trigger_name=hook.name,
                trigger_values=event,
                kind="webhook",
                dedupe_key=dedupe_key,
                now=now,
            )
            if made is None:  # another process was faster between our look and our write
                assert dedupe_key is not None
                there = repository.started(connection, hook.tenant_id, dedupe_key)
                assert there is not None
                return Started(there.id, True, there.status)
            return Started(made, False)

    def _first_time(self, connection: Connection, hook: Hook, only_key: str, now: datetime) -> bool:
        name = f"hook:{hook.trigger_id}:{only_key}"
        return repository.use_once(connection, hook.tenant_id, name, now)

    def first_time(self, hook: Hook, only_key: str) -> bool:
        """Whether a signed delivery that starts no run comes for the first time."""
        with self._database.write() as connection:
            return self._first_time(connection, hook, only_key, self._clock.now())

    def _own_key(self, hook: Hook, event: Mapping[str, Any]) -> str | None:
        """The value the flow compares events by; an event without it is always new."""
        if hook.dedupe is None:
            return None
        value = look_up(hook.dedupe[0], {"trigger": event})
        return None if value is None else sha256(str(value).encode()).hexdigest()[:40]

    # ------------------------------------------------------------------ on the spot

    def answer(self, hook: Hook, event: Mapping[str, Any]) -> halts.Replying | halts.Ended | None:
        """Run the flow inside the request; None when it has to wait and needs a run after all.

        Nothing in such a flow has an effect, so it may be begun again as a run.
        """
        now = self._clock.now()
        state = begin(hook.plan, hook.name, trigger=event)
        with self._database.read() as connection:
            ports = DbPorts(
                connection, self._database, self._blocks, hook.tenant_id, (), now, self._media
            )
            context = Context(
                now=now,
                tenant_id=hook.tenant_id,
                run_id=0,
                node_id=state.at or "",
                seed=token_hex(16),
                identity="",
                mode="live",
                ports=ports,
                scope={"tenant": ports.profile(), "run": {"id": None}, "contact": {}, "chat": {}},
                kind="webhook",
            )
            halt = advance(hook.plan, state, context, budget=INLINE_STEPS)
        if isinstance(halt, halts.Ended) and halt.log:
            log.warning("hook_failed", trigger=hook.trigger_id, detail=halt.log[:2_000])
        return halt if isinstance(halt, halts.Replying | halts.Ended) else None


def _answers_reply(run: Any) -> bool:
    try:
        annotation = get_type_hints(run).get("return")
    except (NameError, TypeError):
        return False
    return annotation is Reply or Reply in get_args(annotation)


__all__ = ["Desk", "Hook", "PlanError", "Started"]
