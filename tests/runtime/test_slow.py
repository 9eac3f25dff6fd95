"""Runs with pictures: handed over, read by the slow worker alone, and never lost with it."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select

from flows.document import Document
from flows.engine.plan import compile_plan
from flows.engine.step import begin
from flows.models import FlowVersion
from runtime import claims
from runtime.advance import World as RunWorld
from runtime.advance import advance_due, carry
from runtime.compose import App
from runtime.models import FlowRun
from runtime.plans import Plans
from runtime.ports import TurnBlocks
from runtime.slow import QUEUE, Slow
from services.integrations.media import store
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from tests.conftest import Shop
from tests.support import ocr_stub, processes
from tests.support.ocr_stub import OcrStub, scan_of
from tests.support.pictures import PDF, picture

PATIENCE_S = 30.0
SCALE = 20.0
FLOW = """
flow: alir/1
kind: webhook
id: baca
name: Baca gambar
triggers:
  masuk:
    type: webhook
    next: [baca]
nodes:
  baca:
    type: ocr
    with:
      media: { $: trigger.body.media }
      wait_max: 40s
    next: { ok: catat, empty: kosong, error: gagal }
  catat:
    type: set-variables
    with:
      values: { teks: { $: steps.baca.text } }
    next: { ok: terbaca }
  terbaca: { type: stop, with: { reason: terbaca } }
  kosong: { type: stop, with: { reason: kosong } }
  gagal: { type: stop, with: { reason: gagal } }
