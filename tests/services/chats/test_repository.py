"""The inbox's queries on both databases."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from domain.states import ChatMode
from services.chats import repository, service
from services.chats.models import ChatMessage, ChatSession
from services.chats.repository import Asked
from services.messages.models import OutboundMessage
from tests.services.messages.lab import NOON, Lab

pytestmark = pytest.mark.sql

PHONE = "6281200000001"


def said(lab: Lab, chat: int, text: str, at: datetime) -> None:
    with lab.database.write() as connection:
        connection.execute(
            insert(ChatMessage),
            {
                "tenant_id": 1,
                "session_id": chat,
                "waha_message_id": text,
                "direction": "INBOUND",
                "message_type": "text",
                "content": text,
                "is_from_bot": False,
                "is_history": False,
                "timestamp": at,
                "created_at": at,
            },
        )


def test_chats_come_in_pages_without_gap_or_double_whatever_their_times(any_lab: Lab) -> None:
    device = any_lab.device()
    for number, minutes in enumerate((3, 1, 1, None, 2, 1, None)):
        at = None if minutes is None else NOON + timedelta(minutes=minutes, microseconds=7)
        any_lab.chat(device, any_lab.person(name=f"Orang {number}"), last_message_at=at)

    def page(after: str | None, limit: int) -> tuple[list[int], str | None]:
        with any_lab.database.reading_session() as session:
            views, following = service.list_chats(session, 1, Asked(), after, limit, NOON)
            return [view.chat.id for view in views], following

    whole, _ = page(None, 50)
    assert len(whole) == 7
    for limit in (1, 2, 3):
        found: list[int] = []
        after: str | None = None
        while True:
            ids, after = page(after, limit)
            found += ids
            if after is None:
                break
        assert found == whole


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(search="AYU"), ["ayu"]),
        (Asked(search="harga"), ["ayu"]),
        (Asked(search="62812", phone_prefix="62812"), ["ayu"]),
        (Asked(mode=ChatMode.BOT), ["ayu", "past"]),
        (Asked(mode=ChatMode.HUMAN), ["human"]),
        (Asked(unread=True, attention=True), ["human"]),
        (Asked(device="toko-1"), ["ayu", "past", "human"]),
        (Asked(device="toko-9"), []),
    ],
)
def test_chats_are_asked_for(any_lab: Lab, asked: Asked, found: list[str]) -> None:
    device = any_lab.device()
    chats = {
        "ayu": any_lab.chat(device, any_lab.person(PHONE, name="Bu Ayu"), PHONE, preview="Harga?"),
        "past": any_lab.chat(
            device, any_lab.person(), mode="HUMAN", human_until=NOON - timedelta(seconds=1)
        ),
        "human": any_lab.chat(
            device, any_lab.person(), mode="HUMAN", unread=1, attention="handed_over"
        ),
    }

    with any_lab.database.reading_session() as session:
        views = repository.list_chats(session, 1, asked, None, 50, NOON)
        assert {view.chat.id for view in views} == {chats[name] for name in found}
        assert repository.list_chats(session, 2, asked, None, 50, NOON) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_both_sides_are_merged_by_time_in_pages(any_lab: Lab, limit: int) -> None:
    device = any_lab.device()
    log, broadcast = any_lab.recipient(any_lab.campaign(), device)
    person, phone = any_lab.row(broadcast).identity_id, any_lab.row(broadcast).chat_key
    chat = any_lab.chat(device, person, phone)
    any_lab.reply(any_lab.device(), chat_key=phone, identity_id=person)  # another number's
    expected = [f"o{broadcast}"]
    for minute in (1, 2, 2, 3):
        any_lab.now = NOON + timedelta(minutes=minute)
        said(any_lab, chat, f"pesan {len(expected)}", any_lab.now)
        reply = any_lab.reply(device, chat_key=phone, chat_session_id=chat)
        any_lab.set(OutboundMessage, reply, status="SENT", sent_at=any_lab.now)
        expected.append(f"o{reply}")
    with any_lab.database.read() as connection:
        theirs = connection.execute(select(ChatMessage.id).order_by(ChatMessage.id)).scalars().all()
    first, second, third, fourth = (f"i{one}" for one in theirs)
    _, one, two, three, four = expected
    # Of the same moment: ours after theirs, the later row later.
    order = [expected[0], first, one, second, third, two, three, fourth, four]

    with any_lab.database.reading_session() as session:
        (view,) = repository.chats_of(session, 1, [phone], None)
        found: list[str] = []
        after: str | None = None
        while True:
            page, after = service.messages(session, 1, view, after, limit)
            found += [f"{entry.source}{entry.id}" for entry in page]
            if after is None:
                break

    assert log
    assert found[::-1] == order


def test_a_chat_is_found_by_an_address_its_row_does_not_hold(any_lab: Lab) -> None:
    device = any_lab.device()
    person = any_lab.person(PHONE, "111", "222")
    chat = any_lab.chat(device, person, PHONE, "111")

    with any_lab.database.reading_session() as session:
        for key in (PHONE, "111@lid", "222@lid"):
            assert [one.chat.id for one in repository.chats_of(session, 1, [key], None)] == [chat]
        assert repository.chats_of(session, 2, [PHONE], None) == []
        assert repository.chats_of(session, 1, ["333@lid"], None) == []
    assert any_lab.all_rows(ChatSession)[0].id == chat
