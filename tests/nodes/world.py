"""What nodes ask of the world, answered from memory; shared by the tests of all nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.windows import next_allowed, windows
from nodes.contract import AiTask, Audience, Context, Device, Media, NodeError, ReadText

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
    rulings: list[dict[str, Any]] = field(default_factory=list)
    done: dict[str, float] = field(default_factory=dict)
    saved: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    barred: list[tuple[str, str]] = field(default_factory=list)
    handed: list[tuple[datetime | None, str]] = field(default_factory=list)
    agent: str | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[tuple[Mapping[str, Any], float]] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    thought: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    clicks: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

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

    def reply_rules(self, text: str) -> Sequence[Mapping[str, Any]]:
        return self.rulings

    def once(self, key: str, within_s: float) -> bool:
        if key in self.done:
            return False
        self.done[key] = within_s
        return True

    def save_contact(
        self, phone: str, name: str | None, fields: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        self.saved.append((phone, name, dict(fields)))
        known = self.contact(phone) or {"id": None, "phone": phone, "tags": []}
        return {**known, "name": name or known.get("name"), "fields": dict(fields)}

    def block(self, phone: str, reason: str) -> None:
        self.barred.append((phone, reason))

    def hand_over(self, until: datetime | None, why: str) -> Mapping[str, Any]:
        self.handed.append((until, why))
        return {"agent": self.agent}

    def http(self, request: Mapping[str, Any], timeout_s: float) -> Mapping[str, Any]:
        self.requests.append((request, timeout_s))
        return self._told(self.answers, str(request["url"]))

    def ai(self, task: AiTask, request: Mapping[str, Any], timeout_s: float) -> Mapping[str, Any]:
        self.thought.append((task, request))
        if task not in self.said:
            raise NodeError("no AI engine is set up", code="not_configured")
        return self._told(self.said, task)

    def click(self, rotator: str, target: str, source: Mapping[str, Any]) -> str:
        self.clicks.append((rotator, target, dict(source)))
        return f"K{len(self.clicks)}"

    @staticmethod
    def _told(answers: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        found = answers.get(key, NodeError("nobody answers", kind="upstream", code="unreachable"))
        if isinstance(found, NodeError):
            raise found
        told: Mapping[str, Any] = found
        return told


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
