"""When a schedule is due: times, cron rhythms and a part of RFC 5545, on a wall clock with DST.

A local time that does not exist (the clock was put forward) is the next one that does; a local
time that exists twice (the clock was put back) is the first of the two.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.zones import WIB, zone_of

GAP_MINUTES_MOST = 1_500
"""No clock was ever put forward by more than a day."""
HORIZON = timedelta(days=366 * 5)
"""Further than this nothing is due: a rule like 30 February must not be looked for for ever."""
TRIES_MOST = 100_000
COUNT_MOST = 1_000
INTERVAL_MOST = 1_000
ANCHOR = datetime(2024, 1, 1)  # noqa: DTZ001 - a local time: a Monday, the first of a leap year
FREQUENCIES = {"DAILY": 3, "WEEKLY": 2, "MONTHLY": 1, "YEARLY": 0}
"""The words of RFC 5545 -> the numbers of dateutil."""
NUMBERS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSETPOS": (-366, 366),
}
CRON_HINT = "a repeat has five fields, such as 0 9 * * 1 for each Monday at nine"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class BadRule(ValueError):
    """The rule can't be read; the message says what to write."""


def next_due(rule: Mapping[str, Any], after: datetime) -> datetime | None:
    """The first moment after `after` (aware) at which `rule` is due, in UTC; None: never again.

    `rule`: `zone` (a name of domain.zones) and one of `at` (local time, or one with an offset),
    `cron` (five fields) and `rrule` (see `recurrence`; `at` beside it is its first time).
    Raises: BadRule.
    """
    zone = zone_of(str(rule.get("zone") or WIB))
    if rule.get("cron"):
        return _after(after, _cron(str(rule["cron"]), _local(after, zone)), zone)
    if rule.get("rrule"):
        start = None if not rule.get("at") else _local(moment(str(rule["at"]), zone), zone)
        return _after(after, recurrence(str(rule["rrule"]), start, _local(after, zone), zone), zone)
    if not rule.get("at"):
        raise BadRule("a schedule needs a date and time, or a repeat")
    due_at = moment(str(rule["at"]), zone)
    return due_at if due_at > after else None


def upcoming(rule: Mapping[str, Any], after: datetime, count: int) -> list[datetime]:
    """The next times, at most `count`."""
    found: list[datetime] = []
    at: datetime | None = after
    while len(found) < count and at is not None:
        at = next_due(rule, at)
        if at is not None:
            found.append(at)
    return found


def moment(text: str, zone: ZoneInfo) -> datetime:
    """`2026-12-24 09:00` on the clock of `zone`, or a time with an offset, in UTC.

    Raises: BadRule.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadRule("write it like 2026-12-24 09:00") from error
    return utc_of(found, zone) if found.tzinfo is None else found.astimezone(UTC)


def utc_of(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time without a zone as UTC: the next that exists, and the first of two."""
    for _ in range(GAP_MINUTES_MOST):
        found = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(fold=0):
            return found
        local = (local + timedelta(minutes=1)).replace(second=0, microsecond=0)
    raise BadRule(f"{local} does not exist in {zone.key}")


