"""A message becomes a run and an answer, once."""

import pytest

from flows.models import FlowVersion
from tests.runtime.inbound.floor import Floor

BUDI, LID = "6281200000001@c.us", "99887766554433@lid"


@pytest.mark.sql
def test_a_message_is_answered_by_the_flow_that_hears_it(any_floor: Floor) -> None:
    any_floor.answers()
    any_floor.say("harga dong")
    any_floor.settle()

    (message,) = any_floor.outbound()
    (run,) = any_floor.runs()
    (chat,) = any_floor.chats()
    assert any_floor.texts == ["harga dong"]
    assert (message.status, message.origin, message.run_id) == ("SENT", "REPLY", run.id)
    assert (message.chat_session_id, message.identity_id) == (chat.id, chat.contact_id)
    assert (run.status, run.kind, run.chat_session_id) == ("SUCCEEDED", "inbound", chat.id)
    assert [step["node"] for step in run.trace] == ["kata", "kirim"]
    assert any_floor.events() == ["DONE"]


@pytest.mark.sql
def test_a_stranger_becomes_a_contact_with_a_chat(any_floor: Floor) -> None:
    any_floor.say("apa kabar", BUDI, alt=LID)
    any_floor.settle()

    (contact,) = any_floor.contacts()
    (chat,) = any_floor.chats()
    (said,) = any_floor.said()
    assert (contact.phone, contact.name, contact.is_saved) == ("6281200000001", "Budi", False)
    assert contact.source == "inbound"
    assert contact.last_device_id == any_floor.device
    assert contact.last_inbound_at == any_floor.lab.now
    assert any_floor.identities() == {("phone", "6281200000001"), ("lid", LID)}
    assert (chat.phone, chat.lid) == ("6281200000001", "99887766554433")
    assert (chat.unread, chat.preview) == (1, "apa kabar")
    assert (said.direction, said.content) == ("INBOUND", "apa kabar")


def test_an_answer_costs_three_transactions_of_the_worker(floor: Floor) -> None:
    floor.answers()
    floor.say("harga")
    counted = []
    real = floor.database.write

    def write():  # type: ignore[no-untyped-def]
        counted.append(1)
        return real()

    floor.database.write = write  # type: ignore[method-assign]
    for _ in range(3):
        floor.turn()
    floor.database.write = real  # type: ignore[method-assign]

    assert floor.texts == ["harga"]
    assert floor.runs()[0].status == "SUCCEEDED"
    assert len(counted) == 3


@pytest.mark.sql
@pytest.mark.parametrize("kind", ["message", "message.any"])
def test_whoever_reports_it_again_is_not_heard(any_floor: Floor, kind: str) -> None:
    any_floor.answers()
    any_floor.say("harga", bare="3AA")
    any_floor.settle()
    any_floor.say("harga", bare="3AA", kind=kind)
    any_floor.settle()

    assert any_floor.texts == ["harga"]
    assert len(any_floor.said()) == len(any_floor.runs()) == 1
    assert any_floor.chats()[0].unread == 1
    assert any_floor.events() == ["DONE", "DONE"]


def test_two_reports_in_one_batch_count_once(floor: Floor) -> None:
    floor.answers()
    floor.tell(
        floor.body("harga", BUDI, bare="3AA"),
        floor.body("harga", LID, bare="3AA", kind="message.any"),
    )
    floor.settle()

    assert floor.texts == ["harga"]
    assert floor.identities() == {("phone", "6281200000001"), ("lid", LID)}
    assert len(floor.contacts()) == len(floor.chats()) == 1


def test_a_report_under_the_other_address_tells_that_both_are_one_person(floor: Floor) -> None:
    floor.answers()
    floor.say("harga", LID, bare="3AA")
    floor.settle()
    floor.say("halo", BUDI, bare="3AB")
    floor.settle()
    assert len(floor.contacts()) == 2

    floor.say("harga", BUDI, bare="3AA", kind="message.any")
    floor.settle()

    (contact,) = floor.contacts()
    (chat,) = floor.chats()
    assert contact.phone == "6281200000001"
    assert (chat.phone, chat.lid) == ("6281200000001", "99887766554433")
    assert floor.texts == ["harga", "halo"]
    assert {row.session_id for row in floor.said()} == {chat.id}
    assert {row.chat_session_id for row in floor.outbound()} == {chat.id}
    assert {row.chat_session_id for row in floor.runs()} == {chat.id}


def test_a_person_with_a_lid_only_is_answered_there(floor: Floor) -> None:
    floor.answers()
    floor.say("harga", LID)
    floor.settle()

    assert [sent.chat_key for sent in floor.sent] == [LID]
    assert floor.outbound()[0].chat_session_id == floor.chats()[0].id


def test_two_workers_answer_once(floor: Floor) -> None:
    floor.answers()
    other = floor.worker()
    floor.tell(floor.body("harga", bare="3AA"))
    floor.turn()
    floor.tell(floor.body("harga", bare="3AA", kind="message.any"))
    floor.turn(other)
    floor.turn(other)
    floor.turn()
    floor.settle()

    assert floor.texts == ["harga"]
    assert len(floor.runs()) == 1


def test_a_worker_that_was_too_slow_writes_nothing(floor: Floor) -> None:
    floor.answers()
    floor.say("harga")
    floor.turn()
    floor.lab.wait(31)
    other = floor.worker()
    for _ in range(4):
        floor.turn(other)
    floor.settle()

    assert floor.texts == ["harga"]
    assert len(floor.runs()) == 1


def test_the_first_flow_that_fits_takes_the_message(floor: Floor) -> None:
    floor.answers(form="{types: [image]}", slug="gambar", position=0)
    floor.answers(form="{devices: [lain]}", slug="lain", position=1)
    mine = floor.answers(slug="mine", position=2)
    floor.answers(slug="later", position=3)
    floor.say("harga")
    floor.settle()

    assert [run.flow_id for run in floor.runs()] == [mine]


@pytest.mark.parametrize(
    "who", ["628123-456@g.us", "120363000000000000@g.us", "status@broadcast", "1203@newsletter"]
)
def test_groups_statuses_and_channels_are_put_aside(floor: Floor, who: str) -> None:
    floor.answers()
    floor.say("harga", who)
    floor.settle()

    assert floor.events() == ["IGNORED"]
    assert floor.texts == []
    assert list(floor.chats()) == []


def test_what_is_long_past_is_kept_but_not_answered(floor: Floor) -> None:
    floor.answers()
    floor.say("harga", at_s=-700)
    floor.settle()

    assert floor.texts == []
    assert floor.chats()[0].attention == "unanswered"
    assert len(floor.said()) == 1


def test_a_person_who_is_blocked_starts_nothing(floor: Floor) -> None:
    floor.answers()
    floor.lab.block("6281200000001", "MANUAL")
    floor.say("harga")
    floor.settle()

    assert list(floor.runs()) == []
    assert len(floor.said()) == 1


def test_one_broken_flow_answers_nothing_and_harms_no_other_chat(floor: Floor) -> None:
    floor.answers(form="{types: [text]}")
    floor.change(FlowVersion.__table__, document={"flow": "alir/1"})
    floor.say("harga")
    floor.settle()

    assert floor.events() == ["DONE"]
    assert list(floor.runs()) == []
