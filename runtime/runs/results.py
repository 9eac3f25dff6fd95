"""Waits for a run to answer or to end, for requests that asked to."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from runtime.claims import TERMINAL
from runtime.runs import repository
from services.kit.db import AWAY, Database

LOOK_AGAIN_S = 0.02
LOOK_AGAIN_MOST_S = 0.25
WAITING_MOST = 200
"""Requests of one process that may wait at once; the rest are answered without."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run stands. `reply` is the flow's own answer: status, headers, body."""

    run_id: int
    status: str
    reason: str | None
    outputs: dict[str, Any]
    reply: dict[str, Any] | None

    @property
    def has_ended(self) -> bool:
        return self.status in TERMINAL


class Waiters:
    """Looks at the rows that requests wait for; one per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting = 0

    async def until_over(
        self, tenant_id: int, run_id: int, budget_s: float, *, for_reply: bool = False
    ) -> Result | None:
        """How the run stands when it ends, answers (`for_reply`), or the budget is used up.

        None: there is no such run.
        """
        until = time.monotonic() + (budget_s if self._waiting < WAITING_MOST else 0.0)
        pause_s = LOOK_AGAIN_S
        self._waiting += 1
        try:
            while True:
                found = await asyncio.to_thread(self._read, tenant_id, run_id)
                left_s = until - time.monotonic()
                if found is None or found.has_ended or left_s <= 0:
                    return found
                if for_reply and found.reply is not None:
                    return found
                await asyncio.sleep(min(pause_s, left_s))
                pause_s = min(pause_s * 1.3, LOOK_AGAIN_MOST_S)
        finally:
            self._waiting -= 1

    def _read(self, tenant_id: int, run_id: int) -> Result | None:
        try:
            with self._database.read() as connection:
                row = repository.result(connection, tenant_id, run_id)
        except AWAY:
            # The run goes on without us; the caller is told how it stood last.
            return Result(run_id, "QUEUED", "database_away", {}, None)
        if row is None:
            return None
        state = row.state or {}
        return Result(
            row.id, row.status, row.reason, dict(state.get("outputs") or {}), state.get("reply")
        )
