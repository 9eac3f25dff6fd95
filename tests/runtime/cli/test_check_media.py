"""What the doctor says about media files, who shares them, and the reader of images."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime import media_witness
from runtime.cli import check_media
from runtime.cli.findings import Finding, Level
from runtime.cli.up_state import held
from runtime.compose import redis_client
from runtime.media_witness import Seen
from services.integrations.media import shared
from services.kit.config import Settings
from tests.support import ocr_stub

READER, API, WORKERS = "Media folder: reader", "Media folder: API", "Media folder: workers"


def settings(tmp_path: Path, **changes: Any) -> Settings:
    return Settings(_env_file=None, var=tmp_path, **changes)


def found(settings: Settings) -> dict[str, Finding]:
    return {one.what: one for one in check_media.shared_folder(settings)}


@contextmanager
def silent_program() -> Iterator[str]:
    """A program that takes every connection and closes it without a word of HTTP."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    taken, _ = listener.accept()
                except OSError:
                    return
                with taken:
                    taken.recv(1000)
                    taken.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_folder_of_ones_own_is_made_in_time_and_another_has_to_be_there(tmp_path: Path) -> None:
    assert check_media.folder(settings(tmp_path)).level is Level.OK
    assert not (tmp_path / "media").exists()
    missing = check_media.folder(settings(tmp_path, media_root=str(tmp_path / "volume")))
    assert missing.level is Level.PROBLEM
    assert "ALIR_MEDIA_ROOT" in missing.mend
    (tmp_path / "volume").mkdir()

    assert (
        check_media.folder(settings(tmp_path, media_root=str(tmp_path / "volume"))).level
        is Level.OK
    )


# --------------------------------------------------------------------------- the reader


def test_the_reader_of_images_says_how_it_is(tmp_path: Path) -> None:
    with ocr_stub.running() as stub:
        there = settings(tmp_path, ocr_url=stub.url)
        assert check_media.reader(there).said == f"{stub.url} answers (stub)"
        stub.health = (503, ocr_stub.health_of("models_missing", "no models"))

        unready = check_media.reader(there)

    assert (unready.level, unready.said) == (Level.WARNING, "no models")


@pytest.mark.parametrize(("is_set_up", "mend"), [(True, "alir up"), (False, "make setup-ocr")])
def test_a_reader_that_does_not_run_is_not_well_and_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_set_up: bool, mend: str
) -> None:
    away = ocr_stub.closed_address()
    named = check_media.reader(settings(tmp_path, ocr_url=away))
    assert (named.level, "ALIR_OCR_URL" in named.mend) == (Level.WARNING, True)
    (tmp_path / "python").touch()
    monkeypatch.setattr(
        check_media, "OCR_PYTHON", tmp_path / "python" if is_set_up else tmp_path / "none"
    )
    monkeypatch.setattr(Settings.model_fields["ocr_url"], "default", away)

    ours = check_media.reader(settings(tmp_path, ocr_url=away))

    assert (ours.level, mend in ours.mend) == (Level.WARNING, True)


def test_the_reader_of_a_running_installation_is_looked_at_where_it_is_and_missed_when_it_stops(
    tmp_path: Path,
) -> None:
    with held(tmp_path) as hold, ocr_stub.running() as stub:
        hold.tell("http://127.0.0.1:1", "", stub.url)
        assert check_media.reader(settings(tmp_path)).said == f"{stub.url} answers (stub)"
        hold.tell("http://127.0.0.1:1", "", ocr_stub.closed_address())

        stopped = check_media.reader(settings(tmp_path))

    assert (stopped.level, "stopped" in stopped.said) == (Level.PROBLEM, True)
    assert "up.log" in stopped.mend


def test_another_program_on_the_port_is_a_problem_that_names_the_port_and_the_way_out(
    tmp_path: Path,
) -> None:
    with ocr_stub.running() as stub, silent_program() as silent:
        stub.health = (200, b"<h1>It works!</h1>")
        for url in (stub.url, silent):
            port = int(url.rpartition(":")[2])

            other = check_media.reader(settings(tmp_path, ocr_url=url))

            assert other.level is Level.PROBLEM
            assert f"port {port}" in other.said
            assert f"--ocr-port {port + 1}" in other.mend


