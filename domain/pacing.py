"""Pacing: how a device spaces its messages, and when the next one may leave and why not sooner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random

from domain.windows import Closed, Windows, local_midnight_after, next_allowed, why_closed
from domain.zones import WIB, shown_time, zone_of

MIN_ANY_GAP_S = 1.0
"""The least time between two messages of any kind on one device."""

SLOWEST_CALL_S = 90.0
"""The longest a call to WhatsApp may take (media); an unfinished one is counted as this long."""

CLOCK_SLACK_S = 60.0
"""How far past the longest wait a stored time may lie before the clock must have jumped."""

LONGEST_GAP_S = 86_400.0
SAFE_MIN_S = 15.0
"""Below this, gaps are called risky. Source: what vendors advise, 15-60 s."""

HORIZON_STEPS = 1_000


class Preset(StrEnum):
    """The gaps a person can choose by name; CUSTOM is anything else."""

    AMAN = "aman"
    NORMAL = "normal"
    CEPAT = "cepat"
    CUSTOM = "custom"


class Risk(StrEnum):
    """What makes a pacing look like a machine, worst first."""

    FAST = "fast"
    REGULAR = "regular"
    NO_REST = "no_rest"
    NO_CAP = "no_cap"


class Kind(StrEnum):
    """What a message is for. Only broadcasts wait for gaps, rests, caps and windows."""

    HUMAN = "human"
    REPLY = "reply"
    TEST = "test"
    BROADCAST = "broadcast"


class Reason(StrEnum):
    """Why a message may not leave yet."""

    GAP = "gap"
    ANY_GAP = "any_gap"
    REST = "rest"
    HOURLY_CAP = "hourly_cap"
    DAILY_CAP = "daily_cap"
    WARM_UP = "warm_up"
    COLD_BUDGET = "cold_budget"
    HOLIDAY = "holiday"
    OUTSIDE_HOURS = "outside_hours"
    QUIET_HOURS = "quiet_hours"
    COLD_FROZEN = "cold_frozen"
    COOLING = "cooling"
    DEVICE_PAUSED = "device_paused"
    DISCONNECTED = "disconnected"
    NEVER_OPEN = "never_open"


class PacingError(ValueError):
    """A pacing that can't be; `field` names the value that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Pacing:
    """The gaps, rests and caps of one device's broadcasts.

    A gap is drawn between `min_s` and `max_s`, from the end of one message to the start of the
    next. After a number of messages drawn from `rest_after` the device rests for a time drawn from
    `rest_s` instead; None means no rests. A cap of None is switched off.
    Raises: PacingError.
    """

    min_s: float
    max_s: float
    rest_after: tuple[int, int] | None = (15, 25)
    rest_s: tuple[float, float] = (300.0, 900.0)
    per_hour: int | None = None
    per_day: int | None = None
    preset: Preset = Preset.CUSTOM

    def __post_init__(self) -> None:
        if not 0 <= self.min_s <= LONGEST_GAP_S:
            raise PacingError("min_s", f"must lie between 0 and {LONGEST_GAP_S:.0f} s")
        if not self.min_s <= self.max_s <= LONGEST_GAP_S:
            raise PacingError("max_s", f"must lie between min_s and {LONGEST_GAP_S:.0f} s")
        if self.rest_after is not None and not 1 <= self.rest_after[0] <= self.rest_after[1]:
            raise PacingError("rest_after", "must be two counts from 1 up, the smaller one first")
        if not 0 <= self.rest_s[0] <= self.rest_s[1] <= LONGEST_GAP_S:
            raise PacingError("rest_s", "must be two lengths in seconds, the shorter one first")
        for field, cap in (("per_hour", self.per_hour), ("per_day", self.per_day)):
            if cap is not None and cap < 1:
                raise PacingError(field, "must be at least 1; to switch the cap off, leave it out")


PRESETS = {
    Preset.AMAN: Pacing(30, 60, per_hour=60, per_day=300, preset=Preset.AMAN),
    Preset.NORMAL: Pacing(15, 45, per_hour=80, per_day=500, preset=Preset.NORMAL),
    Preset.CEPAT: Pacing(8, 20, per_hour=150, per_day=1000, preset=Preset.CEPAT),
    # The delays the product was specified with; without caps, as plain delay fields are.
    Preset.CUSTOM: Pacing(5, 20, preset=Preset.CUSTOM),
}


@dataclass(frozen=True, slots=True)
class Caps:
    """How many broadcasts may leave in one hour and on one local day, and what set the limits."""

    per_hour: int | None = None
    per_day: int | None = None
    hour_reason: Reason = Reason.HOURLY_CAP
    day_reason: Reason = Reason.DAILY_CAP


