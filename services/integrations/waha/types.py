"""What WAHA tells us, in our own words: the same for GOWS, NOWEB and WEBJS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class SessionStatus(StrEnum):
    """WAHA's session states; a word this release does not know is UNKNOWN and never ready."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    SCAN_QR_CODE = "SCAN_QR_CODE"
    PASSKEY_REQUIRED = "PASSKEY_REQUIRED"
    PASSKEY_CONFIRMATION_REQUIRED = "PASSKEY_CONFIRMATION_REQUIRED"
    WORKING = "WORKING"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class CappingLevel(StrEnum):
    """How near an account is to WhatsApp's quota of new chats."""

    NONE = "NONE"
    WARNING = "WARNING"
    CAPPED = "CAPPED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Timelock:
    """WhatsApp's block on writing to new contacts; `until` is None when no end was told."""

    active: bool
    until: datetime | None
    enforcement: str | None


@dataclass(frozen=True, slots=True)
class Capping:
    """WhatsApp's quota of new chats in one cycle; None where there is no figure."""

    level: CappingLevel
    total: int | None
    used: int | None
    cycle_start: datetime | None
    cycle_end: datetime | None


@dataclass(frozen=True, slots=True)
class Me:
    """The account a session is paired with; `phone` is digits, `lid` a whole `...@lid`."""

    phone: str | None
    lid: str | None
    name: str | None
    timelock: Timelock | None
    capping: Capping | None


@dataclass(frozen=True, slots=True)
class Session:
    """One WhatsApp session; `raw_status` keeps the server's own word.

    `connected` is the engine's own view of its link (GOWS only), else None.
    """

    name: str
    status: SessionStatus
    raw_status: str
    me_phone: str | None
    me_lid: str | None
    me_name: str | None
    timelock: Timelock | None
    capping: Capping | None
    engine: str | None
    connected: bool | None
    last_activity: datetime | None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return self.status is SessionStatus.WORKING


@dataclass(frozen=True, slots=True)
class SentReceipt:
    """What WAHA said about an accepted message.

    `id_matches` is False when we had chosen an id and the server used another one: it does not
    support chosen ids. It is True when we chose none.
    """

    bare_id: str
    whole_id: str | None
    id_matches: bool


@dataclass(frozen=True, slots=True)
class Media:
    """A file of a message; `url` is None while WAHA has none (failed or not downloaded)."""

    url: str | None
    mimetype: str | None
    filename: str | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the history, in the shape a webhook's payload has too.

    `timestamp` is unix seconds (0 when unknown). `raw` is WAHA's own object. Text and raw are
    kept out of the repr, so that a log line never shows what people write.
    """

    bare_id: str
    whole_id: str | None
    chat: str | None
    from_me: bool
    ack: int | None
    ack_name: str | None
    body: str | None = field(repr=False)
    timestamp: int
    source: str | None
    has_media: bool
    media: Media | None
    participant: str | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Participant:
    """A member of a group; `phone` is digits, `lid` a whole `...@lid`; one of them is set."""

    phone: str | None
    lid: str | None
    role: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group; `participants` is None when they are not known (left out, or answered empty)."""

    id: str
    name: str
    participants: tuple[Participant, ...] | None


@dataclass(frozen=True, slots=True)
class LidPair:
    """A hidden user and the phone behind it; either may be unknown."""

    lid: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """Whether a number has WhatsApp, and the chat to write to (not always the same digits)."""

    exists: bool
    chat: str | None


@dataclass(frozen=True, slots=True)
class ChatOverview:
    """A chat for the inbox's first picture."""

    chat: str
    name: str | None
    last_message: Message | None


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """What runs behind an address; `sandbox` is our own simulator."""

    version: str
    engine: str
    tier: str | None
    sandbox: bool


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A changed `started_at` means that the server was restarted and events may be lost."""

    started_at: datetime | None
    uptime_s: float
    worker: str | None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server can do, by engine and version.

    `supported`: new enough for reliable history. `chosen_id`: a send carries an id of ours.
    `history_all`: a message is found by its bare id without its chat. `history_needs_store`:
    only with `noweb.store.enabled`. `accepted_is_server_ack`: a 201 means that WhatsApp's own
    server has the message. `settle_s`: how long an unanswered send may still go out.
    """

    engine: str
    version: str
    supported: bool
    chosen_id: bool
    history_all: bool
    history_needs_store: bool
    accepted_is_server_ack: bool
    passkey: bool
    settle_s: float


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded file; the type is what the server claims: check it by content."""

    content: bytes = field(repr=False)
    mimetype: str | None
