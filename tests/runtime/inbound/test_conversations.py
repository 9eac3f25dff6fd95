"""Bursts, people who take over, wishes to stop, runs that wait, files, and bots that meet."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from runtime.inbound import waits
from services.blacklist.models import Blacklisted
from services.chats.models import ChatMessage, ChatSession
from tests.runtime.inbound.floor import Floor

BUDI = "6281200000001@c.us"
ASKS = """
flow: alir/1
kind: inbound
id: tanya
name: Tanya
triggers:
  masuk: {type: message, debounce: {quiet: 0s}, next: tanya}
nodes:
  tanya:
    type: send-waha
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: Namanya siapa?}
    next: {ok: tunggu}
  tunggu:
    type: wait-for-reply
    with: {chat: {$: trigger.chat_id}, timeout: 10m}
    next: {replied: jawab, timeout: lewat}
  jawab:
    type: send-waha
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: {$: steps.tunggu.text}}
  lewat:
    type: send-waha
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: Sampai jumpa}
"""
SEES = """
flow: alir/1
kind: inbound
id: lihat
name: Lihat
triggers:
  masuk: {type: message, debounce: {quiet: 0s}, next: ada}
nodes:
  ada:
    type: condition
    with: {test: {"!!": [{var: trigger.media.ref}]}}
    next: {match: terima, else: kosong}
  terima:
    type: send-waha
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: {$: trigger.media.ref}}
  kosong:
    type: send-waha
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: {$: trigger.media_state}}
"""


@pytest.mark.sql
def test_seven_messages_in_ten_seconds_get_one_answer_in_order(any_floor: Floor) -> None:
    any_floor.answers(quiet="6s")
    for number in range(7):
        any_floor.say(f"{number} harga")
        any_floor.wait(1.5)
    assert any_floor.texts == []
    any_floor.wait(7)

    assert any_floor.texts == ["\n".join(f"{number} harga" for number in range(7))]
    (run,) = any_floor.runs()
    assert run.status == "SUCCEEDED"
    assert run.state["trigger"]["count"] == 7


def test_a_burst_that_goes_on_is_answered_in_the_end(floor: Floor) -> None:
    floor.answers(quiet="6s")
    for number in range(9):
        floor.say(f"{number} harga")
        floor.wait(4)

    assert len(floor.texts) == 1
    assert floor.texts[0].startswith("0 harga\n1 harga")


def test_ten_messages_are_enough_for_a_burst(floor: Floor) -> None:
    floor.answers(quiet="6s")
    for number in range(10):
        floor.say(f"{number} harga")
    floor.settle()

    assert len(floor.texts) == 1


@pytest.mark.sql
def test_an_answer_from_the_owners_phone_quiets_the_bot_in_that_chat(any_floor: Floor) -> None:
    any_floor.answers()
    any_floor.say("Halo kak, dengan Sari", BUDI, from_me=True, kind="message.any")
    any_floor.settle()
    any_floor.say("harga")
    any_floor.settle()
    any_floor.say("harga", "6281200000002@c.us")
    any_floor.settle()

    chat = any_floor.chats()[0]
    assert (chat.mode, chat.mode_reason) == ("HUMAN", "phone")
    assert chat.human_until == any_floor.lab.now + timedelta(hours=12)
    assert [sent.chat_key for sent in any_floor.sent] == ["6281200000002"]
    assert [row.direction for row in any_floor.said()].count("OUTBOUND") == 1

    any_floor.lab.wait(12 * 3600 + 1)
    any_floor.say("harga lagi")
    any_floor.settle()
    assert any_floor.texts[-1] == "harga lagi"


def test_the_echo_of_our_own_answer_is_no_human(floor: Floor) -> None:
    floor.answers()
    floor.say("harga")
    floor.settle()
    bare = floor.sent[0].wa_msg_id
    floor.say("harga", BUDI, from_me=True, bare=bare, kind="message.any")
    floor.settle()
    floor.say("Promo", BUDI, from_me=True, kind="message.any", source="api")
    floor.settle()

    assert floor.chats()[0].mode == "BOT"
    assert [row.is_from_bot for row in floor.said()].count(True) == 1


def test_a_burst_is_dropped_when_a_human_answers_meanwhile(floor: Floor) -> None:
    floor.answers(quiet="6s")
    floor.say("harga")
    floor.wait(2)
    floor.say("Sebentar ya", BUDI, from_me=True, kind="message.any")
    floor.wait(10)

    assert floor.texts == []
    assert [(run.status, run.reason) for run in floor.runs()] == [("CANCELLED", "takeover")]


@pytest.mark.sql
def test_a_wish_to_stop_is_confirmed_once_and_given_to_no_flow(any_floor: Floor) -> None:
    any_floor.answers(quiet="6s")
    any_floor.say("harga")
    any_floor.settle()
    any_floor.say("BERHENTI")
    any_floor.settle()
    any_floor.say("berhenti")
    any_floor.wait(10)

    assert len(any_floor.texts) == 1
    assert "MULAI" in any_floor.texts[0]
    (entry,) = any_floor.rows(Blacklisted)
    assert (entry.phone, entry.reason) == ("6281200000001", "UNSUBSCRIBE")
    assert [run.status for run in any_floor.runs()] == ["CANCELLED"]

    any_floor.say("MULAI")
    any_floor.settle()
    assert list(any_floor.rows(Blacklisted)) == []
    assert len(any_floor.texts) == 2


def test_an_opt_out_under_one_address_counts_under_both(floor: Floor) -> None:
    lid = "99887766554433@lid"
    floor.say("STOP", lid)
    floor.settle()
    floor.say("halo", BUDI, alt=lid)
    floor.settle()

    assert {row.phone for row in floor.rows(Blacklisted)} == {"6281200000001", lid}
    assert len(floor.contacts()) == 1


@pytest.mark.sql
def test_a_run_that_waits_for_this_person_gets_the_message_before_any_flow(
    any_floor: Floor,
) -> None:
    any_floor.flow(ASKS, slug="tanya")
    any_floor.say("halo")
    any_floor.settle()
    any_floor.say("Sari", "6281200000002@c.us")
    any_floor.settle()
    any_floor.say("Budi")
    any_floor.settle()

    assert any_floor.texts == ["Namanya siapa?", "Namanya siapa?", "Budi"]
    assert sorted(run.status for run in any_floor.runs()) == ["SUCCEEDED", "WAITING"]


def test_a_wait_that_nobody_answers_ends_in_time(floor: Floor) -> None:
    floor.flow(ASKS, slug="tanya")
    floor.say("halo")
    floor.settle()
    floor.lab.wait(601)
    floor.settle()

    assert floor.texts == ["Namanya siapa?", "Sampai jumpa"]


PICTURE: dict[str, Any] = {
    "hasMedia": True,
    "media": {"url": "http://elsewhere/api/files/toko/3AA.jpeg", "mimetype": "image/jpeg"},
}


def fetched(floor: Floor, state: str = "STORED", url: str | None = "media:abc.jpg") -> None:
    """What the fetcher does once a file is there, or never will be."""
    with floor.database.write() as connection:
        connection.execute(update(ChatMessage).values(media_state=state, media_url=url))
        for chat_id in connection.execute(select(ChatSession.id)).scalars().all():
            waits.media_settled(connection, chat_id, floor.lab.now)


@pytest.mark.sql
@pytest.mark.parametrize(
    ("state", "url", "answer"),
    [("STORED", "media:abc.jpg", "media:abc.jpg"), ("GONE", None, "GONE")],
)
def test_a_run_waits_for_the_file_of_its_message(
    any_floor: Floor, state: str, url: str | None, answer: str
) -> None:
    any_floor.flow(SEES, slug="lihat")
    any_floor.say("bukti", **PICTURE)
    any_floor.settle()
    assert any_floor.texts == []
    assert any_floor.said()[0].media_state == "WANTED"

    fetched(any_floor, state, url)
    any_floor.settle()

    assert any_floor.texts == [answer]


def test_a_file_that_never_comes_is_waited_for_a_minute(floor: Floor) -> None:
    floor.flow(SEES, slug="lihat")
    floor.say("bukti", **PICTURE)
    floor.settle()
    floor.lab.wait(61)
    floor.settle()

    assert floor.texts == ["WANTED"]


def test_a_reply_with_a_file_is_handed_over_with_the_file(floor: Floor) -> None:
    floor.flow(ASKS.replace("steps.tunggu.text", "steps.tunggu.media.ref"), slug="tanya")
    floor.say("halo")
    floor.settle()
    floor.say("ini", **PICTURE)
    floor.settle()
    assert floor.texts == ["Namanya siapa?"]

    fetched(floor)
    floor.settle()

    assert floor.texts == ["Namanya siapa?", "media:abc.jpg"]


def test_two_bots_stop_within_ten_messages(floor: Floor) -> None:
    floor.answers()
    for number in range(30):
        floor.say(f"{number} terima kasih, ada yang lain?")
        floor.settle()
        floor.lab.wait(8)

    assert len(floor.texts) == 10
    chat = floor.chats()[0]
    assert (chat.mode, chat.attention) == ("HUMAN", "loop")
    floor.lab.wait(3600)
    floor.say("harga")
    floor.settle()
    assert len(floor.texts) == 11


def test_a_partner_that_repeats_itself_at_once_is_a_bot(floor: Floor) -> None:
    floor.answers()
    for _ in range(8):
        floor.say("Pesan Anda penting bagi kami")
        floor.settle()
        floor.lab.wait(2)

    assert len(floor.texts) == 2
    assert floor.chats()[0].attention == "loop"


def test_a_person_who_asks_again_later_is_no_bot(floor: Floor) -> None:
    floor.answers()
    for _ in range(5):
        floor.say("harga")
        floor.settle()
        floor.lab.wait(20)

    assert len(floor.texts) == 5


def facts(floor: Floor) -> list[dict[str, Any]]:
    """A message, its edit, its reactions and its end, in the order in which they happened."""
    said = floor.body("harga", bare="3AA", at_s=-9)
    edited = floor.body("harga promo", bare="3AB", kind="message.edited", at_s=-8)
    edited["payload"]["editedMessageId"] = "3AA"
    again = floor.body("harga baru", bare="3AC", kind="message.edited", at_s=-7)
    again["payload"]["editedMessageId"] = "3AA"
    liked = floor.body(None, bare="3AD", kind="message.reaction", at_s=-6)
    liked["payload"]["reaction"] = {"text": "+1", "messageId": f"false_{BUDI}_3AA"}
    revoked = {
        **floor.body(None, bare="3AE", kind="message.revoked", at_s=-5),
        "payload": {"revokedMessageId": "3AA", "after": None, "before": said["payload"]},
    }
    return [said, edited, again, liked, revoked]


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3)])
def test_what_is_told_about_a_message_ends_equally_in_every_order(
    floor: Floor, order: tuple[int, ...]
) -> None:
    bodies = facts(floor)
    for place in order:
        floor.tell(bodies[place])
        floor.settle()

    (row,) = floor.said()
    assert (row.content, row.message_type) == ("harga baru", "text")
    assert row.extra["before"] == "harga"
    assert [one["emoji"] for one in row.extra["reactions"].values()] == ["+1"]
    assert row.revoked_at is not None
