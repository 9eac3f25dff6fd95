"""A link as a process keeps it: read from the database, ready to answer without it.

The shipped flow (`flows/templates/link-rotator.yaml`) is the rule; `Link` gives the same answer
without walking through its steps, twenty times faster. A test compares the two over random links.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import quote

from domain.rotation import Option, Strategy, choose_at, weighted_cycle
from domain.text import Text, field_name, seeded
from domain.windows import Windows, allowed, closes_at, next_allowed, windows
from flows.engine.plan import Plan
from services.rotators import first_message
from services.rotators.words import CODE_FIELD, UTM, RotationType

WA_ME = "https://wa.me/"
CODE_MARK = "\0"
"""Stands for the code while a message is made; no text can hold it."""
STATIC_FIELDS = frozenset({CODE_FIELD, "agen", "tautan", "toko"})
"""Fields that do not change from click to click, but for the code."""
NUMBER = "number:"
LOAD_WINDOW_S = 600.0
"""For so long a visitor counts as work for the number he was led to."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a link needs to know of a device."""

    name: str
    phone: str | None
    why_not: str
    open_chats: int
    sent_today: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """A number that takes visitors, now or at other times."""

    phone: str
    weight: int
    device: str | None
    hours: Windows | None
    label: str
    why_not: str
    open_chats: int
    mates: tuple[str, ...] = ()
    """The numbers of the same device, this one among them: they are busy together."""
    parts: tuple[str, ...] | None = None
    """The address around the code; None where it depends on the visitor."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A link's row and what surrounds it."""

    id: int
    tenant_id: int
    slug: str
    name: str | None
    rotation_type: RotationType
    target_numbers: Sequence[Mapping[str, Any]]
    default_message: str
    with_code: bool
    fallback_phone: str | None
    closed_text: str | None
    is_active: bool
    zone: str
    shop: Mapping[str, Any]
    """The account's profile, with `name` and `zone`."""
    devices: Mapping[str, DeviceState]
    flow_version_id: int | None = None
    flow_id: int | None = None
    flow_params: Mapping[str, Any] = field(default_factory=dict)


class Loads:
    """How many visitors each number got of late, on top of its open chats."""

    def __init__(self) -> None:
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._since = 0.0

    def of(self, phone: str) -> int:
        return self._now.get(phone, 0) + self._before.get(phone, 0)

    def led(self, phone: str, now_s: float) -> None:
        passed = now_s - self._since
        if passed >= LOAD_WINDOW_S:
            self._before = self._now if passed < 2 * LOAD_WINDOW_S else {}
            self._now, self._since = {}, now_s
        self._now[phone] = self._now.get(phone, 0) + 1


class Turns:
    """The indexes of a link's rotation that this process has leased."""

    def __init__(self) -> None:
        self._next = 0
        self._end = 0
        self._ahead: tuple[int, int] | None = None
        self.block = 0
        """How many were leased last."""

    @property
    def is_leased(self) -> bool:
        return self.block > 0

    @property
    def is_low(self) -> bool:
        """Whether it is time to lease the next block."""
        return self._ahead is None and self._next + self.block // 2 >= self._end

    def lease(self, first: int, count: int) -> None:
        if self._next >= self._end:
            # When nobody leased in between, what was counted alone is the beginning of this block.
            is_ours = self.is_leased and first == self._end
            self._next, self._end = max(self._next, first) if is_ours else first, first + count
        else:
            self._ahead = (first, first + count)
        self.block = count

    def take(self) -> int:
        """The next index. When none could be leased, counts on alone: still in turn."""
        if self._next >= self._end and self._ahead is not None:
            (self._next, self._end), self._ahead = self._ahead, None
        found = self._next
        self._next += 1
        return found

    def peek(self) -> int:
        return self._next


