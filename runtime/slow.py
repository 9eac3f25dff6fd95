"""Carries runs whose next step takes long (reading images): claimed one by one, leases renewed.

The hot workers hand such runs over by their queue and never claim them, so that however many wait
here, sends and replies keep their pace. A worker that dies loses nothing: the lease runs out, the
reaper gives the run back, and another worker does the step again.
"""

import threading
import time
import traceback
from datetime import timedelta

import structlog
from sqlalchemy import Row

from runtime import claims
from runtime.advance import World, carry, write_singly, write_within
from runtime.compose import App
from runtime.inbound.media import MediaFetcher
from runtime.plans import Plans
from runtime.ports import TurnBlocks
from services.kit.outbound_http import Door

log = structlog.get_logger("runtime.slow")

QUEUE = "media"
THREADS = 2
"""The program that reads images takes one at a time: the second is at its door meanwhile."""
IDLE_LOOK_S = 0.25
RENEWALS_A_LEASE = 3
RENEW_MOST_S = 600.0
"""A step that takes longer is given up: it may hang for ever."""
DATABASE_AWAY_S = 0.5
DRAIN_S = 8.0


class Slow:
    """Carries what is due in the media queue until it is stopped."""

    def __init__(self, app: App, threads: int = THREADS) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._rung = threading.Condition()
        self._held: dict[int, tuple[str, float]] = {}
        self._holding = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"slow-{number}", daemon=True)
            for number in range(1, threads + 1)
        ]
        self._keeper = threading.Thread(target=self._keep_leases, name="slow-leases", daemon=True)
        self._fetcher = MediaFetcher(app)

    def start(self) -> None:
        self._keeper.start()
        self._fetcher.start()
        for thread in self._threads:
            thread.start()

    def ring(self) -> None:
        """Look at the rows now."""
        with self._rung:
            self._rung.notify_all()

    def stop(self) -> None:
        """Claim nothing more and wait a moment for what is under way; the rest is given back."""
        self._stopping.set()
        self._fetcher.stop()
        self.ring()
        until = time.monotonic() + DRAIN_S
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))

    # ----------------------------------------------------------------- a worker thread

    def _work(self) -> None:
        app = self._app
        # Plans and leased indexes are no thread's but one's.
        world = World(
            app.database,
            app.clock,
            Plans(),
            TurnBlocks(),
            app.settings.media,
            ocr_url=app.settings.ocr_url,
            door=Door(app.settings.http_allowed),
        )
        while not self._stopping.is_set():
            try:
                busy = self._one(world)
            except Exception as error:
                # What was claimed comes back when its lease ends.
                log.error("slow_failed", error=type(error).__name__, trace=traceback.format_exc())
                self._stopping.wait(DATABASE_AWAY_S)
                continue
            if not busy:
                with self._rung:
                    self._rung.wait(IDLE_LOOK_S)

    def _one(self, world: World) -> bool:
        """Carry the most urgent run that is due; False when none is."""
        database, clock = world.database, world.clock
        with database.read() as connection:
            due_at = claims.next_wake_at(connection, QUEUE)
        if due_at is None or due_at > clock.now():
            return False
        with database.write() as connection:
            rows = claims.claim_runs(connection, clock.now(), clock, QUEUE, limit=1)
        if not rows:
            return False
        self._hold(rows[0])
        try:
            carried = carry(world, rows, QUEUE)
            with database.write() as connection:
                written_down = write_within(connection, carried)
            if not written_down:
                write_singly(world, carried)
        finally:
            self._let_go(rows[0])
        return True

    def _hold(self, row: Row[*tuple[object, ...]]) -> None:
        with self._holding:
            self._held[row.id] = (row.lease_token, time.monotonic() + RENEW_MOST_S)

    def _let_go(self, row: Row[*tuple[object, ...]]) -> None:
        with self._holding:
            self._held.pop(row.id, None)

    # ----------------------------------------------------------------- the leases

    def _keep_leases(self) -> None:
        lease_s = claims.lease_s(self._app.clock)
        while not self._stopping.wait(lease_s / RENEWALS_A_LEASE):
            with self._holding:
                now_s = time.monotonic()
                held = {run: token for run, (token, until) in self._held.items() if now_s < until}
            if not held:
                continue
            try:
                with self._app.database.write() as connection:
                    until = self._app.clock.now() + timedelta(seconds=lease_s)
                    claims.renew(connection, held, until)
            except Exception as error:
                log.warning("leases_not_renewed", error=f"{type(error).__name__}: {error}"[:300])
