from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.integrations.waha.addresses import ChatAddress, ChatKind
from services.integrations.waha.inbound import (
    Acked,
    Edited,
    Inbound,
    InboundMedia,
    Noise,
    Reacted,
    Revoked,
    Said,
    SessionTold,
    Who,
    business_key,
    chat_key,
    read_event,
)

SAMPLES = Path(__file__).parent / "samples"
FILES = sorted(
    path.name.removeprefix("webhook.").removesuffix(".json")
    for path in SAMPLES.glob("webhook.*.json")
    if not path.name.startswith("webhook.delivery.")
)
RECEIVED = datetime(2027, 1, 1, tzinfo=UTC)
SENT = datetime.fromtimestamp(1_784_460_000, UTC)
ID = "3EB0C431C26A1916EA9A01"
PHONE, LID = "6281100000002", "200000000000002"
PERSON = ChatAddress(ChatKind.PERSON, PHONE, "c.us")
HIDDEN = ChatAddress(ChatKind.LID, LID, "lid")
GROUP = ChatAddress(ChatKind.GROUP, "120363000000000001", "g.us")


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((SAMPLES / f"webhook.{name}.json").read_bytes())
    return found


def read(name: str) -> Inbound:
    return read_event(sample(name), RECEIVED)


def said(**changes: Any) -> Said:
    usual: dict[str, Any] = {
        "bare_id": ID,
        "whole_id": f"false_{PHONE}@c.us_{ID}",
        "chat": PERSON,
        "who": Who(PHONE),
        "from_me": False,
        "source": "app",
        "sent_at": SENT,
        "kind": "text",
        "text": "info harga",
        "media": None,
        "quoted_id": None,
        "quoted_text": None,
        "name": "Contact",
        "extra": None,
    }
    return Said(**(usual | changes))


def told(name: str) -> SessionTold:
    body = sample(name)
    at = datetime.fromtimestamp(body["timestamp"] / 1000, UTC)
    return SessionTold(body["payload"], at)


LONG_ID = "A" * 32
SHORT_ID = "3" * 22
MINE = f"true_{PHONE}@c.us_{ID}"
FILE_ERROR = "Error: 13 INTERNAL: failed to download media: download failed with status code 403"
STATES = [name for name in FILES if name.startswith("session.status.")]
MEANT: dict[str, Inbound] = {
    "group.v2.join": Noise("group.v2.join", "Nothing is done at this event."),
    "group.v2.participants": Noise("group.v2.participants", "Nothing is done at this event."),
    "group.v2.update": Noise("group.v2.update", "Nothing is done at this event."),
    "message.ack.DEVICE.GOWS": Acked(SHORT_ID, 2, True, None),
    "message.ack.DEVICE.NOWEB": Acked(LONG_ID, 2, True, None),
    "message.ack.ERROR.463.unmerged": Acked(ID, -1, True, None),
    "message.ack.READ.GOWS": Acked(SHORT_ID, 3, True, None),
    "message.ack.READ.WEBJS": Acked("AAA", 3, True, None),
    "message.ack.READ.by_me_on_other_device.NOWEB": Acked(LONG_ID, 3, False, None),
    "message.ack.READ.group.NOWEB": Acked(LONG_ID, 3, True, "011111111111111@lid"),
    "message.ack.READ.group.WEBJS": Acked(LONG_ID, 3, True, "011111111111111@lid"),
    "message.ack.group.event": Acked(ID, 3, True, f"{LID}@lid"),
    "message.any.sent_by_api.GOWS": said(
        whole_id=MINE, from_me=True, source="api", text="Halo kak", name=None
    ),
    "message.any.sent_by_app.GOWS": said(
        whole_id=MINE, from_me=True, text="dibalas dari HP", name=None
    ),
    "message.document.NOWEB": said(
        kind="document",
        text=None,
        name=None,
        media=InboundMedia(
            mimetype="application/pdf",
            filename="invoice.pdf",
            path=f"/api/files/default/{ID}.pdf",
        ),
    ),
    "message.edited": Edited(
        ID,
        "teks baru",
        datetime.fromtimestamp(1_784_460_000.018, UTC),
        PERSON,
        Who(PHONE),
        False,
    ),
    "message.image.GOWS": said(
        kind="image",
        text="bukti transfer",
        media=InboundMedia(mimetype="image/jpeg", path=f"/api/files/default/{ID}.jpeg"),
    ),
    "message.media.error.GOWS": said(
        kind="document",
        text=None,
        name=None,
        media=InboundMedia(mimetype="application/pdf", filename="invoice.pdf", error=FILE_ERROR),
    ),
    "message.media.not_downloaded": said(kind="other", text=None, name=None, media=InboundMedia()),
    "message.reaction": Reacted(ID, "1" * 32, "🙏", PERSON, Who(PHONE), False),
    "message.revoked": Revoked(ID, PERSON, Who(PHONE), False),
    "message.text.dm.GOWS": said(),
    "message.text.dm.NOWEB": said(),
    "message.text.dm.WEBJS": said(),
    "message.text.dm.lid.GOWS": said(
        whole_id=f"false_{LID}@lid_{ID}", chat=HIDDEN, who=Who(PHONE, LID)
    ),
    "message.text.group.GOWS": said(
        whole_id=f"false_{GROUP}_{ID}_{LID}@lid",
        chat=GROUP,
        who=Who(PHONE, LID),
        text="halo grup",
    ),
} | {name: told(name) for name in STATES}


