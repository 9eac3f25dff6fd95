"""What nodes ask of the world, answered from memory; shared by the tests of all nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.windows import next_allowed, windows
from nodes.contract import Audience, Context, Device, Media, NodeError, ReadText

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
"""A Monday, 09:30 in Jakarta, 10:30 in Makassar, 11:30 in Jayapura."""

SARI = {"id": 1, "phone": "628111", "name": "Sari", "tags": ["VIP"], "fields": {"kota": "Solo"}}


@dataclass
class World:
    """`Ports` over plain values; what nodes write is kept in `tagged`."""

    blacklist: dict[str, str] = field(default_factory=dict)
    pool: tuple[Device, ...] = ()
    known: dict[str, str] = field(default_factory=dict)
    people: int = 0
    shop: dict[str, Any] = field(default_factory=lambda: {"name": "Toko Maju", "zone": "WIB"})
    files: dict[str, Media] = field(default_factory=dict)
    texts: dict[str, ReadText | NodeError] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    tagged: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    def blocked(self, phone: str) -> str | None:
        return self.blacklist.get(phone)

    def devices(self, names: Sequence[str]) -> Sequence[Device]:
        by_name = {device.name: device for device in self.pool}
        return [by_name[name] for name in names if name in by_name] if names else self.pool

    def device_known_to(self, phone: str) -> str | None:
        return self.known.get(phone)

    def turn(self, key: str) -> int:
        self.turns[key] = self.turns.get(key, -1) + 1
        return self.turns[key]

    def audience(self, selector: Mapping[str, Any]) -> Audience:
        self.asked.append(selector)
        return Audience({"kind": "audience", **selector}, self.people)

    def contact(self, phone: str) -> Mapping[str, Any] | None:
        return SARI if phone == SARI["phone"] else None

    def tag(self, phone: str, add: Sequence[str], remove: Sequence[str]) -> None:
        self.tagged.append((phone, list(add), list(remove)))

    def profile(self) -> Mapping[str, Any]:
        return self.shop

    def quiet_until(self, now: datetime, rule: Mapping[str, Any]) -> datetime:
        opens = next_allowed(now, windows(**rule))
        assert opens is not None
        return opens

    def media(self, reference: str) -> Media:
        try:
            return self.files[reference]
        except KeyError:
            raise NodeError(f"there is no file {reference!r}", code="no_media") from None

    def read_image(self, reference: str, timeout_s: float) -> ReadText:
        found = self.texts.get(reference, NodeError("there is no such picture", code="no_media"))
        if isinstance(found, NodeError):
            raise found
        return found


def device(name: str, ready: bool = True, **more: Any) -> Device:
    """A device, ready unless said otherwise."""
    return Device(name=name, phone=None, ready=ready, **more)


def context(
    world: World | None = None, scope: Mapping[str, Any] | None = None, **more: Any
) -> Context:
    """A step in the middle of a broadcast to Sari."""
    return Context(
        **{
            "now": NOW,
            "tenant_id": 1,
            "run_id": 7,
            "node_id": "langkah",
            "seed": "benih",
            "identity": "628111",
            "mode": "live",
            "ports": world or World(),
            "scope": {"item": {"contact": SARI}, **(scope or {})},
            "gap_min_s": 15.0,
            "gap_max_s": 45.0,
            **more,
        }
    )
