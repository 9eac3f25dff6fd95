"""Every request we make to WAHA."""

import pytest

from services.integrations.waha import calls
from services.integrations.waha.calls import Call, OutgoingFile

CHAT = "6281100000002@c.us"
GROUP = "1203@g.us"
PDF = OutgoingFile("application/pdf", "a.pdf", url="http://media/a.pdf")


def test_a_text_carries_our_id_and_no_link_preview():
    call = calls.send_text("s1", CHAT, "Halo", message_id="3EB0AA")

    assert (call.method, call.path, call.session) == ("POST", "/api/sendText", "s1")
    assert call.json == {
        "session": "s1",
        "chatId": CHAT,
        "id": "3EB0AA",
        "text": "Halo",
        "linkPreview": False,
    }
    assert "Halo" not in repr(call)


def test_a_reply_and_mentions_are_written_only_when_asked_for():
    call = calls.send_text("s1", GROUP, "@62811 halo", reply_to="AA", mentions=["62811@c.us"])

    assert call.json is not None
    assert call.json["reply_to"] == "AA"
    assert call.json["mentions"] == ["62811@c.us"]
    assert "id" not in call.json


@pytest.mark.parametrize(
    ("kind", "path", "extra"),
    [
        ("image", "/api/sendImage", {"caption": "c"}),
        ("file", "/api/sendFile", {"caption": "c"}),
        ("video", "/api/sendVideo", {"caption": "c", "convert": True}),
        ("voice", "/api/sendVoice", {"convert": True}),
    ],
)
def test_each_kind_of_file_has_its_own_path(kind, path, extra):
    call = calls.send_media("s1", CHAT, kind, PDF, caption="c", message_id="AA")

    file = {"mimetype": "application/pdf", "filename": "a.pdf", "url": "http://media/a.pdf"}
    assert call.path == path
    assert call.json == {"session": "s1", "chatId": CHAT, "id": "AA", "file": file} | extra


@pytest.mark.parametrize(
    "file",
    [
        OutgoingFile("image/png"),
        OutgoingFile("image/png", url="http://x", data="AA"),
        OutgoingFile("image/png", data="A" * (calls.MAX_INLINE_FILE_CHARS + 1)),
    ],
)
def test_a_file_without_exactly_one_source_or_too_large_is_refused(file):
    with pytest.raises(ValueError, match="file"):
        calls.send_media("s1", CHAT, "image", file)


@pytest.mark.parametrize(
    ("session", "chat", "text"), [("", CHAT, "x"), ("s", "", "x"), ("s", CHAT, " ")]
)
def test_what_waha_would_not_check_is_checked_here(session, chat, text):
    with pytest.raises(ValueError, match="needs"):
        calls.send_text(session, chat, text)


@pytest.mark.parametrize(
    ("call", "method", "path", "query"),
    [
        (calls.list_sessions(), "GET", "/api/sessions", {"all": "true"}),
        (calls.get_session("a-b"), "GET", "/api/sessions/a-b", {}),
        (calls.start_session("s"), "POST", "/api/sessions/s/start", {}),
        (calls.stop_session("s"), "POST", "/api/sessions/s/stop", {}),
        (calls.restart_session("s"), "POST", "/api/sessions/s/restart", {}),
        (calls.logout_session("s"), "POST", "/api/sessions/s/logout", {}),
        (calls.delete_session("s"), "DELETE", "/api/sessions/s", {}),
        (calls.get_me("s"), "GET", "/api/sessions/s/me", {}),
        (calls.qr_text("s"), "GET", "/api/s/auth/qr", {"format": "raw"}),
        (calls.qr_image("s"), "GET", "/api/s/auth/qr", {"format": "image"}),
        (calls.new_message_id("s"), "GET", "/api/s/new-message-id", {}),
        (calls.phone_of_lid("s", "2@lid"), "GET", "/api/s/lids/2%40lid", {}),
        (calls.lid_of_phone("s", "62811"), "GET", "/api/s/lids/pn/62811", {}),
        (calls.count_groups("s"), "GET", "/api/s/groups/count", {}),
        (
            calls.group_participants("s", GROUP),
            "GET",
            "/api/s/groups/1203%40g.us/participants/v2",
            {},
        ),
        (
            calls.check_exists("s", "62811"),
            "GET",
            "/api/contacts/check-exists",
            {"phone": "62811", "session": "s"},
        ),
        (
            calls.list_groups("s", offset=100),
            "GET",
            "/api/s/groups",
            {
                "limit": "100",
                "offset": "100",
                "sortBy": "id",
                "sortOrder": "asc",
                "exclude": "participants",
            },
        ),
        (
            calls.get_message("s", "AA"),
            "GET",
            "/api/s/chats/all/messages/AA",
            {"downloadMedia": "false"},
        ),
        (
            calls.list_messages("s", CHAT, since_s=5, until_s=9, from_me=True),
            "GET",
            "/api/s/chats/6281100000002%40c.us/messages",
            {
                "limit": "100",
                "offset": "0",
                "sortBy": "timestamp",
                "sortOrder": "desc",
                "downloadMedia": "false",
                "filter.timestamp.gte": "5",
                "filter.timestamp.lte": "9",
                "filter.fromMe": "true",
            },
        ),
    ],
)
def test_a_request_has_its_method_path_and_query(call, method, path, query):
    assert (call.method, call.path, dict(call.query)) == (method, path, query)
    assert call.json is None


def test_inbound_history_is_asked_for_without_the_filter_that_servers_get_wrong():
    assert "filter.fromMe" not in dict(calls.list_messages("s", from_me=False).query)


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (calls.typing("s", CHAT, on=True), "/api/startTyping", {"session": "s", "chatId": CHAT}),
        (calls.typing("s", CHAT, on=False), "/api/stopTyping", {"session": "s", "chatId": CHAT}),
        (
            calls.send_seen("s", GROUP, ["AA"], participant=CHAT),
            "/api/sendSeen",
            {"session": "s", "chatId": GROUP, "messageIds": ["AA"], "participant": CHAT},
        ),
        (calls.set_presence("s", "offline"), "/api/s/presence", {"presence": "offline"}),
        (calls.request_code("s", "62811"), "/api/s/auth/request-code", {"phoneNumber": "62811"}),
        (
            calls.create_session("s", {"debug": False}, start=True),
            "/api/sessions",
            {"name": "s", "start": True, "config": {"debug": False}},
        ),
    ],
)
def test_a_posted_request_has_its_body(call, path, body):
    assert (call.method, call.path, call.json) == ("POST", path, body)


def test_a_configuration_is_replaced_whole():
    assert calls.put_session("s", {"debug": True}) == Call(
        "PUT", "/api/sessions/s", json={"config": {"debug": True}}, session="s"
    )


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_cannot_climb_out_of_its_path(name):
    with pytest.raises(ValueError, match="dots"):
        calls.get_session(name)


def test_a_slash_in_a_name_stays_in_its_place():
    assert calls.get_session("a/../b").path == "/api/sessions/a%2F..%2Fb"
