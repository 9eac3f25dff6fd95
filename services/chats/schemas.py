"""What the routes of chats take and answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from domain.states import ChatMode
from services.chats import takeover
from services.chats.models import ChatMessage
from services.chats.repository import OURS, ChatView
from services.chats.service import Entry
from services.kit.http import In, Out

TEXT_MOST = 4096
HOURS_MOST = takeover.TAKEOVER_HOURS_MOST
By = Literal["customer", "phone", "bot", "agent", "broadcast", "notice", "test"]
_BY: Mapping[str, By] = {
    "BROADCAST": "broadcast",
    "REPLY": "bot",
    "HUMAN": "agent",
    "NOTICE": "notice",
    "TEST": "test",
}


class AnswerIn(In):
    text: Annotated[str, Field(max_length=TEXT_MOST)] = ""
    media: Annotated[
        str | None,
        Field(max_length=200, description="`reference` of a file in the media library."),
    ] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text and not self.media:
            raise ValueError("Write a text, or choose a file.")
        return self


class ToggleIn(In):
    mode: Annotated[
        ChatMode | None,
        Field(description="Who answers: BOT, HUMAN, or MUTED (nobody). Empty: the other of two."),
    ] = None
    active: Annotated[bool | None, Field(description="Short for BOT (true) and HUMAN (false).")] = (
        None
    )
    hours: Annotated[
        float | None,
        Field(gt=0, le=HOURS_MOST, description="When the bot comes back. Empty: never by itself."),
    ] = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.mode is not None and self.active is not None:
            raise ValueError("Send mode or active, not both.")
        if self.hours is not None and self.wanted not in (None, ChatMode.HUMAN):
            raise ValueError("Hours belong to HUMAN only.")
        return self

    @property
    def wanted(self) -> ChatMode | None:
        if self.active is not None:
            return ChatMode.BOT if self.active else ChatMode.HUMAN
        return self.mode


class AssignIn(In):
    user_id: Annotated[int | None, Field(ge=1, le=2**63 - 1, description="Empty: nobody.")]


class AgentOut(Out):
    id: int
    name: str


class ChatOut(Out):
    id: int
    phone: str | None
    lid: str | None
    contact_id: int
    name: str | None
    is_saved: bool
    device: str
    device_name: str | None
    mode: ChatMode
    mode_reason: str | None
    human_until: datetime | None
    is_bot_active: bool
    assigned_to: AgentOut | None
    unread: int
    attention: str | None
    preview: str | None
    last_message_at: datetime | None
    last_inbound_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, view: ChatView, now: datetime) -> Self:
        """The chat as it is at `now`: a human's time that is past is the bot's."""
        chat, agent = view.chat, view.agent
        is_bot = takeover.is_bot(chat, now)
        return cls(
            id=chat.id,
            phone=chat.phone,
            lid=chat.lid,
            contact_id=chat.contact_id,
            name=view.contact.name,
            is_saved=view.contact.is_saved,
            device=view.device.session_name,
            device_name=view.device.display_name,
            mode=ChatMode.BOT if is_bot else ChatMode(chat.mode),
            mode_reason=None if is_bot else chat.mode_reason,
            human_until=None if is_bot else chat.human_until,
            is_bot_active=is_bot,
            assigned_to=None
            if agent is None
            else AgentOut(id=agent.id, name=agent.name or agent.email),
            unread=chat.unread,
            attention=chat.attention,
            preview=chat.preview,
            last_message_at=chat.last_message_at,
            last_inbound_at=chat.last_inbound_at,
            created_at=chat.created_at,
        )


class ChatPage(Out):
    items: list[ChatOut]
    next: str | None


class ChatMediaOut(Out):
    reference: str | None
    """Of the media library; empty while it is fetched, or when it is gone."""
    mimetype: str | None
    filename: str | None
    state: str | None


class ChatMessageOut(Out):
    id: str
    direction: Literal["INBOUND", "OUTBOUND"]
    by: By
    type: str
    text: str | None
    media: ChatMediaOut | None
    quoted_id: str | None
    waha_message_id: str | None
    status: str | None
    """Of our own messages: how far they are; empty for what others wrote."""
    reason: str | None
    ack_level: int | None
    is_history: bool
    extra: dict[str, Any] | None
    edited_at: datetime | None
    revoked_at: datetime | None
    at: datetime

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls._of_ours(entry) if entry.source == OURS else cls._of_theirs(entry)

    @classmethod
    def _of_theirs(cls, entry: Entry) -> Self:
        row = entry.row
        assert isinstance(row, ChatMessage)
        told, has_file = row.media or {}, row.media_state is not None or row.media_url is not None
        return cls(
            id=f"{entry.source}{row.id}",
            direction="OUTBOUND" if row.direction == "OUTBOUND" else "INBOUND",
            by="phone" if row.direction == "OUTBOUND" else "customer",
            type=row.message_type,
            text=row.content,
            media=ChatMediaOut(
                reference=row.media_url,
                mimetype=told.get("mimetype"),
                filename=told.get("filename"),
                state=row.media_state,
            )
            if has_file
            else None,
            quoted_id=row.quoted_id,
            waha_message_id=row.waha_message_id,
            status=None,
            reason=None,
            ack_level=None,
            is_history=row.is_history,
            extra=row.extra,
            edited_at=row.edited_at,
            revoked_at=row.revoked_at,
            at=entry.at,
        )

    @classmethod
    def _of_ours(cls, entry: Entry) -> Self:
        row: Any = entry.row
        told = row.media or {}
        return cls(
            id=f"{entry.source}{row.id}",
            direction="OUTBOUND",
            by=_BY.get(row.origin, "bot"),
            type=str(told.get("mimetype") or "").partition("/")[0] or row.kind,
            text=row.body,
            media=None
            if row.media is None
            else ChatMediaOut(
                reference=told.get("url"),
                mimetype=told.get("mimetype"),
                filename=told.get("filename"),
                state=None,
            ),
            quoted_id=None,
            waha_message_id=row.wa_msg_id,
            status=row.status,
            reason=row.reason,
            ack_level=row.ack_level,
            is_history=False,
            extra=None,
            edited_at=None,
            revoked_at=None,
            at=entry.at,
        )


class ChatMessagePage(Out):
    items: list[ChatMessageOut]
    next: str | None
