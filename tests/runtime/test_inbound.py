"""What WAHA tells us: receipts, echoes, sessions; and events that can't be dealt with."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import insert, select, update

from runtime import inbound
from runtime.inbound import deal
from services.integrations.waha.outcomes import Unknown
from services.kit.db import Database
from services.webhooks.models import WebhookEvent
from tests.services.messages.lab import Lab, accepted
from tests.support import databases

events = WebhookEvent.__table__


@pytest.fixture
def lab(tmp_path: Path, sqlite_template: Path) -> Iterator[Lab]:
    with databases.sqlite(sqlite_template, tmp_path) as database:
        yield Lab(database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.migrated_template(tmp_path_factory.mktemp("template"))


def tell(lab: Lab, device_id: int, kind: str, body: Any, **values: Any) -> int:
    """Store an event as the receiver does; returns its id."""
    with lab.database.write() as connection:
        made = connection.execute(
            insert(events),
            {
                "tenant_id": 1,
                "device_id": device_id,
                "event_id": f"evt_{lab.now.timestamp()}_{next(lab._numbers)}",
                "type": kind,
                "raw": body if isinstance(body, bytes) else orjson.dumps(body),
                "state": "NEW",
                "attempts": 0,
                "received_at": lab.now,
                **values,
            },
        )
        return int(made.inserted_primary_key[0])


def take(lab: Lab) -> int:
    return inbound.take_webhook_events(lab.database, lab.clock)


def event(database: Database, event_id: int) -> Any:
    with database.read() as connection:
        return connection.execute(select(events).where(events.c.id == event_id)).one()


def ack(bare_id: str | None, level: int) -> dict[str, Any]:
    return {"payload": {"id": f"true_6281@c.us_{bare_id}", "fromMe": True, "ack": level}}


def echo(bare_id: str | None) -> dict[str, Any]:
    return {"payload": {"id": f"true_6281@c.us_{bare_id}", "fromMe": True, "body": "Halo"}}


@pytest.mark.parametrize(
    ("levels", "word"),
    [
        ([1], "SENT"),
        ([1, 2], "DELIVERED"),
        ([2, 3], "READ"),
        ([3, 2, 1], "READ"),
        ([2, 2], "DELIVERED"),
        ([4], "READ"),
    ],
)
def test_receipts_move_a_recipient_forward_in_whatever_order_they_come(
    lab: Lab, levels: list[int], word: str
) -> None:
    device = lab.device()
    log, message = lab.recipient(lab.campaign(), device)
    sent = lab.sent()

    for level in levels:
        done = tell(lab, device, "message.ack", ack(sent.wa_msg_id, level))
        take(lab)
        assert event(lab.database, done).state == "DONE"

    assert lab.log(log).status == word
    assert lab.row(message).ack_level == max(levels)


def test_receipts_of_one_batch_count_together(lab: Lab) -> None:
    device = lab.device()
    log, _ = lab.recipient(lab.campaign(), device)
    sent = lab.sent()
    for level in (3, 1, 2):
        tell(lab, device, "message.ack", ack(sent.wa_msg_id, level))

    assert take(lab) == 3
    assert lab.log(log).status == "READ"


def test_an_echo_of_our_own_message_proves_that_it_left(lab: Lab) -> None:
    device = lab.device()
    log, message = lab.recipient(lab.campaign(), device)
    sent = lab.send()
    lab.record(sent, Unknown("reset", ""))

    tell(lab, device, "message.any", echo(sent.wa_msg_id))
    take(lab)

    assert (lab.row(message).status, lab.log(log).status) == ("SENT", "SENT")


def test_a_receipt_before_the_answer_shows_once_the_answer_is_there(lab: Lab) -> None:
    device = lab.device()
    log, message = lab.recipient(lab.campaign(), device)
    sent = lab.send()
    tell(lab, device, "message.ack", ack(sent.wa_msg_id, 2))
    take(lab)
    assert (lab.row(message).status, lab.log(log).status) == ("SENDING", "SENDING")

    lab.record(sent, accepted(sent))

    assert (lab.row(message).status, lab.log(log).status) == ("SENT", "DELIVERED")


def test_a_receipt_settles_what_was_given_up(lab: Lab) -> None:
    device = lab.device()
    log, message = lab.recipient(lab.campaign(), device)
    sent = lab.send()
    lab.record(sent, Unknown("reset", ""))
    from services.campaigns.models import CampaignLog
    from services.messages.models import OutboundMessage

    lab.set(OutboundMessage, message, status="UNKNOWN", slot_held=False)
    lab.set(CampaignLog, log, status="UNKNOWN")

    tell(lab, device, "message.ack", ack(sent.wa_msg_id, 1))
    take(lab)

    assert lab.log(log).status == "SENT"


def test_an_error_told_later_fails_the_recipient(lab: Lab) -> None:
    device = lab.device()
    log, _ = lab.recipient(lab.campaign(), device)
    sent = lab.sent()

    tell(lab, device, "message.ack", ack(sent.wa_msg_id, -1))
    take(lab)

    assert (lab.log(log).status, lab.log(log).reason) == ("FAILED", "ack_error")


POISON = [b"[1]", b"no json", b"3", b'{"payload": {"id": {}, "fromMe": true}, "timestamp": 1e300}']


def test_an_event_that_cannot_be_dealt_with_is_dead_after_three_tries_and_kept(lab: Lab) -> None:
    device = lab.device()
    log, _ = lab.recipient(lab.campaign(), device)
    sent = lab.sent()
    bad = [tell(lab, device, "session.status", raw) for raw in POISON[:3]]
    good = tell(lab, device, "message.ack", ack(sent.wa_msg_id, 2))

    for _ in range(12):
        take(lab)

    assert [event(lab.database, one).state for one in bad] == ["DEAD"] * 3
    assert [event(lab.database, one).raw for one in bad] == POISON[:3]
    assert all(event(lab.database, one).error for one in bad)
    assert event(lab.database, good).state == "DONE"
    assert lab.log(log).status == "DELIVERED"


def test_an_event_that_kills_its_worker_three_times_is_dead_and_its_neighbours_are_not(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = lab.device()
    killer = tell(lab, device, "message", {"payload": {"kill": True}})
    good = [tell(lab, device, "message", {"payload": {}}) for _ in range(5)]
    real = deal.read

    class Killed(BaseException):
        """What no code can catch."""

    def read(world: Any, listeners: Any, taken: Any, now: Any) -> Any:
        if any(row.id == killer for row in taken.rows):
            raise Killed
        return real(world, listeners, taken, now)

    monkeypatch.setattr(deal, "read", read)
    for _ in range(20):
        try:
            take(lab)
        except Killed:
            lab.wait(31)

    assert event(lab.database, killer).state == "DEAD"
    assert [event(lab.database, one).state for one in good] == ["IGNORED"] * 5


def status(word: str, at_s: float, lab: Lab, **data: Any) -> dict[str, Any]:
    told = int((lab.now + timedelta(seconds=at_s)).timestamp() * 1000)
    return {"timestamp": told, "payload": {"name": "toko", "status": word, "data": data}}


@pytest.mark.parametrize(
    ("told", "link"),
    [
        ([("STOPPED", -9), ("WORKING", -5)], "CONNECTED"),
        ([("WORKING", -5), ("STOPPED", -9)], "CONNECTED"),
        ([("STOPPED", -5), ("WORKING", -9)], "DISCONNECTED"),
        ([("SCAN_QR_CODE", -5)], "SCAN_QR"),
        ([("FAILED", -5)], "FAILED"),
        ([("SOMETHING_NEW", -5)], "DISCONNECTED"),
    ],
)
def test_the_link_is_what_was_told_last_not_what_came_last(
    lab: Lab, told: list[tuple[str, float]], link: str
) -> None:
    device = lab.device()
    for word, at_s in told:
        tell(lab, device, "session.status", status(word, at_s, lab))
        take(lab)
        lab.wait(1)

    assert lab.phone(device).status == link


def test_a_session_that_was_told_again_proves_nothing_about_the_time_before(lab: Lab) -> None:
    device = lab.device()
    tell(lab, device, "session.status", status("WORKING", -5, lab))
    take(lab)

    assert lab.phone(device).status_since == lab.now - timedelta(seconds=5)


def test_a_device_that_came_back_is_looked_at_at_once(lab: Lab) -> None:
    device = lab.device(status="DISCONNECTED")
    message = lab.message(device)
    lab.claim()
    tell(lab, device, "session.status", status("WORKING", -1, lab))
    take(lab)

    assert lab.send().id == message


def test_whatsapps_block_on_new_chats_comes_and_goes(lab: Lab) -> None:
    device = lab.device()
    cold = lab.message(device, is_cold=True)
    until = int((lab.now + timedelta(hours=2)).timestamp())
    lock = {"isActive": True, "timeEnforcementEnds": until, "enforcementType": "X"}
    tell(lab, device, "session.status", status("WORKING", -1, lab, reachoutTimelock=lock))
    take(lab)
    assert lab.phone(device).health == "COLD_FROZEN"
    assert lab.claim().sends == []

    lock = {"isActive": False}
    lab.wait(5)
    tell(lab, device, "session.status", status("WORKING", 0, lab, reachoutTimelock=lock))
    take(lab)

    assert lab.phone(device).health == "OK"
    assert lab.send().id == cold


def test_what_nobody_needs_is_put_aside(lab: Lab) -> None:
    aside = tell(lab, lab.device(), "presence.update", {"payload": {}})

    take(lab)

    assert event(lab.database, aside).state == "IGNORED"
    with lab.database.write() as connection:
        connection.execute(update(events).values(state="IGNORED"))
    assert take(lab) == 0


def test_a_used_up_quota_of_new_chats_holds_new_people_until_the_cycle_ends(lab: Lab) -> None:
    device = lab.device()
    lab.message(device, is_cold=True)
    end = int((lab.now + timedelta(hours=5)).timestamp())
    capped = {"cappingStatus": "CAPPED", "totalQuota": 50, "usedQuota": 50, "cycleEnd": end}
    tell(lab, device, "session.status", status("WORKING", -1, lab, messageCapping=capped))
    take(lab)

    phone = lab.phone(device)
    assert (phone.health, phone.health_until) == ("COLD_FROZEN", lab.now + timedelta(hours=5))
    assert lab.claim().sends == []


def test_a_warning_about_the_quota_holds_nobody(lab: Lab) -> None:
    device = lab.device()
    warned = {"cappingStatus": "FIRST_WARNING", "totalQuota": 50, "usedQuota": 40}
    tell(lab, device, "session.status", status("WORKING", -1, lab, messageCapping=warned))
    take(lab)

    assert lab.phone(device).health == "OK"
