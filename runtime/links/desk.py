"""What one API process does for links besides answering: sync, read ahead, lease, drain.

Two threads, started with the process. One brings the journal to the disk; the other keeps the
copies fresh and the database up to date. Both sleep while nobody clicks.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from runtime.links import drain, journal
from runtime.links.book import Book
from runtime.links.journal import Journal
from services.kit.clock import Clock
from services.kit.db import Database
from services.rotators import attribution

REFRESH_EVERY_S = 2.0
ASKED_WITHIN_S = 60.0
"""Copies that nobody asked for that long are read again when somebody does."""
TICK_S = 0.25
GATHER_S = 0.1
"""After a quiet time, a click is drained so soon: its visitor may write within a second."""
IDLE_TICK_S = 2.0
LEFT_BEHIND_EVERY_S = 10.0
PER_SECOND_BUSY = 500
"""With more clicks than that the process leads visitors on first, and drains later."""
BATCH, BATCH_BUSY = 500, 150
PAUSE_BUSY_S = 0.1
BATCHES_A_TICK = 200
LAST_DRAIN_S = 3.0
JOIN_S = 5.0

log = structlog.get_logger("runtime.links")


class Desk:
    """The links of one process: its copies, its journal, and the threads that look after both."""

    def __init__(self, database: Database, clock: Clock, folder: Path) -> None:
        self.book = Book(database, clock)
        self._database = database
        self._clock = clock
        self._folder = folder
        self._journal: Journal | None = None
        self._drained: dict[Path, int] = {}
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._is_idle = False
        """Whether the keeper sleeps until something happens: then the next click wakes it."""
        self._threads: list[threading.Thread] = []
        self._clicks = 0
        self._clicks_before = 0
        self._refreshed_at = self._looked_at = -1e9

    # ------------------------------------------------------------------ the event loop's side

    @property
    def runs(self) -> bool:
        return bool(self._threads)

    def write(self, payload: bytes) -> None:
        """Note a click down for good. Raises: OSError when this disk takes nothing."""
        if self._journal is None:
            self._journal = Journal(self._folder)
        self._journal.append(payload)
        self._clicks += 1
        if self._is_idle:
            self._is_idle = False
            self._wake.set()

    def nudge(self) -> None:
        """Something is wanted soon: a lease, or a drain after a quiet time."""
        if not self._wake.is_set():
            self._wake.set()

    def start(self) -> None:
        """Begin to look after things; once a process."""
        if self._threads:
            return
        self._stop.clear()
        if self._journal is None:
            self._journal = Journal(self._folder)
        for name, work in (("links-sync", self._sync), ("links-keeper", self._keep)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the threads, drain what can be drained in a moment, and let the journal go."""
        self._stop.set()
        self._wake.set()
        if self._journal is not None:
            self._journal.wake.set()
        for thread in self._threads:
            thread.join(JOIN_S)
        self._threads.clear()
        if self._journal is not None:
            self._guarded("drain", lambda: self.drain(until_s=time.monotonic() + LAST_DRAIN_S))
            self._journal.close()
            self._journal = None
            self._guarded("drain", self.drain_left_behind)

    # ------------------------------------------------------------------ the threads' side

    def _sync(self) -> None:
        found = self._journal
        assert found is not None
        while not self._stop.is_set():
            found.wake.wait()
            found.wake.clear()
            try:
                found.sync()
            except OSError as error:
                log.error("link_journal_not_synced", problem=str(error))
            self._stop.wait(journal.SYNC_EVERY_S)

    def _keep(self) -> None:
        self._guarded("read", self.book.read_all)
        while not self._stop.is_set():
            busy = self.tick()
            if busy:
                self._wake.wait(PAUSE_BUSY_S)
            else:
                self._rest()
            self._wake.clear()

    def _rest(self) -> None:
        """Sleep until the next tick; after a quiet time, only until shortly after a click."""
        self._is_idle = True  # before the look: a click in between wakes the sleeper
        quiet = self._clicks == self._clicks_before and not self.undrained_bytes
        if not quiet:
            self._is_idle = False
        self._wake.wait(self._clock.seconds(IDLE_TICK_S if quiet else TICK_S))
        self._is_idle = False
        if quiet and self._clicks != self._clicks_before:
            self._stop.wait(self._clock.seconds(GATHER_S))

    def tick(self) -> bool:
        """Everything that is due now; whether clicks come in fast."""
        now_s = self._clock.monotonic()
        self._guarded("lease", self.book.lease_low)
        if now_s - self._refreshed_at >= self._clock.seconds(REFRESH_EVERY_S):
            self._refreshed_at = now_s
            self._guarded("read", lambda: self.book.refresh(ASKED_WITHIN_S))
        came, self._clicks_before = self._clicks - self._clicks_before, self._clicks
        busy = came > PER_SECOND_BUSY * PAUSE_BUSY_S
        self._guarded("drain", lambda: self.drain(busy=busy))
        if not busy and now_s - self._looked_at >= self._clock.seconds(LEFT_BEHIND_EVERY_S):
            self._looked_at = now_s
            self._guarded("drain", self.drain_left_behind)
            self._guarded("match", self._match_late)
        return busy

    @property
    def undrained_bytes(self) -> int:
        """What of the current journal is not in the database yet."""
        found = self._journal
        return 0 if found is None else found.size_bytes - self._drained.get(found.path, 0)

    def drain(self, *, busy: bool = False, until_s: float | None = None) -> None:
        """Bring this process's journal to the database. Raises: what the database raises."""
        found = self._journal
        if found is None or not self.undrained_bytes:
            return
        path, name = found.path, journal.name_of(found.path)
        batch = BATCH_BUSY if busy else BATCH
        clicks = self._clicks
        with path.open("rb") as file:
            at = self._drained.get(path, 0)
            for _ in range(1 if busy else BATCHES_A_TICK):
                end = drain.some(self._database, file, name, at, batch)
                if end == at:
                    break
                at = self._drained[path] = end
                if until_s is not None and time.monotonic() >= until_s:
                    break
                if self._clicks - clicks > PER_SECOND_BUSY * PAUSE_BUSY_S:
                    break
        self._drained = {known: end for known, end in self._drained.items() if known == path}

    def drain_left_behind(self) -> int:
        """Journals of processes that are gone, and this one's full ones."""
        own = None if self._journal is None else self._journal.path
        return drain.left_behind(self._database, self._folder, own, BATCH)

    def _match_late(self) -> None:
        attribution.sweep(self._database, self._clock.now())

    def _guarded(self, what: str, work: Callable[[], Any]) -> None:
        """The database may be away: then it is tried again at the next tick."""
        try:
            work()
        except (SQLAlchemyError, OSError) as error:
            log.warning("link_keeper_waits", what=what, kind=type(error).__name__)
        except Exception:
            log.exception("link_keeper_failed", what=what)