"""


@dataclass
class Office:
    """A tenant with a flow that reads pictures, and the program that reads them."""

    shop: Shop
    stub: OcrStub
    root: Path
    settings: Settings
    clock: Clock

    @property
    def database(self) -> Database:
        return self.shop.world.database

    def app(self) -> App:
        sealer = self.shop.world.sealer
        return App(self.settings, self.clock, self.database, sealer, Random(1))

    def hot(self) -> RunWorld:
        return RunWorld(self.database, self.clock, Plans(), TurnBlocks(), self.settings.media)

    def keep(self, data: bytes) -> str:
        return "media:" + store.keep(self.root, 1, store.receive(self.root, BytesIO(data)))

    def start(self, *references: Any) -> list[int]:
        """A run for each picture, as a trigger makes it; returns their ids."""
        _, version_id = self.shop.flow(FLOW) if not hasattr(self, "_version") else self._version
        self._version = (0, version_id)
        with self.database.read() as connection:
            document = connection.execute(
                select(FlowVersion.document).where(FlowVersion.id == version_id)
            ).scalar_one()
        plan = compile_plan(Document.model_validate(document))
        ids = []
        now = self.clock.now()
        with self.database.write() as connection:
            for reference in references:
                state = begin(plan, "masuk", trigger={"body": {"media": reference}})
                made = connection.execute(
                    insert(FlowRun).values(
                        tenant_id=1,
                        flow_version_id=version_id,
                        trigger="masuk",
                        kind="webhook",
                        state=state.to_dict(),
                        wake_at=now,
                        created_at=now,
                    )
                )
                ids.append(made.inserted_primary_key[0])
        return ids

    def rows(self, **columns: Any) -> list[Any]:
        query = select(FlowRun.__table__).order_by(FlowRun.id)
        for name, value in columns.items():
            query = query.where(getattr(FlowRun, name) == value)
        with self.database.read() as connection:
            return list(connection.execute(query).all())

    def hand_over(self) -> None:
        while advance_due(self.hot()):
            pass

    @contextmanager
    def slow(self) -> Iterator[Slow]:
        slow = Slow(self.app())
        slow.start()
        try:
            yield slow
        finally:
            self.stub.gate.set()
            slow.stop()

    def until(self, ready: Callable[[], bool], meanwhile: Callable[[], object] = bool) -> None:
        pause, end = threading.Event(), time.monotonic() + PATIENCE_S
        while not ready():
            assert time.monotonic() < end, [
                (row.status, row.reason, row.queue) for row in self.rows()
            ]
            meanwhile()
            pause.wait(0.02)

    def until_ended(self) -> None:
        self.until(
            lambda: all(row.status in claims.TERMINAL for row in self.rows()),
            lambda: advance_due(self.hot()),
        )


@pytest.fixture
def office(shop: Shop, tmp_path: Path) -> Iterator[Office]:
    with ocr_stub.running() as stub:
        settings = Settings(_env_file=None, var=tmp_path, ocr_url=stub.url, time_scale=SCALE)
        yield Office(shop, stub, settings.media, settings, Clock(SCALE))


def test_a_run_with_a_picture_is_handed_over_and_its_text_goes_on(office: Office) -> None:
    one = office.keep(picture())
    office.start(one)

    office.hand_over()
    (row,) = office.rows()
    assert (row.queue, row.status) == ("media", "QUEUED")
    with office.slow() as slow:
        slow.ring()
        office.until_ended()

    (row,) = office.rows()
    assert (row.status, row.reason) == ("SUCCEEDED", "terbaca")
    assert row.state["vars"] == {"teks": "TOTAL 25.000"}
    assert office.stub.scans == [{"path": f"1/{one.removeprefix('media:')}"}]


def test_what_is_said_after_a_long_read_is_due_only_then(office: Office) -> None:
    """Else an answer would count as late for the time its picture was looked at."""
    began = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    office.clock = Clock(now=lambda: began + timedelta(minutes=11 * len(office.stub.scans)))
    office.start(office.keep(picture()))
    office.hand_over()
    world = replace(office.hot(), ocr_url=office.stub.url)
    with office.database.write() as connection:
        rows = claims.claim_runs(connection, office.clock.now(), office.clock, QUEUE)

    carried = carry(world, rows, QUEUE)

    assert len(office.stub.scans) == 1
    assert carried.now == began + timedelta(minutes=11)


def test_hot_workers_never_claim_what_waits_to_be_read(office: Office) -> None:
    office.start(*[office.keep(picture())] * 100)
    office.hand_over()
    (reply,) = office.start(None)

    assert len(office.rows(queue="media")) == 100
    with office.database.write() as connection:
        assert [
            row.id for row in claims.claim_runs(connection, office.clock.now(), office.clock)
        ] == [reply]
        assert claims.next_wake_at(connection) is None
    assert advance_due(office.hot()) == 0
    assert {row.status for row in office.rows(queue="media")} == {"QUEUED"}
    assert office.stub.scans == []


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("media:gone.png", "gagal"),
        ("999", "gagal"),
        ("../2/x.png", "gagal"),
        (None, "gagal"),
        ("video", "gagal"),
        ("blank", "kosong"),
    ],
)
def test_what_holds_no_text_leaves_by_its_own_port(
    office: Office, reference: Any, reason: str
) -> None:
    if reference == "video":
        reference = office.keep(b"\0\0\0\x18ftypisom" + bytes(80))
        office.stub.answers = [(415, {"code": "unsupported_type", "message": "film"}, {})]
    if reference == "blank":
        reference, office.stub.scan = office.keep(PDF), scan_of("")
    office.start(reference)

    with office.slow():
        office.until_ended()

    assert [(row.status, row.reason) for row in office.rows()] == [("SUCCEEDED", reason)]


def test_pictures_wait_while_the_reader_is_busy_or_away_and_none_is_lost(office: Office) -> None:
    office.stub.answers = [(503, {"code": "busy", "message": "busy"}, {"Retry-After": "2"})] * 4
    office.start(*(office.keep(picture(color=color)) for color in ("red", "green", "blue")))

    with office.slow():
        office.until_ended()

    rows = office.rows()
    assert [row.reason for row in rows] == ["terbaca"] * 3
    assert len(office.stub.scans) == 7


def test_a_reader_that_stays_away_is_an_error_in_the_end(office: Office) -> None:
    office.settings.ocr_url = ocr_stub.closed_address()
    office.clock = Clock(2_000.0)
    office.start(office.keep(picture()))

    with office.slow():
        office.until_ended()

    (row,) = office.rows()
    assert row.reason == "gagal"
    assert "unreachable" in str(row.trace)


def test_the_lease_of_a_picture_that_takes_long_is_renewed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "lease_s", lambda clock: 0.4)
    office.start(office.keep(picture()))
    office.hand_over()
    office.stub.gate.clear()

    with office.slow():
        assert office.stub.arrived.acquire(timeout=PATIENCE_S)
        first = office.rows()[0].lease_until
        seen_dead: list[Any] = []

        def reap() -> None:
            with office.database.write() as connection:
                seen_dead.extend(claims.reap(connection, office.clock.now()))

        office.until(lambda: (office.rows()[0].lease_until - first).total_seconds() > 1.0, reap)
        (row,) = office.rows()
        assert (row.status, row.attempt, seen_dead) == ("RUNNING", 1, [])
        office.stub.gate.set()
        office.until_ended()

    assert [row.reason for row in office.rows()] == ["terbaca"]
    assert len(office.stub.scans) == 1


@pytest.mark.e2e
def test_a_slow_worker_that_is_killed_in_the_middle_loses_no_picture(
    office: Office, tmp_path: Path
) -> None:
    ids = office.start(*(office.keep(picture(color=color)) for color in ("red", "green", "blue")))
    office.hand_over()
    office.stub.gate.clear()
    environment = {
        **os.environ,
        "ALIR_VAR": str(tmp_path),
        "ALIR_DATABASE_URL": office.database.url,
        "ALIR_OCR_URL": office.stub.url,
        "ALIR_TIME_SCALE": str(SCALE),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    child_file = str(Path(__file__).with_name("slow_child.py"))
    log = tmp_path / "slow.log"
    with processes.running([sys.executable, child_file], log, env=environment) as child:
        assert office.stub.arrived.acquire(timeout=PATIENCE_S), log.read_text()
        child.kill()
        child.wait()
    taken = [row.id for row in office.rows(status="RUNNING")]
    assert taken
    office.stub.gate.set()

    def reap() -> None:
        with office.database.write() as connection:
            assert claims.reap(connection, office.clock.now()) == []

    with office.slow():
        office.until(lambda: all(row.status == "SUCCEEDED" for row in office.rows()), reap)

    rows = office.rows()
    assert [row.id for row in rows] == ids
    assert [row.reason for row in rows] == ["terbaca"] * 3
    assert {row.state["vars"]["teks"] for row in rows} == {"TOTAL 25.000"}