# --------------------------------------------------------------------------- who shares the folder


def test_a_folder_that_is_not_there_yet_is_not_tried(tmp_path: Path) -> None:
    assert found(settings(tmp_path)) == {}


def test_the_reader_is_given_a_picture_to_find_in_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    with ocr_stub.running() as stub:
        told = found(settings(tmp_path, ocr_url=stub.url))[READER]

    (asked,) = stub.scans
    assert told.level is Level.OK
    assert asked["path"].startswith(".probe/")
    assert not (root / asked["path"]).exists()


@pytest.mark.parametrize(
    ("status", "code", "level", "says"),
    [
        (404, "file_not_found", Level.WARNING, "OCR_MEDIA_ROOT"),
        (403, "not_permitted", Level.WARNING, "allowed to read"),
        (503, "busy", Level.WARNING, "look again"),
        (500, "unexpected", Level.PROBLEM, "log"),
    ],
)
def test_a_reader_that_does_not_find_it_is_not_well(
    tmp_path: Path, status: int, code: str, level: Level, says: str
) -> None:
    (tmp_path / "media").mkdir()
    with ocr_stub.running() as stub:
        stub.answers = [(status, {"code": code, "message": "no", "hint": ""}, {})]

        told = found(settings(tmp_path, ocr_url=stub.url))[READER]

    assert (told.level, says in told.mend) == (level, True)
    assert len(stub.scans) == 1


@pytest.mark.parametrize("health", [(503, ocr_stub.health_of("starting")), (200, b"<h1>")])
def test_what_is_no_ready_reader_is_given_no_picture(tmp_path: Path, health: Any) -> None:
    (tmp_path / "media").mkdir()
    with ocr_stub.running() as stub:
        stub.health = health

        assert READER not in found(settings(tmp_path, ocr_url=stub.url))
    assert stub.scans == []


def seen(role: str = "api", mark: str = "ours", problem: str = "") -> Seen:
    return Seen(role, f"{role}-1:7", "/shared_media", mark, problem, 0.0)


@pytest.mark.parametrize(
    ("told", "level", "says"),
    [
        ([seen()], Level.OK, "api-1:7"),
        ([seen("worker"), seen("slow")], Level.OK, "slow-1:7"),
        ([], Level.WARNING, "Nobody"),
        ([seen(), seen(mark="another")], Level.PROBLEM, "another folder"),
        ([seen(mark="", problem="Permission denied")], Level.PROBLEM, "Permission denied"),
    ],
)
def test_what_processes_see_is_held_beside_what_we_see(
    told: list[Seen], level: Level, says: str
) -> None:
    judged = check_media.seen_by(API, told, "ours", "/srv/media")

    assert (judged.level, says in judged.said) == (level, True)
    assert bool(judged.mend) is (level is not Level.OK)


@pytest.mark.e2e
def test_a_worker_with_another_folder_is_found_out(tmp_path: Path, valkey_url: str) -> None:
    here = settings(tmp_path, redis_url=valkey_url, ocr_url=ocr_stub.closed_address())
    (tmp_path / "media").mkdir()
    (tmp_path / "other").mkdir()
    other = settings(tmp_path, media_root=str(tmp_path / "other"))
    client = redis_client(here)
    client.flushdb()
    assert {found(here)[what].level for what in (API, WORKERS)} == {Level.WARNING}
    media_witness.tell(client, media_witness.look(here, "api"))
    media_witness.tell(client, media_witness.look(here, "slow"))
    assert {found(here)[what].level for what in (API, WORKERS)} == {Level.OK}

    media_witness.tell(client, media_witness.look(other, "slow"))
    client.close()

    assert found(here)[API].level is Level.OK
    assert found(here)[WORKERS].level is Level.PROBLEM
    assert "ALIR_MEDIA_ROOT" in found(here)[WORKERS].mend
    assert shared.mark(tmp_path / "media") != shared.mark(tmp_path / "other")
