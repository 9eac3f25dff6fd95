"""Health: when a device stops by itself, what WhatsApp forbids it, and how well it is doing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.pacing import Block, Reason
from domain.states import DeviceHealth

FAILURES_IN_A_ROW = 3
FAILURES_OF_RECENT = 5
RECENT_SENDS = 20

FREEZE_IF_UNKNOWN_S = 86_400.0
"""How long new chats stay frozen when WhatsApp does not say until when."""

REFUSALS_TO_FREEZE = 2
REFUSAL_MEMORY_S = 86_400.0

UNCONFIRMED_AFTER_S = 600.0
UNCONFIRMED_SHARE = 0.20
UNCONFIRMED_MIN_SENDS = 5
"""Below this many sends a share says nothing: one late receipt of one is 100 %."""

SCORE_FLOOR = 40
"""A device with a lower score takes no new broadcast messages."""


MIN_SENDS_TO_JUDGE = 20
REPLY_SHARE_EXPECTED = 0.05


class PauseReason(StrEnum):
    """Why a device is PAUSED; stored beside the state."""

    FAILURES_IN_A_ROW = "failures_in_a_row"
    MANY_FAILURES = "many_failures"
    UNCONFIRMED = "unconfirmed"
    LOW_SCORE = "low_score"
    BY_OWNER = "by_owner"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One "463" for a contact this device had never written with."""

    contact: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """What is remembered about a device; every part may be true at once.

    `recent` holds the outcomes of the latest sends, oldest first, True for a failure.
    """

    warming: bool = False
    paused: PauseReason | None = None
    frozen_until: datetime | None = None
    cooling_until: datetime | None = None
    recent: tuple[bool, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def state_at(health: Health, now: datetime) -> DeviceHealth:
    """The one word to store and show: the part that forbids the most."""
    if health.paused is not None:
        return DeviceHealth.PAUSED
    if _runs(health.cooling_until, now):
        return DeviceHealth.COOLING
    if _runs(health.frozen_until, now):
        return DeviceHealth.COLD_FROZEN
    return DeviceHealth.WARMING if health.warming else DeviceHealth.OK


def blocks_at(health: Health, now: datetime, *, cold: bool) -> tuple[Block, ...]:
    """What holds a broadcast message at `now`; a freeze holds only messages to `cold` contacts."""
    blocks = []
    if health.paused is not None:
        blocks.append(Block(Reason.DEVICE_PAUSED))
    if _runs(health.cooling_until, now):
        blocks.append(Block(Reason.COOLING, health.cooling_until))
    if cold and _runs(health.frozen_until, now):
        blocks.append(Block(Reason.COLD_FROZEN, health.frozen_until))
    return tuple(blocks)


def after_send(health: Health, *, failed: bool) -> Health:
    """The health after one more send, paused when failures pile up.

    Count what speaks about the device: a number that is not on WhatsApp is no failure of ours.
    """
    recent = (*health.recent, failed)[-RECENT_SENDS:]
    health = replace(health, recent=recent)
    if health.paused is not None:
        return health
    if len(recent) >= FAILURES_IN_A_ROW and all(recent[-FAILURES_IN_A_ROW:]):
        return replace(health, paused=PauseReason.FAILURES_IN_A_ROW)
    if sum(recent) >= FAILURES_OF_RECENT:
        return replace(health, paused=PauseReason.MANY_FAILURES)
    return health


def after_refusal(health: Health, contact: str, now: datetime) -> Health:
    """The health after a "463" for a contact that is new to this device.

    One refusal may be about that contact; two different contacts within a day are about the
    device, even when WhatsApp reports no restriction. Never repeat a refused send on this device.
    """
    since = now - timedelta(seconds=REFUSAL_MEMORY_S)
    kept = tuple(one for one in health.refusals if one.at > since and one.contact != contact)
    health = replace(health, refusals=(*kept, Refusal(contact, now)))
    if len(health.refusals) < REFUSALS_TO_FREEZE:
        return health
    return frozen(health, now)


def frozen(health: Health, now: datetime, until: datetime | None = None) -> Health:
    """The health once WhatsApp restricts new chats, `until` as it says or a day if it doesn't.

    A report without an end never shortens a freeze that has one.
    """
    if until is None:
        fallback = now + timedelta(seconds=FREEZE_IF_UNKNOWN_S)
        until = max(fallback, health.frozen_until or fallback)
    return replace(health, frozen_until=until.astimezone(UTC), refusals=())


def thawed(health: Health) -> Health:
    """The health once WhatsApp says that the restriction is over."""
    return replace(health, frozen_until=None, refusals=())


def cooled(health: Health, until: datetime) -> Health:
    """The health of a device that gets a rest from every broadcast until a time."""
    return replace(health, cooling_until=max(until, health.cooling_until or until))


def paused(health: Health, reason: PauseReason) -> Health:
    """The health of a device that waits for a person. The first reason stays."""
    return health if health.paused is not None else replace(health, paused=reason)


def resumed(health: Health) -> Health:
    """The health once a person lets the device go on: old failures no longer count."""
    return replace(health, paused=None, recent=())


def is_unconfirmed(sent: int, unconfirmed: int) -> bool:
    """Whether too many of the sends of 10 minutes never got a receipt: deaf, or banned.

    Counts are of messages accepted at least UNCONFIRMED_AFTER_S ago.
    Raises: ValueError when more are unconfirmed than were sent.
    """
    if not 0 <= unconfirmed <= sent:
        raise ValueError("unconfirmed messages are a part of those sent")
    return sent >= UNCONFIRMED_MIN_SENDS and unconfirmed / sent > UNCONFIRMED_SHARE


@dataclass(frozen=True, slots=True)
class Signals:
    """What a device did in the last seven days."""

    sent: int = 0
    failed: int = 0
    unconfirmed: int = 0
    delivered: int = 0
    opted_out: int = 0
    replied: int = 0
    reconnects: int = 0
    restrictions: int = 0
    median_ack_s: float = 0.0


class Symptom(StrEnum):
    """What lowers a score."""

    FAILURES = "failures"
    UNCONFIRMED = "unconfirmed"
    OPT_OUTS = "opt_outs"
    FEW_REPLIES = "few_replies"
    RECONNECTS = "reconnects"
    RESTRICTIONS = "restrictions"
    SLOW_RECEIPTS = "slow_receipts"


@dataclass(frozen=True, slots=True)
class Finding:
    """One symptom and the points it costs."""

    symptom: Symptom
    points: int

    def sentence(self, language: str = "id") -> str:
        return f"{SYMPTOM_SENTENCES[language][self.symptom]} (-{self.points})."


@dataclass(frozen=True, slots=True)
class Score:
    """0-100, 100 when nothing is wrong, with what was taken off, worst first."""

    value: int
    findings: tuple[Finding, ...]


def score(signals: Signals) -> Score:
    """How well a device is doing, and why.

    Shares are of the messages sent, and count only from MIN_SENDS_TO_JUDGE messages on. Each
    symptom costs points in proportion, up to its own most; a restriction weighs heaviest.
    """
    shares: Sequence[tuple[Symptom, float, float, int]] = (
        (Symptom.FAILURES, _share(signals.failed, signals), 0.25, 35),
        (Symptom.UNCONFIRMED, _share(signals.unconfirmed, signals), 0.40, 30),
        (Symptom.OPT_OUTS, _share(signals.opted_out, signals), 0.05, 30),
        (Symptom.FEW_REPLIES, _missing_replies(signals), 1.0, 10),
        (Symptom.SLOW_RECEIPTS, max(0.0, signals.median_ack_s - 10), 110, 10),
        (Symptom.RECONNECTS, float(signals.reconnects), 10, 15),
        (Symptom.RESTRICTIONS, float(signals.restrictions), 2, 60),
    )
    found = [
        Finding(symptom, round(most * min(1.0, measured / full)))
        for symptom, measured, full, most in shares
    ]
    findings = sorted((one for one in found if one.points), key=lambda one: -one.points)
    return Score(max(0, 100 - sum(one.points for one in findings)), tuple(findings))


def _share(part: int, signals: Signals) -> float:
    return part / signals.sent if signals.sent >= MIN_SENDS_TO_JUDGE else 0.0


def _missing_replies(signals: Signals) -> float:
    if signals.sent < MIN_SENDS_TO_JUDGE:
        return 0.0
    return max(0.0, 1 - signals.replied / signals.sent / REPLY_SHARE_EXPECTED)


def _runs(until: datetime | None, now: datetime) -> bool:
    return until is not None and until > now


SYMPTOM_SENTENCES = {
    "id": {
        Symptom.FAILURES: "Banyak kiriman gagal",
        Symptom.UNCONFIRMED: "Banyak kiriman tanpa tanda terima",
        Symptom.OPT_OUTS: "Banyak penerima minta berhenti",
        Symptom.FEW_REPLIES: "Jarang ada yang membalas",
        Symptom.RECONNECTS: "Sering terputus",
        Symptom.RESTRICTIONS: "Pernah dibatasi WhatsApp",
        Symptom.SLOW_RECEIPTS: "Tanda terima datang lambat",
    },
    "en": {
        Symptom.FAILURES: "Many sends failed",
        Symptom.UNCONFIRMED: "Many sends got no receipt",
        Symptom.OPT_OUTS: "Many recipients opted out",
        Symptom.FEW_REPLIES: "Few people reply",
        Symptom.RECONNECTS: "Loses its connection often",
        Symptom.RESTRICTIONS: "Was restricted by WhatsApp",
        Symptom.SLOW_RECEIPTS: "Receipts come late",
    },
}
