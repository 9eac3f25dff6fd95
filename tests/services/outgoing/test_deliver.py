"""Deliveries: signed, tried again with growing pauses, one at a time, and given up in the end."""

import hmac
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, select, update

from services.accounts.models import Tenant
from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.outbound_http import Door
from services.kit.secrets import Sealer
from services.outgoing import events, repository, signing
from services.outgoing.deliver import ATTEMPTS_MOST, FAILURES_MOST, PAUSES_S, deliver_one
from services.outgoing.models import WebhookDelivery, WebhookEndpoint
from tests.support.services import (  # noqa: F401
    any_database,
    mariadb_database,
    mariadb_server,
    sqlite_database,
    sqlite_template,
)

pytestmark = pytest.mark.sql
NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


class Receiver:
    """A server of another system; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.url = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.got.append(({name.lower(): text for name, text in self.headers.items()}, body))
            found.paths.append(self.path)
            self.send_response(found.status)
            if found.status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/in"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


class Desk:
    """One tenant with an address, a clock that a test moves, and the deliverer."""

    def __init__(self, database: Database, url: str) -> None:
        self.database, self.now = database, NOW
        self.clock = Clock(now=lambda: self.now)
        self.sealer = Sealer([Fernet.generate_key()])
        self.key = signing.new_key()
        self.door = Door([url.split("/")[2]])
        with database.write() as connection:
            connection.execute(
                insert(Tenant),
                {
                    "id": 1,
                    "name": "T",
                    "zone": "Asia/Jakarta",
                    "profile": {},
                    "is_active": True,
                    "created_at": NOW,
                },
            )
        self.endpoint(1, url)

    def endpoint(self, number: int, url: str, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(
                insert(WebhookEndpoint),
                {
                    "id": number,
                    "tenant_id": 1,
                    "url": url,
                    "description": "",
                    "events": [],
                    "secret_sealed": self.sealer.seal(self.key),
                    "is_active": True,
                    "failures_in_row": 0,
                    "created_at": NOW,
                    "updated_at": NOW,
                    **values,
                },
            )
        events.forget(self.database)

    def tell(self, event: str = "message.received", **data: Any) -> int:
        with self.database.write() as connection:
            return events.tell(connection, 1, event, data, self.now)

    def deliver(self) -> bool:
        return deliver_one(self.database, self.clock, self.sealer, self.door)

    def rows(self) -> Any:
        with self.database.read() as connection:
            return connection.execute(
                select(WebhookDelivery.__table__).order_by(WebhookDelivery.id)
            ).all()

    def address(self) -> Any:
        with self.database.read() as connection:
            return connection.execute(
                select(WebhookEndpoint.__table__).where(WebhookEndpoint.id == 1)
            ).one()


@pytest.fixture
def desk(any_database: Database, receiver: Receiver) -> Desk:  # noqa: F811
    return Desk(any_database, receiver.url)


def test_a_delivery_is_signed_as_standard_webhooks_says(desk, receiver):
    assert desk.tell(text="halo") == 1
    assert desk.deliver() is True
    assert desk.deliver() is False

    headers, body = receiver.got[0]
    key = b64decode(desk.key.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = b64encode(hmac.new(key, signed, sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert json.loads(body) == {
        "type": "message.received",
        "timestamp": NOW.isoformat(),
        "data": {"text": "halo"},
    }
    row = desk.rows()[0]
    assert (row.status, row.attempts, row.last_status) == ("DELIVERED", 1, 200)
    assert (row.event_id, row.delivered_at) == (headers["webhook-id"], NOW)


def test_what_fails_is_tried_eight_times_in_a_day_under_one_id(desk, receiver):
    receiver.status = 500
    desk.tell()
    waits = []
    for _ in range(ATTEMPTS_MOST):
        assert desk.deliver() is True
        assert desk.deliver() is False
        row = desk.rows()[0]
        if row.next_attempt_at is not None:
            waits.append((row.next_attempt_at - desk.now).total_seconds())
            desk.now = row.next_attempt_at

    assert waits == list(PAUSES_S)
    assert timedelta(hours=20) < desk.now - NOW < timedelta(hours=30)
    assert (desk.rows()[0].status, desk.rows()[0].attempts) == ("GIVEN_UP", 8)
    assert desk.rows()[0].last_error == "The address answered 500."
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert desk.address().failures_in_row == 8


def test_a_redirect_is_not_followed(desk, receiver):
    receiver.status = 302
    desk.tell()

    desk.deliver()

    assert receiver.paths == ["/in"]
    assert (desk.rows()[0].status, desk.rows()[0].last_status) == ("PENDING", 302)


def test_an_address_of_our_own_network_is_never_asked(desk, receiver):
    desk.tell()
    desk.door = Door()

    desk.deliver()

    assert receiver.got == []
    assert desk.rows()[0].status == "GIVEN_UP"
    assert desk.rows()[0].last_error.startswith("forbidden_")


def test_an_address_that_fails_on_and_on_is_switched_off_with_the_reason(desk, receiver):
    receiver.status = 503
    with desk.database.write() as connection:
        connection.execute(update(WebhookEndpoint).values(failures_in_row=FAILURES_MOST - 1))
    desk.tell()

    desk.deliver()

    assert desk.address().is_active is False
    assert "40 attempts in a row failed" in desk.address().disabled_reason
    assert desk.tell() == 0
    desk.now += timedelta(days=1)
    assert desk.deliver() is False


def test_an_address_that_is_gone_is_switched_off_at_once(desk, receiver):
    receiver.status = 410
    desk.tell()

    desk.deliver()

    assert desk.address().disabled_reason == "It answered 410 Gone."


def test_one_success_forgives_all_failures(desk, receiver):
    with desk.database.write() as connection:
        connection.execute(update(WebhookEndpoint).values(failures_in_row=30))
    desk.tell()

    desk.deliver()

    assert desk.address().failures_in_row == 0


def test_an_address_is_told_what_it_asked_for_one_at_a_time(desk, receiver):
    desk.endpoint(2, receiver.url, events=["run.failed"])
    assert desk.tell("run.failed") == 2
    assert desk.tell("message.received") == 1
    lease = timedelta(seconds=60)

    with desk.database.write() as connection:
        taken = [repository.claim(connection, desk.now, lease) for _ in range(3)]

    assert [row.endpoint_id for row in taken if row is not None] == [1, 2]
    assert {row.event_id for row in taken if row is not None} == {desk.rows()[0].event_id}


def test_what_a_dead_process_left_is_delivered_after_its_lease(desk, receiver):
    desk.tell()
    with desk.database.write() as connection:
        repository.claim(connection, desk.now, timedelta(seconds=60))
    assert desk.deliver() is False

    desk.now += timedelta(seconds=61)
    with desk.database.read() as connection:
        assert repository.next_due_at(connection) <= desk.now
    assert desk.deliver() is True
    assert desk.rows()[0].status == "DELIVERED"


def test_nobody_is_told_by_a_transaction_that_was_taken_back(desk):
    def break_down() -> None:
        with desk.database.write() as connection:
            events.tell(connection, 1, "run.failed", {}, NOW)
            raise LookupError

    with pytest.raises(LookupError):
        break_down()

    assert desk.rows() == []
