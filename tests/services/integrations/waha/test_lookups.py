"""What the reconciler asks: a look-up that found nothing is evidence, a failed one is none."""

import pytest

from services.integrations.waha import lookups
from services.integrations.waha.errors import (
    WahaConfiguration,
    WahaError,
    WahaNotFound,
    WahaNotReady,
    WahaTemporary,
    WahaUnsupported,
)
from services.integrations.waha.sender import Sender
from services.integrations.waha.types import SessionStatus

from .conftest import Reply

pytestmark = pytest.mark.asyncio

BARE = "3EB0C431C26A1916EA9A01"
WHOLE = f"true_6281100000002@c.us_{BARE}"
ROUTE = f"GET /api/default/chats/all/messages/{BARE}"
FOUND = Reply(200, b'{"id":"%s","fromMe":true,"ack":1,"timestamp":1784460000}' % WHOLE.encode())


async def test_a_message_is_found_by_its_bare_id(scripted):
    scripted.on(ROUTE, FOUND)

    async with Sender(scripted.url, "key") as sender:
        message = await lookups.message_by_id(sender, "default", BARE)

    assert message is not None
    assert (message.whole_id, message.ack) == (WHOLE, 1)
    assert scripted.targets() == [f"{ROUTE}?downloadMedia=false"]


async def test_on_a_browser_engine_a_message_is_found_by_its_whole_id(scripted):
    chat = "6281100000002%40c.us"
    scripted.on(f"GET /api/default/chats/{chat}/messages/{WHOLE.replace('@', '%40')}", FOUND)

    async with Sender(scripted.url, "key") as sender:
        found = await lookups.message_by_id(sender, "default", WHOLE, chat="6281100000002@c.us")

    assert found is not None


async def test_only_message_not_found_means_that_there_is_none(scripted):
    scripted.on(ROUTE, Reply(404, b'{"message":"Message not found","statusCode":404}'))

    async with Sender(scripted.url, "key") as sender:
        assert await lookups.message_by_id(sender, "default", BARE) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply(404, b'{"message":"Session not found","statusCode":404}'), WahaNotReady),
        (Reply(404, b'{"message":"Cannot GET /x","statusCode":404}'), WahaUnsupported),
        (Reply(404, b'{"message":"Not Found","statusCode":404}'), WahaNotFound),
        (Reply(404, b"<html>"), WahaConfiguration),
        (Reply(404), WahaNotFound),
        (Reply(200), WahaTemporary),
        (Reply(200, b"null"), WahaTemporary),
        (Reply(200, b'{"id":"true_1@c.us_ANOTHER"}'), WahaTemporary),
        (Reply(500), WahaTemporary),
        (Reply(501, b"{}"), WahaUnsupported),
        (Reply(how="hang"), WahaTemporary),
    ],
)
async def test_anything_else_is_no_evidence(scripted, answer, error):
    scripted.on(ROUTE, answer)

    async with Sender(scripted.url, "key") as sender:
        with pytest.raises(error) as raised:
            await lookups.message_by_id(sender, "default", BARE, timeout_s=0.3)

    assert isinstance(raised.value, WahaError)


async def test_history_and_the_session_are_read_and_typing_is_shown(scripted, reply):
    scripted.on("GET /api/default/chats/all/messages", reply("api.chats.messages"))
    scripted.on("GET /api/sessions/default", reply("api.session.get.working"))
    scripted.on("POST /api/startTyping", reply("api.typing.201", 201))

    async with Sender(scripted.url, "key") as sender:
        history = await lookups.messages(sender, "default", since_s=5, from_me=True)
        session = await lookups.session_state(sender, "default")
        await lookups.typing(sender, "default", "6281100000002@c.us", on=True)

    assert [message.bare_id for message in history] == [BARE]
    assert session.status is SessionStatus.WORKING
    assert "filter.timestamp.gte=5" in scripted.requests[0].target
    assert scripted.requests[2].json == {"session": "default", "chatId": "6281100000002@c.us"}
