"""The command as people meet it: a real process, its exit codes, and no stack trace."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PATIENCE_S = 40
OK, PROBLEMS, USAGE = 0, 1, 2
BROKEN = """\
flow: alir/1
kind: broadcast
id: rusak
name: Rusak
triggers:
  mulai: {type: broadcast, next: penerimaa}
nodes:
  penerima:
    type: select-contact
  pesan:
    type: spintax
    with: {text: "{Halo|Hai [nama]"}
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, as a unix socket's path has to be."""
    with tempfile.TemporaryDirectory(prefix="alir-cli-") as made:
        yield Path(made)


def alir(folder: Path, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runtime.cli", *map(str, words)],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "ALIR_VAR": str(folder / "var"),
            **settings,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def children_of(folder: Path) -> list[str]:
    """Processes whose command line names this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


# --------------------------------------------------------------------------- wrong usage


@pytest.mark.parametrize(
    "words",
    [
        ("flow", "chek", "a.yaml"),
        ("flow", "check"),
        ("flow", "check", "missing.yaml"),
        ("flow", "test", "missing.yaml"),
        ("up", "--port", "many"),
        ("up", "--workers", "0"),
        ("contacts", "import", "missing.csv"),
        ("user", "create", "no-address", "--password", "long enough"),
        ("user", "create", "a@b.id", "--password", "long enough", "--role", "king"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2_and_a_sentence(folder: Path, words: tuple[str, ...]) -> None:
    done = alir(folder, *words)

    assert done.returncode == USAGE, done
    assert (done.stderr + done.stdout).strip()
    assert "Traceback" not in done.stderr


# --------------------------------------------------------------------------- flows


def test_a_broken_flow_has_every_problem_told_with_its_line_and_column(folder: Path) -> None:
    (folder / "rusak.yaml").write_text(BROKEN, encoding="utf-8")

    done = alir(folder, "flow", "check", "rusak.yaml")

    assert done.returncode == PROBLEMS
    for place in ("rusak.yaml:6:", "rusak.yaml:9:", "rusak.yaml:12:"):
        assert place in done.stdout, done.stdout
    assert "penerima" in done.stdout
    assert "select-contacts" in done.stdout, "a suggestion for the misspelt kind"


def test_the_shipped_templates_are_without_problems_and_their_cases_hold(folder: Path) -> None:
    templates = sorted((ROOT / "flows" / "templates").glob("*.yaml"))

    checked = alir(folder, "flow", "check", *templates)
    tested = alir(folder, "flow", "test", *templates)

    assert (checked.returncode, tested.returncode) == (OK, OK), checked.stdout + tested.stdout


# --------------------------------------------------------------------------- people and contacts


def test_a_person_and_their_contacts_come_in_by_the_command(folder: Path) -> None:
    made = alir(
        folder, "user", "create", "Ayu@Toko.id", "--password", "cukup panjang", "--name", "Toko Ayu"
    )
    again = alir(folder, "user", "create", "ayu@toko.id", "--password", "cukup panjang")
    short = alir(folder, "user", "create", "budi@toko.id", "--password", "pendek")
    (folder / "kontak.csv").write_text("nama,no hp\nSari,0812 3456 7890\nBudi,abc\n")
    taken = alir(folder, "contacts", "import", "kontak.csv", "--json")
    nobody = alir(folder, "contacts", "import", "kontak.csv", "--tenant", "99")

    assert made.returncode == OK, made.stderr
    assert "ayu@toko.id may sign in as user of account 1 (Toko Ayu)" in made.stdout
    assert again.returncode == PROBLEMS
    assert "already" in again.stderr
    assert short.returncode == PROBLEMS
    told = json.loads(taken.stdout)
    assert (told["rows"], told["created"], told["rejected"]) == (2, 1, 1)
    assert told["refused"][0]["row"] == 3
    assert nobody.returncode == PROBLEMS
    assert "1 (Toko Ayu)" in nobody.stderr


def test_a_file_without_phone_numbers_is_told_and_nothing_is_taken(folder: Path) -> None:
    alir(folder, "user", "create", "ayu@toko.id", "--password", "cukup panjang")
    (folder / "kue.csv").write_text("kue,rasa\nDonat,cokelat\n")

    done = alir(folder, "contacts", "import", "kue.csv")

    assert done.returncode == PROBLEMS
    assert "phone" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_business_is_only_made_with_a_simulator(folder: Path) -> None:
    done = alir(folder, "seed", ALIR_WAHA_URL="http://127.0.0.1:1")

    assert done.returncode == PROBLEMS
    assert "alir up" in done.stderr


# --------------------------------------------------------------------------- what stops `alir up`


def test_a_redis_of_ones_own_that_is_down_stops_the_start_with_the_way_out(folder: Path) -> None:
    done = alir(
        folder,
        "up",
        "--port",
        "0",
        "--sandbox-port",
        "0",
        ALIR_REDIS_URL="redis://:very-secret@127.0.0.1:1/0",
    )

    assert done.returncode == PROBLEMS
    assert "does not answer" in done.stderr
    assert "ALIR_REDIS_URL" in done.stderr
    assert "very-secret" not in done.stderr + done.stdout
    assert children_of(folder) == []


@pytest.mark.parametrize("option", ["--port", "--sandbox-port"])
def test_a_port_in_use_is_named_with_another_one(folder: Path, option: str) -> None:
    other = "--sandbox-port" if option == "--port" else "--port"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]

        done = alir(folder, "up", option, str(number), other, "0")

    assert done.returncode == PROBLEMS
    assert f"Port {number} is in use" in done.stderr
    assert f"{option} {number + 1}" in done.stderr


def test_a_database_of_a_newer_version_stops_the_start_and_leaves_no_process(folder: Path) -> None:
    (folder / "var").mkdir()
    with sqlite3.connect(folder / "var" / "alir.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()

    done = alir(folder, "up", "--port", "0", "--sandbox-port", "0")

    assert done.returncode == PROBLEMS
    assert "9999" in done.stderr
    assert "newer Alir" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert children_of(folder) == []


def test_a_database_that_can_only_be_read_stops_the_start(folder: Path) -> None:
    path = folder / "var" / "alir.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[18] = 9  # a format that may only be read: for root too
    path.write_bytes(content)

    done = alir(folder, "up", "--port", "0", "--sandbox-port", "0")

    assert done.returncode == PROBLEMS
    assert "Nothing can be saved in the database" in done.stderr
    assert children_of(folder) == []


# --------------------------------------------------------------------------- settings and databases


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("doctor", "ALIR_DATABASE_URL", "nonsense"),
        ("doctor", "ALIR_TIME_SCALE", "abc"),
        ("seed", "ALIR_SEAL_KEYS", "xx"),
        ("demo", "ALIR_REDIS_URL", "nonsense"),
        ("up", "ALIR_PORT", "many"),
        ("migrate", "ALIR_DATABASE_URL", "mysql+pymysql://alir:very-secret@127.0.0.1:1/alir"),
    ],
)
def test_a_setting_that_can_not_be_used_is_named(
    folder: Path, word: str, name: str, value: str
) -> None:
    done = alir(folder, word, **{name: value})

    assert done.returncode == PROBLEMS, done
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert "very-secret" not in done.stderr


def test_a_database_that_somebody_holds_is_not_migrated_and_that_is_told(folder: Path) -> None:
    (folder / "var").mkdir()
    holder = sqlite3.connect(folder / "var" / "alir.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    done = alir(folder, "migrate")

    holder.close()
    assert done.returncode == PROBLEMS
    assert "is held by another program" in done.stderr
    assert "Traceback" not in done.stderr
