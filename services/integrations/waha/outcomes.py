"""What became of one send: a closed set, so that every case must be handled.

`reason` is a stable word for code and statistics, `detail` a sentence for people. Neither holds
anything the server echoed back from our request.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.integrations.waha.types import SentReceipt

Scope = Literal["message", "session", "server"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """WAHA has the message and named its id."""

    receipt: SentReceipt


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not sent, and only for now: the same message may be sent again later.

    `scope` is what has to wait: this message, the session, or the whole server.
    """

    reason: str
    detail: str
    retry_after_s: float | None = None
    scope: Scope = "session"


@dataclass(frozen=True, slots=True)
class Permanent:
    """Certainly not sent, and never will be: this contact or this message is the problem."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """Certainly not sent because our access to the server is wrong: stop, tell the owner."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Restricted:
    """Certainly not sent: WhatsApp lets this account write to known contacts only."""

    reason: str = "463"
    detail: str = "WhatsApp does not let this number write to new contacts for now."
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell whether it went out: look it up, never just send again."""

    reason: str
    detail: str


Outcome = Accepted | NotSent | Permanent | Configuration | Restricted | Unknown
