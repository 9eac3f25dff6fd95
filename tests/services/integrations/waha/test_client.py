"""The client over real connections."""

import orjson
import pytest

from services.integrations.waha.client import WahaClient
from services.integrations.waha.errors import (
    WahaConfiguration,
    WahaError,
    WahaNotFound,
    WahaNotReady,
    WahaPermanent,
    WahaTemporary,
    WahaUnreachable,
    WahaUnsupported,
)
from services.integrations.waha.types import SessionStatus

from .conftest import Reply

CHAT = "6281100000002@c.us"
BARE = "3EB0C431C26A1916EA9A01"
SESSION = "GET /api/sessions/default"
QR = Reply(200, b'{"name":"default","status":"SCAN_QR_CODE"}')
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def client(scripted):
    with WahaClient(scripted.url, "key", timeout_s=2.0) as one:
        yield one


@pytest.fixture
def working(scripted, reply):
    scripted.on(SESSION, reply("api.session.get.working"))
    return scripted


def test_the_server_tells_what_it_can_do(client, scripted, reply):
    scripted.on("GET /api/server/version", reply("api.server.version.2026"))
    scripted.on("GET /api/server/status", reply("api.server.status"))

    can = client.capabilities()

    assert (can.engine, can.chosen_id, can.settle_s) == ("GOWS", True, 120.0)
    assert client.server_status().started_at is not None
    assert scripted.requests[0].headers["x-api-key"] == "key"


def test_a_session_is_made_listed_changed_and_wiped(client, scripted, reply):
    created = reply("api.session.create.201", 201)
    scripted.on("POST /api/sessions", created)
    scripted.on("GET /api/sessions", reply("api.sessions.list.all"))
    scripted.on("PUT /api/sessions/default", created)
    for verb in ("start", "restart", "logout"):
        scripted.on(f"POST /api/sessions/default/{verb}", created)
    scripted.on("POST /api/sessions/default/stop", reply("api.session.stop", 201))
    scripted.on("DELETE /api/sessions/default", Reply(200))

    assert client.create_session("default", {"debug": False}, start=True).name == "default"
    assert [one.name for one in client.sessions()] == ["default"]
    assert client.replace_config("default", {}).status is SessionStatus.STARTING
    assert client.start_session("default").status is SessionStatus.STARTING
    assert client.restart_session("default").status is SessionStatus.STARTING
    assert client.logout_session("default").status is SessionStatus.STARTING
    assert client.stop_session("default").status is SessionStatus.STOPPED
    client.delete_session("default")

    body = scripted.requests[0].json
    assert body == {"name": "default", "start": True, "config": {"debug": False}}


def test_an_answer_without_a_body_is_looked_up(client, scripted, reply):
    scripted.on("POST /api/sessions/default/stop", Reply(201))
    scripted.on(SESSION, reply("api.session.stop"))

    assert client.stop_session("default").status is SessionStatus.STOPPED


def test_starting_what_runs_and_wiping_what_is_gone_are_no_errors(client, working, reply):
    working.on(
        "POST /api/sessions/default/start", reply("api.error.422.start_already_started", 422)
    )
    working.on("DELETE /api/sessions/default", reply("api.error.404.session_get", 404))

    assert client.start_session("default").ready
    client.delete_session("default")


def test_a_name_that_is_taken_is_told_as_such(client, scripted, reply):
    scripted.on("POST /api/sessions", reply("api.error.422.session_already_exists", 422))

    with pytest.raises(WahaPermanent) as raised:
        client.create_session("default", {}, start=False)

    assert raised.value.code == "already"


def test_an_empty_account_means_not_paired(client, scripted):
    scripted.on("GET /api/sessions/default/me", Reply(200))

    assert client.me("default") is None


