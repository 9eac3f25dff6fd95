"""States: which words a stored thing may have, which may follow which, and how each is shown."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import TypeVar

State = TypeVar("State", bound=StrEnum)


class RunStatus(StrEnum):
    """`flow_runs.status`."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    PAUSED = "PAUSED"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    DEAD = "DEAD"


class MessageStatus(StrEnum):
    """`outbound_messages.status`; how far a SENT one came is its ack level."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    AMBIGUOUS = "AMBIGUOUS"
    SENT = "SENT"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class LogStatus(StrEnum):
    """`campaign_logs.status`: what became of one recipient."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class CampaignStatus(StrEnum):
    """`campaigns.status`; PAUSED and HELD carry a reason beside them."""

    DRAFT = "DRAFT"
    PENDING = "PENDING"
    PREPARING = "PREPARING"
    PROCESSING = "PROCESSING"
    PAUSED = "PAUSED"
    HELD = "HELD"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class DeviceLink(StrEnum):
    """`devices.status`: whether the number is connected to WhatsApp."""

    STARTING = "STARTING"
    SCAN_QR = "SCAN_QR"
    CONNECTED = "CONNECTED"
    DISCONNECTED = "DISCONNECTED"
    FAILED = "FAILED"


class DeviceHealth(StrEnum):
    """`devices.health`: how much a connected number may do."""

    OK = "OK"
    WARMING = "WARMING"
    COLD_FROZEN = "COLD_FROZEN"
    COOLING = "COOLING"
    PAUSED = "PAUSED"


class ChatMode(StrEnum):
    """`chat_sessions.mode`: who answers."""

    BOT = "BOT"
    HUMAN = "HUMAN"
    MUTED = "MUTED"


class AckLevel(IntEnum):
    """WhatsApp's receipts, in WAHA's numbers."""

    ERROR = -1
    PENDING = 0
    SERVER = 1
    DEVICE = 2
    READ = 3
    PLAYED = 4


class IllegalMove(ValueError):
    """A thing was asked to go from one state to another that may not follow it."""

    def __init__(self, source: StrEnum, target: StrEnum) -> None:
        super().__init__(f"{type(source).__name__} can't go from {source} to {target}")
        self.source = source
        self.target = target


def may_move(source: State, target: State) -> bool:
    """Whether `target` may directly follow `source`. Staying where one is, is no move."""
    return type(source) is type(target) and target in MOVES[type(source)][source]


def move(source: State, target: State) -> State:
    """`target`, when it may follow `source`.

    Raises: IllegalMove otherwise. Use it beside the compare-and-set that writes the row.
    """
    if not may_move(source, target):
        raise IllegalMove(source, target)
    return target


def is_terminal(state: StrEnum) -> bool:
    """Whether nothing may follow this state."""
    return not MOVES[type(state)][state]


def sources_of(target: State) -> frozenset[State]:
    """Every state that `target` may follow: the left side of a compare-and-set."""
    return frozenset(source for source in type(target) if target in MOVES[type(target)][source])


def grow_ack(current: int, reported: int) -> int:
    """The ack level after one more receipt, in whatever order receipts arrive.

    It only grows. ERROR (-1) counts only before the message reached a phone, and afterwards only
    a receipt from a phone proves it wrong: so every order of the same receipts ends equally.
    Raises: ValueError when a level is outside -1..4.
    """
    now, told = AckLevel(current), AckLevel(reported)
    if told is AckLevel.ERROR:
        return now if now >= AckLevel.DEVICE else told
    if now is AckLevel.ERROR:
        return told if told >= AckLevel.DEVICE else now
    return max(now, told)


def log_status(message: MessageStatus, ack_level: int) -> LogStatus:
    """What `campaign_logs` says about a message with this status and ack level.

    A receipt is proof: a message we gave up on as UNKNOWN, or still check, counts as sent as soon
    as one arrives, while the stored message status stays what it is.
    """
    ack = AckLevel(ack_level)
    if message in _ACKED and ack is not AckLevel.PENDING:
        return _LOG_OF_ACK[ack]
    return _LOG_OF_MESSAGE[message]


def shown(state: StrEnum, language: str = "id", *, ack_level: int = 0, until: str = "") -> str:
    """The word a person sees for a stored state, in Indonesian ("id") or English ("en").

    `until` is a time already written for people; states that end by themselves name it.
    Raises: KeyError for another language.
    """
    if state is MessageStatus.SENT:
        state = log_status(MessageStatus.SENT, ack_level)
    word = WORDS[language][type(state)][state]
    ending = _UNTIL[language].get(state) if until else None
    return ending.format(word=word, until=until) if ending else word


def _all_to_all(states: type[State]) -> Mapping[State, frozenset[State]]:
    """Every state may follow every other: for what we observe, and don't decide."""
    return {state: frozenset(states) - {state} for state in states}


R, M, L, C, H = RunStatus, MessageStatus, LogStatus, CampaignStatus, DeviceHealth

