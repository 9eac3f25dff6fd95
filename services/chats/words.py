"""The words that stand in the rows of chats."""

from enum import StrEnum


class Direction(StrEnum):
    """`chat_messages.direction`. OUTBOUND: typed on the phone; what we send is in the ledger."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class MessageType(StrEnum):
    """`chat_messages.message_type`: the kinds the message trigger knows."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    POLL = "poll"
    OTHER = "other"
