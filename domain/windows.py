"""Windows: at which local times something may be sent, and when the next such time comes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from domain.zones import WIB, zone_name, zone_of

HORIZON_DAYS = 400
"""How far ahead an opening is looked for; a year of holidays and then some."""

DAY_MINUTES = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Closed(StrEnum):
    """Why a window is shut at some time."""

    HOLIDAY = "holiday"
    OUTSIDE_HOURS = "outside_hours"
    QUIET_HOURS = "quiet_hours"


class WindowError(ValueError):
    """A window that can't be: the message says what and how to write it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Part of one local day, `[start_minute, end_minute)`, in minutes after its midnight."""

    start_minute: int
    end_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_minute < self.end_minute <= DAY_MINUTES:
            raise WindowError(
                f"a span runs from a minute of the day to a later one, at most {DAY_MINUTES}"
            )


WHOLE_DAY = Span(0, DAY_MINUTES)
ALWAYS = ((WHOLE_DAY,),) * 7


@dataclass(frozen=True, slots=True)
class Windows:
    """When sending is allowed, on the wall clock of one zone.

    `weekly` holds the open spans of each weekday, Monday first. `quiet` is a daily pause that may
    cross midnight, (start, end). On `holidays` (local dates) it stays shut all day.
    """

    weekly: tuple[tuple[Span, ...], ...] = ALWAYS
    quiet: tuple[time, time] | None = None
    zone: str = WIB
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if len(self.weekly) != len(WEEKDAYS):
            raise WindowError("a week has seven days, Monday first")
        if self.quiet is not None and self.quiet[0] == self.quiet[1]:
            raise WindowError("quiet hours that end when they start would never end or never start")
        zone_of(self.zone)


def windows(
    hours: Mapping[str, Iterable[str]] | None = None,
    *,
    quiet: str | None = None,
    zone: str = WIB,
    holidays: Iterable[date] = (),
) -> Windows:
    """Windows written the way people write them.

    `hours` maps weekdays ("mon".."sun", "mon-fri", "all") to spans ("08:00-17:00"); a span may
    cross midnight ("22:00-02:00") and then reaches into the next day. Days not named stay shut;
    no `hours` at all means always. `quiet` is one such span, `zone` a short or IANA name.
    Raises: WindowError, UnknownZone.
    """
    weekly = ALWAYS if hours is None else _weekly(hours)
    pause = None
    if quiet is not None:
        start, end = _minutes(quiet)
        pause = (_clock(start), _clock(end))
    return Windows(weekly, pause, zone_name(zone), frozenset(holidays))


def in_zone(rules: Windows, zone: str) -> Windows:
    """The same hours on another place's wall clock: a contact's own morning and evening."""
    return replace(rules, zone=zone_name(zone))


def why_closed(now: datetime, *rules: Windows) -> Closed | None:
    """The first reason why `now` is not allowed, or None when every window is open."""
    for rule in rules:
        local = now.astimezone(zone_of(rule.zone))
        if local.date() in rule.holidays:
            return Closed.HOLIDAY
        minute = local.hour * 60 + local.minute
        spans = rule.weekly[local.weekday()]
        if not any(span.start_minute <= minute < span.end_minute for span in spans):
            return Closed.OUTSIDE_HOURS
        if rule.quiet and _is_quiet(local.time(), rule.quiet):
            return Closed.QUIET_HOURS
    return None


def allowed(now: datetime, *rules: Windows) -> bool:
    """Whether every window is open at `now` (aware). Without a window, it always is."""
    return why_closed(now, *rules) is None


def next_allowed(now: datetime, *rules: Windows) -> datetime | None:
    """The first time from `now` on (UTC) at which every window is open.

    None when no such time comes within HORIZON_DAYS. Right across changes of daylight saving
    time: an hour that a spring day skips opens with the next minute that exists.
    """
    start = now.astimezone(UTC)
    if allowed(start, *rules):
        return start
    return next((edge for edge in _edges(start, rules) if allowed(edge, *rules)), None)


def closes_at(now: datetime, *rules: Windows) -> datetime | None:
    """When the stretch that is open at `now` ends (UTC, exclusive).

    `now` itself when it is shut already; None when it stays open past HORIZON_DAYS.
    """
    start = now.astimezone(UTC)
    if not allowed(start, *rules):
        return start
    if all(_never_closes(rule) for rule in rules):
        return None
    return next((edge for edge in _edges(start, rules) if not allowed(edge, *rules)), None)


