"""What the claim looks at of the person it writes to: unread messages, the chat, every address."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from services.accounts.models import Tenant
from services.blacklist import opt_out
from services.chats import takeover
from services.messages.ledger import NOTICE
from services.messages.models import OutboundMessage
from services.webhooks.models import WebhookEvent
from tests.services.messages.lab import NOON, Lab

pytestmark = pytest.mark.sql

PHONE, LID = "6281200000001", "99887766"


def sent_ids(lab: Lab) -> list[int]:
    return [sent.id for sent in lab.claim().sends]


# --------------------------------------------------------------------------- who just wrote


@pytest.mark.parametrize(
    ("chat_key", "wrote", "state", "origin", "leaves"),
    [
        (PHONE, PHONE, "NEW", "BROADCAST", False),
        (PHONE, PHONE, "TAKEN", "BROADCAST", False),
        (PHONE, f"{LID}@lid", "NEW", "BROADCAST", False),  # the same person under another address
        (f"{LID}@lid", PHONE, "NEW", "BROADCAST", False),
        (PHONE, PHONE, "DONE", "BROADCAST", True),
        (PHONE, PHONE, "DEAD", "BROADCAST", True),
        (PHONE, "6281299999999", "NEW", "BROADCAST", True),
        (PHONE, PHONE, "NEW", "REPLY", True),
        (PHONE, PHONE, "NEW", "HUMAN", True),
        (PHONE, PHONE, "NEW", "NOTICE", True),
    ],
)
def test_a_broadcast_waits_while_something_its_recipient_wrote_is_unread(
    any_lab: Lab, chat_key: str, wrote: str, state: str, origin: str, leaves: bool
) -> None:
    device, other = any_lab.device(), any_lab.device()
    person = any_lab.person(PHONE, LID, "11223344")
    message = any_lab.message(device, chat_key=chat_key, identity_id=person, origin=origin)
    event = any_lab.heard(other, wrote, state)  # through whichever device

    assert sent_ids(any_lab) == ([message] if leaves else [])
    if not leaves:
        assert any_lab.row(message).status == "PENDING"
        any_lab.set(WebhookEvent, event, state="DONE", chat_key=None)
        any_lab.wait(0.19)
        assert sent_ids(any_lab) == []
        any_lab.wait(0.02)
        assert sent_ids(any_lab) == [message]


def test_others_of_the_lane_go_first_meanwhile(any_lab: Lab) -> None:
    device = any_lab.device()
    any_lab.message(device, chat_key=PHONE)
    second = any_lab.message(device)
    any_lab.heard(device, PHONE)

    assert sent_ids(any_lab) == []

    assert sent_ids(any_lab) == [second]


def test_an_event_of_another_account_holds_nothing(any_lab: Lab) -> None:
    device = any_lab.device()
    message = any_lab.message(device, chat_key=PHONE)
    any_lab.set(WebhookEvent, any_lab.heard(device, PHONE), tenant_id=2)

    assert sent_ids(any_lab) == [message]


def test_an_opt_out_that_is_stored_before_the_claim_always_wins(any_lab: Lab) -> None:
    device = any_lab.device()
    person = any_lab.person(PHONE, LID)
    chat = any_lab.session(any_lab.chat(device, person, PHONE, LID))
    message = any_lab.message(device, chat_key=PHONE, identity_id=person)
    event = any_lab.heard(device, f"{LID}@lid")

    assert sent_ids(any_lab) == []
    with any_lab.database.write() as connection:
        done = opt_out.act(connection, 1, device, chat, "BERHENTI", any_lab.now)
        connection.execute(
            update(WebhookEvent).where(WebhookEvent.id == event).values(state="DONE", chat_key=None)
        )
    # One that a slow run still writes down afterwards meets the blacklist.
    late = any_lab.message(device, chat_key=f"{LID}@lid", identity_id=person)
    any_lab.wait(5)

    assert done is not None
    assert any_lab.row(message).reason == "opted_out"
    (confirmation,) = any_lab.claim().sends
    assert (confirmation.origin, confirmation.body) == ("NOTICE", opt_out.OPT_OUT_TEXT)
    any_lab.set(OutboundMessage, confirmation.id, status="SENT")
    any_lab.wait(60)
    assert sent_ids(any_lab) == []
    assert any_lab.row(late).reason == "blacklisted"


# --------------------------------------------------------------------------- every address


@pytest.mark.parametrize(
    ("listed", "reason", "origin", "leaves"),
    [
        (f"{LID}@lid", "UNSUBSCRIBE", "BROADCAST", False),
        (f"{LID}@lid", "UNSUBSCRIBE", "REPLY", True),
        (f"{LID}@lid", "MANUAL", "REPLY", False),
        (f"{LID}@lid", "SPAM_REPORT", "REPLY", False),
        (f"{LID}@lid", "BOUNCE", "REPLY", True),
        (f"{LID}@lid", "BOUNCE", "BROADCAST", False),
        ("11223344@lid", "UNSUBSCRIBE", "BROADCAST", False),
        ("5555@lid", "MANUAL", "BROADCAST", True),
    ],
)
def test_who_is_listed_by_a_lid_is_not_written_to_by_phone(
    any_lab: Lab, listed: str, reason: str, origin: str, leaves: bool
) -> None:
    device = any_lab.device()
    person = any_lab.person(PHONE, LID, "11223344")
    message = any_lab.message(device, chat_key=PHONE, identity_id=person, origin=origin)
    any_lab.block(listed, reason)

    assert sent_ids(any_lab) == ([message] if leaves else [])
    if not leaves:
        assert any_lab.row(message).reason == "blacklisted"


def test_of_two_reasons_the_stronger_counts(any_lab: Lab) -> None:
    device = any_lab.device()
    person = any_lab.person(PHONE, LID)
    message = any_lab.message(device, chat_key=PHONE, identity_id=person, origin="REPLY")
    any_lab.block(PHONE, "UNSUBSCRIBE")
    any_lab.block(f"{LID}@lid", "MANUAL")

    assert sent_ids(any_lab) == []
    assert any_lab.row(message).reason == "blacklisted"


# --------------------------------------------------------------------------- whose chat it is


@pytest.mark.parametrize(
    ("mode", "reason", "hours", "origin", "leaves"),
    [
        ("BOT", None, None, "REPLY", True),
        ("HUMAN", "phone", 12, "REPLY", False),
        ("HUMAN", "agent", None, "REPLY", False),
        ("HUMAN", "phone", -1, "REPLY", True),  # the human's time is past
        ("HUMAN", "handed_over", None, "REPLY", True),  # what the flow says after it handed over
        ("MUTED", None, None, "REPLY", False),
        ("HUMAN", "agent", None, "HUMAN", True),
        ("MUTED", None, None, "HUMAN", True),
        ("HUMAN", "phone", 12, "NOTICE", True),
    ],
)
def test_an_automatic_reply_does_not_talk_into_a_humans_chat(
    any_lab: Lab, mode: str, reason: str | None, hours: int | None, origin: str, leaves: bool
) -> None:
    device = any_lab.device()
    chat = any_lab.chat(
        device,
        any_lab.person(PHONE),
        PHONE,
        mode=mode,
        mode_reason=reason,
        human_until=None if hours is None else NOON + timedelta(hours=hours),
    )
    message = any_lab.reply(device, chat_key=PHONE, chat_session_id=chat, origin=origin, run_id=7)

    found = any_lab.claim()

    assert [sent.id for sent in found.sends] == ([message] if leaves else [])
    if not leaves:
        assert (any_lab.row(message).status, any_lab.row(message).reason) == ("SKIPPED", "takeover")
        assert [(skip.id, skip.run_id) for skip in found.skipped] == [(message, 7)]


def test_a_human_who_answers_between_writing_and_claiming_keeps_the_reply_back(
    any_lab: Lab,
) -> None:
    device = any_lab.device()
    chat = any_lab.chat(device, any_lab.person(PHONE), PHONE)
    reply = any_lab.reply(device, chat_key=PHONE, chat_session_id=chat)

    with any_lab.database.write() as connection:
        takeover.human_answered(connection, [chat], any_lab.clock, any_lab.now)

    assert sent_ids(any_lab) == []
    assert any_lab.row(reply).reason == "takeover"
    # Twelve hours later the bot is back by itself, swept or not.
    any_lab.wait(12 * 3600)
    again = any_lab.reply(device, chat_key=PHONE, chat_session_id=chat)
    assert sent_ids(any_lab) == [again]


# --------------------------------------------------------------------------- too late


def late_reply(lab: Lab, device: int, name: str | None = None, **values: object) -> int:
    person = lab.person(None, name=name)
    chat = lab.chat(device, person, PHONE)
    lab.reply(
        device,
        chat_key=PHONE,
        identity_id=person,
        chat_session_id=chat,
        due_at=lab.now - timedelta(seconds=601),
        **values,
    )
    return chat


def notices(lab: Lab) -> list[OutboundMessage]:
    with lab.database.reading_session() as session:
        return list(
            session.scalars(select(OutboundMessage).where(OutboundMessage.priority == NOTICE))
        )


def owner(lab: Lab, phone: str | None = "628999") -> None:
    with lab.database.write() as connection:
        connection.execute(update(Tenant).values(owner_phone=phone))


def test_a_reply_that_came_too_late_marks_its_chat_and_tells_the_owner(any_lab: Lab) -> None:
    owner(any_lab)
    device = any_lab.device()
    chat = late_reply(any_lab, device, "Bu Ayu")

    assert sent_ids(any_lab) == []

    assert any_lab.session(chat).attention == "stale_reply"
    (notice,) = notices(any_lab)
    assert (notice.origin, notice.chat_key, notice.device_id) == ("NOTICE", "628999", device)
    assert notice.body.startswith("Balasan untuk Bu Ayu tidak terkirim")
    assert sent_ids(any_lab) == [notice.id]


def test_the_owner_is_told_once_an_hour_on_whichever_device(any_lab: Lab) -> None:
    owner(any_lab)
    first, second = any_lab.device(), any_lab.device()
    chats = [late_reply(any_lab, device) for device in (first, second)]
    any_lab.claim()
    assert [any_lab.session(chat).attention for chat in chats] == ["stale_reply"] * 2
    assert len(notices(any_lab)) == 1

    for waited_s, in_all in ((3598, 1), (2, 2)):
        any_lab.wait(waited_s)
        late_reply(any_lab, second)
        any_lab.claim()
        any_lab.claim()
        assert len(notices(any_lab)) == in_all


def test_without_an_owners_number_only_the_chat_is_marked(any_lab: Lab) -> None:
    chat = late_reply(any_lab, any_lab.device())

    any_lab.claim()

    assert any_lab.session(chat).attention == "stale_reply"
    assert notices(any_lab) == []


def test_a_sign_that_comes_too_late_is_nothing_to_tell(any_lab: Lab) -> None:
    owner(any_lab)
    chat = late_reply(any_lab, any_lab.device(), kind="typing")

    any_lab.claim()

    assert any_lab.session(chat).attention is None
    assert notices(any_lab) == []


def test_what_a_person_wrote_too_long_ago_goes_back_to_them(any_lab: Lab) -> None:
    device = any_lab.device()
    chat = late_reply(any_lab, device, origin="HUMAN", priority=10)

    assert sent_ids(any_lab) == []

    assert any_lab.session(chat).attention == "stale_send"
    with any_lab.database.read() as connection:
        (row,) = connection.execute(select(OutboundMessage.status, OutboundMessage.reason)).all()
    assert tuple(row) == ("SKIPPED", "stale")
