"""Forecast: when a broadcast will end over several devices, and what decides that."""

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from domain.pacing import (
    PASSING,
    SENTENCES,
    Block,
    Caps,
    CapsOn,
    LaneState,
    Leave,
    Pacing,
    Reason,
    may_leave,
    mean_gap_s,
    rolled,
)
from domain.windows import Windows, closes_at, local_midnight_after
from domain.zones import WIB, shown_time, zone_of

HORIZON_DAYS = 400
"""A broadcast that would take longer gets no end; a year is no forecast."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One device as the forecast sees it; the same values that its claim will use."""

    pacing: Pacing
    state: LaneState = field(default_factory=LaneState)
    caps_on: CapsOn | None = None
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the last message leaves (None: not all of them will), and the reason of its delay.

    `by_lane` counts messages in the order of the lanes, `by_day` by local day, `left` those that
    have no time to leave at.
    """

    ends_at: datetime | None
    reason: Reason | None
    by_lane: tuple[int, ...]
    by_day: tuple[tuple[date, int], ...]
    left: int

    def sentence(self, zone: str = WIB, language: str = "id") -> str:
        """One sentence for people: "Selesai sekitar Kam, 26 Nov 14.05 WIB. Batas harian ..."."""
        because = f" {SENTENCES[language][self.reason]}." if self.reason else ""
        if self.ends_at is None:
            return f"{_LEFT[language].format(left=self.left)}{because}"
        ends = _ENDS[language].format(time=shown_time(self.ends_at, zone, language))
        return f"{ends}{because}"


def eta(
    count: int,
    lanes: Sequence[Lane],
    now: datetime,
    *,
    rules: Sequence[Windows] = (),
    zone: str = WIB,
    call_s: float = 0.0,
) -> Forecast:
    """When `count` broadcasts leave, when each goes to the device that is free first.

    Gaps and rests count with their mean, `call_s` with every message; caps, windows, holidays,
    warm-up and blocks count exactly. The reason is what last held the lane that ends last: None
    when only its gaps did.
    Raises: ValueError when `count` is negative.
    """
    if count < 0:
        raise ValueError("a forecast needs a count of 0 or more")
    start = now.astimezone(UTC)
    horizon = start + timedelta(days=HORIZON_DAYS)
    walks = [_Walk(lane, rolled(lane.state, start, zone)) for lane in lanes]
    queue = [(start, number) for number in range(len(walks))]
    by_day: Counter[date] = Counter()
    left, stuck = count, None
    while left and queue:
        at, number = heapq.heappop(queue)
        walk = walks[number]
        leave = may_leave(
            walk.state,
            walk.lane.pacing,
            at,
            rules=rules,
            zone=zone,
            caps_on=walk.lane.caps_on,
            blocks=walk.lane.blocks,
        )
        if leave.at is None or leave.at > horizon:
            stuck = leave.reason
            continue
        if not leave.now:
            walk.hold(leave)
            heapq.heappush(queue, (leave.at, number))
            continue
        # While several lanes work, each takes a part of what is left, so that they end together.
        share = left if len(queue) == 0 else math.ceil(left / (2 * len(queue) + 2))
        sent = walk.send(min(share, walk.room(at, rules, zone, call_s)), at, zone, call_s)
        by_day[at.astimezone(zone_of(zone)).date()] += sent
        left -= sent
        heapq.heappush(queue, (max(at, walk.free_at), number))
    return _forecast(walks, by_day, left, stuck, start)


class _Walk:
    """One lane on its way through the forecast."""

    def __init__(self, lane: Lane, state: LaneState) -> None:
        self.lane = lane
        self.state = state
        self.sent = 0
        self.last_at: datetime | None = None
        self.free_at = datetime.min.replace(tzinfo=UTC)
        self.reason: Reason | None = None
        self._held: Reason | None = None

    def hold(self, leave: Leave) -> None:
        if leave.reason not in PASSING:
            self._held = leave.reason

    def room(self, at: datetime, rules: Sequence[Windows], zone: str, call_s: float) -> int:
        """How many messages fit from `at` on before something has to be looked at again."""
        pacing, caps = self.lane.pacing, self._caps(at, zone)
        state = rolled(self.state, at, zone)
        ends = [local_midnight_after(at, zone), closes_at(at, *rules)]
        rooms = []
        if caps.per_day is not None:
            rooms.append(caps.per_day - state.sent_today)
        if caps.per_hour is not None:
            rooms.append(caps.per_hour - state.sent_this_hour)
            ends.append(datetime.fromtimestamp((int(at.timestamp()) // 3600 + 1) * 3600, UTC))
        stretch_s = min((end - at).total_seconds() for end in ends if end is not None)
        gap_s = mean_gap_s(pacing, call_s)
        if gap_s > 0:
            rooms.append(math.ceil(stretch_s / gap_s))
        return max(1, min(rooms, default=10**9))

    def send(self, count: int, at: datetime, zone: str, call_s: float) -> int:
        gap_s = mean_gap_s(self.lane.pacing, call_s)
        state = rolled(self.state, at, zone)
        self.last_at = at + timedelta(seconds=gap_s * (count - 1))
        self.free_at = at + timedelta(seconds=gap_s * count)
        self.state = replace(
            state,
            next_broadcast_at=None,
            next_any_at=None,
            sent_today=state.sent_today + count,
            sent_this_hour=state.sent_this_hour + count,
        )
        self.sent += count
        self.reason = self._held
        return count

    def _caps(self, at: datetime, zone: str) -> Caps:
        if self.lane.caps_on is None:
            return Caps(self.lane.pacing.per_hour, self.lane.pacing.per_day)
        return self.lane.caps_on(at.astimezone(zone_of(zone)).date())


def _forecast(
    walks: Sequence[_Walk],
    by_day: Counter[date],
    left: int,
    stuck: Reason | None,
    start: datetime,
) -> Forecast:
    shares = tuple(walk.sent for walk in walks)
    days = tuple(sorted(by_day.items()))
    if left:
        reason = stuck if walks else Reason.DISCONNECTED
        return Forecast(None, reason, shares, days, left)
    worked = [walk for walk in walks if walk.last_at is not None]
    if not worked:
        return Forecast(start, None, shares, days, 0)
    last = max(worked, key=lambda walk: walk.last_at or start)
    return Forecast(last.last_at, last.reason, shares, days, 0)


_ENDS = {"id": "Selesai sekitar {time}.", "en": "Ends around {time}."}
_LEFT = {"id": "{left} pesan belum punya waktu kirim.", "en": "{left} messages have no time to go."}
