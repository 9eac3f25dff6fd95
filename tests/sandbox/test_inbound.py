"""What comes in: hidden users, groups, status, media, reactions, edits; and who is who."""

import base64

import pytest

GROUP = "120363000000000001@g.us"
PERSON = "6281100000002"


def shape(value):
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    return None


async def inbound(sandbox, **more):
    body = {"session": "default", "from": PERSON, "push_name": "Contact", **more}
    answer = await sandbox.http.post("/sandbox/inbound", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def hook(receiver, *events):
    return [{"url": receiver.url, "events": list(events)}]


async def join_group(sandbox, as_lid=True):
    members = [{"phone": PERSON, "as_lid": as_lid}]
    body = {"session": "default", "id": GROUP, "subject": "Grup Kerja", "participants": members}
    answer = await sandbox.http.post("/sandbox/groups", json=body)
    assert answer.status_code == 201
    return answer.json()["participants"][0]["id"]


@pytest.mark.asyncio
async def test_a_hidden_user_writes_as_in_the_sample(sandbox, receiver, samples):
    await sandbox.pair(webhooks=hook(receiver, "message"))

    told = await inbound(sandbox, text="info harga", as_lid=True)

    payload = (await receiver.first("message"))["payload"]
    expected = samples("webhook.message.text.dm.lid.GOWS")["payload"]
    assert shape(payload) == shape(expected)
    assert told["chat"].endswith("@lid")
    assert payload["from"] == told["chat"]
    info = payload["_data"]["Info"]
    assert (info["AddressingMode"], info["SenderAlt"]) == ("lid", f"{PERSON}@s.whatsapp.net")


@pytest.mark.asyncio
async def test_a_hidden_user_can_stay_unknown_for_a_while(sandbox, receiver, samples):
    await sandbox.pair(webhooks=hook(receiver, "message"))

    lid = (await inbound(sandbox, text="hai", as_lid=True, lid_known_after_s=-1))["chat"]
    payload = (await receiver.first("message"))["payload"]
    unknown = (await sandbox.http.get(f"/api/default/lids/{lid}")).json()
    sandbox.world.lid_known_at.clear()
    known = (await sandbox.http.get(f"/api/default/lids/{lid}")).json()
    back = (await sandbox.http.get(f"/api/default/lids/pn/{PERSON}")).json()

    assert payload["_data"]["Info"]["SenderAlt"] == ""
    assert list(unknown) == list(samples("api.lids.not_found"))
    assert (unknown["pn"], known["pn"]) == (None, f"{PERSON}@c.us")
    assert back == known == samples("api.lids.found") | {"lid": lid}


@pytest.mark.asyncio
async def test_an_answer_to_a_hidden_user_reaches_the_same_person(sandbox):
    await sandbox.pair()
    lid = (await inbound(sandbox, text="hai", as_lid=True))["chat"]

    await sandbox.send("balas", chatId=lid)
    await sandbox.send("balas", chatId=f"{PERSON}@c.us")

    rows = await sandbox.ledger()
    assert [row["chat"] for row in rows] == [lid, f"{PERSON}@c.us"]
    assert {row["person"] for row in rows} == {f"{PERSON}@c.us"}
    assert (await sandbox.summary())["duplicates"] == 1


@pytest.mark.asyncio
async def test_a_group_message_looks_like_the_sample(sandbox, receiver, samples):
    await sandbox.pair(webhooks=hook(receiver, "message", "group.v2.join"))
    member = await join_group(sandbox)

    await inbound(sandbox, text="halo grup", group=GROUP, as_lid=True)

    payload = (await receiver.first("message"))["payload"]
    expected = samples("webhook.message.text.group.GOWS")["payload"]
    assert shape(payload) == shape(expected)
    assert payload["id"].endswith(f"_{member}")
    assert (payload["from"], payload["to"], payload["participant"]) == (GROUP, member, member)
    joined = (await receiver.first("group.v2.join"))["payload"]
    assert shape(joined) == shape(samples("webhook.group.v2.join")["payload"])


@pytest.mark.asyncio
async def test_a_message_to_a_group_is_acknowledged_by_its_members(sandbox, receiver):
    await sandbox.pair(webhooks=hook(receiver, "message.ack.group", "message.ack"))
    member = await join_group(sandbox)

    answer = await sandbox.send("untuk semua", chatId=GROUP)
    await receiver.until(lambda got: len(got.of("message.ack.group")) == 2)

    payload = receiver.of("message.ack.group")[0]["payload"]
    assert answer.json()["id"] == payload["id"]
    assert payload["id"].endswith("_6281100000001@c.us")
    assert payload["participant"] == member
    assert receiver.of("message.ack") == []


@pytest.mark.asyncio
@pytest.mark.parametrize("engine", ["GOWS", "NOWEB", "WEBJS"])
async def test_groups_are_listed_in_the_shape_of_the_engine(open_sandbox, samples, engine):
    sandbox = open_sandbox(engine=engine)
    await sandbox.pair()
    lid = await join_group(sandbox)

    listed = (await sandbox.http.get("/api/default/groups")).json()
    members = (await sandbox.http.get(f"/api/default/groups/{GROUP}/participants/v2")).json()
    bare = (await sandbox.http.get("/api/default/groups?exclude=participants")).json()
    count = (await sandbox.http.get("/api/default/groups/count")).json()

    expected = samples(f"api.groups.list.{engine}")
    first, wanted = (
        (listed[GROUP], expected[GROUP]) if engine == "NOWEB" else (listed[0], expected[0])
    )
    assert shape(first) == shape(wanted)
    assert members[0] == {"id": lid, "pn": f"{PERSON}@c.us", "role": "participant"}
    assert members[1] == samples("api.groups.participants.v2")[1]
    assert len(bare) == 1
    assert count == {"count": 1}


@pytest.mark.asyncio
async def test_whatsapp_limits_group_calls_as_a_user_reported(open_sandbox, samples):
    sandbox = open_sandbox(engine="NOWEB", version="2026.7.1")
    await sandbox.pair()
    await sandbox.faults({"kind": "rate_overlimit", "match": {"path": "/api/*/groups/*"}})

    answer = await sandbox.http.get("/api/default/groups/120363000000000001%40g.us")

    expected = samples("api.error.500.NOWEB.rate_overlimit")
    assert answer.status_code == 500
    assert answer.json() | {"timestamp": ""} == expected | {"timestamp": ""}


@pytest.mark.asyncio
async def test_members_come_and_go_with_events(sandbox, receiver):
    await sandbox.pair(webhooks=hook(receiver, "group.v2.participants", "group.v2.leave"))
    await join_group(sandbox)
    body = {"participants": [{"id": "62899@c.us"}]}
    for path in ("participants/add", "admin/promote", "participants/remove"):
        await sandbox.http.post(f"/api/default/groups/{GROUP}/{path}", json=body)
    await sandbox.http.post(f"/api/default/groups/{GROUP}/leave")

    await receiver.until(lambda got: len(got.deliveries) == 4)
    kinds = {one["payload"]["type"] for one in receiver.of("group.v2.participants")}
    assert kinds == {"join", "promote", "leave"}
    assert (await sandbox.http.get("/api/default/groups/count")).json() == {"count": 0}


@pytest.mark.asyncio
async def test_a_picture_can_be_fetched_with_the_key_while_it_lives(
    open_sandbox, receiver, samples
):
    sandbox = open_sandbox(files_lifetime_s=180)
    await sandbox.pair(webhooks=hook(receiver, "message"))
    data = b"\xff\xd8jpeg"
    media = {"mimetype": "image/jpeg", "data": base64.b64encode(data).decode()}

    told = await inbound(sandbox, text="bukti transfer", media=media)

    payload = (await receiver.first("message"))["payload"]
    assert shape(payload) == shape(samples("webhook.message.image.GOWS")["payload"])
    path = payload["media"]["url"].removeprefix("http://localhost:3000")
    assert path.endswith(f"{told['id'].split('_')[2]}.jpeg")
    assert (await sandbox.http.get(path)).content == data
    no_key = await sandbox.http.get(path, headers={"X-Api-Key": "no"})
    assert no_key.status_code == 401

    sandbox.world.media.expire_all()
    assert (await sandbox.http.get(path)).status_code == 404
    bare = told["id"].split("_")[2]
    again = await sandbox.http.get(f"/api/default/chats/all/messages/{bare}?downloadMedia=true")
    assert again.json()["media"]["url"].endswith(path)
    assert (await sandbox.http.get(path)).content == data


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"error": True, "filename": "invoice.pdf"}, "webhook.message.media.error.GOWS"),
        ({"not_downloaded": True}, "webhook.message.media.not_downloaded"),
    ],
)
async def test_media_can_fail_and_can_be_left_out(sandbox, receiver, samples, more, name):
    await sandbox.pair(webhooks=hook(receiver, "message"))

    await inbound(sandbox, media={"mimetype": "application/pdf", "data": "", **more})

    payload = (await receiver.first("message"))["payload"]
    assert payload["hasMedia"] is True
    assert payload["media"] == samples(name)["payload"]["media"]