def recurrence(
    text: str, start: datetime | None, after: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    """The local times of an RRULE from shortly before `after` on.

    FREQ (daily to yearly), INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYHOUR, BYMINUTE,
    BYSETPOS, WKST. Without `start` intervals count from Monday, 1 January 2024, 00:00.
    Raises: BadRule.
    """
    from dateutil import rrule  # slow to import

    parts = _parts(text)
    first = start or ANCHOR
    options: dict[str, Any] = {"dtstart": first, "interval": _number(parts, "INTERVAL", 1)}
    for name, (low, high) in NUMBERS.items():
        if name in parts:
            options[name.lower()] = [_whole(one, name, low, high) for one in _list(parts[name])]
    if "BYDAY" in parts:
        options["byweekday"] = [_weekday(one, rrule) for one in _list(parts["BYDAY"])]
    if "WKST" in parts:
        options["wkst"] = _weekday(parts["WKST"], rrule)
    options.setdefault("bysecond", [0])
    count = _number(parts, "COUNT", 0)
    if count and start is None:
        raise BadRule("a repeat with COUNT needs its first time")
    # dateutil looks until the year 9999: an end keeps a rule that never fits from taking minutes.
    last = (first if count else max(first, after)) + HORIZON
    if "UNTIL" in parts:
        last = min(last, _until(parts["UNTIL"], zone))
    try:
        found = rrule.rrule(FREQUENCIES[parts["FREQ"]], until=last, **options)
    except ValueError as error:
        raise BadRule(f"this repeat can't be read: {error}") from error
    if count:
        return (at for number, at in enumerate(found) if number < count)
    return iter(found.xafter(after - timedelta(days=1), inc=True))


def check(rule: Mapping[str, Any]) -> None:
    """Raises: BadRule, when `next_due` would."""
    next_due(rule, datetime(2024, 1, 1, tzinfo=UTC))


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _after(after: datetime, locals_: Iterator[datetime], zone: ZoneInfo) -> datetime | None:
    """The first of these local times that comes after a moment."""
    for number, local in enumerate(locals_):
        due_at = utc_of(local, zone)
        if due_at > after:
            return due_at
        if number >= TRIES_MOST:
            return None
    return None


def _cron(text: str, after: datetime) -> Iterator[datetime]:
    from croniter import croniter  # slow to import, only needed here
    from croniter.croniter import CroniterBadDateError, CroniterError

    if len(text.split()) != 5:
        raise BadRule(CRON_HINT)
    # One minute earlier: a time in a gap of the clock may become this very minute.
    try:
        found = croniter(text, after - timedelta(minutes=1), ret_type=datetime)
    except (CroniterError, ValueError, KeyError, AttributeError) as error:
        raise BadRule(f"{CRON_HINT} ({error})") from error
    while True:
        try:
            yield found.get_next(datetime).replace(tzinfo=None)
        except CroniterBadDateError:
            return


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = piece.partition("=")
        if not value or name in parts:
            raise BadRule("write a repeat like FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0")
        if name not in ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", *NUMBERS):
            raise BadRule(f"{name} can't be used in a repeat")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise BadRule(f"FREQ must be one of {', '.join(FREQUENCIES)}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule("give either COUNT or UNTIL")
    return parts


def _number(parts: Mapping[str, str], name: str, otherwise: int) -> int:
    most = COUNT_MOST if name == "COUNT" else INTERVAL_MOST
    return _whole(parts[name], name, 1, most) if name in parts else otherwise


def _list(value: str) -> list[str]:
    return value.split(",")


def _whole(text: str, name: str, low: int, high: int) -> int:
    try:
        found = int(text)
    except ValueError as error:
        raise BadRule(f"{name} needs numbers") from error
    if not low <= found <= high or (low < 0 and found == 0):
        raise BadRule(f"{name} goes from {low} to {high}")
    return found


def _weekday(text: str, rrule: Any) -> Any:
    name, place = text[-2:], text[:-2]
    if name not in WEEKDAYS:
        raise BadRule(f"a weekday is one of {', '.join(WEEKDAYS)}")
    day = getattr(rrule, name)
    return day(_whole(place, "BYDAY", -53, 53)) if place else day


def _until(text: str, zone: ZoneInfo) -> datetime:
    """The last local time; UNTIL with a Z is in UTC, a bare date means the whole day."""
    for form in ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d"):
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - a local time
        except ValueError:
            continue
        if form.endswith("Z"):
            return _local(found.replace(tzinfo=UTC), zone)
        return found if "T" in form else found + timedelta(days=1, seconds=-1)
    raise BadRule("write UNTIL like 20261231 or 20261231T170000Z")
