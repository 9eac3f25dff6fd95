"""The doctor says what is wrong, how to mend it, and nothing else."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import runtime.cli.doctor as doctor
from runtime.cli import check_machine, check_servers
from runtime.cli.findings import Finding, Level
from services.kit.config import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALIR_VAR", str(tmp_path / "var"))
    monkeypatch.setattr(doctor, "SANDBOX_PORT", free_port())
    monkeypatch.setenv("ALIR_PORT", str(free_port()))
    return Settings()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_fresh_machine_is_well(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(as_json=True) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert {"Python", "Disk", "Folder", "Clock", "Database", "Redis", "WhatsApp server"} <= {
        one["what"] for one in told["findings"]
    }
    assert all(one["mend"] == "" for one in told["findings"] if one["level"] == "ok")


def test_a_problem_has_a_way_out_on_the_screen_and_exit_code_1(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALIR_REDIS_URL", "redis://:very-secret@127.0.0.1:1/0")

    assert doctor.run() == 1

    told = capsys.readouterr().out
    assert "problem Redis" in " ".join(told.split())
    assert "-> Start it, correct ALIR_REDIS_URL" in told
    assert "very-secret" not in told


def test_every_problem_is_told_not_only_the_first(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, taken_port: int
) -> None:
    monkeypatch.setenv("ALIR_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("ALIR_WAHA_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ALIR_PORT", str(taken_port))

    bad = {one.what for one in doctor.look(Settings()) if one.level is Level.PROBLEM}

    assert bad == {f"Port {taken_port}", "Redis", "WhatsApp server"}


@pytest.mark.parametrize(
    ("found", "level", "says"),
    [
        (check_machine.python((3, 10, 4)), Level.PROBLEM, "too old"),
        (check_machine.python((3, 11, 0)), Level.OK, "3.11.0"),
        (check_servers.server_version("10.6.18-MariaDB"), Level.PROBLEM, "too old"),
        (check_servers.server_version("10.11.6-MariaDB-0+deb12u1"), Level.OK, "MariaDB 10.11.6"),
        (check_servers.server_version("5.7.44-log"), Level.PROBLEM, "too old"),
        (check_servers.server_version("8.4.3"), Level.OK, "MySQL 8.4.3"),
        (check_servers.server_isolation("READ COMMITTED"), Level.OK, "READ COMMITTED"),
        (check_servers.server_isolation("REPEATABLE READ"), Level.PROBLEM, "REPEATABLE READ"),
        (check_servers.server_collation("latin1", "latin1_swedish_ci"), Level.PROBLEM, "emoji"),
        (check_servers.waha_version("W", "WAHA", "2026.6.9", "GOWS"), Level.PROBLEM, "too old"),
        (check_servers.waha_version("W", "WAHA", "2026.7.1", "GOWS"), Level.OK, "WAHA"),
        (check_servers.waha_version("W", "WAHA", "2026.10.1", "NOWEB"), Level.OK, "WAHA"),
        (check_servers.waha_version("W", "WAHA", "2026.8.1", "WEBJS"), Level.WARNING, "WAHA"),
    ],
)
def test_versions_and_server_settings_are_judged(found: Finding, level: Level, says: str) -> None:
    assert found.level is level
    assert says in found.said
    assert bool(found.mend) is (level is not Level.OK)


@pytest.mark.parametrize(
    ("free_bytes", "level"),
    [(100 * 1024**2, Level.PROBLEM), (500 * 1024**2, Level.WARNING), (50 * 1024**3, Level.OK)],
)
def test_little_disk_space_is_told_before_it_is_gone(
    settings: Settings, free_bytes: int, level: Level
) -> None:
    assert check_machine.disk(settings, free_bytes).level is level


@pytest.mark.parametrize(
    ("now", "scale", "level"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 1.0, Level.PROBLEM),
        (datetime(2026, 8, 17, tzinfo=UTC), 1.0, Level.OK),
        (datetime(2026, 8, 17, tzinfo=UTC), 20.0, Level.WARNING),
    ],
)
def test_a_wrong_clock_and_scaled_waits_are_told(now: datetime, scale: float, level: Level) -> None:
    assert check_machine.clock(Settings(time_scale=scale), now).level is level


@pytest.mark.parametrize(
    ("state", "health", "level"),
    [
        ("WORKING", "OK", Level.OK),
        ("WORKING", "PAUSED", Level.WARNING),
        ("WORKING", "COLD_FROZEN", Level.WARNING),
        ("STARTING", "OK", Level.WARNING),
        ("SCAN_QR_CODE", "OK", Level.WARNING),
        ("FAILED", "OK", Level.PROBLEM),
        (None, "OK", Level.PROBLEM),
    ],
)
def test_every_state_of_a_number_is_told(state: str | None, health: str, level: Level) -> None:
    device: Any = SimpleNamespace(
        display_name="CS Satu",
        phone_number=None,
        session_name="s",
        health=health,
        health_reason=None,
    )

    assert check_servers.number(device, state).level is level


@pytest.mark.e2e
def test_a_simulator_with_a_wrong_key_is_told_as_a_wrong_key(sandbox_url: str) -> None:
    wrong = check_servers.waha(Settings(waha_url=sandbox_url, waha_api_key="wrong"))
    right = check_servers.waha(Settings(waha_url=sandbox_url, waha_api_key="sandbox"))

    assert (wrong.level, right.level) == (Level.PROBLEM, Level.OK)
    assert "key" in f"{wrong.said} {wrong.mend}".lower()
    assert "GOWS" in right.said


@pytest.mark.e2e
def test_redis_with_its_search_module_is_well(valkey_url: str) -> None:
    found = check_servers.redis(Settings(redis_url=valkey_url))

    assert (found.level, "RediSearch" in found.said) == (Level.OK, True)


@pytest.mark.e2e
@pytest.mark.sql
def test_a_mariadb_is_looked_at_closely(mariadb_database: Any, settings: Settings) -> None:
    url = mariadb_database.engine.url.render_as_string(hide_password=False)
    found = check_servers.database(settings.model_copy(update={"database_url": url}))

    assert [one.what for one in found][:4] == [
        "Database",
        "Database server",
        "Database isolation",
        "Database collation",
    ]
    assert [one.level for one in found][:4] == [Level.OK] * 4
