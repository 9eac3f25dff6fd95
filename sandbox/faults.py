"""Fault switches: which call fails how, decided by a seed and the number of the call."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sandbox.limits import FAULT_SECONDS_MAX, RULES_MAX

SEND_KINDS = {
    "http_500_before": "500, not delivered",
    "http_500_after": "delivered, then 500",
    "hang_after": "delivered, answered only after `seconds`",
    "hang_before_then_send": "never answered, delivered after `seconds`",
    "hang": "not delivered, never answered",
    "reset_after": "delivered, then the connection is reset",
    "reset_before": "the connection is reset, not delivered",
    "refuse": "`status` 401, 403, 422 or 429 (with `retry_after` seconds), not delivered",
    "accept_not_delivered": "201, not delivered",
    "double_delivery": "201, delivered twice by the engine itself",
    "error_463": "500 with WhatsApp's 463, session status untouched",
    "timelock": "463 and the session's reach-out timelock for `seconds`",
    "no_lid": "500 `no LID found`",
    "rate_overlimit": "500 `rate-overlimit`",
    "slow": "`ms` milliseconds before anything happens",
    "late_visible": "delivered; look-ups find it only after `seconds`",
    "id_ignored": "delivered under an id of the engine's own",
    "ack_error": "201, not delivered, then an acknowledgement of -1",
    "ack_first": "delivered and acknowledged at once, answered `ms` milliseconds later",
}
HISTORY_KINDS = {
    "history_500": "look-ups answer 500",
    "history_empty": "look-ups find nothing",
}
SESSION_KINDS = {"deaf": "the session sends no webhooks, or only the share that is left"}
KINDS = SEND_KINDS | HISTORY_KINDS | SESSION_KINDS
_PLAIN_KINDS = {"http_500_before", "hang", "reset_before", "refuse", "rate_overlimit", "slow"}
"""Kinds that also work on calls other than sends, when `match.path` names them."""
_REFUSALS = (401, 403, 422, 429)


class BadRules(Exception):
    """The rules can't be used; every problem with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(slots=True)
class Rule:
    """`share` of the matching calls get `kind`; at most `times`, not before `after` calls."""

    kind: str
    share: float = 1.0
    session: str = "*"
    chat: str = "*"
    path: str = "/api/send*"
    seconds: float = 5.0
    ms: float = 250.0
    status: int = 429
    retry_after: float | None = None
    times: int | None = None
    after: int = 0
    seen: int = 0
    hits: int = 0

    def fits(self, session: str, chat: str, path: str) -> bool:
        return (
            (self.session == "*" or fnmatchcase(session, self.session))
            and (self.chat == "*" or fnmatchcase(chat, self.chat))
            and fnmatchcase(path, self.path)
        )

    def public(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "share": self.share,
            "match": {"session": self.session, "chat": self.chat, "path": self.path},
            "seconds": self.seconds,
            "ms": self.ms,
            "status": self.status,
            "retry_after": self.retry_after,
            "times": self.times,
            "after": self.after,
            "seen": self.seen,
            "hits": self.hits,
        }


def draw(seed: int, stream: str, number: int) -> float:
    """A number in [0, 1) that depends on nothing else."""
    raw = hashlib.blake2b(f"{seed}/{stream}/{number}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big") / 2**64


def _default_path(kind: str) -> str:
    if kind in HISTORY_KINDS:
        return "*/messages*"
    return "*" if kind in SESSION_KINDS else "/api/send*"


def parse_rules(body: Any) -> list[Rule]:
    """Rules out of `[{match, kind, share, ...}]`. Raises BadRules with every problem."""
    problems: list[str] = []
    rules: list[Rule] = []
    if not isinstance(body, list) or len(body) > RULES_MAX:
        raise BadRules([f"rules must be a list of at most {RULES_MAX}"])
    for index, raw in enumerate(body):
        place = f"rules[{index}]"
        if not isinstance(raw, dict) or raw.get("kind") not in KINDS:
            problems.append(f"{place}.kind must be one of {', '.join(KINDS)}")
            continue
        match = raw.get("match") or {}
        rule = Rule(kind=raw["kind"], path=_default_path(raw["kind"]))
        for name in ("session", "chat", "path"):
            if name in match:
                setattr(rule, name, str(match[name]))
        known = {"share", "seconds", "ms", "status", "retry_after", "times", "after"}
        for name in set(raw) - known - {"kind", "match"}:
            problems.append(f"{place}.{name} is unknown")
        for name in known & set(raw):
            value = raw[name]
            if value is None and name in ("times", "retry_after"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                problems.append(f"{place}.{name} must be a number")
                continue
            setattr(rule, name, value)
        if not 0 <= rule.share <= 1:
            problems.append(f"{place}.share must lie between 0 and 1")
        if not 0 <= rule.seconds <= FAULT_SECONDS_MAX:
            problems.append(f"{place}.seconds must lie between 0 and {FAULT_SECONDS_MAX:.0f}")
        if rule.kind == "refuse" and rule.status not in _REFUSALS:
            problems.append(f"{place}.status must be one of {_REFUSALS}")
        rules.append(rule)
    if problems:
        raise BadRules(problems)
    return rules


@dataclass(slots=True)
class Faults:
    """The rules in force and what they did."""

    seed: int = 0
    rules: list[Rule] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)

    def set(self, seed: int, rules: list[Rule]) -> None:
        self.seed = seed
        self.rules = rules
        self.calls.clear()
        self.hits.clear()

    def pick(self, stream: str, session: str, chat: str, path: str) -> Rule | None:
        """The rule that this call falls under, if any.

        Calls are numbered per stream ("send", "history", "other"), so that the same calls in the
        same order meet the same faults whatever else is asked in between. The shares of matching
        rules add up: 0.05 and 0.03 are 5 % of the first kind and 3 % of the second.
        """
        if not self.rules:
            return None
        number = self.calls[stream]
        self.calls[stream] += 1
        chance = draw(self.seed, stream, number)
        reached = 0.0
        for rule in self.rules:
            if not _belongs(rule.kind, stream) or not rule.fits(session, chat, path):
                continue
            rule.seen += 1
            if rule.seen <= rule.after or (rule.times is not None and rule.hits >= rule.times):
                continue
            reached += rule.share
            if chance < reached:
                rule.hits += 1
                self.hits[rule.kind] += 1
                return rule
        return None

    def is_deaf(self, session: str) -> bool:
        if not self.rules:
            return False
        return self.pick("deaf", session, "", "") is not None

    def public(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "rules": [rule.public() for rule in self.rules],
            "calls": dict(self.calls),
            "hits": dict(self.hits),
            "kinds": KINDS,
        }


def _belongs(kind: str, stream: str) -> bool:
    if stream == "send":
        return kind in SEND_KINDS
    if stream == "history":
        return kind in HISTORY_KINDS or kind in _PLAIN_KINDS
    if stream == "deaf":
        return kind in SESSION_KINDS
    return kind in _PLAIN_KINDS