CapsOn = Callable[[date], Caps]
"""The caps of a local day; a warm-up gives later days more."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something outside the lane that holds it: until a time, or (None) until somebody acts."""

    reason: Reason
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LaneState:
    """What a device's lane remembers between two messages; the columns of `device_lanes`.

    `day` is the local date that `sent_today` counts, `hour` the hours since 1970 that
    `sent_this_hour` counts. `gap_s` is the gap drawn with the latest broadcast, counted again from
    the end of its call; `until_rest` how many broadcasts are left before a rest (None: not drawn).
    """

    next_broadcast_at: datetime | None = None
    next_any_at: datetime | None = None
    gap_s: float = 0.0
    resting: bool = False
    until_rest: int | None = None
    day: str = ""
    sent_today: int = 0
    hour: int = 0
    sent_this_hour: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """When a message may leave: at once when `reason` is None, never by itself when `at` is."""

    at: datetime | None
    reason: Reason | None = None

    @property
    def now(self) -> bool:
        return self.reason is None

    def sentence(self, zone: str = WIB, language: str = "id") -> str:
        """One sentence for people; empty when the message may leave at once."""
        if self.reason is None:
            return ""
        because = SENTENCES[language][self.reason]
        if self.at is None:
            return f"{because}."
        return f"{because}; {_GOES_ON[language]} {shown_time(self.at, zone, language)}."


def next_gap_s(pacing: Pacing, rng: Random) -> float:
    """A gap in seconds, anywhere within `[min_s, max_s]`, all lengths alike."""
    return min(max(rng.uniform(pacing.min_s, pacing.max_s), pacing.min_s), pacing.max_s)


def mean_gap_s(pacing: Pacing, call_s: float = 0.0) -> float:
    """What one message takes on average in seconds, with its share of the rests and its call."""
    gap_s = (pacing.min_s + pacing.max_s) / 2
    if pacing.rest_after is not None:
        every = sum(pacing.rest_after) / 2
        rest_s = max(gap_s, sum(pacing.rest_s) / 2)
        gap_s += (rest_s - gap_s) / every
    return gap_s + call_s


def risks(pacing: Pacing) -> tuple[Risk, ...]:
    """What an owner should know before choosing this pacing; nothing here forbids it."""
    found = {
        Risk.FAST: pacing.min_s < SAFE_MIN_S,
        Risk.REGULAR: pacing.min_s == pacing.max_s,
        Risk.NO_REST: pacing.rest_after is None,
        Risk.NO_CAP: pacing.per_hour is None and pacing.per_day is None,
    }
    return tuple(risk for risk, there in found.items() if there)


def may_leave(
    state: LaneState,
    pacing: Pacing,
    now: datetime,
    kind: Kind = Kind.BROADCAST,
    *,
    rules: Sequence[Windows] = (),
    zone: str = WIB,
    caps_on: CapsOn | None = None,
    blocks: Sequence[Block] = (),
    min_any_gap_s: float = MIN_ANY_GAP_S,
) -> Leave:
    """When the next message of this kind may leave the device, and what holds it the longest.

    Two clocks: a broadcast waits for the last broadcast's gap and for `min_any_gap_s`; any other
    message only for the latter. `rules` are windows (working hours, the contact's own quiet hours)
    that must all be open, `zone` is where the day of the daily cap begins, `caps_on` replaces the
    pacing's own caps, `blocks` hold the whole lane.
    The reason is the first that is more than a gap or a rest: what an owner could change.
    """
    state = clamped(state, pacing, now, min_any_gap_s)
    at, reason = now.astimezone(UTC), None
    caps_of = caps_on or (lambda _day: Caps(pacing.per_hour, pacing.per_day))
    for _ in range(HORIZON_STEPS):
        moved, why = _next_hold(state, at, kind, rules, zone, caps_of, blocks)
        if why is None:
            return Leave(at, reason)
        if moved is None:
            return Leave(None, why)
        at, reason = moved, why if reason is None or reason in PASSING else reason
    return Leave(None, reason)


def started(
    state: LaneState,
    pacing: Pacing,
    now: datetime,
    rng: Random,
    kind: Kind = Kind.BROADCAST,
    *,
    zone: str = WIB,
    min_any_gap_s: float = MIN_ANY_GAP_S,
) -> LaneState:
    """The lane as it is written before the call: a crash can't shorten the next gap."""
    state = rolled(state, now, zone)
    if kind is not Kind.BROADCAST:
        return replace(state, next_any_at=_later(state.next_any_at, now, min_any_gap_s))
    gap_s, resting, until_rest = _draw(state, pacing, rng)
    return replace(
        state,
        next_broadcast_at=_later(state.next_broadcast_at, now, gap_s),
        next_any_at=_later(state.next_any_at, now, min_any_gap_s),
        gap_s=gap_s,
        resting=resting,
        until_rest=until_rest,
        sent_today=state.sent_today + 1,
        sent_this_hour=state.sent_this_hour + 1,
    )