MOVES: Mapping[type[StrEnum], Mapping[StrEnum, frozenset[StrEnum]]] = {
    RunStatus: {
        R.QUEUED: frozenset({R.RUNNING, R.PAUSED, R.CANCELLED, R.DEAD}),
        # Back to QUEUED: a worker gave its lease up, or died and was reaped.
        R.RUNNING: frozenset(
            {R.QUEUED, R.WAITING, R.PAUSED, R.SUCCEEDED, R.PARTIAL, R.FAILED, R.CANCELLED, R.DEAD}
        ),
        R.WAITING: frozenset({R.QUEUED, R.RUNNING, R.PAUSED, R.CANCELLED}),
        R.PAUSED: frozenset({R.QUEUED, R.WAITING, R.CANCELLED}),
        R.SUCCEEDED: frozenset(),
        R.PARTIAL: frozenset(),
        R.FAILED: frozenset(),
        R.CANCELLED: frozenset(),
        R.DEAD: frozenset(),
    },
    MessageStatus: {
        M.PENDING: frozenset({M.SENDING, M.FAILED, M.SKIPPED, M.CANCELLED}),
        # Back to PENDING: the call certainly did not go out.
        M.SENDING: frozenset({M.SENT, M.FAILED, M.PENDING, M.AMBIGUOUS}),
        M.AMBIGUOUS: frozenset({M.SENT, M.PENDING, M.FAILED, M.UNKNOWN}),
        M.SENT: frozenset(),
        M.FAILED: frozenset(),
        M.SKIPPED: frozenset(),
        M.CANCELLED: frozenset(),
        M.UNKNOWN: frozenset(),
    },
    LogStatus: {
        L.QUEUED: frozenset({L.SENDING, L.FAILED, L.SKIPPED, L.CANCELLED}),
        L.SENDING: frozenset({L.QUEUED, L.SENT, L.DELIVERED, L.READ, L.FAILED, L.UNKNOWN}),
        L.SENT: frozenset({L.DELIVERED, L.READ, L.FAILED}),
        L.DELIVERED: frozenset({L.READ}),
        L.READ: frozenset(),
        # To QUEUED: a person asked for another pass over the failed, or over the uncertain.
        L.FAILED: frozenset({L.QUEUED, L.DELIVERED, L.READ}),
        L.SKIPPED: frozenset(),
        L.CANCELLED: frozenset(),
        L.UNKNOWN: frozenset({L.QUEUED, L.SENT, L.DELIVERED, L.READ, L.FAILED}),
    },
    CampaignStatus: {
        C.DRAFT: frozenset({C.PENDING, C.PREPARING, C.CANCELLED}),
        C.PENDING: frozenset({C.DRAFT, C.PREPARING, C.HELD, C.CANCELLED}),
        C.PREPARING: frozenset({C.PROCESSING, C.PAUSED, C.HELD, C.COMPLETED, C.CANCELLED}),
        C.PROCESSING: frozenset({C.PAUSED, C.HELD, C.COMPLETED, C.CANCELLED}),
        C.PAUSED: frozenset({C.PREPARING, C.PROCESSING, C.HELD, C.COMPLETED, C.CANCELLED}),
        C.HELD: frozenset({C.PENDING, C.PREPARING, C.PROCESSING, C.PAUSED, C.CANCELLED}),
        C.COMPLETED: frozenset(),
        C.CANCELLED: frozenset(),
    },
    # WAHA reports the link, and a report can be missed: any state can be the next we hear of.
    DeviceLink: _all_to_all(DeviceLink),
    DeviceHealth: {
        H.OK: frozenset({H.WARMING, H.COLD_FROZEN, H.COOLING, H.PAUSED}),
        H.WARMING: frozenset({H.OK, H.COLD_FROZEN, H.COOLING, H.PAUSED}),
        H.COLD_FROZEN: frozenset({H.OK, H.WARMING, H.COOLING, H.PAUSED}),
        H.COOLING: frozenset({H.OK, H.WARMING, H.COLD_FROZEN, H.PAUSED}),
        # Lifted by a person; what still runs below it (a freeze, a rest) then shows again.
        H.PAUSED: frozenset({H.OK, H.WARMING, H.COLD_FROZEN, H.COOLING}),
    },
    ChatMode: _all_to_all(ChatMode),
}

RETRYABLE = frozenset({L.FAILED})
"""Recipients that "retry failed" takes up again; nothing else is ever sent twice by us."""

SETTLED = frozenset({L.SENT, L.DELIVERED, L.READ, L.FAILED, L.SKIPPED, L.CANCELLED, L.UNKNOWN})
"""A campaign is complete when each of its recipients is in one of these."""

_ACKED = frozenset({M.SENDING, M.AMBIGUOUS, M.SENT, M.UNKNOWN})

_LOG_OF_ACK = {
    AckLevel.ERROR: L.FAILED,
    AckLevel.SERVER: L.SENT,
    AckLevel.DEVICE: L.DELIVERED,
    AckLevel.READ: L.READ,
    AckLevel.PLAYED: L.READ,
}

