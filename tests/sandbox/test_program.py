"""The program itself: one real process, a real socket, a real page."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADERS = {"X-Api-Key": "k"}
START_S = 20


@pytest.fixture
def program(tmp_path):
    """A running sandbox with its address; it ends with the test."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(tmp_path)]
    command += ["--api-key", "k", "--time-scale", "0.01", "--quiet"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        yield process, process.stdout.readline().strip(), tmp_path
        process.send_signal(signal.SIGTERM)
        process.wait(START_S)


def pair(client):
    client.post("/api/sessions", json={"name": "default", "start": True})
    assert client.post("/sandbox/phones/default/scan", json={}).status_code == 200


def send(client, text):
    body = {"session": "default", "chatId": "6281100000002@c.us", "text": text}
    return client.post("/api/sendText", json=body)


@pytest.mark.e2e
def test_it_says_where_it_listens_sends_resets_lines_and_keeps_its_ledger(program):
    process, line, folder = program
    assert re.fullmatch(r"sandbox ready on http://127\.0\.0\.1:\d+", line)
    address = line.removeprefix("sandbox ready on ")
    with httpx.Client(base_url=address, headers=HEADERS, timeout=START_S) as client:
        pair(client)
        assert send(client, "satu").status_code == 201
        rules = [{"kind": "reset_after"}]
        client.put("/sandbox/faults", json={"seed": 1, "rules": rules})
        with pytest.raises(httpx.ReadError):
            send(client, "dua")
        assert client.get("/sandbox/ledger/summary").json()["delivered"] == 2
        process.kill()

    rows = (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 2


@pytest.mark.e2e
def test_the_page_loads_nothing_from_elsewhere(program):
    _, line, _ = program
    with httpx.Client(base_url=line.removeprefix("sandbox ready on ")) as client:
        page = client.get("/")
        parts = [client.get(path) for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text)]

    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "SIMULATOR" in page.text
    assert [part.status_code for part in parts] == [200, 200]
    whole = page.text + "".join(part.text for part in parts)
    assert re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?https?:", whole) == []
    assert "style=" not in page.text
    assert "innerHTML" not in whole


def test_a_taken_port_is_named_with_the_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )

    assert done.returncode == 2
    assert f"Port {port} is taken" in done.stderr
    assert "--port 0" in done.stderr


@pytest.mark.e2e
def test_open_pages_hear_of_messages(program):
    _, line, _ = program
    with httpx.Client(
        base_url=line.removeprefix("sandbox ready on "), headers=HEADERS, timeout=START_S
    ) as client:
        pair(client)
        with client.stream("GET", "/sandbox/events") as events:
            lines = events.iter_lines()
            next(lines)
            send(client, "langsung")
            kinds = [one for one in (next(lines) for _ in range(6)) if one.startswith("event")]
    assert "event: message" in kinds
