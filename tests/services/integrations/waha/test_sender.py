"""The sender over real connections: what is certain and what is not."""

import asyncio
import ssl

import aiohttp
import orjson
import pytest
from aiohttp.client_reqrep import ConnectionKey

from services.integrations.waha import calls
from services.integrations.waha.calls import OutgoingFile
from services.integrations.waha.errors import (
    WahaConfiguration,
    WahaTemporary,
    WahaUnreachable,
    WahaUnsupported,
)
from services.integrations.waha.outcomes import (
    Accepted,
    Configuration,
    NotSent,
    Restricted,
    Unknown,
)
from services.integrations.waha.protocol import TransportFailure
from services.integrations.waha.sender import (
    MAX_ANSWER_BYTES,
    MAX_IDS_AT_ONCE,
    Sender,
    Senders,
    failure_of,
)

from .conftest import Reply

pytestmark = pytest.mark.asyncio

CHAT = "6281100000002@c.us"
BARE = "3EB0C431C26A1916EA9A01"
TEXT = calls.send_text("default", CHAT, "Halo kak", message_id=BARE)
ROUTE = "POST /api/sendText"


async def send_to(url, call=TEXT, timeout_s=5.0, connect_s=3.0):
    async with Sender(url, "key") as sender:
        return await sender.send(call, timeout_s, connect_s)


@pytest.mark.parametrize("engine", ["GOWS", "NOWEB", "WEBJS"])
async def test_a_message_is_accepted_with_its_id_on_every_engine(scripted, reply, engine):
    scripted.on(ROUTE, reply(f"api.send.text.201.{engine}", 201))

    outcome = await send_to(scripted.url)

    assert isinstance(outcome, Accepted)
    assert (outcome.receipt.bare_id, outcome.receipt.id_matches) == (BARE, True)
    (request,) = scripted.requests
    assert request.headers["x-api-key"] == "key"
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "session": "default",
        "chatId": CHAT,
        "id": BARE,
        "text": "Halo kak",
        "linkPreview": False,
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Reply(how="hang"), Unknown("read_timeout", "")),
        (Reply(how="reset"), Unknown("reset", "")),
        (Reply(how="garbage"), Unknown("bad_answer", "")),
        (Reply(201, b'{"id":"true_1@c.us_AA"}', how="cut"), Unknown("reset", "")),
        (Reply(201, b"{}"), Unknown("no_id", "")),
        (Reply(201, b"<html>"), Unknown("bad_json", "")),
        (Reply(503, b"busy"), Unknown("http_503", "")),
        (Reply(302, headers={"Location": "/elsewhere"}), Configuration("not_waha", "")),
        (Reply(401, b"{}"), Configuration("key", "")),
        (Reply(429, headers={"Retry-After": "9"}), NotSent("rate_limited", "", 9.0)),
        (
            Reply(201, headers={"Content-Length": str(MAX_ANSWER_BYTES + 1)}, how="close"),
            Unknown("too_large_answer", ""),
        ),
    ],
    ids=lambda value: getattr(value, "reason", None),
)
async def test_a_request_that_was_written_is_asked_once_and_never_called_unsent_without_proof(
    scripted, answer, expected
):
    scripted.on(ROUTE, answer)

    outcome = await send_to(scripted.url, timeout_s=0.3)

    assert type(outcome) is type(expected)
    assert outcome.reason == expected.reason
    assert scripted.targets() == [ROUTE]


async def test_an_answer_that_never_ends_is_cut_off(scripted):
    endless = b"%x\r\n%s\r\n" % (MAX_ANSWER_BYTES + 1, b"x" * (MAX_ANSWER_BYTES + 1))
    headers = {"Transfer-Encoding": "chunked"}
    scripted.on(ROUTE, Reply(201, endless, headers=headers, how="close"))

    outcome = await send_to(scripted.url)

    assert isinstance(outcome, Unknown)
    assert outcome.reason == "too_large_answer"


async def test_a_restriction_of_the_account_is_named(scripted, reply):
    scripted.on(ROUTE, reply("api.error.500.GOWS.463", 500))

    assert isinstance(await send_to(scripted.url), Restricted)


async def test_where_nothing_listens_nothing_was_sent(closed_url):
    outcome = await send_to(closed_url)

    assert isinstance(outcome, NotSent)
    assert (outcome.reason, outcome.scope) == ("refused", "server")


async def test_a_server_that_takes_no_connections_was_sent_nothing(deaf_url):
    outcome = await send_to(deaf_url, timeout_s=5.0, connect_s=0.2)

    assert isinstance(outcome, NotSent)
    assert outcome.reason == "connect_timeout"


