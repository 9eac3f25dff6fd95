"""A whole broadcast through the real loop and the simulator's process, with faults and deaths."""

import os
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select, update

from runtime.compose import App
from runtime.pump import Pump
from services.campaigns import service as campaigns
from services.campaigns.models import Campaign, CampaignLog
from services.devices.models import WahaServer
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from services.kit.secrets import Sealer
from services.messages.models import OutboundMessage
from tests.conftest import BROADCAST, Shop
from tests.support import processes, sandbox_process

SCALE = 200.0
PEOPLE = 40
PATIENCE_S = 40.0
FAULTS = [
    {"kind": "http_500_after", "share": 0.08},
    {"kind": "http_500_before", "share": 0.03},
    {"kind": "reset_after", "share": 0.05},
    {"kind": "hang_after", "share": 0.04, "seconds": 0.3},
]


@dataclass
class Stage:
    """A shop with three phones on a simulator, and what the simulator saw."""

    shop: Shop
    database: Database
    url: str
    folder: Path
    key: str
    sealer: Sealer

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method, f"{self.url}{path}", json=body, headers={"X-Api-Key": "sandbox"}, timeout=10
        )
        answer.raise_for_status()
        return answer.json()

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = self.control("GET", "/sandbox/ledger/summary")
        return found

    def app(self) -> App:
        settings = Settings(_env_file=None, var=self.folder, time_scale=SCALE)
        return App(settings, Clock(SCALE), self.database, self.sealer, Random(1))

    @contextmanager
    def pump(self) -> Iterator[Pump]:
        pump = Pump(self.app())
        pump.start()
        try:
            yield pump
        finally:
            pump.stop()

    def until(self, ready: Callable[[], bool]) -> None:
        pause, end = threading.Event(), time.monotonic() + PATIENCE_S
        while not ready():
            assert time.monotonic() < end, (self.status(), self.words(), self.summary())
            pause.wait(0.05)

    def broadcast(self, count: int) -> int:
        self.shop.contacts(count)
        text = BROADCAST.read_text(encoding="utf-8")
        quiet = ("limits:", "  quiet_hours:")
        lines = [line for line in text.splitlines() if not line.startswith(quiet)]
        flow_id, _ = self.shop.flow("\n".join(lines))  # sends at whatever hour the test runs
        campaign_id = self.shop.campaign(flow_id=flow_id)
        self.move(campaigns.start, campaign_id)
        return campaign_id

    def move(self, deed: Callable[..., Any], campaign_id: int) -> None:
        with self.database.session() as session:
            deed(session, 1, campaign_id, Clock().now())

    def status(self) -> str:
        with self.database.read() as connection:
            return str(connection.execute(select(Campaign.status)).scalar())

    def in_flight(self) -> int:
        with self.database.read() as connection:
            found = select(func.count()).where(OutboundMessage.status == "SENDING")
            return int(connection.execute(found).scalar_one())

    def words(self) -> Counter[str]:
        with self.database.read() as connection:
            rows = connection.execute(
                select(CampaignLog.status, func.count()).group_by(CampaignLog.status)
            ).all()
        return Counter({row[0]: row[1] for row in rows})


@pytest.fixture
def stage(shop: Shop, database: Database, sealer: Sealer, tmp_path: Path) -> Iterator[Stage]:
    with sandbox_process.running(tmp_path / "sandbox", "--time-scale", "0.01") as url:
        key = Fernet.generate_key()
        made = Stage(shop, database, url, tmp_path, key.decode(), Sealer([key]))
        for number in range(3):
            name = f"toko-{number}-{secrets.token_hex(2)}"
            shop.device(name, pacing={"auto_pause": False})
            made.control("POST", "/api/sessions", {"name": name, "start": True})
            made.control("POST", f"/sandbox/phones/{name}/scan", {"phone": f"62811000000{number}"})
        with database.write() as connection:
            connection.execute(
                update(WahaServer.__table__).values(
                    base_url=url, api_key_sealed=made.sealer.seal("sandbox")
                )
            )
        yield made


@pytest.mark.e2e
def test_a_broadcast_through_faults_a_pause_and_a_killed_worker_reaches_everybody_once(
    stage: Stage,
) -> None:
    stage.control("PUT", "/sandbox/faults", {"seed": 5, "rules": FAULTS})
    campaign_id = stage.broadcast(PEOPLE)
    environment = {
        **os.environ,
        "ALIR_VAR": str(stage.folder),
        "ALIR_DATABASE_URL": stage.database.url,
        "ALIR_TIME_SCALE": str(SCALE),
        "ALIR_SEAL_KEYS": stage.key,
    }
    log = stage.folder / "child.log"
    command = [sys.executable, "-m", "tests.runtime.pump_child"]
    with processes.running(command, log, cwd=sandbox_process.ROOT, env=environment) as child:
        stage.until(lambda: stage.summary()["delivered"] >= 8)
        child.kill()
        child.wait()

    with stage.pump():
        stage.until(lambda: stage.summary()["delivered"] >= 20)
        stage.move(campaigns.pause, campaign_id)
        stage.until(lambda: stage.in_flight() == 0)
        paused_at = stage.summary()["calls"]
        threading.Event().wait(0.5)
        assert stage.summary()["calls"] == paused_at
        assert stage.status() == "PAUSED"
        stage.move(campaigns.resume, campaign_id)
        stage.until(lambda: stage.status() == "COMPLETED")

    summary, words = stage.summary(), stage.words()
    assert summary["duplicates"] == 0
    assert max(summary["max_in_flight"].values()) == 1
    assert min(summary["min_gap_s"].values()) >= 5 / SCALE
    reached = words["SENT"] + words["DELIVERED"] + words["READ"]
    assert summary["delivered"] - words["UNKNOWN"] <= reached <= summary["delivered"]
    assert reached + words["UNKNOWN"] == PEOPLE
    assert words["UNKNOWN"] <= 3  # a phone whose very first message was doubtful proves nothing


@pytest.mark.e2e
def test_a_cancelled_broadcast_takes_back_what_has_not_left(stage: Stage) -> None:
    with stage.pump():
        campaign_id = stage.broadcast(200)
        stage.until(lambda: stage.summary()["delivered"] >= 10)
        stage.move(campaigns.cancel, campaign_id)
        stage.until(lambda: stage.words()["QUEUED"] + stage.words()["SENDING"] == 0)

    words, delivered = stage.words(), stage.summary()["delivered"]
    assert words == {"SENT": delivered, "CANCELLED": 200 - delivered}
    assert 10 <= delivered < 200
    with stage.database.read() as connection:
        row = connection.execute(select(Campaign.__table__)).one()
    assert (row.status, row.sent_count) == ("CANCELLED", delivered)
    assert row.completed_at is not None
