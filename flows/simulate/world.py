"""The world of a simulation: people, devices and a shop in memory, behind the nodes' Ports."""

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.keywords import How, Rule, RuleError, Rules
from domain.windows import next_allowed, windows
from nodes.contract import AiTask, Audience, Device, Media, NodeError, ReadText, Values

DEFAULT_DEVICE = "device-1"

_RULE_KEYS = ("hours", "quiet", "zone", "holidays")


@dataclass(slots=True)
class World:
    """What a flow finds when it asks. Writes (tags, turns) change it, so one world serves one run.

    With no `device_list` every device that is named exists and is ready. When no contact has tags
    the people given are meant by every choice by tag or segment.
    """

    contacts: list[dict[str, Any]] = field(default_factory=list)
    device_list: list[Device] = field(default_factory=list)
    blacklist: dict[str, str] = field(default_factory=dict)
    shop: dict[str, Any] = field(default_factory=dict)
    segments: dict[str, list[str]] = field(default_factory=dict)
    known_devices: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    """What stands in pictures, by id or reference; any other picture is empty."""
    rules: list[dict[str, Any]] = field(default_factory=list)
    """The shop's keyword rules: {name, keywords, how, unless, reply, media, action, goes_on}."""
    done: set[str] = field(default_factory=set)
    """What was done in this chat a moment ago (`Ports.once`)."""
    ai_says: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the AI engine says to each task; without any it is not configured."""
    flows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What other flows of the shop give back when they are called, by their ids."""
    turns: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "World":
        """A world as a test case describes it.

        Its parts: contacts, devices, blocked, tenant, segments, pictures, rules, done, ai, flows.
        `devices` holds names or {name, ready, why_not, weight ...}; `blocked` holds phones, or
        phone -> reason; `pictures` file -> the text in it; `rules` the shop's keyword rules;
        `ai` task -> what the engine says; `flows` what called flows give back. Raises: ValueError
        that says which can't be read.
        """
        blocked = given.get("blocked") or {}
        if not isinstance(blocked, Mapping):
            blocked = dict.fromkeys(map(str, blocked), "MANUAL")
        try:
            return cls(
                contacts=[dict(person) for person in given.get("contacts") or ()],
                device_list=[_device(found) for found in given.get("devices") or ()],
                blacklist={str(phone): str(reason) for phone, reason in blocked.items()},
                shop=dict(given.get("tenant") or {}),
                segments={
                    str(name): [str(phone) for phone in phones]
                    for name, phones in (given.get("segments") or {}).items()
                },
                pictures={
                    str(name): str(text) for name, text in (given.get("pictures") or {}).items()
                },
                rules=[
                    _rule(number, found) for number, found in enumerate(given.get("rules") or ())
                ],
                done={str(key) for key in given.get("done") or ()},
                flows={
                    str(name): dict(outputs) for name, outputs in (given.get("flows") or {}).items()
                },
                ai_says={str(task): dict(said) for task, said in (given.get("ai") or {}).items()},
            )
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"this world can't be read: {error}") from error

    # ------------------------------------------------------------------ Ports

    def blocked(self, phone: str) -> str | None:
        return self.blacklist.get(_digits(phone))

    def devices(self, names: Sequence[str]) -> Sequence[Device]:
        if not self.device_list:
            return [Device(name, None, ready=True) for name in names or (DEFAULT_DEVICE,)]
        if not names:
            return list(self.device_list)
        known = {found.name: found for found in self.device_list}
        return [known[name] for name in names if name in known]

    def device_known_to(self, phone: str) -> str | None:
        return self.known_devices.get(phone)

    def turn(self, key: str) -> int:
        number = self.turns.get(key, 0)
        self.turns[key] = number + 1
        return number

    def audience(self, selector: Values) -> Audience:
        cursor = {"kind": "audience", **selector}
        return Audience(cursor, len(self.people(selector)))

    def contact(self, phone: str) -> Values | None:
        wanted = _digits(phone)
        return next((found for found in self.contacts if _phone(found) == wanted), None)

    def tag(self, phone: str, add: Sequence[str], remove: Sequence[str]) -> None:
        person = self.contact(phone)
        if isinstance(person, dict):
            kept = [tag for tag in person.get("tags") or () if tag not in remove]
            person["tags"] = list(dict.fromkeys([*kept, *add]))

    def profile(self) -> Values:
        return {"name": "Toko", "owner_phone": None, "zone": "Asia/Jakarta", **self.shop}

    def quiet_until(self, now: datetime, rule: Values) -> datetime:
        try:
            asked = windows(**{key: rule[key] for key in _RULE_KEYS if key in rule})
        except ValueError as error:
            raise NodeError(str(error), code="bad_window") from error
        opens = next_allowed(now, asked)
        if opens is None:
            raise NodeError("These hours never come.", code="never_open")
        return opens

    def media(self, reference: str) -> Media:
        name = reference.rpartition("/")[2].partition("?")[0]
        kind, _ = mimetypes.guess_type(name)
        return Media(reference, kind or "application/octet-stream", name or None)

    def read_image(self, reference: str, timeout_s: float) -> ReadText:
        text = self.pictures.get(reference, "")
        lines = [{"text": line, "confidence": 1.0, "page": 1} for line in text.splitlines() if line]
        return ReadText(text, lines, 1.0 if lines else 0.0)

    def reply_rules(self, text: str) -> Sequence[Values]:
        compiled = Rules(
            Rule(
                id=str(number),
                keywords=tuple(rule["keywords"]),
                how=rule["how"],
                unless=tuple(rule["unless"]),
            )
            for number, rule in enumerate(self.rules)
        )
        found: list[dict[str, Any]] = []
        is_over = False
        for match in compiled.matches(text):
            rule = self.rules[int(match.rule.id)]
            found.append(
                {
                    **{name: rule[name] for name in ("name", "reply", "media", "action")},
                    "id": int(match.rule.id) + 1,
                    "keyword": match.keyword,
                    "found": match.found,
                    "why_not": "after_a_rule_that_stops" if is_over else None,
                }
            )
            is_over = is_over or not rule["goes_on"]
        return found

    def once(self, key: str, within_s: float) -> bool:
        if key in self.done:
            return False
        self.done.add(key)
        return True

    def save_contact(self, phone: str, name: str | None, fields: Values) -> Values:
        person = self.contact(phone)
        if not isinstance(person, dict):
            person = {"id": None, "phone": _digits(phone), "name": None, "tags": []}
            self.contacts.append(person)
        merged = {**(person.get("fields") or {}), **fields}
        person["fields"] = {key: value for key, value in merged.items() if value is not None}
        person["name"] = name or person.get("name")
        return person

    def block(self, phone: str, reason: str) -> None:
        self.blacklist.setdefault(_digits(phone), reason)

    def hand_over(self, until: datetime | None, why: str) -> Values:
        return {"agent": None}

    def http(self, request: Values, timeout_s: float) -> Values:
        raise NodeError("Nobody is asked while a flow is tried; pin this step.", code="not_asked")

    def ai(self, task: AiTask, request: Values, timeout_s: float) -> Values:
        if task not in self.ai_says:
            raise NodeError("No AI engine is set up.", code="not_configured")
        return self.ai_says[task]

    def click(self, rotator: str, target: str, source: Values) -> str:
        return f"C{self.turn('click'):05d}"

    # ------------------------------------------------------------------ for the simulator

    def people(self, selector: Values) -> list[dict[str, Any]]:
        """The contacts a selector means, in the order given."""
        tagged = any(person.get("tags") for person in self.contacts)
        found = self.contacts
        if selector.get("phones"):
            wanted = {_digits(phone) for phone in selector["phones"]}
            found = [person for person in found if _phone(person) in wanted]
        if tagged:
            found = [person for person in found if _has_tags(person, selector)]
        segment = selector.get("segment")
        if segment is not None and (tagged or segment in self.segments):
            members = set(self.segments.get(segment, ()))
            found = [person for person in found if _phone(person) in members]
        return [person for person in found if person.get("active", True)]

    def elements(self, cursor: Values) -> Iterable[Any]:
        """What a for-each goes through."""
        if cursor.get("kind") == "list":
            return list(cursor.get("items") or ())
        return [
            {"contact": person, "key": _phone(person) or str(index)}
            for index, person in enumerate(self.people(cursor))
        ]


