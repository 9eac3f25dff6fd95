"""Sends: three shapes of success, chosen ids, the ledger, look-ups."""

import asyncio
import base64
import time

import pytest

CHAT = "6281100000002@c.us"


def shape(value):
    """The keys of a body, in order, at every depth."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    return None


@pytest.mark.asyncio
@pytest.mark.parametrize("engine", ["GOWS", "NOWEB", "WEBJS"])
async def test_a_send_is_answered_in_the_shape_of_the_engine(open_sandbox, samples, engine):
    sandbox = open_sandbox(engine=engine)
    await sandbox.pair()

    answer = await sandbox.send()

    expected = samples(f"api.send.text.201.{engine}")
    assert answer.status_code == 201
    assert shape(answer.json()) == shape(expected)


@pytest.mark.asyncio
async def test_the_answer_equals_the_sample_when_the_id_is_chosen(sandbox, samples):
    await sandbox.pair()
    expected = samples("api.send.text.201.GOWS")
    chosen = expected["id"].split("_")[2]

    body = (await sandbox.send(id=chosen)).json()

    expected["_data"]["Info"]["Timestamp"] = body["_data"]["Info"]["Timestamp"]
    assert body == expected


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("engine", "version", "status", "honoured"),
    [
        ("GOWS", "2026.7.2", 200, True),
        ("NOWEB", "2026.7.2", 200, True),
        ("WEBJS", "2026.7.2", 501, False),
        ("GOWS", "2025.11.3", 404, True),
    ],
)
async def test_message_ids_can_be_had_and_chosen_where_the_engine_allows(
    open_sandbox, samples, engine, version, status, honoured
):
    sandbox = open_sandbox(engine=engine, version=version)
    await sandbox.pair()

    drawn = await sandbox.http.get("/api/default/new-message-id")
    await sandbox.send(id="3EB0C431C26A1916EA9A01")

    assert drawn.status_code == status
    if status == 200:
        assert len(drawn.json()["id"]) == len(samples("api.new-message-id")["id"])
    if status == 404:
        assert drawn.json()["message"] == "Cannot GET /api/default/new-message-id"
    row = (await sandbox.ledger())[0]
    assert (row["id"] == "3EB0C431C26A1916EA9A01") is honoured


@pytest.mark.asyncio
async def test_features_an_engine_lacks_are_501_as_documented(open_sandbox, samples):
    sandbox = open_sandbox(engine="GOWS")
    await sandbox.pair()

    answer = await sandbox.http.post("/api/forwardMessage", json={"session": "default"})

    expected = samples("api.error.501.not_implemented")
    expected["message"] = expected["message"].replace("NOWEB", "GOWS")
    assert (answer.status_code, answer.json()) == (501, expected)


@pytest.mark.asyncio
async def test_a_repeated_id_is_accepted_and_not_delivered_again(sandbox):
    await sandbox.pair()
    chosen = (await sandbox.http.get("/api/default/new-message-id")).json()["id"]

    answers = [await sandbox.send(text, id=chosen) for text in ("satu", "satu", "lain")]

    assert [one.status_code for one in answers] == [201, 201, 201]
    rows = await sandbox.ledger()
    assert [row["outcome"] for row in rows] == ["delivered", "suppressed", "suppressed"]
    summary = await sandbox.summary()
    assert summary["delivered"] == 1
    assert (summary["suppressed"], summary["suppressed_other_text"]) == (2, 1)
    assert summary["duplicates"] == 0


@pytest.mark.asyncio
async def test_dropping_repeated_ids_can_be_switched_off(sandbox):
    await sandbox.pair()
    await sandbox.http.put("/sandbox/webhooks", json={"drop_repeated_ids": False})

    for _ in range(2):
        await sandbox.send(id="3EB0C431C26A1916EA9A01")

    summary = await sandbox.summary()
    assert (summary["delivered"], summary["duplicates"]) == (2, 1)


@pytest.mark.asyncio
async def test_the_summary_adds_up(sandbox):
    await sandbox.pair()
    await sandbox.pair("second")
    await sandbox.send("a")
    await sandbox.send("a", session="second")  # the same text to the same person, other number
    await sandbox.send("a", chatId="62899@c.us")
    await sandbox.send("b")

    summary = await sandbox.summary()
    page = (await sandbox.http.get("/sandbox/ledger?since=1&limit=2")).json()
    later = (await sandbox.http.get("/sandbox/ledger/summary?since=2")).json()

    assert (summary["calls"], summary["delivered"], summary["duplicates"]) == (4, 4, 1)
    assert summary["by_session"] == {"default": 3, "second": 1}
    assert summary["distinct_texts"] == 2
    assert summary["max_in_flight"] == {"default": 1, "second": 1}
    assert set(summary["min_gap_s"]) == {"default"}
    assert summary["min_gap_s"]["default"] > 0
    assert ([row["seq"] for row in page["rows"]], page["next"]) == ([2, 3], 3)
    assert (later["delivered"], later["duplicates"]) == (2, 0)


@pytest.mark.asyncio
async def test_a_row_tells_when_a_call_came_and_how_many_were_open(sandbox):
    await sandbox.pair()
    await sandbox.faults({"kind": "slow", "ms": 20})

    before = time.time()
    await asyncio.gather(*(sandbox.send(f"teks {number}") for number in range(3)))
    after = time.time()

    rows = await sandbox.ledger()
    assert sorted(row["in_flight"] for row in rows) == [1, 2, 3]
    assert (await sandbox.summary())["max_in_flight"] == {"default": 3}
    for row in rows:
        assert before <= row["arrived_at"] <= row["delivered_at"] <= after
        assert row["arrived_mono"] <= row["delivered_mono"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "more", "kind", "text"),
    [
        ("sendImage", {"caption": "promo"}, "image", "promo"),
        ("sendFile", {"caption": None}, "file", None),
        ("sendVideo", {"caption": "lihat"}, "video", "lihat"),
        ("sendVoice", {}, "voice", None),
    ],
)
async def test_files_are_recorded_and_kept_for_the_phone(sandbox, path, more, kind, text):
    await sandbox.pair()
    data = b"\x89PNG tiny"
    file = {"mimetype": "image/png", "filename": "a.png", "data": base64.b64encode(data).decode()}

    answer = await sandbox.http.post(
        f"/api/{path}", json={"session": "default", "chatId": CHAT, "file": file, **more}
    )

    row = (await sandbox.ledger())[0]
    assert answer.status_code == 201
    assert (row["kind"], row["text"], row["media"]["size_bytes"]) == (kind, text, len(data))
    shown = (await sandbox.http.get(f"/sandbox/chats/messages?session=default&chat={CHAT}")).json()
    kept = await sandbox.http.get(f"/sandbox/files/{shown[0]['media']['key']}")
    assert kept.content == data


@pytest.mark.asyncio
async def test_a_file_is_fetched_from_this_machine_and_only_recorded_from_others(sandbox, receiver):
    await sandbox.pair()
    missing = receiver.url.replace("/waha", "/nothing.png")
    for url, status in ((missing, 500), ("https://media.example/a.png", 201)):
        file = {"mimetype": "image/png", "url": url}
        answer = await sandbox.http.post(
            "/api/sendImage", json={"session": "default", "chatId": CHAT, "file": file}
        )
        assert answer.status_code == status

    rows = await sandbox.ledger()
    assert [row["media"]["source_url"] for row in rows] == ["https://media.example/a.png"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("sendLocation", {"latitude": -6.9, "longitude": 107.6, "title": "Toko"}),
        ("sendContactVcard", {"contacts": [{"vcard": "BEGIN:VCARD"}]}),
        ("sendPoll", {"poll": {"name": "Warna?", "options": ["merah", "biru"]}}),
        ("sendList", {"message": {"title": "Menu"}}),
    ],
)
async def test_other_kinds_are_two_different_contents_only_if_they_differ(sandbox, path, more):
    await sandbox.pair()
    for body in (more, more, more | {"contacts": [], "title": "x", "poll": 1, "message": 2}):
        answer = await sandbox.http.post(
            f"/api/{path}", json={"session": "default", "chatId": CHAT, **body}
        )
        assert answer.status_code == 201

    summary = await sandbox.summary()
    assert (summary["delivered"], summary["duplicates"]) == (3, 1)


@pytest.mark.asyncio
async def test_a_message_can_be_looked_up_by_its_id(sandbox):
    await sandbox.pair()
    whole = (await sandbox.send("cari aku")).json()["id"]
    bare = whole.split("_")[2]

    for path in (
        f"all/messages/{bare}",
        f"all/messages/{whole}",
        f"6281100000002%40c.us/messages/{bare}",
    ):
        answer = await sandbox.http.get(f"/api/default/chats/{path}?downloadMedia=false")
        assert (answer.status_code, answer.json()["body"]) == (200, "cari aku")

    lost = await sandbox.http.get("/api/default/chats/all/messages/3EB0")
    elsewhere = await sandbox.http.get(f"/api/default/chats/62899@c.us/messages/{bare}")
    for answer in (lost, elsewhere):
        assert (answer.status_code, answer.json()["message"]) == (404, "Message not found")


@pytest.mark.asyncio
async def test_the_history_is_filtered_and_paged(sandbox):
    await sandbox.pair()
    now = int(time.time())
    for number in range(4):
        await sandbox.http.post(
            "/sandbox/inbound",
            json={
                "session": "default",
                "from": "6281100000002",
                "text": f"in {number}",
                "timestamp": now - 100 + number,
            },
        )
    await sandbox.send("keluar")

    async def bodies(query):
        answer = await sandbox.http.get(f"/api/default/chats/all/messages?{query}")
        assert answer.status_code == 200
        return [one["body"] for one in answer.json()]

    assert await bodies("limit=2") == ["keluar", "in 3"]
    assert await bodies("limit=2&offset=2") == ["in 2", "in 1"]
    assert await bodies("limit=2&sortOrder=asc") == ["in 0", "in 1"]
    assert await bodies("filter.fromMe=true") == ["keluar"]
    assert await bodies(f"filter.timestamp.gte={now - 98}&filter.fromMe=false") == ["in 3", "in 2"]
    assert await bodies(f"filter.timestamp.lte={now - 99}") == ["in 1", "in 0"]
    assert await bodies("filter.ack=READ&limit=50&filter.fromMe=false") == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("engine", "config", "found"),
    [
        ("NOWEB", {}, 0),
        ("NOWEB", {"noweb": {"store": {"enabled": True}}}, 1),
        ("GOWS", {}, 1),
        ("GOWS", {"gows": {"storage": {"messages": False}}}, 0),
    ],
)
async def test_a_history_that_is_off_shows_nothing(open_sandbox, engine, config, found):
    sandbox = open_sandbox(engine=engine)
    await sandbox.pair(**config)
    await sandbox.send()

    listed = await sandbox.http.get("/api/default/chats/all/messages")

    assert len(listed.json()) == found


@pytest.mark.asyncio
async def test_webjs_has_no_list_of_all_chats(open_sandbox):
    sandbox = open_sandbox(engine="WEBJS")
    await sandbox.pair()

    answer = await sandbox.http.get("/api/default/chats/all/messages")

    assert answer.status_code == 501


@pytest.mark.asyncio
async def test_a_listed_message_looks_like_the_sample(sandbox, samples):
    await sandbox.pair()
    await sandbox.send()

    listed = (await sandbox.http.get(f"/api/default/chats/{CHAT}/messages")).json()[0]
    overview = (await sandbox.http.get("/api/default/chats/overview")).json()[0]

    assert list(listed) == list(samples("api.chats.messages")[0])
    assert list(overview) == list(samples("api.chats.overview")[0])
    assert (overview["id"], overview["lastMessage"]["body"]) == (CHAT, "Halo kak")


@pytest.mark.asyncio
async def test_typing_and_seen_answer_201(sandbox, samples):
    await sandbox.pair()
    for path in ("startTyping", "stopTyping", "sendSeen"):
        answer = await sandbox.http.post(
            f"/api/{path}", json={"session": "default", "chatId": CHAT}
        )
        assert (answer.status_code, answer.json()) == (201, samples("api.typing.201"))


@pytest.mark.asyncio
async def test_a_message_between_two_sessions_arrives_at_the_other(sandbox):
    await sandbox.pair()
    await sandbox.pair("second")
    phone = sandbox.world.sessions["second"].phone

    await sandbox.send("halo tetangga", chatId=f"{phone}@c.us")

    there = (await sandbox.http.get("/api/second/chats/all/messages")).json()
    assert [(one["from"], one["body"], one["fromMe"]) for one in there] == [
        ("6281100000001@c.us", "halo tetangga", False)
    ]
