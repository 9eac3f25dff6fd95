"""Reading WAHA's successful answers."""

from datetime import UTC, datetime

import pytest

from services.integrations.waha import answers
from services.integrations.waha.answers import UnreadableAnswer
from services.integrations.waha.types import (
    CappingLevel,
    LidPair,
    NumberCheck,
    Participant,
    ServerVersion,
    SessionStatus,
)

CHAT = "6281100000002@c.us"


def test_a_working_session_is_read_with_its_account_and_its_quota(sample):
    session = answers.read_session(sample("api.session.get.working"))

    assert session.ready
    assert (session.me_phone, session.me_lid) == ("6281100000001", "100000000000001@lid")
    assert (session.engine, session.connected) == ("GOWS", True)
    assert session.timelock is None
    assert session.capping is not None
    assert session.capping.level is CappingLevel.WARNING
    assert (session.capping.used, session.capping.total) == (640, 1000)
    assert session.metadata == {"tenant.id": "t1"}
    assert session.last_activity == datetime(2026, 7, 19, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("api.session.create.201", SessionStatus.STARTING),
        ("api.session.get.starting", SessionStatus.STARTING),
        ("api.session.stop", SessionStatus.STOPPED),
    ],
)
def test_a_session_that_is_not_paired_is_read_and_not_ready(sample, name, status):
    session = answers.read_session(sample(name))

    assert (session.status, session.ready, session.me_phone) == (status, False, None)


def test_a_list_of_sessions_is_read(sample):
    found = answers.read_sessions(sample("api.sessions.list.all"))

    assert [(one.name, one.status) for one in found] == [("default", SessionStatus.STOPPED)]


@pytest.mark.parametrize("word", ["HIBERNATING", "", None, 7, "working"])
def test_an_unknown_state_is_not_ready(word):
    session = answers.read_session({"name": "s", "status": word})

    assert (session.status, session.ready) == (SessionStatus.UNKNOWN, False)


@pytest.mark.parametrize(
    ("name", "active"),
    [
        ("webhook.session.status.WORKING.reachout_timelock", True),
        ("webhook.session.status.WORKING.reachout_timelock_lifted", False),
    ],
)
def test_the_block_on_new_contacts_is_read_from_a_status_event(sample, name, active):
    timelock = answers.read_timelock(sample(name)["payload"]["data"]["reachoutTimelock"])

    assert timelock is not None
    assert timelock.active is active
    assert timelock.until == datetime.fromtimestamp(1784477333, UTC)


def test_a_block_without_an_end_is_still_a_block():
    timelock = answers.read_timelock({"isActive": True, "timeEnforcementEnds": None})

    assert timelock is not None
    assert (timelock.active, timelock.until) == (True, None)


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("NONE", CappingLevel.NONE),
        ("FIRST_WARNING", CappingLevel.WARNING),
        ("SECOND_WARNING", CappingLevel.WARNING),
        ("CAPPED", CappingLevel.CAPPED),
        ("SOMETHING_NEW", CappingLevel.UNKNOWN),
    ],
)
def test_the_quota_of_new_chats_is_read(word, level):
    capping = answers.read_capping({"cappingStatus": word, "totalQuota": -1, "usedQuota": 3})

    assert capping is not None
    assert (capping.level, capping.total, capping.used) == (level, None, 3)


@pytest.mark.parametrize("answer", [None, {}, "", []])
def test_an_empty_account_means_not_paired(answer):
    assert answers.read_me(answer) is None


@pytest.mark.parametrize("engine", ["GOWS", "NOWEB", "WEBJS"])
def test_groups_are_read_alike_from_every_engine(sample, engine):
    (group,) = answers.read_groups(sample(f"api.groups.list.{engine}"))

    assert (group.id, group.name) == ("120363000000000001@g.us", "Grup Kerja")
    assert group.participants is not None
    (member,) = group.participants
    assert (member.phone, member.role) == ("6281100000002", "participant")


@pytest.mark.parametrize("members", [[], None])
def test_a_group_without_members_is_one_whose_members_are_unknown(members):
    (group,) = answers.read_groups([{"JID": "1203@g.us", "Name": "G", "Participants": members}])

    assert group.participants is None


def test_members_have_a_phone_or_a_lid_and_who_left_is_gone(sample):
    entries = [
        *sample("api.groups.participants.v2"),
        {"id": "5@lid", "role": "admin"},
        {"id": "6281100000009@c.us", "role": "left"},
    ]

    assert answers.read_participants(entries) == [
        Participant("6281100000002", "200000000000002@lid", "participant"),
        Participant("6281100000001", None, "superadmin"),
        Participant(None, "5@lid", "admin"),
    ]


def test_history_is_read(sample):
    (message,) = answers.read_messages(sample("api.chats.messages"))

    assert (message.bare_id, message.chat) == ("3EB0C431C26A1916EA9A01", CHAT)
    assert (message.from_me, message.ack, message.ack_name) == (True, 3, "READ")
    assert (message.body, message.timestamp, message.source) == ("Halo kak", 1784460000, "app")
    assert "Halo kak" not in repr(message)


@pytest.mark.parametrize(("from_me", "count"), [(None, 1), (True, 1), (False, 0)])
def test_history_is_filtered_here_because_servers_get_it_wrong(sample, from_me, count):
    page = [*sample("api.chats.messages"), {"body": "no id"}]

    assert len(answers.read_messages(page, from_me=from_me)) == count