@pytest.mark.asyncio
async def test_a_reaction_an_edit_and_a_revoke_look_like_the_samples(sandbox, receiver, samples):
    events = ("message.reaction", "message.edited", "message.revoked")
    await sandbox.pair(webhooks=hook(receiver, *events))
    first = (await inbound(sandbox, text="salah"))["id"]
    sent = (await sandbox.send()).json()["id"]

    await inbound(sandbox, reaction={"text": "🙏", "message_id": sent})
    await inbound(sandbox, text="teks baru", edit=first)
    await inbound(sandbox, revoke=first)

    bodies = {name: (await receiver.first(name))["payload"] for name in events}
    expected = {name: samples(f"webhook.{name}")["payload"] for name in events}
    assert bodies["message.reaction"]["reaction"] == {"text": "🙏", "messageId": sent}
    assert list(bodies["message.reaction"]) == list(expected["message.reaction"])
    assert list(bodies["message.edited"]) == list(expected["message.edited"])
    assert bodies["message.edited"]["editedMessageId"] == first.split("_")[2]
    assert list(bodies["message.revoked"]) == list(expected["message.revoked"])
    assert bodies["message.revoked"]["revokedMessageId"] == first.split("_")[2]


@pytest.mark.asyncio
@pytest.mark.parametrize(("config", "stored"), [({}, 1), ({"ignore": {"status": True}}, 0)])
async def test_a_status_is_a_message_unless_it_is_ignored(sandbox, config, stored):
    await sandbox.pair(**config)

    await inbound(sandbox, text="status baru", to_status=True)

    listed = (await sandbox.http.get("/api/default/chats/all/messages")).json()
    assert [one["from"] for one in listed] == ["status@broadcast"] * stored