def ended(
    state: LaneState,
    at: datetime,
    kind: Kind = Kind.BROADCAST,
    *,
    min_any_gap_s: float = MIN_ANY_GAP_S,
) -> LaneState:
    """The lane once the call has ended: gaps are counted from `at`. Repeating is harmless."""
    state = replace(state, next_any_at=_later(state.next_any_at, at, min_any_gap_s))
    if kind is not Kind.BROADCAST:
        return state
    return replace(state, next_broadcast_at=_later(state.next_broadcast_at, at, state.gap_s))


def lost(
    state: LaneState,
    sending_at: datetime,
    timeout_s: float,
    kind: Kind = Kind.BROADCAST,
    *,
    min_any_gap_s: float = MIN_ANY_GAP_S,
) -> LaneState:
    """The lane when nobody knows how the call ended: it may have lasted until its timeout."""
    return ended(
        state, sending_at + timedelta(seconds=timeout_s), kind, min_any_gap_s=min_any_gap_s
    )


def taken_back(state: LaneState, sending_at: datetime, zone: str = WIB) -> LaneState:
    """The counters when a broadcast certainly did not go out: a dead server uses up no cap."""
    today = state.day == _day(sending_at, zone).isoformat() and state.sent_today > 0
    this_hour = state.hour == _hour(sending_at) and state.sent_this_hour > 0
    return replace(
        state,
        sent_today=state.sent_today - today,
        sent_this_hour=state.sent_this_hour - this_hour,
    )


def rolled(state: LaneState, now: datetime, zone: str = WIB) -> LaneState:
    """The state with counters that belong to the local day and hour of `now`.

    A clock that steps back a little over midnight, or over the hour, does not start a second count.
    """
    day, hour = _day(now, zone), _hour(now)
    if state.day != day.isoformat() and not _is_day_before(day, state.day):
        state = replace(state, day=day.isoformat(), sent_today=0)
    if state.hour != hour and state.hour - hour != 1:
        state = replace(state, hour=hour, sent_this_hour=0)
    return state


def clamped(
    state: LaneState, pacing: Pacing, now: datetime, min_any_gap_s: float = MIN_ANY_GAP_S
) -> LaneState:
    """The state with times no further ahead than the pacing itself could have put them.

    A clock that jumped forward, sent, and jumped back would else hold the device for hours.
    Source: the guard that stands in the lane's claim, "clamp to now + the longest delay".
    """
    longest_s = max(pacing.max_s, pacing.rest_s[1] if pacing.rest_after else 0.0)
    return replace(
        state,
        next_broadcast_at=clamp(state.next_broadcast_at, now, longest_s + SLOWEST_CALL_S),
        next_any_at=clamp(state.next_any_at, now, min_any_gap_s + SLOWEST_CALL_S),
    )


def clamp(next_at: datetime | None, now: datetime, longest_s: float) -> datetime | None:
    """`next_at`, or `now + longest_s` when it lies more than CLOCK_SLACK_S beyond that."""
    if next_at is None or next_at <= now + timedelta(seconds=longest_s + CLOCK_SLACK_S):
        return next_at
    return now + timedelta(seconds=longest_s)


def _next_hold(
    state: LaneState,
    at: datetime,
    kind: Kind,
    rules: Sequence[Windows],
    zone: str,
    caps_of: CapsOn,
    blocks: Sequence[Block],
) -> tuple[datetime | None, Reason | None]:
    """What holds a message at `at`, and until when; (None, None) when nothing does."""
    for block in blocks:
        if block.until is None or block.until > at:
            return block.until, block.reason
    if state.next_any_at is not None and state.next_any_at > at:
        return state.next_any_at, Reason.ANY_GAP
    if kind is not Kind.BROADCAST:
        return None, None
    if state.next_broadcast_at is not None and state.next_broadcast_at > at:
        return state.next_broadcast_at, Reason.REST if state.resting else Reason.GAP
    counted, caps = rolled(state, at, zone), caps_of(_day(at, zone))
    if caps.per_day is not None and counted.sent_today >= caps.per_day:
        return local_midnight_after(at, zone), caps.day_reason
    if caps.per_hour is not None and counted.sent_this_hour >= caps.per_hour:
        return datetime.fromtimestamp((_hour(at) + 1) * 3600, UTC), caps.hour_reason
    closed = why_closed(at, *rules)
    if closed is None:
        return None, None
    opens = next_allowed(at, *rules)
    return opens, Reason.NEVER_OPEN if opens is None else _OF_CLOSED[closed]


