"""Which of a shop's keyword rules answer a message: compiled once, judged for one person."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Connection

from domain.keywords import How, Match, Rule, Rules, check
from domain.keywords.rules import KEYWORDS_MAX, PATTERNS_MAX, RULES_MAX
from domain.windows import WindowError, Windows, allowed, in_zone, windows
from domain.zones import zone_of
from services.auto_replies import repository
from services.auto_replies.words import MatchType, Once, WhyNot
from services.kit.clock import Clock
from services.kit.db import Database

BOOKS_MOST = 500
TRACED_MOST = 50
"""Rules that a trace names; a message that meets more of them is a list of keywords."""

log = structlog.get_logger("services.auto_replies")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one rule says to a message. `reply` is the text as it was written: spintax and fields.

    `why_not` is None where the rule answers, else one of `WhyNot`.
    """

    id: int
    name: str
    keyword: str
    found: str
    reply: str
    media: str | None
    action: str
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """The rules that answer, in their order, and the others whose keywords stood there too."""

    applied: list[Ruling] = field(default_factory=list)
    matched_too: list[Ruling] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a rule besides its keywords."""

    id: int
    name: str
    reply: str
    media: str | None
    action: str
    goes_on: bool
    devices: frozenset[str]
    hours: Windows | None
    first_day: date | None
    last_day: date | None
    cooldown_s: int
    once: str

    @property
    def looks_back(self) -> bool:
        return self.cooldown_s > 0 or self.once != Once.NO


@dataclass(frozen=True, slots=True)
class _Book:
    """A tenant's rules in one version."""

    version: int
    compiled: Rules
    kept: Mapping[str, _Kept]