def local_midnight_after(now: datetime, zone: str) -> datetime:
    """When the next local day begins (UTC): the moment daily counters start over."""
    where = zone_of(zone)
    tomorrow = now.astimezone(where).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), tzinfo=where).astimezone(UTC)
    return max(midnight, now.astimezone(UTC) + timedelta(microseconds=1))


def _edges(start: datetime, rules: tuple[Windows, ...]) -> Iterator[datetime]:
    """Every moment after `start`, in order, at which one of the rules may open or shut."""
    for number in range(HORIZON_DAYS):
        since = start + timedelta(days=number)
        until = since + timedelta(days=1)
        found = {edge for rule in rules for edge in _edges_between(since, until, rule)}
        yield from sorted(found)


def _edges_between(since: datetime, until: datetime, rule: Windows) -> Iterator[datetime]:
    zone = zone_of(rule.zone)
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    marks = {0} if rule.holidays or rule.weekly is not ALWAYS else set()
    if rule.quiet:
        marks |= {at.hour * 60 + at.minute for at in rule.quiet}
    day = first
    while day <= last:
        minutes = set(marks)
        for span in rule.weekly[day.weekday()]:
            minutes |= {span.start_minute, span.end_minute}
        for minute in minutes - {DAY_MINUTES}:
            wall = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
            for fold in (0, 1):
                edge = wall.replace(fold=fold).astimezone(UTC)
                if since < edge <= until:
                    yield edge
        day += timedelta(days=1)
    if since.astimezone(zone).utcoffset() != until.astimezone(zone).utcoffset():
        yield _clock_change(since, until, rule.zone)


def _clock_change(since: datetime, until: datetime, zone: str) -> datetime:
    """The moment, to the second, at which the zone's offset changes between two times."""
    where = zone_of(zone)
    before = since.astimezone(where).utcoffset()
    low, high = 0, int((until - since).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (since + timedelta(seconds=middle)).astimezone(where).utcoffset() == before:
            low = middle
        else:
            high = middle
    return (since + timedelta(seconds=high)).replace(microsecond=0)


def _is_quiet(at: time, quiet: tuple[time, time]) -> bool:
    start, end = quiet
    if start < end:
        return start <= at < end
    return at >= start or at < end


def _never_closes(rule: Windows) -> bool:
    return rule.weekly == ALWAYS and rule.quiet is None and not rule.holidays


def _weekly(hours: Mapping[str, Iterable[str]]) -> tuple[tuple[Span, ...], ...]:
    days: list[list[Span]] = [[] for _ in WEEKDAYS]
    for names, texts in hours.items():
        for text in texts:
            start, end = _minutes(text)
            for day in _days(names):
                if start < end:
                    days[day].append(Span(start, end))
                else:
                    days[day].append(Span(start, DAY_MINUTES))
                    if end:
                        days[(day + 1) % 7].append(Span(0, end))
    return tuple(tuple(sorted(spans, key=lambda span: span.start_minute)) for spans in days)


def _days(names: str) -> list[int]:
    first, _, last = names.strip().lower().partition("-")
    if first == "all" and not last:
        return list(range(7))
    try:
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    except ValueError:
        raise WindowError(
            f"{names!r} is no weekday: write {', '.join(WEEKDAYS)}, mon-fri or all"
        ) from None
    return [(start + step) % 7 for step in range((end - start) % 7 + 1)]


def _minutes(text: str) -> tuple[int, int]:
    start, dash, end = text.replace("–", "-").replace(".", ":").partition("-")
    if not dash:
        raise WindowError(f"{text!r} is no span of time: write it like 08:00-17:00")
    first, last = _minute(start, text), _minute(end, text)
    if first in (last, DAY_MINUTES):
        raise WindowError(f"{text!r} has no length: write the whole day as 00:00-24:00")
    return first, last


def _minute(text: str, whole: str) -> int:
    hours, _, minutes = text.strip().partition(":")
    if not (hours.isascii() and hours.isdigit() and len(hours) <= 2):
        raise WindowError(f"{whole!r} is no span of time: write it like 08:00-17:00")
    if minutes and not (minutes.isascii() and minutes.isdigit() and len(minutes) == 2):
        raise WindowError(f"{whole!r} is no span of time: write it like 08:00-17:00")
    minute = int(hours) * 60 + int(minutes or 0)
    if int(minutes or 0) > 59 or minute > DAY_MINUTES:
        raise WindowError(f"{whole!r} names a time that no day has")
    return minute


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)
