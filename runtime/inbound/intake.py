"""The intake of a worker: keeps what was claimed until it is written, batch by batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from runtime.advance import World
from runtime.inbound import deal, take
from runtime.inbound.books import Listeners
from runtime.inbound.deal import Prepared
from runtime.inbound.take import LeaseLost, Taken
from runtime.plans import Plans
from runtime.ports import DatabaseAway, TurnBlocks
from services.kit.clock import Clock
from services.kit.db import AWAY, Database

log = structlog.get_logger("runtime.inbound")


class Intake:
    """One worker's intake. `claim` and `write` in its transactions, `read` beside them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._listeners = Listeners(world.plans)
        self._taken: Taken | None = None
        self._prepared: Prepared | None = None
        self._troubled: list[Any] = []
        self._unwritten: Prepared | None = None

    @property
    def has_work(self) -> bool:
        """Whether something that was claimed waits to be read or written."""
        return bool(self._taken or self._prepared or self._troubled)

    @property
    def can_write(self) -> bool:
        return self._prepared is not None

    def claim(self, connection: Connection, now: datetime, *, lost: bool) -> None:
        """Take a batch, unless one is under way."""
        self._taken = None
        if self._prepared is None or self._unwritten is self._prepared:
            taken = take.claim(connection, now, self._world.clock, lost=lost)
            self._taken = taken if taken.rows else None

    def write(self, connection: Connection, now: datetime) -> None:
        """Write the batch that was read; one that collides is dealt with row by row later."""
        prepared = self._unwritten = self._prepared
        if prepared is None:
            return
        try:
            with connection.begin_nested():
                deal.write(connection, prepared, self._world, now)
        except AWAY:
            raise
        except Exception as error:
            log.warning(
                "event_batch_failed",
                events=len(prepared.rows),
                error=f"{type(error).__name__}: {error}"[:300],
            )
            self._troubled = list(prepared.rows)

    def written(self) -> None:
        """The transaction of `write` is committed."""
        if self._unwritten is not None and self._unwritten is self._prepared:
            self._prepared = None
        self._unwritten = None

    @contextmanager
    def safely(self) -> Iterator[None]:
        """Around a transaction with `write` and `claim`: what was not committed is forgotten."""
        try:
            yield
        except BaseException:
            self._unwritten, self._taken, self._troubled = None, None, []
            raise

    def read(self) -> bool:
        """Read what was claimed, deal with what made trouble; whether there was anything."""
        had = self.has_work
        troubled, self._troubled = self._troubled, []
        for row in troubled:
            self._one(row)
        if self._taken is not None:
            taken = self._taken
            try:
                self._prepared = deal.read(self._world, self._listeners, taken, self._now())
            except (DatabaseAway, *AWAY):
                raise  # the batch stays claimed, and is read again
            except Exception as error:
                log.warning(
                    "event_batch_failed",
                    events=len(taken.rows),
                    error=f"{type(error).__name__}: {error}"[:300],
                )
                self._taken = None
                for row in taken.rows:
                    self._one(row)
                return had
            self._taken = None
            for row, problem in self._prepared.reading.broken:
                self._give_back(row, problem)
            if not self._prepared.rows:
                self._prepared = None
        return had

    def deal_with(self, taken: Taken) -> int:
        """Read and write a batch at once, for those who have no loop; returns its size."""
        self._taken = taken
        self.read()
        if self._prepared is not None:
            with self._world.database.write() as connection:
                self.write(connection, self._now())
            self.written()
        self.read()
        return len(taken.rows)

    def _now(self) -> datetime:
        return self._world.clock.now()

    def _one(self, row: Any) -> None:
        """Deal with one delivery alone."""
        world = self._world
        try:
            prepared = deal.read(world, self._listeners, Taken([row]), self._now())
            if prepared.reading.broken:
                raise prepared.reading.broken[0][1]
            with world.database.write() as connection:
                deal.write(connection, prepared, world, self._now())
        except LeaseLost:
            return
        except (DatabaseAway, *AWAY):
            raise
        except Exception as error:
            log.warning("event_failed", event_id=row.id, error=str(error)[:300])
            self._give_back(row, error)

    def _give_back(self, row: Any, error: BaseException) -> None:
        with self._world.database.write() as connection:
            take.give_back(connection, row, error)


def take_webhook_events(database: Database, clock: Clock, world: World | None = None) -> int:
    """Claim a batch of stored deliveries and deal with it at once; returns how many there were."""
    intake = Intake(world or World(database, clock, Plans(), TurnBlocks()))
    with database.write() as connection:
        taken = take.claim(connection, clock.now(), clock)
    if not taken.rows:
        return 0
    return intake.deal_with(taken)
