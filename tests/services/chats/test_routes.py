"""The inbox over HTTP: find a chat, read it, answer, and decide who answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from services.accounts.models import Tenant
from services.blacklist.models import Blacklisted
from services.chats.models import ChatMessage, ChatSession
from services.messages.ledger import BROADCAST, REPLY, NewMessage, enqueue
from services.messages.models import OutboundMessage

PHONE, LID = "6281234567890", "99887766"


@pytest.fixture
def device(shop):
    return shop.device("toko-1")


def ids(answer) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def rows(world, model) -> list[Any]:
    with world.database.read() as connection:
        return connection.execute(select(model.__table__).order_by(model.id)).all()


def set_chat(world, chat, **values) -> None:
    with world.database.write() as connection:
        connection.execute(update(ChatSession).where(ChatSession.id == chat).values(**values))


# --------------------------------------------------------------------------- finding


def test_chats_are_listed_newest_first_page_by_page(api, shop, world, device):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    chats = [shop.chat(f"62812000000{number}", device, text="halo") for number in range(5)]
    for chat, minutes in zip(chats, (3, 1, 1, 2, None), strict=True):
        last = None if minutes is None else at + timedelta(minutes=minutes)
        set_chat(world, chat, last_message_at=last)
    first, second, third, fourth, silent = chats
    expected = [first, fourth, third, second, silent]

    assert ids(api.get("/api/chats")) == expected
    found: list[int] = []
    after = ""
    for _ in range(4):
        page = api.get(f"/api/chats?limit=2{after}")
        found += ids(page)
        if page.json()["next"] is None:
            break
        after = f"&after={page.json()['next']}"
    assert found == expected


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=bu%20ayu", {"ayu"}),
        ("search=0812%203456", {"ayu"}),
        ("search=ONGKIR", {"budi"}),
        ("search=100%25", set()),
        ("search=9988", {"citra"}),
        ("mode=BOT", {"ayu", "budi"}),
        ("mode=HUMAN", {"citra"}),
        ("mode=MUTED", set()),
        ("unread=true", {"budi"}),
        ("unread=false", {"ayu", "citra"}),
        ("attention=true", {"citra"}),
        ("device=toko-2", {"citra"}),
        ("assigned_to=11", {"citra"}),
        ("assigned_to=12", set()),
    ],
)
def test_chats_are_found_by_name_number_text_and_state(api, shop, world, device, query, found):
    now = world.clock.now()
    other_device = shop.device("toko-2")
    chats = {
        "ayu": shop.chat(
            PHONE,
            device,
            name="Bu Ayu",
            text="halo",
            mode="HUMAN",  # whose time is past: the bot's
            human_until=now - timedelta(seconds=1),
        ),
        "budi": shop.chat("6285711112222", device, name="Budi", text="ongkir berapa?", unread=2),
        "citra": shop.chat(
            None,
            other_device,
            lid=LID,
            text="pagi",
            mode="HUMAN",
            attention="handed_over",
            assigned_to=11,
        ),
    }

    assert set(ids(api.get(f"/api/chats?{query}"))) == {chats[name] for name in found}


@pytest.mark.parametrize("after", ["", "x", "1.z5", "1.c", "-1.c5", "1.c" + "9" * 30, "..."])
def test_a_place_to_go_on_from_that_is_none_is_refused(api, after):
    answer = api.get("/api/chats", params={"after": after})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    "address",
    [
        PHONE,
        "+62 812-3456-7890",
        "081234567890",
        f"{PHONE}@c.us",
        f"{PHONE}@s.whatsapp.net",
        f"{LID}@lid",
        LID,
    ],
)
def test_a_chat_is_found_by_every_spelling_of_its_person(api, shop, device, address):
    chat = shop.chat(PHONE, device, lid=LID, name="Bu Ayu")

    found = api.get(f"/api/chats/{address}").json()

    assert found["id"] == chat
    assert (found["phone"], found["name"], found["device"], found["mode"]) == (
        PHONE,
        "Bu Ayu",
        "toko-1",
        "BOT",
    )
    assert found["is_bot_active"] is True


@pytest.mark.parametrize("address", ["6281299999999", "halo", "123456789@g.us", "1" * 25, "7@lid"])
def test_who_has_no_chat_is_not_found(api, shop, device, address):
    shop.chat(PHONE, device)

    answer = api.get(f"/api/chats/{address}")

    assert answer.status_code == 404
    assert answer.json()["hint"]


def test_a_person_with_chats_on_two_numbers_is_asked_for_by_device(api, shop, world, device):
    first = shop.chat(PHONE, device)
    person = rows(world, ChatSession)[0].contact_id
    second = shop.chat(PHONE, shop.device("toko-2"), contact_id=person)

    several = api.get(f"/api/chats/{PHONE}")

    assert (several.status_code, several.json()["code"]) == (409, "several_chats")
    choices = [(one["field"], one["message"]) for one in several.json()["problems"]]
    assert choices == [("device", "toko-1"), ("device", "toko-2")]
    assert api.get(f"/api/chats/{PHONE}?device=toko-1").json()["id"] == first
    assert api.get(f"/api/chats/{PHONE}?device=toko-2").json()["id"] == second
    assert api.get(f"/api/chats/{PHONE}?device=toko-3").status_code == 404


# --------------------------------------------------------------------------- reading


def test_what_both_sides_said_comes_in_one_order_and_in_pages(api, shop, world, device):
    chat = shop.chat(PHONE, device)
    person = rows(world, ChatSession)[0].contact_id
    start = datetime(2026, 3, 1, tzinfo=UTC)

    def at(minute: int) -> datetime:
        return start + timedelta(minutes=minute)

    with world.database.write() as connection:
        for minute, direction, text in ((0, "INBOUND", "harga?"), (2, "OUTBOUND", "sebentar")):
            connection.execute(
                insert(ChatMessage),
                {
                    "tenant_id": 1,
                    "session_id": chat,
                    "waha_message_id": text,
                    "direction": direction,
                    "message_type": "text",
                    "content": text,
                    "is_from_bot": False,
                    "is_history": False,
                    "timestamp": at(minute),
                    "created_at": at(minute),
                },
            )
        for minute, origin, values in (
            (2, "REPLY", {"chat_session_id": chat}),  # the same minute as one of theirs
            (3, "HUMAN", {"chat_session_id": chat}),
            (4, "REPLY", {"chat_session_id": chat, "kind": "typing"}),
        ):
            new = {
                "tenant_id": 1,
                "device_id": device,
                "origin": origin,
                "kind": "text",
                "priority": REPLY,
                "chat_key": PHONE,
                "body": f"{origin} {minute}",
                "identity_id": person,
                **values,
            }
            enqueue(connection, [NewMessage(**new)], at(minute))
        connection.execute(
            update(OutboundMessage)
            .where(OutboundMessage.origin == "HUMAN")
            .values(status="SENT", sent_at=at(9), ack_level=3, wa_msg_id="3EB0")
        )

    whole = api.get(f"/api/chats/{PHONE}/messages").json()["items"]

    assert [(one["by"], one["text"], one["status"]) for one in whole] == [
        ("agent", "HUMAN 3", "SENT"),  # it left last
        ("bot", "REPLY 2", "PENDING"),
        ("phone", "sebentar", None),
        ("customer", "harga?", None),
    ]
    assert (whole[0]["ack_level"], whole[0]["waha_message_id"]) == (3, "3EB0")
    assert [one["direction"] for one in whole] == ["OUTBOUND"] * 3 + ["INBOUND"]
    paged: list[str] = []
    after = ""
    while True:
        page = api.get(f"/api/chats/{PHONE}/messages?limit=1{after}").json()
        paged += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert paged == [one["id"] for one in whole]


def test_broadcasts_to_the_person_stand_in_their_chat(api, shop, world, device):
    campaign = shop.campaign("PROCESSING")
    shop.recipients(campaign, ["SENT", "SENT"])
    with world.database.write() as connection:
        people = shop_people(connection, campaign)
        for person, phone in people:
            enqueue(
                connection,
                [
                    NewMessage(
                        tenant_id=1,
                        device_id=device,
                        origin="BROADCAST",
                        kind="text",
                        priority=BROADCAST,
                        chat_key=phone,
                        body=f"Promo {person}",
                        campaign_id=campaign,
                        identity_id=person,
                        node_id="kirim",
                    )
                ],
                world.clock.now(),
            )
    (person, phone), _ = people
    shop.chat(phone, device, contact_id=person)

    found = api.get(f"/api/chats/{phone}/messages").json()["items"]

    assert [(one["by"], one["text"]) for one in found] == [("broadcast", f"Promo {person}")]


def shop_people(connection, campaign) -> list[tuple[int, str]]:
    from services.campaigns.models import CampaignLog
    from services.contacts.models import Contact

    return [
        (row.id, row.phone)
        for row in connection.execute(
            select(Contact.id, Contact.phone)
            .join(CampaignLog, CampaignLog.contact_id == Contact.id)
            .where(CampaignLog.campaign_id == campaign)
        )
    ]


# --------------------------------------------------------------------------- answering


def test_a_persons_answer_goes_first_and_the_bot_is_quiet_then(api, shop, world, device):
    chat = shop.chat(PHONE, device, unread=3, attention="handed_over")
    with world.database.write() as connection:
        connection.execute(update(Tenant).values(profile={"takeover_hours": 2}))

    answer = api.post(f"/api/chats/{PHONE}/send", json={"text": "Halo, saya Rina {promo}"})

    assert answer.status_code == 201, answer.text
    assert (answer.json()["by"], answer.json()["status"]) == ("agent", "PENDING")
    (row,) = rows(world, OutboundMessage)
    assert (row.origin, row.priority, row.chat_key, row.chat_session_id, row.body) == (
        "HUMAN",
        10,
        PHONE,
        chat,
        "Halo, saya Rina {promo}",  # as it was typed
    )
    assert world.doorbell.rung == ["runtime.send_due"]
    found = api.get(f"/api/chats/{PHONE}").json()
    assert (found["mode"], found["mode_reason"], found["is_bot_active"]) == (
        "HUMAN",
        "agent",
        False,
    )
    left = datetime.fromisoformat(found["human_until"]) - world.clock.now()
    assert timedelta(hours=1, minutes=59) < left <= timedelta(hours=2)
    assert (found["unread"], found["attention"]) == (0, None)
    assert found["preview"] == "Halo, saya Rina {promo}"


def test_an_answer_with_a_key_is_sent_once(api, shop, world, device):
    shop.chat(PHONE, device)
    headers = {"Idempotency-Key": "klik-1"}

    answers = [
        api.post(f"/api/chats/{PHONE}/send", json={"text": "ya"}, headers=headers) for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(rows(world, OutboundMessage)) == 1


def test_a_file_of_the_library_is_sent_with_its_caption(api, shop, world, device):
    from tests.support.pictures import PDF

    shop.chat(None, device, lid=LID)
    file = api.post("/api/media", files={"file": ("harga.pdf", PDF)}).json()

    answer = api.post(
        f"/api/chats/{LID}@lid/send", json={"text": "Ini ya", "media": file["reference"]}
    )

    assert answer.status_code == 201, answer.text
    (row,) = rows(world, OutboundMessage)
    assert (row.kind, row.chat_key, row.media["filename"]) == ("media", f"{LID}@lid", "harga.pdf")
    assert row.media["url"] == file["reference"]
    assert answer.json()["media"]["mimetype"] == "application/pdf"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"text": "   "}, 422, "invalid"),
        ({"text": "x" * 4097}, 422, "invalid"),
        ({"text": "halo", "to": "628"}, 422, "invalid"),
        ({"media": "media:tidak-ada.png"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_sent_is_refused(api, shop, world, device, body, status, code):
    shop.chat(PHONE, device)

    answer = api.post(f"/api/chats/{PHONE}/send", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert rows(world, OutboundMessage) == []


@pytest.mark.parametrize(
    ("listed", "reason", "status"),
    [
        (PHONE, "UNSUBSCRIBE", 201),
        (PHONE, "MANUAL", 409),
        (f"{LID}@lid", "SPAM_REPORT", 409),
    ],
)
def test_who_must_not_be_written_to_is_not(api, shop, world, device, listed, reason, status):
    shop.chat(PHONE, device, lid=LID)
    with world.database.write() as connection:
        connection.execute(
            insert(Blacklisted),
            {
                "tenant_id": 1,
                "phone": listed,
                "reason": reason,
                "created_at": world.clock.now(),
            },
        )

    assert api.post(f"/api/chats/{PHONE}/send", json={"text": "halo"}).status_code == status


def test_from_a_removed_number_nothing_is_sent(api, shop, world):
    device = shop.device("lama", deleted_at=world.clock.now())
    shop.chat(PHONE, device)

    answer = api.post(f"/api/chats/{PHONE}/send", json={"text": "halo"})

    assert (answer.status_code, answer.json()["code"]) == (409, "device_removed")


# --------------------------------------------------------------------------- who answers


def test_the_bot_is_switched_off_and_on(api, shop, device):
    shop.chat(PHONE, device, attention="loop")
    path = f"/api/chats/{PHONE}/toggle-bot"

    off = api.post(path).json()
    assert (off["mode"], off["human_until"], off["is_bot_active"]) == ("HUMAN", None, False)
    on = api.post(path).json()
    assert (on["mode"], on["mode_reason"], on["attention"]) == ("BOT", None, None)


@pytest.mark.parametrize(
    ("body", "mode", "has_end"),
    [
        ({"active": False}, "HUMAN", False),
        ({"active": False, "hours": 3}, "HUMAN", True),
        ({"mode": "HUMAN", "hours": 0.5}, "HUMAN", True),
        ({"mode": "MUTED"}, "MUTED", False),
        ({"active": True}, "BOT", False),
        ({"mode": "BOT"}, "BOT", False),
    ],
)
def test_who_answers_is_said_in_plain_words(api, shop, device, body, mode, has_end):
    shop.chat(PHONE, device)

    found = api.post(f"/api/chats/{PHONE}/toggle-bot", json=body).json()

    assert (found["mode"], found["human_until"] is not None) == (mode, has_end)


@pytest.mark.parametrize(
    "body",
    [
        {"active": True, "mode": "BOT"},
        {"mode": "MUTED", "hours": 2},
        {"active": True, "hours": 2},
        {"active": False, "hours": 0},
        {"mode": "SLEEPY"},
    ],
)
def test_what_contradicts_itself_changes_nothing(api, shop, device, body):
    shop.chat(PHONE, device)

    assert api.post(f"/api/chats/{PHONE}/toggle-bot", json=body).status_code == 422
    assert api.get(f"/api/chats/{PHONE}").json()["mode"] == "BOT"


def test_a_chat_is_given_to_somebody_of_the_account_only(api, shop, device):
    shop.chat(PHONE, device)
    path = f"/api/chats/{PHONE}/assign"

    given = api.post(path, json={"user_id": 12}).json()
    assert given["assigned_to"] == {"id": 12, "name": "agent@tenant1.example"}
    assert api.post(path, json={"user_id": 22}).status_code == 422  # the other account's agent
    assert api.post(path, json={}).status_code == 422
    assert api.post(path, json={"user_id": None}).json()["assigned_to"] is None


@pytest.mark.parametrize(
    ("attention", "left"),
    [
        ("stale_reply", None),
        ("stale_send", None),
        ("unanswered", None),
        ("loop", None),
        ("handed_over", "handed_over"),  # that ends with an answer
        (None, None),
    ],
)
def test_what_has_been_read_is_unread_no_more(api, shop, device, attention, left):
    shop.chat(PHONE, device, unread=5, attention=attention)

    found = api.post(f"/api/chats/{PHONE}/read").json()

    assert (found["unread"], found["attention"]) == (0, left)


def test_nobody_reads_the_chats_of_another_account(api, other, shop, device):
    shop.chat(PHONE, device, text="rahasia")

    assert other.get("/api/chats").json()["items"] == []
    for method, path in (
        ("GET", ""),
        ("GET", "/messages"),
        ("POST", "/toggle-bot"),
        ("POST", "/read"),
    ):
        assert other.request(method, f"/api/chats/{PHONE}{path}").status_code == 404