def test_every_recorded_event_has_its_meaning_written_down():
    assert sorted(MEANT) == FILES
    assert len(FILES) == 34


@pytest.mark.parametrize("name", FILES)
def test_a_recorded_event_is_read_as_it_was_meant(name):
    assert read(name) == MEANT[name]


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("message.text.dm")])
def test_a_private_message_is_known_by_its_number_on_every_engine(name):
    event = read(name)

    assert chat_key(event) == PHONE
    assert business_key(event) == f"message|{ID}"


@pytest.mark.parametrize(
    "name",
    ["message.any.sent_by_app.GOWS", "message.text.group.GOWS", "message.ack.READ.GOWS"],
)
def test_what_is_no_private_message_to_us_has_no_chat_key(name):
    assert chat_key(read(name)) is None


def test_a_message_told_twice_has_one_key_whatever_it_is_called():
    body = sample("message.text.dm.GOWS")
    keys = {
        business_key(read_event(body | {"event": name}, RECEIVED))
        for name in ("message", "message.any")
    }

    assert keys == {f"message|{ID}"}


def test_two_edits_within_a_second_are_two():
    body = sample("message.edited")
    later = body | {"timestamp": body["timestamp"] + 5}

    assert business_key(read_event(body, RECEIVED)) == f"edit|{ID}|1784460000018"
    assert business_key(read_event(later, RECEIVED)) == f"edit|{ID}|1784460000023"


def message(event: str = "message.any", /, me: object = None, **payload: object) -> dict[str, Any]:
    body = {"id": f"false_{PHONE}@c.us_{ID}", "timestamp": 1_784_460_000, "body": "Halo"}
    return {"event": event, "me": me, "payload": body | payload}


ME = {"id": "6281100000001@c.us", "lid": "100000000000001@lid"}
ALT = f"{PHONE}@s.whatsapp.net"


@pytest.mark.parametrize(
    ("payload", "who"),
    [
        # NOWEB tells the second address in the key, in three spellings over the years.
        ({"_data": {"key": {"remoteJid": f"{LID}@lid", "remoteJidAlt": ALT}}}, Who(PHONE, LID)),
        ({"_data": {"key": {"senderPn": ALT}}}, Who(PHONE, LID)),
        ({"_data": {}}, Who(None, LID)),
        ({"from": f"{PHONE}@c.us"}, Who(PHONE, LID)),
        # Our own message: the recipient's alternate counts, the sender's is ours.
        (
            {
                "fromMe": True,
                "_data": {
                    "Info": {"SenderAlt": "6281100000001@s.whatsapp.net", "RecipientAlt": ALT}
                },
            },
            Who(PHONE, LID),
        ),
        ({"fromMe": True, "from": "6281100000001@c.us", "to": f"{PHONE}@c.us"}, Who(PHONE, LID)),
    ],
)
def test_number_and_hidden_address_are_found_wherever_the_engine_puts_them(payload, who):
    event = read_event(message(me=ME, id=f"false_{LID}@lid_{ID}", **payload), RECEIVED)

    assert isinstance(event, Said)
    assert event.who == who
    assert event.chat == HIDDEN


def test_a_chat_by_number_learns_the_hidden_address():
    key = {"remoteJid": ALT, "remoteJidAlt": f"{LID}@lid"}

    event = read_event(message(_data={"key": key}), RECEIVED)

    assert isinstance(event, Said)
    assert event.who == Who(PHONE, LID)