def test_a_device_is_paired_by_picture_text_or_code(client, scripted, reply):
    scripted.on(SESSION, QR)
    scripted.on(
        "GET /api/default/auth/qr",
        Reply(200, PNG, {"Content-Type": "image/png"}),
        reply("api.qr.raw"),
    )
    scripted.on("POST /api/default/auth/request-code", reply("api.request-code.201", 201))

    assert client.qr_png("default") == PNG
    assert client.qr_text("default") == "2@AAAA,BBBB,CCCC,1"
    assert client.request_code("default", "6281100000001") == "ABCD-ABCD"


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.qr_png("default"),
        lambda client: client.qr_text("default"),
        lambda client: client.request_code("default", "62811"),
    ],
)
@pytest.mark.parametrize("status", ["STARTING", "WORKING", "STOPPED", "PASSKEY_REQUIRED", "NEW"])
def test_pairing_is_not_asked_for_in_a_state_where_waha_would_block(client, scripted, ask, status):
    scripted.on(SESSION, Reply(200, orjson.dumps({"name": "default", "status": status})))

    with pytest.raises(WahaNotReady) as raised:
        ask(client)

    assert raised.value.session_status == status
    assert raised.value.hint
    assert scripted.targets() == [SESSION]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.groups("default"),
        lambda client: client.groups_count("default"),
        lambda client: client.group_participants("default", "1@g.us"),
        lambda client: client.lids("default"),
        lambda client: client.lid_of_phone("default", "62811"),
        lambda client: client.phone_of_lid("default", "1@lid"),
        lambda client: client.check_exists("default", "62811"),
        lambda client: client.chats_overview("default"),
        lambda client: client.messages("default"),
        lambda client: client.history("default", since_s=1),
        lambda client: client.message_by_id("default", BARE),
        lambda client: client.typing("default", CHAT, on=True),
        lambda client: client.seen("default", CHAT),
        lambda client: client.presence("default", "offline"),
    ],
)
def test_nothing_is_asked_of_a_session_that_is_not_connected(client, scripted, reply, ask):
    scripted.on(SESSION, reply("api.session.get.starting"))

    with pytest.raises(WahaNotReady, match="STARTING, not WORKING"):
        ask(client)

    assert scripted.targets() == [SESSION]


@pytest.mark.parametrize("engine", ["GOWS", "NOWEB", "WEBJS"])
def test_groups_come_in_pages_until_nothing_new_comes(client, working, reply, engine):
    # The second page repeats the first, as an engine that ignores the offset does.
    working.on("GET /api/default/groups", reply(f"api.groups.list.{engine}"))
    working.on("GET /api/default/groups/count", Reply(200, b'{"count":1}'))

    assert [group.name for group in client.groups("default")] == ["Grup Kerja"]
    assert client.groups_count("default") == 1
    assert "offset=100" in working.targets()[2]


def test_members_and_hidden_users_are_read(client, working, reply):
    group = "/api/default/groups/120363000000000001%40g.us/participants/v2"
    working.on(f"GET {group}", reply("api.groups.participants.v2"))
    lid = Reply(200, b'[{"lid":"200000000000002@lid","pn":"6281100000002@c.us"}]')
    working.on("GET /api/default/lids", lid)
    working.on("GET /api/default/lids/pn/6281100000002", reply("api.lids.found"))
    working.on("GET /api/default/lids/200000000000002%40lid", reply("api.lids.not_found"))

    members = client.group_participants("default", "120363000000000001@g.us")

    assert [member.phone for member in members] == ["6281100000002", "6281100000001"]
    assert [pair.phone for pair in client.lids("default")] == ["6281100000002"]
    assert client.lid_of_phone("default", "6281100000002").lid == "200000000000002@lid"
    assert client.phone_of_lid("default", "200000000000002@lid").phone is None


def test_numbers_chats_and_history_are_read(client, working, reply):
    working.on("GET /api/contacts/check-exists", reply("api.check-exists.yes"))
    working.on("GET /api/default/chats/overview", reply("api.chats.overview"))
    working.on("GET /api/default/chats/all/messages", reply("api.chats.messages"))

    assert client.check_exists("default", "6281100000002").chat == CHAT
    assert [chat.chat for chat in client.chats_overview("default")] == [CHAT]
    assert [one.bare_id for one in client.messages("default", from_me=True)] == [BARE]
    assert [one.bare_id for one in client.history("default", since_s=5)] == [BARE]
    assert list(client.history("default", since_s=5, from_me=False)) == []