class Link:
    """One link, compiled. `facts` never change: a new state is a new Link with the old counters."""

    def __init__(
        self, facts: Facts, turns: Turns | None = None, loads: Loads | None = None
    ) -> None:
        self.facts = facts
        self.turns = turns or Turns()
        self.loads = loads or Loads()
        self.plan: Plan | None = None
        """The tenant's own flow; None: the shipped one."""
        self.read_at = 0.0
        self.asked_at = 0.0
        self.strategy = facts.rotation_type.strategy
        self._shop = _shop_values(facts.shop)
        source = first_message.source_of(facts.default_message, facts.with_code)
        self._text: Text | None = None
        if source.strip():
            self._text = first_message.read(facts.default_message, facts.with_code)
        fields = set(self._text.fields) if self._text else set()
        self._is_static = fields <= STATIC_FIELDS
        self.targets = tuple(self._target(given) for given in facts.target_numbers)
        self.fallback: Target | None = None
        if facts.fallback_phone and facts.is_active:
            self.fallback = self._compiled(Target(facts.fallback_phone, 1, None, None, "", "", 0))
        self._ready: tuple[Target, ...] = ()
        self._cycle: tuple[int, ...] = ()
        self._ready_until_s = -math.inf

    # ------------------------------------------------------------------ who is next

    def choose(
        self, now_s: float, visitor: str, rng: Random, index: int | None = None
    ) -> Target | None:
        """The number for this visitor, else the fallback, else None; `index` only to look ahead.

        `now_s`: seconds since 1970. Same choice as the pick-target node makes.
        """
        if now_s >= self._ready_until_s:
            self._look(now_s)
        ready = self._ready
        if not ready:
            return self.fallback
        strategy = self.strategy
        if strategy is Strategy.RANDOM:
            return rng.choice(ready)
        if strategy is Strategy.STICKY and visitor:
            return self._chosen(ready, 0, rng, visitor)
        if index is None:
            index = self.turns.take()
        if strategy is Strategy.SEQUENTIAL:
            return ready[index % len(ready)]
        if strategy is Strategy.WEIGHTED:
            return ready[self._cycle[index % len(self._cycle)]]
        return self._chosen(ready, index, rng, "")

    def _chosen(
        self, ready: tuple[Target, ...], index: int, rng: Random, visitor: str
    ) -> Target | None:
        options = [
            Option(one.phone, one.weight, one.open_chats + sum(map(self.loads.of, one.mates)))
            for one in ready
        ]
        found = choose_at(self.strategy, options, index, rng, contact=visitor)
        if found is None:
            return None
        return ready[options.index(found)]

    def _look(self, now_s: float) -> None:
        """Who is ready now, and until when that holds."""
        now = datetime.fromtimestamp(now_s, UTC)
        ready, until_s = [], math.inf
        for target in self.targets:
            is_open = True
            if target.hours is not None:
                is_open = allowed(now, target.hours)
                edge = closes_at(now, target.hours) if is_open else next_allowed(now, target.hours)
                until_s = min(until_s, math.inf if edge is None else edge.timestamp())
            if is_open and not target.why_not and target.weight > 0:
                ready.append(target)
        if not self.facts.is_active:
            ready = []
        self._ready = tuple(ready)
        self._ready_until_s = until_s
        self._cycle = ()
        if ready and self.strategy is Strategy.WEIGHTED:
            self._cycle = weighted_cycle([target.weight for target in ready])

    def opens_at(self, now: datetime) -> datetime | None:
        """When the first number opens that is shut by its hours; None when none is."""
        shut = [
            next_allowed(now, target.hours)
            for target in self.targets
            if target.hours is not None and target.weight and not allowed(now, target.hours)
        ]
        return min((at for at in shut if at is not None), default=None)

    # ------------------------------------------------------------------ where to

    def location(self, target: Target, code: str, source: Mapping[str, str]) -> str:
        """The address of the chat, with the message in it as far as that fits."""
        parts = target.parts
        if parts is None:
            parts = self._address(target, source)
        return code.join(parts)

    def _target(self, given: Mapping[str, Any]) -> Target:
        hours = given.get("hours")
        name, phone = given.get("device"), str(given["phone"])
        device = self.facts.devices.get(str(name)) if name else None
        why_not = ""
        mates = [phone]
        if name:
            why_not = "gone" if device is None else device.why_not
            others = self.facts.target_numbers
            mates = [str(one["phone"]) for one in others if one.get("device") == name]
        return self._compiled(
            Target(
                phone=phone,
                weight=int(given.get("weight", 1)),
                device=name,
                hours=windows(hours, zone=self.facts.zone) if hours else None,
                label=str(given.get("label") or ""),
                why_not=why_not,
                open_chats=device.open_chats if device is not None else 0,
                mates=tuple(mates),
            )
        )

    def _compiled(self, target: Target) -> Target:
        return replace(target, parts=self._address(target, {})) if self._is_static else target

    def _address(self, target: Target, source: Mapping[str, str]) -> tuple[str, ...]:
        bare = WA_ME + target.phone
        if self._text is None:
            return (bare,)
        values: dict[str, object] = dict(self._shop)
        told = {
            "agen": target.label,
            "tautan": self.facts.name or "",
            "sumber": source.get("src", ""),
            **{f"utm_{name}": source.get(f"utm_{name}", "") for name in UTM},
        }
        values.update({name: value for name, value in told.items() if value.strip()})
        values[CODE_FIELD] = CODE_MARK
        text = self._text.render(values, seeded("")).strip()
        if not text:
            return (bare,)
        parts = tuple(quote(part, safe="") for part in text.split(CODE_MARK))
        whole = sum(map(len, parts)) + 8 * (len(parts) - 1) + len(bare) + len("?text=")
        if whole > first_message.ADDRESS_CHARS_MOST:
            return (bare,)
        return (f"{bare}?text={parts[0]}", *parts[1:])

    # ------------------------------------------------------------------ as a flow

    def params(self) -> dict[str, Any]:
        """The parameters of the shipped flow for this link."""
        facts = self.facts
        loaded = self.strategy is Strategy.LEAST_LOADED
        return {
            "slug": facts.slug,
            "targets": [
                {
                    "phone": target.phone,
                    "weight": target.weight,
                    # A number without a device has visitors, too: it is asked for by itself.
                    "device": target.device or (NUMBER + target.phone if loaded else None),
                    "hours": given.get("hours"),
                    "label": target.label,
                }
                for target, given in zip(self.targets, facts.target_numbers, strict=True)
            ],
            "strategy": str(self.strategy),
            # A text must be there; a blank one opens the chat without any.
            "message": first_message.source_of(facts.default_message, facts.with_code) or " ",
            "fallback": facts.fallback_phone or "",
            "name": facts.name or "",
        }


def _shop_values(shop: Mapping[str, Any]) -> dict[str, object]:
    """The account's own values by field name, as the spintax node reads them."""
    found: dict[str, object] = {}
    for key, value in shop.items():
        if key in ("name", "zone") or isinstance(value, bool):
            continue
        if isinstance(value, int | float) or (isinstance(value, str) and value.strip()):
            found.setdefault(field_name(key), value)
    if str(shop.get("name") or "").strip():
        found["toko"] = shop["name"]
    return found
