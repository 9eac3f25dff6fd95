"""A click is counted once it is in the journal: once, whatever dies, whoever drains it."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from runtime.links import desk, drain, journal
from runtime.links.journal import Journal
from services.kit.clock import Clock
from services.kit.db import Database
from services.rotators.clicks.click import Click
from services.rotators.models import LinkRotator, RotatorClick
from tests.runtime.links.conftest import add_link

NOW = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)


def click(number: int, rotator_id: int = 1, **values: Any) -> Click:
    given: dict[str, Any] = {
        "tenant_id": 1,
        "rotator_id": rotator_id,
        "journal": "",
        "journal_offset": 0,
        "redirected_to": "6281200000001",
        "code": f"{number:08d}",
        "visitor": "v",
        "is_counted": True,
        "ip_address": "::1",
        "user_agent": "Peramban 🙏",
        "referer": None,
        "source": {"utm_source": "baris\nbaru"},
        "clicked_at": NOW,
        **values,
    }
    return Click(**given)


def count(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        counted = connection.execute(select(func.sum(LinkRotator.click_count))).scalar_one()
        rows = connection.execute(select(func.count()).select_from(RotatorClick)).scalar_one()
        return int(counted), rows


def read(path: Path) -> tuple[list[bytes], int]:
    with path.open("rb") as file:
        found, torn, _ = journal.lines(file, 0, 10_000)
    return [payload for _, payload in found], torn


@given(st.lists(st.binary(max_size=40).map(lambda raw: b"[" + raw.replace(b"\n", b" "))), st.data())
def test_whatever_is_cut_off_only_whole_lines_are_read(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], data: st.DataObject
) -> None:
    written = Journal(tmp_path_factory.mktemp("journal"))
    for payload in payloads:
        written.append(payload)
    whole = written.path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))

    written.path.write_bytes(whole[:cut])
    found, torn = read(written.path)
    written.close()

    assert found == payloads[: whole[:cut].count(b"\n")]
    assert torn == 0


@pytest.mark.parametrize("torn", [b"\0" * 40 + b"\n", b"deadbeef [1]\n", b"x\n", b"00000000\n"])
def test_a_torn_line_is_passed_over_and_told(tmp_path: Path, torn: bytes) -> None:
    written = Journal(tmp_path)
    written.append(b"[1]")
    with written.path.open("ab") as file:
        file.write(torn)
    written.append(b"[2]")

    assert read(written.path) == ([b"[1]", b"[2]"], 1)
    written.close()


def test_after_a_short_write_the_next_click_has_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Journal(tmp_path)
    whole = os.write
    monkeypatch.setattr(
        "os.write", lambda fd, raw: whole(fd, raw[:9]) if len(raw) > 9 else whole(fd, raw)
    )
    with pytest.raises(OSError, match="could be written"):
        written.append(b"[1]" * 9)
    monkeypatch.undo()

    written.append(b"[2]")

    assert read(written.path) == ([b"[2]"], 1)
    written.close()


def test_a_full_journal_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FILE_BYTES_MOST", 100)
    written = Journal(tmp_path)
    for _ in range(30):
        written.append(b"[1234567890]")
    files = list(journal.left_behind(tmp_path, written.path))

    for path in files:
        with journal.taken(path) as file:
            assert file is None  # not on the disk yet: still ours
    written.sync()

    assert len(files) == 5
    for path in files:
        with journal.taken(path) as file:
            assert file is not None
    assert sum(len(read(path)[0]) for path in [*files, written.path]) == 30
    written.close()


def test_a_journal_belongs_to_its_writer_until_that_is_gone(tmp_path: Path) -> None:
    written = Journal(tmp_path)
    with journal.taken(written.path) as file:
        assert file is None

    written.close()

    with journal.taken(written.path) as file, journal.taken(written.path) as second:
        assert file is not None
        assert second is None  # one drains it, not two


@pytest.mark.sql
def test_clicks_of_a_dead_process_are_counted_once(any_database: Database, tmp_path: Path) -> None:
    rotator_id = add_link(any_database)
    folder = tmp_path / "clicks"
    dead = Journal(folder)
    for number in range(1_203):
        dead.append(drain.payload(click(number, rotator_id, is_counted=number % 3 > 0)))
    dead.append(drain.payload(click(9_000, 77)))
    with dead.path.open("ab") as file:
        file.write(b"12345678 [torn")
    name = journal.name_of(dead.path)
    with dead.path.open("rb") as file:  # some of it was drained before the process died
        at = drain.some(any_database, file, name, 0, 300)
        assert at > 0
    dead.close()
    kept = dead.path.read_bytes()

    assert drain.left_behind(any_database, folder, None, 500) == 1
    assert count(any_database) == (802, 1_203)
    assert list(folder.iterdir()) == []

    dead.path.write_bytes(kept)  # as if the process had died between the commit and the removal
    assert drain.left_behind(any_database, folder, None, 500) == 1
    assert count(any_database) == (802, 1_203)
    with any_database.read() as connection:
        row = connection.execute(select(RotatorClick).order_by(RotatorClick.id)).first()
    assert row is not None
    assert (row.clicked_at, row.user_agent, row.source["utm_source"], row.code) == (
        NOW,
        "Peramban 🙏",
        "baris\nbaru",
        "00000000",
    )


def test_nothing_is_lost_when_the_database_refuses(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotator_id = add_link(sqlite_database)
    folder = tmp_path / "clicks"
    dead = Journal(folder)
    dead.append(drain.payload(click(1, rotator_id)))
    dead.close()

    def away(*_: Any) -> int:
        raise RuntimeError("away")

    with monkeypatch.context() as broken:
        broken.setattr("services.rotators.clicks.repository._COUNT.many", away)
        with pytest.raises(RuntimeError, match="away"):
            drain.left_behind(sqlite_database, folder, None, 500)
    assert count(sqlite_database) == (0, 0)

    assert drain.left_behind(sqlite_database, folder, None, 500) == 1
    assert count(sqlite_database) == (1, 1)


def test_a_click_after_a_quiet_time_is_drained_at_once(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "IDLE_TICK_S", 600.0)
    add_link(sqlite_database)
    links = desk.Desk(sqlite_database, Clock(), tmp_path)
    links.start()
    pause = Event()
    try:
        for number in range(1, 4):
            until(lambda: links._is_idle, pause)
            links.write(drain.payload(click(number)))
            until(partial(counted, sqlite_database, number), pause)
    finally:
        links.stop()


def counted(database: Database, wanted: int) -> bool:
    return count(database) == (wanted, wanted)


def until(holds: Callable[[], bool], pause: Event) -> None:
    for _ in range(1_000):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never came about")