@pytest.mark.parametrize(
    ("name", "chat"),
    [
        ("webhook.message.text.dm.GOWS", CHAT),
        ("webhook.message.text.dm.NOWEB", CHAT),
        ("webhook.message.text.dm.WEBJS", CHAT),
        ("webhook.message.text.dm.lid.GOWS", "200000000000002@lid"),
        ("webhook.message.text.group.GOWS", "120363000000000001@g.us"),
    ],
)
def test_the_chat_of_a_message_comes_from_its_id_on_every_engine(sample, name, chat):
    message = answers.read_message(sample(name)["payload"])

    assert (message.chat, message.from_me) == (chat, False)


def test_a_file_that_could_not_be_loaded_has_no_address(sample):
    failed = answers.read_message(sample("webhook.message.media.error.GOWS")["payload"])
    left_out = answers.read_message(sample("webhook.message.media.not_downloaded")["payload"])

    assert failed.has_media
    assert failed.media is not None
    assert (failed.media.url, failed.media.failed) == (None, True)
    assert (left_out.has_media, left_out.media) == (True, None)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://localhost:3000/api/files/default/AA.jpeg", "/api/files/default/AA.jpeg"),
        ("https://evil.example/waha/api/files/s/a.pdf?x=1", "/api/files/s/a.pdf"),
        ("/api/files/s/a%40b.pdf", "/api/files/s/a%40b.pdf"),
        ("https://bucket.example/s/a.jpeg?signature=1", None),
        ("http://h/api/files/../sessions", None),
        ("http://h/api/files/%2e%2e/%2e%2e/server/environment", None),
        ("http://h/api/files/..%2fserver", None),
        ("", None),
    ],
)
def test_a_files_address_is_reduced_to_its_path_below_the_server(url, path):
    assert answers.media_path(url) == path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("api.lids.found", LidPair("200000000000002@lid", "6281100000002")),
        ("api.lids.not_found", LidPair("200000000000002@lid", None)),
    ],
)
def test_a_hidden_user_is_paired_with_a_phone_or_with_none(sample, name, expected):
    assert answers.read_lid_pair(sample(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("api.check-exists.yes", NumberCheck(True, CHAT)),
        ("api.check-exists.no", NumberCheck(False, None)),
    ],
)
def test_a_number_is_told_to_exist_or_not(sample, name, expected):
    assert answers.read_number_check(sample(name)) == expected


def test_chats_are_read_with_their_last_message(sample):
    (chat,) = answers.read_chats(sample("api.chats.overview"))

    assert (chat.chat, chat.name) == (CHAT, "Contact")
    assert chat.last_message is not None
    assert chat.last_message.ack == 2


def test_the_servers_version_and_age_are_read(sample):
    version = answers.read_server_version(sample("api.server.version.2026"))
    status = answers.read_server_status(sample("api.server.status"))

    assert version == ServerVersion("2026.7.1", "GOWS", "CORE", sandbox=False)
    assert status.uptime_s == pytest.approx(728.891)
    assert status.started_at is not None
    assert status.started_at.year == 2026


@pytest.mark.parametrize(
    ("engine", "version", "chosen_id", "history_all", "supported", "settle_s"),
    [
        ("GOWS", "2026.8.2", True, True, True, 120.0),
        ("NOWEB", "2026.7.1", True, True, True, 120.0),
        ("NOWEB", "2026.4.3", True, True, False, 120.0),
        ("NOWEB", "2025.11.3", False, True, False, 120.0),
        ("WEBJS", "2026.7.1", False, False, True, 330.0),
        ("WPP", "2026.7.1", False, False, True, 330.0),
        ("NEWER", "unknown", False, False, False, 330.0),
    ],
)
def test_what_a_server_can_do_follows_from_engine_and_version(
    engine, version, chosen_id, history_all, supported, settle_s
):
    can = answers.capabilities_of(ServerVersion(version, engine, None, sandbox=False))

    assert (can.chosen_id, can.history_all) == (chosen_id, history_all)
    assert (can.supported, can.settle_s) == (supported, settle_s)


def test_the_simulator_settles_within_seconds():
    server = answers.read_server_version(
        {"version": "2026.8.2", "engine": "GOWS", "tier": "CORE", "platform": "alir-sandbox"}
    )

    assert answers.capabilities_of(server).settle_s == 2.0


@pytest.mark.parametrize(
    ("value", "year"),
    [
        (1784460000, 2026),
        (1784460000000, 2026),
        ("1784460000", 2026),
        (1784460000.25, 2026),
        (0, None),
        (-5, None),
        (None, None),
        (True, None),
        (float("nan"), None),
        (10**30, None),
        ("soon", None),
    ],
)
def test_times_in_seconds_and_milliseconds_are_read_and_nonsense_is_none(value, year):
    found = answers.read_time(value)

    assert (found.year if found else None) == year


@pytest.mark.parametrize(
    ("reader", "answer"),
    [
        (answers.read_session, None),
        (answers.read_session, {"status": "WORKING"}),
        (answers.read_sessions, {}),
        (answers.read_message, {}),
        (answers.read_messages, {"id": 1}),
        (answers.read_new_message_id, {"id": ""}),
        (answers.read_code, {"code": None}),
        (answers.read_count, {"count": True}),
        (answers.read_number_check, {}),
        (answers.read_groups, None),
    ],
)
def test_a_success_that_is_not_what_was_asked_for_is_unreadable(reader, answer):
    with pytest.raises(UnreadableAnswer):
        reader(answer)