async def test_a_server_without_encryption_behind_https_is_a_wrong_setting(scripted):
    outcome = await send_to(scripted.url.replace("http:", "https:"))

    assert isinstance(outcome, Configuration)
    assert outcome.reason == "tls"


async def test_a_name_that_cannot_be_found_was_sent_nothing():
    key = ConnectionKey("x.invalid", 80, False, True, None, None, None)

    assert failure_of(aiohttp.ClientConnectorDNSError(key, OSError())) is TransportFailure.DNS
    wrong = aiohttp.ClientConnectorCertificateError(key, ssl.CertificateError())
    assert failure_of(wrong) is TransportFailure.TLS


async def test_a_large_file_is_sent_whole(scripted, reply):
    scripted.on("POST /api/sendImage", reply("api.send.text.201.GOWS", 201))
    data = "A" * 3_000_000

    outcome = await send_to(
        scripted.url, calls.send_media("s", CHAT, "image", OutgoingFile("image/jpeg", data=data))
    )

    assert isinstance(outcome, Accepted)
    assert scripted.requests[0].json["file"]["data"] == data


async def test_connections_are_kept_and_used_again(scripted, reply):
    scripted.on(ROUTE, reply("api.send.text.201.GOWS", 201))

    async with Sender(scripted.url, "key") as sender:
        for _ in range(5):
            assert isinstance(await sender.send(TEXT, 5.0), Accepted)

    assert (len(scripted.requests), scripted.connections) == (5, 1)


async def test_ids_are_drawn_many_at_once(scripted):
    replies = [Reply(200, orjson.dumps({"id": f"3EB0{number:018X}"})) for number in range(20)]
    scripted.on("GET /api/default/new-message-id", *replies)

    async with Sender(scripted.url, "key") as sender:
        drawn = await sender.new_message_ids("default", 20)

    assert len(set(drawn)) == 20


async def test_ids_that_came_are_kept_when_others_did_not(scripted, reply):
    scripted.on("GET /api/default/new-message-id", reply("api.new-message-id"), Reply(500))

    async with Sender(scripted.url, "key") as sender:
        assert await sender.new_message_ids("default", 3) == [BARE]
        with pytest.raises(WahaTemporary):
            await sender.new_message_ids("default", 2)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply(404, b'{"message":"Cannot GET /api/default/new-message-id"}'), WahaUnsupported),
        (Reply(501, b'{"message":"The method is not implemented"}'), WahaUnsupported),
        (Reply(200, b"{}"), WahaTemporary),
        (Reply(403, b""), WahaConfiguration),
    ],
)
async def test_a_server_that_has_no_ids_says_so(scripted, answer, error):
    scripted.on("GET /api/default/new-message-id", answer)

    async with Sender(scripted.url, "key") as sender:
        with pytest.raises(error):
            await sender.new_message_id("default")


async def test_the_number_of_ids_at_once_is_bounded(closed_url):
    async with Sender(closed_url, "key") as sender:
        with pytest.raises(WahaUnreachable):
            await sender.new_message_ids("default", 2)
        with pytest.raises(ValueError, match="at once"):
            await sender.new_message_ids("default", MAX_IDS_AT_ONCE + 1)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("", "k"),
        ("localhost:3000", "k"),
        ("ftp://x", "k"),
        ("http://user:pw@x", "k"),
        ("http://x?y=1", "k"),
        ("http://x:99999", "k"),
        ("http://x", ""),
        ("http://x", "a\nb"),
        ("http://x", "clé"),
    ],
)
async def test_an_address_or_a_key_that_cannot_be_right_is_refused_at_once(url, key):
    with pytest.raises(WahaConfiguration):
        Sender(url, key)


async def test_each_server_has_one_sender_until_its_key_changes(scripted, reply):
    scripted.on(ROUTE, Reply(how="hang"))

    async with Senders() as senders:
        first = await senders.of(1, scripted.url, "key")
        assert await senders.of(1, scripted.url + "/", "key") is first
        under_way = asyncio.create_task(first.send(TEXT, 0.4))
        await asyncio.sleep(0)
        second = await senders.of(1, scripted.url, "new key")
        assert second is not first
        # What was under way is not broken off by the change: it runs into its own time limit.
        assert await under_way == Unknown(
            "read_timeout", "The WhatsApp server did not answer in time."
        )
        await senders.drop(1)
        with pytest.raises(RuntimeError, match="not open"):
            await first.send(TEXT, 1.0)
        with pytest.raises(RuntimeError, match="not open"):
            await second.send(TEXT, 1.0)


async def test_the_key_is_in_no_repr(scripted):
    assert "sekrit" not in repr(Sender(scripted.url, "sekrit").access)