def test_a_message_is_found_or_told_to_be_missing(client, working):
    found = orjson.dumps({"id": f"true_{CHAT}_{BARE}", "fromMe": True})
    missing = Reply(404, b'{"message":"Message not found","statusCode":404}')
    working.on(f"GET /api/default/chats/all/messages/{BARE}", Reply(200, found), missing)

    assert client.message_by_id("default", BARE, download_media=True) is not None
    assert client.message_by_id("default", BARE) is None
    assert working.targets()[1].endswith("downloadMedia=true")


def test_typing_seen_and_presence_are_sent(client, working, reply):
    for route in ("/api/startTyping", "/api/stopTyping", "/api/sendSeen", "/api/default/presence"):
        working.on(f"POST {route}", reply("api.typing.201", 201))

    client.typing("default", CHAT, on=True)
    client.typing("default", CHAT, on=False)
    client.seen("default", CHAT, ["AA"])
    client.presence("default", "offline")

    bodies = [request.json for request in working.requests if request.method == "POST"]
    assert bodies[2]["messageIds"] == ["AA"]
    assert bodies[3] == {"presence": "offline"}


def test_a_file_is_loaded_from_this_server_whatever_host_is_named(client, scripted):
    jpeg = Reply(200, b"\xff\xd8\xff", {"Content-Type": "image/jpeg; charset=x"})
    scripted.on("GET /api/files/default/AA.jpeg", jpeg)

    file = client.download("http://waha.invalid:9/api/files/default/AA.jpeg", 1000)

    assert (file.content, file.mimetype) == (b"\xff\xd8\xff", "image/jpeg")


@pytest.mark.parametrize(
    ("url", "answer", "kind", "code"),
    [
        ("https://bucket.invalid/AA.jpeg", Reply(), WahaPermanent, "foreign_media"),
        ("http://x/api/files/a/b", Reply(200, b"x" * 11), WahaPermanent, "media_too_large"),
        ("http://x/api/files/a/b", Reply(404, b'{"message":"Not Found"}'), WahaNotFound, None),
        ("http://x/api/files/a/b", Reply(302, headers={"Location": "/"}), WahaConfiguration, None),
    ],
)
def test_a_file_that_lies_elsewhere_is_gone_or_too_large_is_refused(
    client, scripted, url, answer, kind, code
):
    scripted.on("GET /api/files/a/b", answer)

    with pytest.raises(kind) as raised:
        client.download(url, 10)

    assert code is None or raised.value.code == code


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(how="hang"), WahaTemporary),
        (Reply(how="reset"), WahaTemporary),
        (Reply(how="garbage"), WahaTemporary),
        (Reply(200, b"<html>"), WahaTemporary),
        (Reply(200, b"{}"), WahaTemporary),
        (Reply(401, b"{}"), WahaConfiguration),
        (Reply(403), WahaConfiguration),
        (Reply(501, b"{}"), WahaUnsupported),
        (Reply(429), WahaTemporary),
        (Reply(503), WahaTemporary),
    ],
)
def test_every_failure_is_a_named_error_with_a_sentence(scripted, answer, kind):
    scripted.on("GET /api/server/version", answer)

    with WahaClient(scripted.url, "sekrit", timeout_s=0.3) as client, pytest.raises(kind) as raised:
        client.server_version()

    assert isinstance(raised.value, WahaError)
    assert raised.value.message
    assert "sekrit" not in str(raised.value)


def test_a_server_that_is_not_there_is_unreachable(closed_url, deaf_url, scripted):
    for url in (closed_url, deaf_url):
        with WahaClient(url, "key", timeout_s=0.3) as client, pytest.raises(WahaUnreachable):
            client.server_version()
    with (
        WahaClient(scripted.url.replace("http:", "https:"), "key") as client,
        pytest.raises(WahaConfiguration),
    ):
        client.server_version()


def test_an_answer_that_drips_is_cut_off_at_the_deadline(scripted):
    ticks = iter(range(100))
    scripted.on("GET /api/server/version", Reply(200, b"{}"))

    with (
        WahaClient(scripted.url, "key", timeout_s=0.5, clock=lambda: next(ticks)) as client,
        pytest.raises(WahaTemporary, match="in time"),
    ):
        client.server_version()