_LOG_OF_MESSAGE = {
    M.PENDING: L.QUEUED,
    M.SENDING: L.SENDING,
    M.AMBIGUOUS: L.SENDING,
    M.SENT: L.SENT,
    M.FAILED: L.FAILED,
    M.SKIPPED: L.SKIPPED,
    M.CANCELLED: L.CANCELLED,
    M.UNKNOWN: L.UNKNOWN,
}

WORDS: Mapping[str, Mapping[type[StrEnum], Mapping[StrEnum, str]]] = {
    "id": {
        RunStatus: {
            R.QUEUED: "menunggu",
            R.RUNNING: "berjalan",
            R.WAITING: "menunggu",
            R.PAUSED: "ditunda",
            R.SUCCEEDED: "selesai",
            R.PARTIAL: "sebagian",
            R.FAILED: "gagal",
            R.CANCELLED: "batal",
            R.DEAD: "macet",
        },
        MessageStatus: {
            M.PENDING: "antre",
            M.SENDING: "mengirim",
            M.AMBIGUOUS: "dicek",
            M.SENT: "terkirim",
            M.FAILED: "gagal",
            M.SKIPPED: "dilewati",
            M.CANCELLED: "batal",
            M.UNKNOWN: "tidak pasti",
        },
        LogStatus: {
            L.QUEUED: "antre",
            L.SENDING: "mengirim",
            L.SENT: "terkirim",
            L.DELIVERED: "diterima",
            L.READ: "dibaca",
            L.FAILED: "gagal",
            L.SKIPPED: "dilewati",
            L.CANCELLED: "batal",
            L.UNKNOWN: "tidak pasti",
        },
        CampaignStatus: {
            C.DRAFT: "draf",
            C.PENDING: "terjadwal",
            C.PREPARING: "menyiapkan",
            C.PROCESSING: "berjalan",
            C.PAUSED: "jeda",
            C.HELD: "tertahan",
            C.COMPLETED: "selesai",
            C.CANCELLED: "batal",
        },
        DeviceLink: {
            DeviceLink.STARTING: "menyala",
            DeviceLink.SCAN_QR: "pindai QR",
            DeviceLink.CONNECTED: "tersambung",
            DeviceLink.DISCONNECTED: "terputus",
            DeviceLink.FAILED: "gagal",
        },
        DeviceHealth: {
            H.OK: "sehat",
            H.WARMING: "pemanasan",
            H.COLD_FROZEN: "chat baru dibatasi",
            H.COOLING: "istirahat",
            H.PAUSED: "jeda",
        },
        ChatMode: {
            ChatMode.BOT: "bot",
            ChatMode.HUMAN: "manusia",
            ChatMode.MUTED: "bisu",
        },
    },
    "en": {
        RunStatus: {
            R.QUEUED: "waiting",
            R.RUNNING: "running",
            R.WAITING: "waiting",
            R.PAUSED: "paused",
            R.SUCCEEDED: "done",
            R.PARTIAL: "partly done",
            R.FAILED: "failed",
            R.CANCELLED: "cancelled",
            R.DEAD: "stuck",
        },
        MessageStatus: {
            M.PENDING: "queued",
            M.SENDING: "sending",
            M.AMBIGUOUS: "checking",
            M.SENT: "sent",
            M.FAILED: "failed",
            M.SKIPPED: "skipped",
            M.CANCELLED: "cancelled",
            M.UNKNOWN: "uncertain",
        },
        LogStatus: {
            L.QUEUED: "queued",
            L.SENDING: "sending",
            L.SENT: "sent",
            L.DELIVERED: "delivered",
            L.READ: "read",
            L.FAILED: "failed",
            L.SKIPPED: "skipped",
            L.CANCELLED: "cancelled",
            L.UNKNOWN: "uncertain",
        },
        CampaignStatus: {
            C.DRAFT: "draft",
            C.PENDING: "scheduled",
            C.PREPARING: "preparing",
            C.PROCESSING: "running",
            C.PAUSED: "paused",
            C.HELD: "held",
            C.COMPLETED: "done",
            C.CANCELLED: "cancelled",
        },
        DeviceLink: {
            DeviceLink.STARTING: "starting",
            DeviceLink.SCAN_QR: "scan QR",
            DeviceLink.CONNECTED: "connected",
            DeviceLink.DISCONNECTED: "disconnected",
            DeviceLink.FAILED: "failed",
        },
        DeviceHealth: {
            H.OK: "healthy",
            H.WARMING: "warming up",
            H.COLD_FROZEN: "new chats restricted",
            H.COOLING: "resting",
            H.PAUSED: "paused",
        },
        ChatMode: {
            ChatMode.BOT: "bot",
            ChatMode.HUMAN: "human",
            ChatMode.MUTED: "muted",
        },
    },
}

_UNTIL: Mapping[str, Mapping[StrEnum, str]] = {
    "id": {
        H.COLD_FROZEN: "{word} sampai {until}",
        H.COOLING: "{word} sampai {until}",
        ChatMode.HUMAN: "{word} (kembali ke bot {until})",
    },
    "en": {
        H.COLD_FROZEN: "{word} until {until}",
        H.COOLING: "{word} until {until}",
        ChatMode.HUMAN: "{word} (back to the bot {until})",
    },
}