@pytest.mark.parametrize(
    ("payload", "chat"),
    [
        ({"from": f"{PHONE}@c.us"}, PERSON),
        ({"from": "6281100000001@c.us", "to": f"{PHONE}@c.us", "fromMe": True}, PERSON),
        ({"_data": {"Info": {"Chat": f"{PHONE}@s.whatsapp.net"}}}, PERSON),
        ({"_data": {"key": {"remoteJid": f"{PHONE}:12@s.whatsapp.net"}}}, PERSON),
        ({"from": "120363000000000001@g.us", "to": f"{LID}@lid", "participant": ALT}, GROUP),
    ],
)
def test_an_id_without_a_chat_is_helped_by_the_rest(payload, chat):
    event = read_event(message(me=ME, **({"id": ID} | payload)), RECEIVED)

    assert isinstance(event, Said)
    assert event.chat == chat
    assert event.who.phone == PHONE


@pytest.mark.parametrize(
    ("payload", "kind", "text"),
    [
        ({}, "text", "Halo"),
        ({"body": None}, "other", None),
        ({"hasMedia": True, "media": {"mimetype": "video/mp4"}}, "video", "Halo"),
        (
            {"hasMedia": True, "media": {"mimetype": "audio/ogg; codecs=opus"}, "body": None},
            "voice",
            None,
        ),
        ({"hasMedia": True, "media": {"mimetype": "audio/mpeg"}}, "audio", "Halo"),
        ({"hasMedia": True, "media": {"mimetype": "image/webp"}, "body": "/9j/"}, "sticker", None),
        ({"_data": {"message": {"audioMessage": {"ptt": True}}}}, "voice", "Halo"),
        ({"_data": {"message": {"audioMessage": {"ptt": False}}}}, "audio", "Halo"),
        ({"_data": {"type": "ptt"}, "body": ""}, "voice", None),
        ({"_data": {"type": "location"}, "body": "/9j/4AAQ"}, "location", None),
        ({"vCards": ["BEGIN:VCARD"], "body": "BEGIN:VCARD"}, "contact", None),
        ({"_data": {"message": {"pollCreationMessageV3": {"name": "?"}}}}, "poll", "Halo"),
        (
            {
                "body": None,
                "_data": {
                    "Message": {
                        "ephemeralMessage": {
                            "message": {
                                "viewOnceMessageV2": {
                                    "message": {"imageMessage": {"caption": "lihat"}}
                                }
                            }
                        }
                    }
                },
            },
            "image",
            "lihat",
        ),
        (
            {
                "body": "",
                "_data": {
                    "message": {"buttonsResponseMessage": {"selectedDisplayText": "Ya, kirim"}}
                },
            },
            "text",
            "Ya, kirim",
        ),
    ],
)
def test_a_message_is_of_the_kind_a_person_would_call_it(payload, kind, text):
    event = read_event(message(**payload), RECEIVED)

    assert isinstance(event, Said)
    assert (event.kind, event.text) == (kind, text)


@pytest.mark.parametrize(
    "payload",
    [
        {"_data": {"type": "e2e_notification"}, "body": ""},
        {"_data": {"type": "call_log"}},
        {"_data": {"message": {"protocolMessage": {"type": 3}}}, "body": None},
        {"id": None},
        {"id": "0@c.us"},
        {"id": "false_0@c.us_ABC"},
        {"id": "x" * 200},
        {"id": "ABC", "from": None},
    ],
)
def test_what_no_person_said_is_noise(payload):
    assert isinstance(read_event(message(**payload), RECEIVED), Noise)


@pytest.mark.parametrize(
    ("url", "path", "foreign"),
    [
        ("http://localhost:3000/api/files/s/a.jpg", "/api/files/s/a.jpg", None),
        ("https://wa.example/base/api/files/s/a.jpg?x-api-key=k", "/api/files/s/a.jpg", None),
        ("https://s3.example/b/a.jpg?X-Amz-Signature=1", None, "same"),
        ("https://s3.example/b/a.jpg", None, None),
        ("http://h/api/files/../../etc/passwd", None, None),
        ("http://h/api/files/%2e%2e/secret", None, None),
        ("file:///etc/passwd?X-Amz-Signature=1", None, None),
        ("http://[broken", None, None),
        (5, None, None),
    ],
)
def test_a_file_is_fetched_from_our_server_or_from_signed_storage_only(url, path, foreign):
    media = {"url": url, "mimetype": "image/jpeg"}

    event = read_event(message(hasMedia=True, media=media), RECEIVED)

    assert isinstance(event, Said)
    assert event.media is not None
    assert event.media.path == path
    assert event.media.url == (url if foreign else None)