def _has_tags(person: Mapping[str, Any], selector: Values) -> bool:
    tags = {str(tag).casefold() for tag in person.get("tags") or ()}

    def named(part: str) -> set[str]:
        return {str(tag).casefold() for tag in selector.get(part) or ()}

    some, every, none = named("tags_any"), named("tags_all"), named("tags_none")
    return (not some or bool(some & tags)) and every <= tags and not none & tags


def _device(given: Any) -> Device:
    if isinstance(given, str):
        return Device(given, None, ready=True)
    return Device(**{"phone": None, "ready": True, **given})


def _rule(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    rule = {
        "name": f"rule {number + 1}",
        "how": "whole_word",
        "unless": (),
        "reply": "",
        "media": None,
        "action": "reply",
        "goes_on": False,
        **given,
    }
    rule.setdefault("keywords", [rule.pop("keyword", rule["name"])])
    rule["how"] = How(rule["how"])
    try:
        Rules([Rule(id=str(number), keywords=tuple(rule["keywords"]), how=rule["how"])])
    except RuleError as error:
        raise ValueError(str(error)) from error
    return rule


def _phone(person: Mapping[str, Any]) -> str:
    return _digits(str(person.get("phone") or ""))


def _digits(phone: str) -> str:
    return phone.partition("@")[0].removeprefix("+")