def _draw(state: LaneState, pacing: Pacing, rng: Random) -> tuple[float, bool, int | None]:
    gap_s = next_gap_s(pacing, rng)
    if pacing.rest_after is None:
        return gap_s, False, None
    left = state.until_rest if state.until_rest is not None else rng.randint(*pacing.rest_after)
    if left > 1:
        return gap_s, False, left - 1
    return max(gap_s, rng.uniform(*pacing.rest_s)), True, None


def _later(stored: datetime | None, since: datetime, wait_s: float) -> datetime:
    fresh = since.astimezone(UTC) + timedelta(seconds=wait_s)
    return fresh if stored is None else max(stored, fresh)


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(zone_of(zone)).date()


def _hour(at: datetime) -> int:
    return int(at.timestamp() // 3600)


def _is_day_before(day: date, stored: str) -> bool:
    return stored == (day + timedelta(days=1)).isoformat()


_OF_CLOSED = {
    Closed.HOLIDAY: Reason.HOLIDAY,
    Closed.OUTSIDE_HOURS: Reason.OUTSIDE_HOURS,
    Closed.QUIET_HOURS: Reason.QUIET_HOURS,
}

PASSING = frozenset({Reason.GAP, Reason.ANY_GAP, Reason.REST})
"""Reasons that pass by themselves within minutes; no one needs to be told."""

_GOES_ON = {"id": "lanjut", "en": "goes on"}

SENTENCES = {
    "id": {
        Reason.GAP: "Menunggu jeda antarpesan",
        Reason.ANY_GAP: "Nomor ini baru saja mengirim",
        Reason.REST: "Nomor ini istirahat sebentar supaya wajar",
        Reason.HOURLY_CAP: "Batas per jam nomor ini sudah tercapai",
        Reason.DAILY_CAP: "Batas harian nomor ini sudah tercapai",
        Reason.WARM_UP: "Nomor ini masih pemanasan dan jatah hari ini sudah habis",
        Reason.COLD_BUDGET: "Jatah chat baru hari ini sudah habis",
        Reason.HOLIDAY: "Hari ini libur",
        Reason.OUTSIDE_HOURS: "Di luar jam kirim",
        Reason.QUIET_HOURS: "Sedang jam tenang",
        Reason.COLD_FROZEN: "WhatsApp membatasi chat baru di nomor ini",
        Reason.COOLING: "Nomor ini sedang didinginkan",
        Reason.DEVICE_PAUSED: "Nomor ini dijeda",
        Reason.DISCONNECTED: "Nomor ini terputus",
        Reason.NEVER_OPEN: "Jam kirim yang dipilih tidak pernah buka",
    },
    "en": {
        Reason.GAP: "Waiting for the gap between messages",
        Reason.ANY_GAP: "This number has only just sent something",
        Reason.REST: "This number takes a short rest, as a person would",
        Reason.HOURLY_CAP: "This number has reached its hourly cap",
        Reason.DAILY_CAP: "This number has reached its daily cap",
        Reason.WARM_UP: "This number is warming up and has sent its share for today",
        Reason.COLD_BUDGET: "The budget for new chats is used up for today",
        Reason.HOLIDAY: "Today is a holiday",
        Reason.OUTSIDE_HOURS: "Outside sending hours",
        Reason.QUIET_HOURS: "It is quiet hours",
        Reason.COLD_FROZEN: "WhatsApp restricts new chats on this number",
        Reason.COOLING: "This number is cooling down",
        Reason.DEVICE_PAUSED: "This number is paused",
        Reason.DISCONNECTED: "This number is disconnected",
        Reason.NEVER_OPEN: "The sending hours chosen never open",
    },
}

RISK_SENTENCES = {
    "id": {
        Risk.FAST: "Jeda di bawah 15 detik berisiko: nomor yang secepat ini sering diblokir.",
        Risk.REGULAR: "Jeda yang selalu sama terlihat seperti mesin.",
        Risk.NO_REST: "Tanpa istirahat, kiriman panjang terlihat seperti mesin.",
        Risk.NO_CAP: "Tanpa batas per jam atau per hari, satu kiriman besar bisa membuat diblokir.",
    },
    "en": {
        Risk.FAST: "Gaps below 15 seconds are risky: numbers that send this fast are often banned.",
        Risk.REGULAR: "A gap that is always the same looks like a machine.",
        Risk.NO_REST: "Without rests, a long broadcast looks like a machine.",
        Risk.NO_CAP: "Without hourly or daily caps, one large broadcast can get the number banned.",
    },
}