def test_a_place_a_card_and_a_poll_come_along():
    place = {"latitude": -6.2, "longitude": "106.816666", "title": "Monas"}
    poll = {"name": "Warna?", "options": [{"optionName": "merah"}, "biru"]}
    cases = [
        ({"location": place}, {"location": {"latitude": -6.2, "longitude": 106.816666}}),
        ({"vCards": ["BEGIN:VCARD\nEND:VCARD"]}, {"vcards": ["BEGIN:VCARD\nEND:VCARD"]}),
        (
            {"_data": {"message": {"pollCreationMessage": poll}}},
            {"poll": {"name": "Warna?", "options": ["merah", "biru"]}},
        ),
    ]
    for payload, extra in cases:
        event = read_event(message(**payload), RECEIVED)
        assert isinstance(event, Said)
        found = dict(event.extra or {})
        if "location" in found:
            assert found["location"].pop("name") == "Monas"
        assert found == extra


def test_an_answer_names_what_it_answers():
    reply = {"id": f"true_{PHONE}@c.us_QUOTED", "body": "Mau yang mana?"}

    event = read_event(message(replyTo=reply), RECEIVED)

    assert isinstance(event, Said)
    assert (event.quoted_id, event.quoted_text) == ("QUOTED", "Mau yang mana?")


def test_nothing_is_said_after_it_was_heard():
    event = read_event(message(timestamp=4_000_000_000), RECEIVED)

    assert isinstance(event, Said)
    assert event.sent_at == RECEIVED


NAMES = [
    "id",
    "from",
    "to",
    "participant",
    "body",
    "hasMedia",
    "media",
    "url",
    "mimetype",
    "replyTo",
    "ack",
    "ackName",
    "timestamp",
    "_data",
    "Info",
    "key",
    "Message",
    "message",
    "type",
    "location",
    "vCards",
    "reaction",
    "messageId",
    "text",
    "after",
    "before",
    "revokedMessageId",
    "editedMessageId",
    "remoteJid",
    "Chat",
    "Sender",
    "fromMe",
    "event",
    "payload",
    "me",
    "lid",
    "poll",
    "options",
    "imageMessage",
    "audioMessage",
    "fileLength",
    "low",
    "latitude",
    "error",
    "s3",
    "_serialized",
    "remote",
]
TEXTS = st.sampled_from(
    [MINE, "@", "_", "a@lid", f"{PHONE}@c.us", "http://[", "true_", "x@g.us"]
) | st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=8)
    ),
    max_leaves=25,
)
EVENTS = st.sampled_from(
    [
        "message",
        "message.any",
        "message.ack",
        "message.edited",
        "message.revoked",
        "message.reaction",
        "session.status",
        "group.v2.join",
    ]
)
BROKEN_SAMPLES = st.sampled_from(FILES).map(sample)


@given(JSON)
def test_no_json_value_makes_reading_fail(value):
    event = read_event(value, RECEIVED)

    chat_key(event)
    business_key(event)


@given(EVENTS, st.dictionaries(st.sampled_from(NAMES), JSON, max_size=12), JSON, JSON)
def test_no_payload_makes_reading_fail(name, payload, timestamp, me):
    body = {"event": name, "payload": payload, "timestamp": timestamp, "me": me}

    event = read_event(body, RECEIVED)

    assert chat_key(event) is None or chat_key(event) != ""
    business_key(event)


@given(BROKEN_SAMPLES, st.lists(st.tuples(st.integers(0, 50), JSON), min_size=1, max_size=4))
def test_a_recorded_event_with_any_part_replaced_is_read(body, changes):
    for place, value in changes:
        parts = _places(body)
        owner, name = parts[place % len(parts)]
        owner[name] = value

    business_key(read_event(body, RECEIVED))


def _places(value: object) -> list[tuple[dict[str, Any], str]]:
    found: list[tuple[dict[str, Any], str]] = []
    if isinstance(value, dict):
        for name, inner in value.items():
            found.append((value, name))
            found += _places(inner)
    return found or [({"": 0}, "")]
