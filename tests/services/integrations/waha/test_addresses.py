"""WhatsApp addresses and message ids."""

import pytest

from services.integrations.waha.addresses import (
    ChatKind,
    MessageId,
    chat_id,
    normal_chat,
    parse_chat_id,
    parse_message_id,
    read_message_id,
)

BARE = "3EB0C431C26A1916EA9A01"
CHAT = "6281100000002@c.us"
WHOLE = f"true_{CHAT}_{BARE}"


def test_a_number_becomes_the_address_of_a_person():
    assert chat_id("6281100000002") == CHAT


@pytest.mark.parametrize("digits", ["", "+6281100000002", "0811 000", "62811@c.us", "٦٢٨١١٠", "1"])
def test_anything_but_plain_digits_is_no_number(digits):
    with pytest.raises(ValueError, match="digits"):
        chat_id(digits)


@pytest.mark.parametrize(
    ("text", "kind", "normal"),
    [
        (CHAT, ChatKind.PERSON, CHAT),
        ("6281100000002", ChatKind.PERSON, CHAT),
        ("6281100000002@s.whatsapp.net", ChatKind.PERSON, CHAT),
        ("6281100000002:42@s.whatsapp.net", ChatKind.PERSON, CHAT),
        ("200000000000002:7@lid", ChatKind.LID, "200000000000002@lid"),
        ("120363000000000001@g.us", ChatKind.GROUP, "120363000000000001@g.us"),
        ("6281100000002-1500000000@g.us", ChatKind.GROUP, "6281100000002-1500000000@g.us"),
        ("status@broadcast", ChatKind.BROADCAST, "status@broadcast"),
        ("123@newsletter", ChatKind.NEWSLETTER, "123@newsletter"),
    ],
)
def test_every_engines_spelling_of_a_chat_becomes_one(text, kind, normal):
    address = parse_chat_id(text)

    assert address is not None
    assert (address.kind, str(address)) == (kind, normal)


@pytest.mark.parametrize("text", ["", "@c.us", "abc", "62@elsewhere", "../x@c.us", "62 81@c.us"])
def test_what_is_no_address_is_none(text):
    assert parse_chat_id(text) is None
    assert normal_chat(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WHOLE, MessageId(BARE, CHAT, True, None, WHOLE)),
        (
            "false_1203@g.us_AA_6281100000002:3@c.us",
            MessageId("AA", "1203@g.us", False, CHAT, "false_1203@g.us_AA_6281100000002:3@c.us"),
        ),
        # A malformed id that NOWEB sends for acks made on another device.
        (
            "11111111111@c.us_AAAA",
            MessageId("AAAA", "11111111111@c.us", None, None, "11111111111@c.us_AAAA"),
        ),
        (BARE, MessageId(BARE)),
        ("true_62811@c.us_AA_out", MessageId("AA", "62811@c.us", True, None)),
    ],
)
def test_a_message_id_is_taken_apart_whatever_its_form(text, expected):
    found = parse_message_id(text)

    assert found is not None
    parts = (found.bare, found.chat, found.from_me, found.participant)
    assert parts == (expected.bare, expected.chat, expected.from_me, expected.participant)


@pytest.mark.parametrize("text", ["", "true_", "true_62811@c.us", "62811@c.us_"])
def test_an_id_without_its_own_part_is_none(text):
    assert parse_message_id(text) is None


@pytest.mark.parametrize(
    "body",
    [
        {"id": WHOLE},
        {"id": {"_serialized": WHOLE, "id": "other"}},
        {"id": {"fromMe": True, "remote": CHAT, "id": BARE}},
        {"id": {"fromMe": True, "remote": {"_serialized": CHAT}, "id": BARE}},
        {"key": {"remoteJid": "6281100000002@s.whatsapp.net", "fromMe": True, "id": BARE}},
        {"id": None, "_data": {"id": {"_serialized": WHOLE}}},
        {"id": WHOLE, "key": {"remoteJid": "9@c.us", "id": "later"}},
    ],
)
def test_the_id_is_found_in_each_of_the_shapes_of_an_answer(body):
    found = read_message_id(body)

    assert found is not None
    assert (found.bare, found.whole, found.chat, found.from_me) == (BARE, WHOLE, CHAT, True)


@pytest.mark.parametrize("body", [None, [], "x", {}, {"id": ""}, {"id": {}}, {"key": {"id": 7}}])
def test_an_answer_without_an_id_has_none(body):
    assert read_message_id(body) is None
