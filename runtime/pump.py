"""The resident loop of a hot worker: claims lanes and runs, sends, records, sleeps until due.

One asyncio loop in its own thread makes the calls; one database thread makes the transactions, so
that what came back while a transaction ran is recorded together with the next one. Celery's
doorbells only wake it; without them it looks at the rows by itself.
"""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, func, select

from runtime import claims as run_claims
from runtime.advance import Carried, World, carry, write_singly, write_within
from runtime.compose import App
from runtime.events import take_outbox
from runtime.inbound import Intake, take
from runtime.outcomes import apply_finals, apply_skips, apply_verdicts, bury
from runtime.plans import Plans
from runtime.ports import DatabaseAway, TurnBlocks
from runtime.rendering import render_again
from runtime.servers import ServerPool
from runtime.wire import call_for, is_sign, send_sign
from services.campaigns import progress
from services.integrations.waha.outcomes import NotSent, Outcome
from services.kit.db import AWAY
from services.kit.statements import Hot
from services.messages import acks, limits, unconfirmed
from services.messages.claim import Claimed, ClaimRules, claim
from services.messages.ledger import lanes
from services.messages.lookup import look_up
from services.messages.reassign import reassign
from services.messages.record import LATE, Done, RecordRules, record
from services.messages.settle import (
    Doubt,
    Verdict,
    claim_doubts,
    expire_sending,
    next_doubt_at,
    record_verdicts,
)

log = structlog.get_logger("runtime.pump")

SCAN_S = 5.0
IDLE_LOOK_S = 1.0
"""How long the loop sleeps at most while nothing is due; another process may have made work."""
LIVELY_S, LIVELY_LOOK_S = 1.0, 0.004
"""While people write, the loop looks at the deliveries so often: a ring takes longer."""
HOUSEKEEPING_S = 1.0
SWITCH_S = 0.0005
GATHER_S = 0.004
"""How long a turn waits for more calls to end while lanes are busy."""
RUNS_BESIDE_SENDS = 24
"""How many runs are carried on while calls are under way: about as long as the calls take."""
SERVERS_AGAIN_S = 5.0
EARLY_ACKS_KEPT = timedelta(hours=24)
JUDGE_AGAIN_S = 60.0
"""How often sends without a receipt are counted; not scaled, receipts take real time."""
DATABASE_AWAY_S = 0.5
CARRY_TRIES = 3
"""How often runs are carried again while the database answers and yet does not let us."""
DRAIN_S = 30.0
DRAIN_RECORD_S = 4.0
"""How long a stopping loop waits for a database that is away; both fit into a clean stop."""
_LANE_AT = Hot(select(func.min(lanes.c.due_at)))


@dataclass(slots=True)
class Round:
    """What one turn of the loop found."""

    sends: list[Claimed] = field(default_factory=list)
    committing_at: float = 0.0
    runs: Sequence[Row[Any]] = ()
    collided: Carried | None = None
    look_at_outbox: bool = False
    doubts: list[Doubt] = field(default_factory=list)
    short_of_ids: set[tuple[int, str]] = field(default_factory=set)
    busy: bool = False
    next_at: datetime | None = None