class RuleBooks:
    """The compiled rules of many tenants; one object a process, shared by its threads.

    A tenant's rules are compiled again when its version has changed, which one look by primary
    key tells: a message costs the same for ten rules as for ten thousand.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        """`clock`: for its scale; cooldowns are waits like any other."""
        self._clock = clock or Clock()
        self._books: OrderedDict[int, _Book] = OrderedDict()
        self._lock = Lock()
        self._compiling: dict[int, Lock] = {}

    def applying(
        self,
        connection: Connection,
        tenant_id: int,
        text: str,
        contact_id: int | None,
        device: str | None,
        now: datetime,
        zone: str,
    ) -> Found:
        """The rules for a message of this person to this device; None: to whichever.

        `zone` is the tenant's: hours, days and "once a day" are counted on its clock.
        """
        book = self._book(connection, tenant_id)
        matches = book.compiled.matches(text)[:TRACED_MOST]
        if not matches:
            return Found()
        kept = [book.kept[match.rule.id] for match in matches]
        looking_back = [rule.id for rule in kept if rule.looks_back]
        used: Mapping[int, datetime] = {}
        if contact_id is not None and looking_back:
            used = repository.used_at(connection, looking_back, contact_id)
        found, is_over = Found(), False
        for match, rule in zip(matches, kept, strict=True):
            why_not = self._why_not(rule, device, used.get(rule.id), now, zone)
            if why_not is None and is_over:
                why_not = WhyNot.AFTER_A_RULE_THAT_STOPS
            ruling = _ruling(rule, match, why_not)
            (found.applied if why_not is None else found.matched_too).append(ruling)
            is_over = is_over or (why_not is None and not rule.goes_on)
        return found

    def note_use(
        self, connection: Connection, rule_ids: Sequence[int], contact_id: int, now: datetime
    ) -> None:
        """These rules answered this person now; in the transaction that writes the answer."""
        repository.note_use(connection, rule_ids, contact_id, now)

    def _why_not(
        self,
        rule: _Kept,
        device: str | None,
        used: datetime | None,
        now: datetime,
        zone: str,
    ) -> WhyNot | None:
        if rule.devices and device is not None and device not in rule.devices:
            return WhyNot.OTHER_DEVICE
        today = now.astimezone(zone_of(zone)).date()
        if rule.first_day is not None and today < rule.first_day:
            return WhyNot.NOT_YET
        if rule.last_day is not None and today > rule.last_day:
            return WhyNot.OVER
        if rule.hours is not None and not allowed(now, in_zone(rule.hours, zone)):
            return WhyNot.OUTSIDE_HOURS
        if used is None:
            return None
        if rule.once == Once.EVER:
            return WhyNot.USED_BEFORE
        if rule.once == Once.DAY and used.astimezone(zone_of(zone)).date() == today:
            return WhyNot.USED_TODAY
        if now - used < timedelta(seconds=self._clock.seconds(rule.cooldown_s)):
            return WhyNot.COOLING_DOWN
        return None

    def _book(self, connection: Connection, tenant_id: int) -> _Book:
        # The version is read before the rules: what changes in between is seen the next time.
        version = repository.version(connection, tenant_id)
        book = self._known(tenant_id, version)
        if book is not None:
            return book
        with self._lock:
            compiling = self._compiling.setdefault(tenant_id, Lock())
        with compiling:
            book = self._known(tenant_id, version)
            if book is None:
                rows = repository.active(connection, tenant_id) if version else ()
                book = _compiled(version, rows, tenant_id)
                with self._lock:
                    self._books[tenant_id] = book
                    self._books.move_to_end(tenant_id)
                    while len(self._books) > BOOKS_MOST:
                        gone, _ = self._books.popitem(last=False)
                        self._compiling.pop(gone, None)
        return book

    def _known(self, tenant_id: int, version: int) -> _Book | None:
        with self._lock:
            book = self._books.get(tenant_id)
            if book is None or book.version != version:
                return None
            self._books.move_to_end(tenant_id)
            return book


_SHARED: "WeakKeyDictionary[Database, RuleBooks]" = WeakKeyDictionary()


def shared_books(database: Database, clock: Clock) -> RuleBooks:
    """The books of this process for a database: compiled once, whoever asks."""
    books = _SHARED.get(database)
    return _SHARED.setdefault(database, RuleBooks(clock)) if books is None else books


def keyword_rule(
    rule_id: str,
    keywords: Sequence[str],
    match_type: str,
    need: str,
    unless: Sequence[str],
    priority: int = 0,
) -> Rule:
    """A rule in the words of `domain.keywords`."""
    how = MatchType(match_type).how
    return Rule(rule_id, tuple(keywords), how, need, tuple(unless), priority)  # type: ignore[arg-type]


def _ruling(rule: _Kept, match: Match, why_not: WhyNot | None) -> Ruling:
    return Ruling(
        id=rule.id,
        name=rule.name,
        keyword=match.keyword,
        found=match.found,
        reply=rule.reply,
        media=rule.media,
        action=rule.action,
        why_not=None if why_not is None else why_not.value,
    )


def _compiled(version: int, rows: Sequence[Any], tenant_id: int) -> _Book:
    """The rules that can work. One that can't, from an older release, must not take the others."""
    kept: dict[str, _Kept] = {}
    sound: list[Rule] = []
    keywords = patterns = 0
    for row in rows:
        try:
            rule = keyword_rule(
                str(row.id),
                [row.keyword, *row.keywords],
                row.match_type,
                row.need,
                row.unless,
                row.priority,
            )
            known = _kept(row)
            problems = check([rule])
        except (ValueError, TypeError) as error:
            log.warning("rule_unusable", tenant=tenant_id, rule=row.id, error=str(error)[:200])
            continue
        keywords += len(rule.keywords) + len(rule.unless)
        patterns += len(rule.keywords) if rule.how is How.REGEX else 0
        is_too_much = keywords > KEYWORDS_MAX or patterns > PATTERNS_MAX or len(sound) == RULES_MAX
        if problems or is_too_much:
            log.warning("rule_unusable", tenant=tenant_id, rule=row.id)
            keywords -= len(rule.keywords) + len(rule.unless)
            patterns -= len(rule.keywords) if rule.how is How.REGEX else 0
            continue
        sound.append(rule)
        kept[rule.id] = known
    return _Book(version, Rules(sound), kept)


def _kept(row: Any) -> _Kept:
    schedule = row.schedule or {}
    hours = schedule.get("hours")
    return _Kept(
        id=row.id,
        name=row.name or row.keyword,
        reply=row.response_text,
        media=row.media_url,
        action=row.action,
        goes_on=row.goes_on,
        devices=frozenset(row.devices),
        hours=hours_of(hours) if hours else None,
        first_day=_day(schedule.get("from")),
        last_day=_day(schedule.get("until")),
        cooldown_s=row.cooldown_s,
        once=row.once,
    )


def hours_of(hours: Mapping[str, Sequence[str]]) -> Windows:
    """The hours of a rule, still without a zone of their own. Raises: WindowError."""
    try:
        return windows(hours)
    except (AttributeError, TypeError) as error:
        raise WindowError("hours are a weekday and its spans, such as mon-fri: 08:00-17:00") from (
            error
        )


def _day(written: object) -> date | None:
    return date.fromisoformat(written) if isinstance(written, str) else None
