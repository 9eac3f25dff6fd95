"""Messages of which nobody knows: how they are looked up, and what ends the doubt."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.integrations.waha.answers import capabilities_of
from services.integrations.waha.errors import WahaTemporary
from services.integrations.waha.outcomes import Unknown
from services.integrations.waha.types import (
    Capabilities,
    Message,
    ServerVersion,
    Session,
    SessionStatus,
)
from services.messages import acks
from services.messages.claim import Claimed
from services.messages.lookup import look_up
from services.messages.models import EarlyAck, OutboundMessage
from services.messages.settle import Doubt, Verdict
from tests.services.messages.lab import NOON, Lab, accepted

pytestmark = pytest.mark.sql
UNKNOWN = Unknown("reset", "The connection broke.")


def doubtful(lab: Lab, **values: Any) -> tuple[int, Claimed]:
    """A message whose call broke at once; it is due for its first look-up after 120 s."""
    message = lab.message(lab.device(), **values)
    sent = lab.send()
    lab.record(sent, UNKNOWN)
    return message, sent


def not_found(doubt: Doubt) -> Verdict:
    return Verdict(doubt, "not_found", {"by": "id"})


def unclear(doubt: Doubt) -> Verdict:
    return Verdict(doubt, "unclear", {"by": "id"})


def test_a_send_whose_worker_died_is_in_doubt_after_its_bound_and_holds_the_device(
    any_lab: Lab,
) -> None:
    device = any_lab.device()
    message = any_lab.message(device, gap_min_s=30.0, gap_max_s=30.0)
    any_lab.send()
    any_lab.wait(34.9)
    assert any_lab.expire() == 0

    any_lab.wait(0.1)
    assert any_lab.expire() == 1

    row = any_lab.row(message)
    assert (row.status, row.reason, row.device_slot) == ("AMBIGUOUS", "crash", device)
    assert row.reconcile_after >= NOON + timedelta(seconds=2 + 30 + 120)  # it may begin 2 s late
    any_lab.message(device)
    assert any_lab.claim().sends == []


def test_after_a_crash_the_gap_is_counted_from_the_longest_the_call_may_have_lasted(
    any_lab: Lab,
) -> None:
    device = any_lab.device()
    any_lab.message(device, gap_min_s=300.0, gap_max_s=300.0)
    any_lab.send()
    any_lab.wait(35)

    any_lab.expire()

    assert any_lab.lane(device).next_broadcast_at == NOON + timedelta(seconds=330)


def test_the_device_goes_on_at_the_first_look_up(any_lab: Lab) -> None:
    message, sent = doubtful(any_lab)
    other = any_lab.reply(sent.device_id)
    any_lab.wait(119)
    assert any_lab.doubts() == []
    assert any_lab.claim().sends == []

    any_lab.wait(1)
    (doubt,) = any_lab.doubts()

    assert doubt.id == message
    assert any_lab.row(message).device_slot is None
    assert any_lab.send().id == other
    assert any_lab.doubts() == []  # leased: nobody else looks it up meanwhile


def test_a_look_up_whose_worker_died_is_done_again(any_lab: Lab) -> None:
    message, _ = doubtful(any_lab)
    any_lab.wait(120)
    (lost,) = any_lab.doubts()
    any_lab.wait(60)

    (doubt,) = any_lab.doubts()

    assert doubt.id == message
    assert any_lab.judge(not_found(lost)) == []
    assert any_lab.row(message).lookups == 0


def test_absence_is_proven_four_times_before_the_same_text_leaves_again_and_twice_at_most(
    any_lab: Lab,
) -> None:
    message, sent = doubtful(any_lab)
    texts, ids, waits = [sent.body], [sent.wa_msg_id], []
    for _ in range(2):
        any_lab.wait(120)
        for _ in range(4):
            (doubt,) = any_lab.doubts()
            any_lab.judge(not_found(doubt))
            row = any_lab.row(message)
            if row.status == "AMBIGUOUS":
                waits.append((row.reconcile_after - any_lab.now).total_seconds())
                any_lab.wait(waits[-1])
        assert any_lab.row(message).status == "PENDING"
        again = any_lab.send()
        texts.append(again.body)
        ids.append(again.wa_msg_id)
        any_lab.record(again, UNKNOWN)
    any_lab.wait(120)
    finals = []
    for _ in range(4):
        (doubt,) = any_lab.doubts()
        finals += any_lab.judge(not_found(doubt))
        any_lab.wait(121)

    assert waits == [5, 30, 120] * 2
    assert texts == [sent.body] * 3
    assert ids == [sent.wa_msg_id] * 3
    assert [final.status for final in finals] == ["UNKNOWN"]
    row = any_lab.row(message)
    assert (row.status, row.reason) == ("UNKNOWN", "too_many_tries")


def test_what_nobody_can_tell_is_left_to_a_person(any_lab: Lab) -> None:
    log, message = any_lab.recipient(any_lab.campaign(), any_lab.device())
    any_lab.record(any_lab.send(), UNKNOWN)
    any_lab.wait(120)
    looks = 0
    while any_lab.row(message).status == "AMBIGUOUS":
        (doubt,) = any_lab.doubts()
        any_lab.judge(unclear(doubt))
        any_lab.wait(121)
        looks += 1

    assert looks == 10
    assert (any_lab.row(message).status, any_lab.row(message).reason) == ("UNKNOWN", "no_evidence")
    assert any_lab.log(log).status == "UNKNOWN"
    any_lab.wait(10_000)
    assert any_lab.claim().sends == []
    assert any_lab.doubts() == []


def test_a_message_that_was_found_is_sent(any_lab: Lab) -> None:
    message, sent = doubtful(any_lab)
    any_lab.wait(120)
    (doubt,) = any_lab.doubts()

    (final,) = any_lab.judge(Verdict(doubt, "sent", {"by": "id", "ack": 2}))

    assert (final.status, final.wa_msg_id) == ("SENT", sent.wa_msg_id)
    row = any_lab.row(message)
    assert (row.status, row.sent_at, row.evidence["by"]) == ("SENT", NOON, "id")


def test_a_verdict_counts_only_for_the_look_up_it_was_made_in(any_lab: Lab) -> None:
    message, sent = doubtful(any_lab)
    any_lab.wait(120)
    (doubt,) = any_lab.doubts()
    any_lab.judge(Verdict(doubt, "sent", {"by": "id"}))

    assert any_lab.judge(not_found(doubt)) == []
    assert any_lab.row(message).status == "SENT"
    assert sent.id == message


# ------------------------------------------------------------------ receipts


def tell(lab: Lab, levels: dict[tuple[int, str | None], int]) -> list[str]:
    with lab.database.write() as connection:
        finals, _ = acks.apply(connection, levels, lab.now)  # type: ignore[arg-type]
    return [final.status for final in finals]


def test_a_receipt_settles_a_doubt_at_once(any_lab: Lab) -> None:
    message, sent = doubtful(any_lab)
    other = any_lab.reply(sent.device_id)

    assert tell(any_lab, {(sent.device_id, sent.wa_msg_id): 1}) == ["SENT"]

    row = any_lab.row(message)
    assert (row.status, row.ack_level, row.device_slot, row.sent_at) == ("SENT", 1, None, NOON)
    any_lab.wait(60)
    assert any_lab.send().id == other
    assert any_lab.doubts() == []


@pytest.mark.parametrize("level", [0, -1])
def test_a_receipt_below_the_servers_proves_nothing(any_lab: Lab, level: int) -> None:
    message, sent = doubtful(any_lab)

    assert tell(any_lab, {(sent.device_id, sent.wa_msg_id): level}) == []
    assert any_lab.row(message).status == "AMBIGUOUS"


def test_a_receipt_before_the_answer_only_waits_for_it(any_lab: Lab) -> None:
    message = any_lab.message(any_lab.device())
    sent = any_lab.send()

    assert tell(any_lab, {(sent.device_id, sent.wa_msg_id): 2}) == []

    row = any_lab.row(message)
    assert (row.status, row.ack_level, row.device_slot) == ("SENDING", 2, sent.device_id)


def test_a_crash_after_a_receipt_is_settled_by_it(any_lab: Lab) -> None:
    message = any_lab.message(any_lab.device())
    sent = any_lab.send()
    tell(any_lab, {(sent.device_id, sent.wa_msg_id): 1})
    any_lab.wait(35)
    any_lab.expire()

    (doubt,) = any_lab.doubts()

    assert (doubt.id, doubt.ack_level) == (message, 1)
    assert asyncio.run(look_up(doubt, Server(), GOWS)).found == "sent"


@pytest.mark.parametrize(
    ("told", "stored"),
    [([1, 2, 3], 3), ([3, 2, 1], 3), ([2, -1], 2), ([-1, 1], -1), ([-1, 2], 2), ([1, -1, 3], 3)],
)
def test_receipts_only_grow(any_lab: Lab, told: list[int], stored: int) -> None:
    message = any_lab.message(any_lab.device())
    sent = any_lab.sent()

    for level in told:
        tell(any_lab, {(sent.device_id, sent.wa_msg_id): level})

    assert (any_lab.row(message).status, any_lab.row(message).ack_level) == ("SENT", stored)


def test_a_receipt_for_an_id_we_do_not_know_yet_is_kept_for_it(any_lab: Lab) -> None:
    any_lab.needs_id = False
    log, message = any_lab.recipient(any_lab.campaign(), any_lab.device())
    sent = any_lab.send()
    tell(any_lab, {(sent.device_id, f"theirs{sent.id}"): 1})
    tell(any_lab, {(sent.device_id, f"theirs{sent.id}"): 2})

    any_lab.record(sent, accepted(sent))

    assert (any_lab.row(message).status, any_lab.row(message).ack_level) == ("SENT", 2)
    assert any_lab.log(log).status == "DELIVERED"
    with any_lab.database.read() as connection:
        assert connection.execute(EarlyAck.__table__.select()).all() == []


def test_receipts_that_never_found_their_message_are_forgotten(any_lab: Lab) -> None:
    device = any_lab.device()
    tell(any_lab, {(device, "one"): 1})
    any_lab.wait(10)
    tell(any_lab, {(device, "two"): 1})

    with any_lab.database.write() as connection:
        assert acks.forget_early(connection, NOON + timedelta(seconds=5)) == 1
        assert connection.execute(EarlyAck.__table__.select()).one().wa_msg_id == "two"


# ------------------------------------------------------------------ evidence


class Server:
    """A WAHA server with a session, messages by id and a history."""

    def __init__(
        self,
        found: dict[str, int | None] | None = None,
        *,
        status: SessionStatus = SessionStatus.WORKING,
        history: tuple[Message, ...] = (),
        away: bool = False,
    ) -> None:
        self.found = found or {}
        self.status = status
        self.history = history
        self.away = away

    async def session(self, name: str) -> Session:
        self._answer()
        return Session(
            name, self.status, str(self.status), None, None, None, None, None, None, None, None
        )

    async def message_by_id(self, session: str, bare_id: str) -> Message | None:
        self._answer()
        return message_of(bare_id, self.found[bare_id]) if bare_id in self.found else None

    async def messages(
        self, session: str, chat: str, *, from_me: bool, since_s: int, limit: int
    ) -> list[Message]:
        self._answer()
        return list(self.history)

    def _answer(self) -> None:
        if self.away:
            raise WahaTemporary("It is away.", code="server_error")


def message_of(bare_id: str, ack: int | None = 1, body: str = "Halo") -> Message:
    return Message(bare_id, None, None, True, ack, None, body, 0, None, False, None, None, {})


def engine(name: str) -> Capabilities:
    return capabilities_of(ServerVersion("2026.7.2", name, None, False))


GOWS, WEBJS = engine("GOWS"), engine("WEBJS")
DOUBT = Doubt(
    id=1,
    token="t",
    tenant_id=1,
    device_id=1,
    server_id=1,
    session="toko",
    link="CONNECTED",
    link_since=NOON - timedelta(hours=1),
    chat_key="6281234567890",
    kind="text",
    body="Halo",
    wa_msg_id="OURS",
    wa_id_ours=True,
    ack_level=0,
    sending_at=NOON,
    lookups=0,
    resends=0,
    unclear=0,
    run_id=None,
    node_id="",
    campaign_log_id=None,
    last_sent_id="LAST",
)


@pytest.mark.parametrize(
    ("server", "changes", "found"),
    [
        (Server({"OURS": 1}), {}, "sent"),
        (Server({"OURS": 3}), {}, "sent"),
        (Server({"OURS": None}), {}, "sent"),
        (Server({"OURS": 0}), {}, "unclear"),
        (Server({"OURS": -1}), {}, "unclear"),
        (Server({"LAST": 2}), {}, "not_found"),
        (Server(), {}, "unclear"),
        (Server({"LAST": 2}), {"last_sent_id": None}, "unclear"),
        (Server({"LAST": 2}), {"link_since": NOON + timedelta(seconds=1)}, "unclear"),
        (Server({"LAST": 2}), {"link_since": None}, "not_found"),
        (Server({"LAST": 2}, status=SessionStatus.STARTING), {}, "unclear"),
        (Server({"LAST": 2}, status=SessionStatus.STOPPED), {}, "unclear"),
        (Server({"OURS": 1}, away=True), {}, "unclear"),
        (Server(away=True), {"ack_level": 1}, "sent"),
    ],
    ids=[
        "found",
        "read",
        "found without ack",
        "only in the engine",
        "ack error",
        "absent",
        "store forgets",
        "nothing to compare",
        "session was interrupted",
        "session never changed",
        "session starting",
        "session stopped",
        "server away",
        "ack on the row",
    ],
)
def test_absence_counts_only_while_the_session_and_its_store_are_sound(
    server: Server, changes: dict[str, Any], found: str
) -> None:
    assert asyncio.run(look_up(replace(DOUBT, **changes), server, GOWS)).found == found


@pytest.mark.parametrize(
    ("history", "found", "wa_msg_id"),
    [
        ((message_of("A"),), "sent", "A"),
        ((message_of("A", body="Halo "),), "sent", "A"),
        ((message_of("A", body="Lain"),), "unclear", None),
        ((message_of("A"), message_of("B")), "unclear", None),
        ((message_of("A", ack=-1),), "unclear", None),
        ((), "unclear", None),
    ],
    ids=["same text", "blanks", "another text", "two alike", "ack error", "empty"],
)
def test_an_engine_that_names_messages_itself_is_asked_for_the_text(
    history: tuple[Message, ...], found: str, wa_msg_id: str | None
) -> None:
    doubt = replace(DOUBT, wa_msg_id=None, wa_id_ours=False)

    verdict = asyncio.run(look_up(doubt, Server(history=history), WEBJS))

    assert (verdict.found, verdict.wa_msg_id) == (found, wa_msg_id)


def test_one_message_in_the_history_is_not_taken_for_two_of_ours(any_lab: Lab) -> None:
    any_lab.needs_id = False
    device = any_lab.device()
    first = any_lab.message(device, body="Halo", chat_key="6281234567890")
    any_lab.sent()
    second = any_lab.message(device, body="Halo", chat_key="6281234567890")
    any_lab.wait(60)
    any_lab.record(any_lab.send(), UNKNOWN)
    any_lab.wait(200)
    (doubt,) = any_lab.doubts()

    any_lab.judge(Verdict(doubt, "sent", {"by": "text"}, wa_msg_id=f"theirs{first}"))

    row = any_lab.row(second)
    assert (row.status, row.evidence["belongs_to"]) == ("AMBIGUOUS", first)


def test_of_two_doubts_with_one_text_neither_claims_the_one_that_was_found(any_lab: Lab) -> None:
    any_lab.needs_id = False
    messages = []
    device = any_lab.device()
    for _ in range(2):
        messages.append(any_lab.message(device, body="Halo", chat_key="6281234567890"))
        any_lab.record(any_lab.send(), UNKNOWN)
        any_lab.set(OutboundMessage, messages[-1], slot_held=False)
        any_lab.wait(60)
    any_lab.wait(200)
    doubts = any_lab.doubts()

    any_lab.judge(*(Verdict(doubt, "sent", {"by": "text"}, wa_msg_id="A") for doubt in doubts))

    assert [any_lab.row(message).status for message in messages] == ["AMBIGUOUS", "AMBIGUOUS"]