@pytest.mark.asyncio
async def test_seen_marks_what_the_customer_wrote_once(sandbox):
    await sandbox.pair()
    told = await inbound(sandbox, text="ada?")
    path = f"/api/default/chats/{told['chat']}/messages/read"

    first = (await sandbox.http.post(path)).json()
    second = (await sandbox.http.post(path)).json()

    assert first == {"ids": [told["id"].split("_")[2]]}
    assert second == {"ids": []}


@pytest.mark.asyncio
async def test_nobody_can_write_to_a_number_that_is_not_connected(sandbox):
    body = {"session": "default", "from": PERSON, "text": "hai"}

    missing = await sandbox.http.post("/sandbox/inbound", json=body)
    await sandbox.http.post("/api/sessions", json={"name": "default", "start": False})
    stopped = await sandbox.http.post("/sandbox/inbound", json=body)

    assert (missing.status_code, stopped.status_code) == (404, 422)


@pytest.mark.asyncio
async def test_contacts_can_be_named_and_listed(sandbox):
    await sandbox.pair()
    await inbound(sandbox, text="hai")
    chat = f"{PERSON}@c.us"

    await sandbox.http.put(
        f"/api/default/contacts/{chat}", json={"firstName": "Budi", "lastName": "Santoso"}
    )

    one = (await sandbox.http.get(f"/api/contacts?contactId={chat}&session=default")).json()
    listed = (await sandbox.http.get("/api/contacts/all?session=default")).json()
    assert (one["name"], one["isMyContact"]) == ("Budi Santoso", True)
    assert [person["id"] for person in listed] == [chat]
