"""BERHENTI and MULAI: what stops, what is said, and that it is said once."""

from typing import Any

import pytest
from sqlalchemy import update

from services.accounts.models import Tenant
from services.blacklist import opt_out
from services.blacklist.models import Blacklisted
from services.blacklist.opt_out import OptOutDone
from services.kit.models import OutboxEvent
from services.messages.models import OutboundMessage
from tests.services.messages.lab import Lab

pytestmark = pytest.mark.sql

PHONE, LID = "6281200000001", "99887766"


def act(lab: Lab, chat: int, text: str) -> OptOutDone | None:
    row = lab.session(chat)
    with lab.database.write() as connection:
        return opt_out.act(connection, 1, row.device_id, row, text, lab.now)


def listed(lab: Lab) -> dict[str, str]:
    return {row.phone: row.reason for row in lab.all_rows(Blacklisted)}


def said(lab: Lab) -> list[Any]:
    return [row for row in lab.all_rows(OutboundMessage) if row.origin == "NOTICE"]


@pytest.fixture
def chat(any_lab: Lab) -> int:
    return any_lab.chat(any_lab.device(), any_lab.person(PHONE, LID), PHONE, LID)


@pytest.mark.parametrize("text", [None, "", "busnya berhenti di mana?", "batal", "harga"])
def test_any_other_message_does_nothing(any_lab: Lab, chat: int, text: str) -> None:
    assert act(any_lab, chat, text) is None
    assert (listed(any_lab), said(any_lab)) == ({}, [])


def test_a_stop_is_listed_and_confirmed_exactly_once(any_lab: Lab, chat: int) -> None:
    first, second = act(any_lab, chat, "BERHENTI"), act(any_lab, chat, "stop!!")

    assert first == OptOutDone("opted_out", is_new=True, confirmed=True)
    assert second == OptOutDone("opted_out", is_new=False, confirmed=False)
    assert listed(any_lab) == {PHONE: "UNSUBSCRIBE"}
    (notice,) = said(any_lab)
    assert (notice.body, notice.chat_key, notice.chat_session_id, notice.status) == (
        opt_out.OPT_OUT_TEXT,
        PHONE,
        chat,
        "PENDING",
    )
    assert any_lab.all_rows(Blacklisted)[0].source_message == "BERHENTI"
    assert [event.name for event in any_lab.all_rows(OutboxEvent)] == ["contact.opted_out"]


def test_the_account_says_it_in_its_own_words(any_lab: Lab, chat: int) -> None:
    with any_lab.database.write() as connection:
        connection.execute(
            update(Tenant).values(profile={"opt_out_text": "Oke, sampai jumpa.", "opt_in_text": ""})
        )
    act(any_lab, chat, "STOP")
    act(any_lab, chat, "MULAI")

    assert [row.body for row in said(any_lab)] == ["Oke, sampai jumpa.", opt_out.OPT_IN_TEXT]


def test_what_waits_for_the_person_is_skipped_and_nothing_else(any_lab: Lab, chat: int) -> None:
    device, other = any_lab.session(chat).device_id, any_lab.device()
    person = any_lab.session(chat).contact_id
    campaign = any_lab.campaign()
    log, of_campaign = any_lab.recipient(campaign, other)
    any_lab.set(OutboundMessage, of_campaign, chat_key=f"{LID}@lid")
    theirs = {
        "by person": any_lab.message(device, identity_id=person, run_id=77, node_id="kirim"),
        "by phone": any_lab.message(other, chat_key=PHONE),
        "by LID": of_campaign,
    }
    not_theirs = {
        "an answer": any_lab.reply(device, chat_key=PHONE, identity_id=person),
        "somebody else's": any_lab.message(device),
        "under way": any_lab.message(device, chat_key=PHONE, status="SENDING"),
    }

    done = act(any_lab, chat, "jangan kirim lagi")

    assert done is not None
    assert {skip.id for skip in done.skipped} == set(theirs.values())
    assert {skip.reason for skip in done.skipped} == {"opted_out"}
    assert [skip.run_id for skip in done.skipped if skip.node_id == "kirim" and skip.run_id] == [77]
    assert [skip.campaign_log_id for skip in done.skipped if skip.campaign_log_id] == [log]
    for message in theirs.values():
        assert (any_lab.row(message).status, any_lab.row(message).reason) == (
            "SKIPPED",
            "opted_out",
        )
    assert {any_lab.row(message).status for message in not_theirs.values()} == {
        "PENDING",
        "SENDING",
    }


def test_a_place_in_an_audience_is_given_up_too(any_lab: Lab) -> None:
    device = any_lab.device()
    log, message = any_lab.recipient(any_lab.campaign(), device)
    person, phone = any_lab.row(message).identity_id, any_lab.row(message).chat_key
    any_lab.set(OutboundMessage, message, status="CANCELLED")  # no message of it exists yet

    act(any_lab, any_lab.chat(device, person, phone), "unsubscribe")

    assert (any_lab.log(log).status, any_lab.log(log).reason) == ("SKIPPED", "opted_out")


def test_a_person_without_a_number_is_listed_by_the_lid(any_lab: Lab) -> None:
    device = any_lab.device()
    chat = any_lab.chat(device, any_lab.person(None, LID), None, LID)

    act(any_lab, chat, "STOP")

    assert listed(any_lab) == {f"{LID}@lid": "UNSUBSCRIBE"}
    assert [row.chat_key for row in said(any_lab)] == [f"{LID}@lid"]
    assert act(any_lab, chat, "MULAI") == OptOutDone("opted_in", is_new=True, confirmed=True)
    assert listed(any_lab) == {}


def test_who_is_listed_under_one_address_is_known_by_the_others(any_lab: Lab, chat: int) -> None:
    any_lab.block(f"{LID}@lid", "UNSUBSCRIBE")

    assert act(any_lab, chat, "STOP") == OptOutDone("opted_out", is_new=False, confirmed=False)
    act(any_lab, chat, "MULAI")

    assert listed(any_lab) == {}
    assert [event.name for event in any_lab.all_rows(OutboxEvent)] == ["contact.opted_in"]


@pytest.mark.parametrize("reason", ["MANUAL", "SPAM_REPORT"])
def test_mulai_undoes_only_what_the_person_asked_for(any_lab: Lab, chat: int, reason: str) -> None:
    any_lab.block(PHONE, reason)

    assert act(any_lab, chat, "MULAI") is None
    assert act(any_lab, chat, "STOP") == OptOutDone("opted_out", is_new=False, confirmed=False)
    assert listed(any_lab) == {PHONE: reason}
    assert said(any_lab) == []


def test_a_number_that_could_not_be_reached_and_then_says_stop_has_opted_out(
    any_lab: Lab, chat: int
) -> None:
    any_lab.block(PHONE, "BOUNCE")

    assert act(any_lab, chat, "STOP") == OptOutDone("opted_out", is_new=True, confirmed=True)
    assert listed(any_lab) == {PHONE: "UNSUBSCRIBE"}


def test_mulai_of_somebody_who_never_opted_out_is_an_ordinary_message(
    any_lab: Lab, chat: int
) -> None:
    assert act(any_lab, chat, "mulai") is None


def test_nothing_is_said_in_a_chat_that_is_muted(any_lab: Lab) -> None:
    chat = any_lab.chat(any_lab.device(), any_lab.person(PHONE), PHONE, mode="MUTED")

    assert act(any_lab, chat, "STOP") == OptOutDone("opted_out", is_new=True, confirmed=False)
    assert said(any_lab) == []
