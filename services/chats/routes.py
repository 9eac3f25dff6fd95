"""/chats: the conversations of all numbers, what was said, and who answers."""

from typing import Annotated, Any

from fastapi import Body, Header, Path, Query

from domain.states import ChatMode
from services.chats import service
from services.chats.schemas import (
    AnswerIn,
    AssignIn,
    ChatMessageOut,
    ChatMessagePage,
    ChatOut,
    ChatPage,
    ToggleIn,
)
from services.kit.http import (
    ANYBODY,
    ID_MOST,
    PAGE_DEFAULT,
    PAGE_MOST,
    App,
    CurrentMember,
    Db,
    ReadDb,
    Router,
)
from services.kit.idempotency import once

router = Router(prefix="/chats", tags=["chats"])

Address = Annotated[
    str,
    Path(max_length=100, description="A phone number, a LID (123@lid) or a WhatsApp chat id."),
]
DeviceAsked = Annotated[
    str | None,
    Query(max_length=54, description="Session name of the device; needed when several have one."),
]
After = Annotated[str | None, Query(max_length=60, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key")]


@router.get("", dependencies=[ANYBODY])
def list_chats(
    member: CurrentMember,
    app: App,
    session: ReadDb,
    search: Annotated[str | None, Query(max_length=100)] = None,
    mode: Annotated[ChatMode | None, Query()] = None,
    unread: Annotated[bool | None, Query()] = None,
    attention: Annotated[bool | None, Query()] = None,
    device: DeviceAsked = None,
    assigned_to: Annotated[int | None, Query(ge=1, le=ID_MOST)] = None,
    after: After = None,
    limit: Limit = PAGE_DEFAULT,
) -> ChatPage:
    """The newest first; `search` is a part of a name or of the last text, or a number's start."""
    now = app.clock.now()
    asked = service.asked_for(
        search,
        mode=mode,
        unread=unread,
        attention=attention,
        device=device,
        assigned_to=assigned_to,
    )
    found, next_page = service.list_chats(session, member.tenant_id, asked, after, limit, now)
    return ChatPage(items=[ChatOut.of(one, now) for one in found], next=next_page)


@router.get("/{phone}", dependencies=[ANYBODY])
def get(
    phone: Address, member: CurrentMember, app: App, session: ReadDb, device: DeviceAsked = None
) -> ChatOut:
    """One chat; 409 with the choices when several devices have one with this person."""
    return ChatOut.of(service.find(session, member.tenant_id, phone, device), app.clock.now())


@router.get("/{phone}/messages", dependencies=[ANYBODY])
def list_messages(
    phone: Address,
    member: CurrentMember,
    session: ReadDb,
    device: DeviceAsked = None,
    after: After = None,
    limit: Limit = PAGE_DEFAULT,
) -> ChatMessagePage:
    """What both sides said, newest first; our own messages with how far they are."""
    view = service.find(session, member.tenant_id, phone, device)
    found, next_page = service.messages(session, member.tenant_id, view, after, limit)
    return ChatMessagePage(items=[ChatMessageOut.of(one) for one in found], next=next_page)


@router.post(
    "/{phone}/send", dependencies=[ANYBODY], status_code=201, response_model=ChatMessageOut
)
def send(
    phone: Address,
    given: AnswerIn,
    member: CurrentMember,
    app: App,
    session: Db,
    device: DeviceAsked = None,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Answer yourself: it leaves before everything else, and the bot is quiet in this chat then.

    With an Idempotency-Key the answer is sent once, however often this is asked.
    """
    now = app.clock.now()

    def act() -> dict[str, Any]:
        view = service.find(session, member.tenant_id, phone, device)
        answer = service.Answer(given.text, given.media)
        entry = service.send(session, member.tenant_id, view, answer, app.clock, now)
        return ChatMessageOut.of(entry).model_dump(mode="json")

    request = ["chats.send", phone, device, given.model_dump()]
    return once(session, member.tenant_id, idempotency_key, request, now, act)


@router.post("/{phone}/toggle-bot", dependencies=[ANYBODY])
def toggle_bot(
    phone: Address,
    member: CurrentMember,
    app: App,
    session: Db,
    device: DeviceAsked = None,
    given: Annotated[ToggleIn | None, Body()] = None,
) -> ChatOut:
    """Pause the bot in this chat, for some hours or for good, or let it answer again."""
    now, asked = app.clock.now(), given or ToggleIn()
    view = service.find(session, member.tenant_id, phone, device)
    moved = service.toggle_bot(
        session, member.tenant_id, view, asked.wanted, asked.hours, app.clock, now
    )
    return ChatOut.of(moved, now)


@router.post("/{phone}/assign", dependencies=[ANYBODY])
def assign(
    phone: Address,
    given: AssignIn,
    member: CurrentMember,
    app: App,
    session: Db,
    device: DeviceAsked = None,
) -> ChatOut:
    """Give the chat to somebody of the account; an empty user_id gives it to nobody."""
    now = app.clock.now()
    view = service.find(session, member.tenant_id, phone, device)
    return ChatOut.of(service.assign(session, member.tenant_id, view, given.user_id, now), now)


@router.post("/{phone}/read", dependencies=[ANYBODY])
def read(
    phone: Address, member: CurrentMember, app: App, session: Db, device: DeviceAsked = None
) -> ChatOut:
    """Somebody has read the chat."""
    now = app.clock.now()
    view = service.find(session, member.tenant_id, phone, device)
    return ChatOut.of(service.read(session, member.tenant_id, view, now), now)