class Pump:
    """Sends what is due until it is stopped."""

    def __init__(self, app: App, on_death: Callable[[], None] = lambda: None) -> None:
        """`on_death` is called when the loop ends by an error: a worker without it only idles."""
        self._app = app
        self._on_death = on_death
        self._clock = app.clock
        self._servers = ServerPool(app.database, app.sealer)
        self._world = World(app.database, app.clock, Plans(), TurnBlocks(), app.settings.media)
        self._claim_rules = ClaimRules(
            clock=app.clock,
            rng=app.rng,
            take_id=self._servers.take_id,
            needs_id=self._servers.needs_id,
            render_again=render_again,
            min_any_gap_s=app.settings.min_any_gap_s,
        )
        self._record_rules = RecordRules(
            clock=app.clock,
            settle_s=self._servers.settle_s,
            min_any_gap_s=app.settings.min_any_gap_s,
        )
        self._database_thread = ThreadPoolExecutor(1, thread_name_prefix="pump-db")
        self._done: list[Done] = []
        self._verdicts: list[Verdict] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._sending = 0
        self._carried: Carried | None = None
        self._uncarried: list[Any] = []
        """Claimed runs that the database did not let us carry on."""
        self._carry_tries = 0
        self._intake = Intake(self._world)
        self._heard_at = -1e9
        """When a delivery was last taken: more come soon after."""
        self._reap_from = 0.0
        self._judged_at = 0.0
        self._stopping = False
        self._housekept_at = 0.0
        self._rung = True
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    # ----------------------------------------------------------------- from other threads

    def start(self) -> None:
        """Run the loop in a thread of its own."""
        self._thread = threading.Thread(target=self._run_thread, name="pump", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """Look at the rows now."""
        self._rung = True
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None and not loop.is_closed():
            loop.call_soon_threadsafe(wake.set)

    def stop(self) -> None:
        """Claim nothing more, let calls end, record them, then return."""
        self._stopping = True
        self.ring()
        if self._thread is not None:
            self._thread.join(DRAIN_S + 5)

    # ----------------------------------------------------------------- the loop

    def _run_thread(self) -> None:
        # The calls' thread must not wait long for the one that works on rows.
        sys.setswitchinterval(SWITCH_S)
        try:
            import uvloop

            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._run())
        except Exception:
            log.error("pump_died", trace=traceback.format_exc())
            self._on_death()
            raise

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._spare_the_living()
        keeper = asyncio.create_task(self._keep_servers())
        try:
            while not self._stopping:
                await self._turn()
            await self._drain()
        finally:
            keeper.cancel()
            await self._servers.close()
            self._database_thread.shutdown()

    async def _turn(self) -> None:
        assert self._loop is not None
        assert self._wake is not None
        self._wake.clear()
        done, self._done = self._done, []
        verdicts, self._verdicts = self._verdicts, []
        try:
            found = await self._loop.run_in_executor(
                self._database_thread, self._round, done, verdicts
            )
        except AWAY as error:
            # The database is away: keep the results in memory, a compare-and-set takes them later.
            log.warning("round_failed", error=f"{type(error).__name__}: {error}"[:400])
            self._done = done + self._done
            self._verdicts = verdicts + self._verdicts
            self._spare_the_living()
            await asyncio.sleep(DATABASE_AWAY_S)
            return
        except Exception as error:
            # Something of this round can't be written: the rest of it must not wait for that.
            log.error("round_failed", error=type(error).__name__, trace=traceback.format_exc())
            left = await self._loop.run_in_executor(
                self._database_thread, self._record_singly, done, verdicts
            )
            self._done, self._verdicts = left[0] + self._done, left[1] + self._verdicts
            await asyncio.sleep(DATABASE_AWAY_S)
            return
        for sent in found.sends:
            self._fly(self._send(sent, found.committing_at))
        for doubt in found.doubts:
            self._fly(self._look_up(doubt))
        used = found.short_of_ids | {(sent.server_id, sent.session) for sent in found.sends}
        for server_id, session in used:
            self._fly(self._fill(server_id, session))
        if (
            found.runs
            or found.look_at_outbox
            or self._intake.has_work
            or found.collided is not None
            or not found.busy
        ):
            await self._loop.run_in_executor(self._database_thread, self._beside_sends, found)
        if found.busy:
            if not self._intake.can_write:
                await self._gather()
            return
        await self._sleep_until(found.next_at)

    def _spare_the_living(self) -> None:
        """Reap nothing for the length of a lease: the database may just have been away.

        Leases ran out meanwhile, but who holds them lives and is about to write.
        """
        self._reap_from = time.monotonic() + run_claims.lease_s(self._clock)

    async def _gather(self) -> None:
        """Wait a moment for calls in flight: what comes back together is recorded together."""
        assert self._wake is not None
        until = time.monotonic() + GATHER_S
        while self._sending > len(self._done) and not self._stopping:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return
            self._wake.clear()
            try:
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
            except TimeoutError:
                return

    async def _sleep_until(self, next_at: datetime | None) -> None:
        assert self._wake is not None
        is_lively = time.monotonic() - self._heard_at < LIVELY_S
        wait_s = LIVELY_LOOK_S if is_lively else IDLE_LOOK_S
        if next_at is not None:
            wait_s = min(max((next_at - self._clock.now()).total_seconds(), 0.0), wait_s)
        if wait_s > 0 and not self._wake.is_set():
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                return

    def _fly(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _drain(self) -> None:
        """Let what is in flight end, and write it down."""
        assert self._loop is not None
        if self._flying:
            await asyncio.wait(self._flying, timeout=DRAIN_S)
        done, verdicts = self._done, self._verdicts
        until = time.monotonic() + DRAIN_RECORD_S
        while True:
            try:
                await self._loop.run_in_executor(
                    self._database_thread, self._record, done, verdicts
                )
                return
            except Exception as error:
                if not isinstance(error, AWAY):
                    log.error("drain_failed", trace=traceback.format_exc())
                    await self._loop.run_in_executor(
                        self._database_thread, self._record_singly, done, verdicts
                    )
                    return
                # Given up, these sends count as those of a killed worker: they are looked up.
                log.warning("drain_failed", error=f"{type(error).__name__}: {error}"[:400])
                if time.monotonic() > until:
                    return
                await asyncio.sleep(DATABASE_AWAY_S)

    async def _keep_servers(self) -> None:
        """Follow the servers' rows, and learn what each can do."""
        assert self._loop is not None
        while True:
            try:
                rows = await self._loop.run_in_executor(None, self._servers.read_rows)
                await self._servers.refresh(rows)
                await self._servers.learn(time.monotonic())
            except Exception as error:
                log.warning("servers_unread", error=f"{type(error).__name__}: {error}"[:300])
            known = all(server.can is not None for server in self._servers.all())
            await asyncio.sleep(SERVERS_AGAIN_S if known and self._servers.all() else 0.2)

    # ----------------------------------------------------------------- in flight

    async def _send(self, sent: Claimed, committing_at: float) -> None:
        self._sending += 1
        try:
            outcome = await self._outcome(sent, committing_at)
        finally:
            self._sending -= 1
        self._done.append(Done(sent, outcome, self._clock.now()))
        assert self._wake is not None
        self._wake.set()

    async def _outcome(self, sent: Claimed, committing_at: float) -> Outcome:
        server = self._servers.get(sent.server_id)
        if server is None:
            return NotSent("no_server", "The WhatsApp server is not known yet.", scope="server")
        timeout_s = limits.send_timeout_s(self._clock, sent.kind)
        if is_sign(sent):
            return await send_sign(server.sender, sent, timeout_s)
        call = call_for(sent, self._app.settings.media)
        if isinstance(call, Outcome):
            return call
        # A process that was frozen since its commit may no longer be the one to act.
        if time.clock_gettime(time.CLOCK_BOOTTIME) - committing_at > limits.DEADLINE_CHECK_S:
            return NotSent(LATE, "The sending process was held up.", scope="message")
        return await server.sender.send(call, timeout_s)

    async def _look_up(self, doubt: Doubt) -> None:
        server = self._servers.get(doubt.server_id)
        if is_sign(doubt):
            verdict = Verdict(doubt, "sent", {"by": "sign"})  # nothing was delivered or is missing
        elif server is None or server.can is None:
            verdict = Verdict(doubt, "unclear", {"no_proof": "server_unknown"})
        else:
            try:
                verdict = await look_up(doubt, self._servers.lookups(server), server.can)
            except Exception as error:
                log.error("look_up_failed", message=doubt.id, trace=traceback.format_exc())
                verdict = Verdict(doubt, "unclear", {"error": type(error).__name__})
        self._verdicts.append(verdict)
        assert self._wake is not None
        self._wake.set()

    async def _fill(self, server_id: int, session: str) -> None:
        await self._servers.fill(server_id, session)

    # ----------------------------------------------------------------- in the database thread

    def _record(self, done: Sequence[Done], verdicts: Sequence[Verdict]) -> None:
        """The last words before the process ends."""
        carried = self._carried
        if not done and not verdicts and carried is None and not self._intake.can_write:
            return
        with self._app.database.write() as connection:
            collided = carried is not None and not write_within(connection, carried)
            self._intake.write(connection, self._clock.now())
            finals = record(connection, done, self._record_rules)
            finals += record_verdicts(connection, verdicts, self._clock.now(), self._clock)
            apply_finals(connection, finals, done)
            apply_verdicts(connection, verdicts)
        self._carried = None
        self._intake.written()
        if carried is not None and collided:
            write_singly(self._world, carried)

    def _record_singly(
        self, done: Sequence[Done], verdicts: Sequence[Verdict]
    ) -> tuple[list[Done], list[Verdict]]:
        """Write what came back one by one; returns what is left because the database is away.

        What can't be written at all is let go: its message stays SENDING until nobody alive can
        record it any more, and is then looked up like that of a killed worker. Runs in hand come
        back when their lease ends.
        """
        self._carried = None
        left_done, left_verdicts = list(done), list(verdicts)
        try:
            while left_done:
                with self._set_aside(message=left_done[0].sent.id):
                    one = left_done[:1]
                    with self._app.database.write() as connection:
                        apply_finals(connection, record(connection, one, self._record_rules), one)
                left_done.pop(0)
            while left_verdicts:
                with self._set_aside(message=left_verdicts[0].doubt.id):
                    only = left_verdicts[:1]
                    now = self._clock.now()
                    with self._app.database.write() as connection:
                        finals = record_verdicts(connection, only, now, self._clock)
                        apply_finals(connection, finals)
                        apply_verdicts(connection, only)
                left_verdicts.pop(0)
        except AWAY as error:
            log.warning("round_failed", error=f"{type(error).__name__}: {error}"[:400])
        return left_done, left_verdicts

    @contextmanager
    def _set_aside(self, message: int) -> Iterator[None]:
        try:
            yield
        except AWAY:
            raise
        except Exception:
            log.error("outcome_unwritable", message=message, trace=traceback.format_exc())

    def _round(self, done: Sequence[Done], verdicts: Sequence[Verdict]) -> Round:
        """Record what came back, claim what is due, advance what was woken."""
        found = Round()
        database, clock = self._app.database, self._clock
        started = time.monotonic()
        housekeeping = started - self._housekept_at >= HOUSEKEEPING_S
        rung, self._rung = self._rung, False
        if (
            done
            or verdicts
            or housekeeping
            or self._carried
            or self._intake.can_write
            or self._something_is_due()
        ):
            with self._intake.safely(), database.write() as connection:
                now = clock.now()
                if self._carried is not None and not write_within(connection, self._carried):
                    found.collided = self._carried
                self._intake.write(connection, now)
                finals = record(connection, done, self._record_rules)
                finals += record_verdicts(connection, verdicts, now, clock)
                apply_finals(connection, finals, done)
                apply_verdicts(connection, verdicts)
                if housekeeping:
                    expire_sending(connection, now, clock, self._servers.settle_s)
                    found.doubts = claim_doubts(connection, now, clock)
                    if started >= self._reap_from:
                        dead = run_claims.reap(connection, now)
                        bury(connection, dead, now)
                    reassign(connection, now)
                    if started - self._judged_at >= JUDGE_AGAIN_S:
                        self._judged_at = started
                        unconfirmed.flag(connection, now, clock)
                        acks.forget_early(connection, now - EARLY_ACKS_KEPT)
                taken = claim(connection, now, self._claim_rules, limits.LANES_PER_CLAIM)
                progress.mark_sending(
                    connection,
                    [
                        (sent.campaign_log_id, sent.device_id)
                        for sent in taken.sends
                        if sent.campaign_log_id is not None and not is_sign(sent)
                    ],
                )
                apply_skips(connection, taken.skipped, now)
                limit = RUNS_BESIDE_SENDS if taken.sends else run_claims.CLAIM_LIMIT
                found.runs = run_claims.claim_runs(connection, now, clock, limit=limit)
                self._intake.claim(connection, now, lost=housekeeping)
                found.committing_at = time.clock_gettime(time.CLOCK_BOOTTIME)
            self._carried = None
            self._intake.written()
            found.sends = taken.sends
            found.short_of_ids = taken.short_of_ids
            found.busy = bool(taken.sends or taken.skipped or found.runs)
        if housekeeping:
            self._housekept_at = started
        found.look_at_outbox = rung or housekeeping
        return found

    def _beside_sends(self, found: Round) -> None:
        """While the calls are under way: take events, carry runs on, see when more is due.

        What the runs ask for is written down together with the next round's outcomes.
        """
        database, clock = self._app.database, self._clock
        if self._carry_tries >= CARRY_TRIES:
            self._uncarried, self._carry_tries = [], 0  # the reaper will have them
        self._uncarried += found.runs
        try:
            if found.collided is not None:
                write_singly(self._world, found.collided)
            if found.look_at_outbox:
                found.busy |= take_outbox(database, clock) > 0
            if self._intake.read():
                self._heard_at = time.monotonic()
                found.busy = True
            if self._uncarried:
                self._carry_tries += 1
                self._carried = carry(self._world, self._uncarried)
                self._uncarried, self._carry_tries = [], 0
            if not found.busy:
                found.next_at = self._next_at()
        except (DatabaseAway, *AWAY) as error:
            log.warning("round_failed", error=f"{type(error).__name__}: {error}"[:400])
            found.next_at = clock.now() + timedelta(seconds=DATABASE_AWAY_S)
        except Exception as error:
            log.error("round_failed", trace=traceback.format_exc(), error=type(error).__name__)
            found.next_at = clock.now() + timedelta(seconds=DATABASE_AWAY_S)

    def _something_is_due(self) -> bool:
        now = self._clock.now()
        with self._app.database.read() as connection:
            if take.are_waiting(connection):
                return True
            lane_at = _LANE_AT.scalar(connection, {})
            if lane_at is not None and lane_at <= now:
                return True
            run_at = run_claims.next_wake_at(connection)
        return run_at is not None and run_at <= now

    def _next_at(self) -> datetime | None:
        with self._app.database.read() as connection:
            times = [
                _LANE_AT.scalar(connection, {}),
                run_claims.next_wake_at(connection),
                next_doubt_at(connection),
            ]
        return min((at for at in times if at is not None), default=None)
