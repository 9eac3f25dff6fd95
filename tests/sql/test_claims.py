"""Many workers claim at once, and nothing is ever handed to two of them."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import TypeVar

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from runtime.claims import claim_runs
from runtime.models import FlowRun
from services.accounts.models import Tenant
from services.devices.models import Device, DeviceLane, WahaServer
from services.kit.clock import Clock
from services.kit.db import Database
from services.messages.claim import ClaimRules, claim
from services.messages.ledger import BROADCAST
from services.messages.models import OutboundMessage

pytestmark = pytest.mark.sql

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
WORKERS = 6
DEVICES = 12
PER_DEVICE = 10
RUNS = 400
DEADLOCK = 1213
T = TypeVar("T")
RULES = ClaimRules(
    clock=Clock(),
    rng=Random(1),
    take_id=lambda server, session, since: None,
    needs_id=lambda server: False,
    render_again=lambda recipe, now: "",
    min_any_gap_s=0.0,
)


def test_six_workers_never_get_one_message_twice_nor_one_device_at_once(
    any_database: Database,
) -> None:
    seed_messages(any_database)
    claimed: Counter[int] = Counter()
    in_flight: Counter[int] = Counter()
    most_at_once: Counter[int] = Counter()
    guard = threading.Lock()

    def work() -> bool:
        with any_database.write() as connection:
            found = claim(connection, NOW, RULES, 5)
        with guard:
            for sent in found.sends:
                claimed[sent.id] += 1
                in_flight[sent.device_id] += 1
                most_at_once[sent.device_id] = max(
                    most_at_once[sent.device_id], in_flight[sent.device_id]
                )
        for sent in found.sends:
            with guard:
                in_flight[sent.device_id] -= 1
            repeat_on_deadlock(partial(finish, any_database, sent.id, sent.device_id))
        return pending(any_database) > 0

    run_in_threads(work)

    assert sorted(claimed) == sorted(every_message(any_database))
    assert set(claimed.values()) == {1}
    assert set(most_at_once.values()) == {1}


def test_six_workers_never_get_one_run_twice(any_database: Database) -> None:
    with any_database.session() as session:
        session.add_all(
            FlowRun(tenant_id=1 + number % 3, flow_version_id=1, wake_at=NOW, created_at=NOW)
            for number in range(RUNS)
        )
    claimed: Counter[int] = Counter()
    guard = threading.Lock()

    def work() -> bool:
        with any_database.write() as connection:
            rows = claim_runs(connection, NOW, Clock(), limit=17)
        with guard:
            claimed.update(row.id for row in rows)
        with any_database.read() as connection:
            left = select(func.count()).where(FlowRun.status == "QUEUED")
            return bool(connection.execute(left).scalar())

    run_in_threads(work)

    assert len(claimed) == RUNS
    assert set(claimed.values()) == {1}
    with any_database.read() as connection:
        attempts = connection.execute(select(FlowRun.epoch, FlowRun.attempt).distinct()).all()
    assert attempts == [(1, 1)]


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        ({"status": "SENDING"}, {"status": "SENDING"}, False),
        ({"status": "SENDING"}, {"status": "AMBIGUOUS", "slot_held": True}, False),
        ({"status": "SENDING"}, {"status": "AMBIGUOUS", "slot_held": False}, True),
        ({"status": "SENDING"}, {"status": "PENDING"}, True),
        ({"status": "SENT"}, {"status": "SENT"}, True),
    ],
)
def test_the_database_itself_forbids_two_sends_at_once_on_a_device(
    any_database: Database, first: dict[str, object], second: dict[str, object], fits: bool
) -> None:
    device_id = seed_devices(any_database, 1)[0]
    with any_database.session() as session:
        session.add(message(device_id, 1, **first))

    if fits:
        with any_database.session() as session:
            session.add(message(device_id, 2, **second))
    else:
        with (
            pytest.raises(IntegrityError, match="device_slot"),
            any_database.session() as session,
        ):
            session.add(message(device_id, 2, **second))


def run_in_threads(work: Callable[[], bool]) -> None:
    """Call `work` in every thread until it says that nothing is left. A failure fails the test."""
    failures: list[Exception] = []
    together = threading.Barrier(WORKERS)

    def loop() -> None:
        try:
            together.wait()
            while not failures and repeat_on_deadlock(work):
                pass
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=loop) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def repeat_on_deadlock(work: Callable[[], T]) -> T:
    """InnoDB may end one of two transactions that wait for each other; it is repeated."""
    while True:
        try:
            return work()
        except OperationalError as problem:
            if problem.orig is None or problem.orig.args[0] != DEADLOCK:
                raise


def seed_devices(database: Database, count: int) -> list[int]:
    with database.session() as session:
        tenant = Tenant(name="Toko", created_at=NOW)
        server = WahaServer(name="WAHA", base_url="http://waha", api_key_sealed="", created_at=NOW)
        session.add_all([tenant, server])
        session.flush()
        devices = [
            Device(
                tenant_id=tenant.id,
                server_id=server.id,
                session_name=f"device-{number}",
                status="CONNECTED",
                webhook_key=f"key-{number}",
                webhook_secret_sealed="",
                created_at=NOW,
                updated_at=NOW,
            )
            for number in range(count)
        ]
        session.add_all(devices)
        session.flush()
        session.add_all(
            DeviceLane(
                device_id=device.id,
                tenant_id=tenant.id,
                due_at=NOW,
                next_broadcast_at=NOW,
                next_any_at=NOW,
            )
            for device in devices
        )
        return [device.id for device in devices]


def seed_messages(database: Database) -> None:
    device_ids = seed_devices(database, DEVICES)
    with database.session() as session:
        session.add_all(
            message(device_id, 1 + number)
            for device_id in device_ids
            for number in range(PER_DEVICE)
        )


def message(device_id: int, number: int, **values: object) -> OutboundMessage:
    return OutboundMessage(
        **{
            "tenant_id": 1,
            "device_id": device_id,
            "origin": "BROADCAST",
            "kind": "text",
            "priority": BROADCAST,
            "chat_key": f"62811{device_id:03}{number:04}",
            "not_before": NOW,
            "due_at": NOW,
            "rendered_at": NOW,
            "created_at": NOW,
            **values,
        }
    )


def finish(database: Database, message_id: int, device_id: int) -> None:
    """What recording a send does to the row and to the lane, in short."""
    with database.write() as connection:
        connection.execute(
            update(OutboundMessage)
            .where(OutboundMessage.id == message_id, OutboundMessage.status == "SENDING")
            .values(status="SENT")
        )
        connection.execute(
            update(DeviceLane)
            .where(DeviceLane.device_id == device_id)
            .values(due_at=NOW, next_broadcast_at=NOW, next_any_at=NOW)
        )


def pending(database: Database) -> int:
    with database.read() as connection:
        left = select(func.count()).where(OutboundMessage.status != "SENT")
        return connection.execute(left).scalar() or 0


def every_message(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(select(OutboundMessage.id)).scalars())
