"""What docs/starting-flows.md tells to type works and answers as it says, its Python too."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which
from threading import Thread
from typing import Any

import httpx
import pytest

from flows.check import check
from nodes.catalogue import kinds
from services.kit.outbound_http import Door
from services.outgoing.deliver import PAUSES_S, deliver_one
from services.outgoing.events import EVENTS
from tests.conftest import Shop, World
from tests.docs.examples import PYTHON, Shell, text_of

PAGE = "starting-flows.md"
TEXT = text_of(PAGE)
FLOW = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]
PATIENCE_S = 20


def of_page(name: str) -> Any:
    """A function that stands on the page."""
    source = next(one for one in PYTHON.findall(TEXT) if f"def {name}(" in one)
    names: dict[str, Any] = {}
    exec(compile(source, f"{PAGE}:{name}", "exec"), names)
    return names[name]


@pytest.mark.e2e
@pytest.mark.skipif(which("openssl") is None, reason="the shell's recipe signs with openssl")
@pytest.mark.usefixtures("worker")
def test_every_command_works_as_written(shop: Shop, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "terminal" / "pesanan.yaml").write_text(FLOW, encoding="utf-8")

    shell.follow(PAGE)


def test_the_flow_of_the_page_has_no_problem() -> None:
    report = check(FLOW, kinds())

    assert [problem.message for problem in report.problems] == []


@pytest.mark.e2e
def test_a_hook_takes_what_the_python_of_the_page_signed(shop: Shop, address: str) -> None:
    flow_id = shop.flow(FLOW)[0]
    headers = {"Authorization": f"Bearer {shop.world.token(1)}"}
    with httpx.Client(base_url=f"{address}/api", headers=headers) as http:
        hook = http.get("/triggers", params={"type": "webhook"}).json()["items"][0]
        key = http.post(f"/triggers/{hook['id']}/signing-key").json()["signing_key"]
        answer = of_page("call")(f"{address}{hook['path']}", key, {"nomor": "B", "nama": "Eko"})

        assert answer == {"run_id": answer["run_id"], "status": "QUEUED"}
        assert http.get(f"/runs/{answer['run_id']}").json()["flow_id"] == flow_id


@pytest.mark.e2e
@pytest.mark.usefixtures("worker")
def test_who_watches_as_the_page_says_sees_a_run_end(
    shop: Shop, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flow_id, token = shop.flow(FLOW)[0], shop.world.token(1)

    async def until_seen() -> str:
        watching = asyncio.create_task(of_page("watch")(address, token))
        seen = ""
        async with httpx.AsyncClient(base_url=address) as http, asyncio.timeout(PATIENCE_S):
            while "listening" not in seen:
                await asyncio.wait([watching], timeout=0.05)
                seen += capsys.readouterr().out
            await http.post(
                f"/api/flows/{flow_id}/trigger",
                json={"inputs": {"nama": "Sari"}},
                headers={"Authorization": f"Bearer {token}"},
            )
            while "SUCCEEDED" not in seen:
                await asyncio.wait([watching], timeout=0.05)
                seen += capsys.readouterr().out
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return seen

    assert "SUCCEEDED" in asyncio.run(until_seen())


@contextmanager
def receiver(port: int) -> Iterator[list[tuple[Mapping[str, str], bytes]]]:
    """Another program of the shop: what it was told."""
    got: list[tuple[Mapping[str, str], bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing to see."""

    server = HTTPServer(("127.0.0.1", port), Receiver)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_delivered_is_genuine_to_the_python_of_the_page(
    world: World, receiver_port: int
) -> None:
    world.settings.http_allow = f"127.0.0.1:{receiver_port}"
    api, is_genuine = world.client(), of_page("is_genuine")
    with receiver(receiver_port) as got:
        url = f"http://127.0.0.1:{receiver_port}/alir"
        made = api.post("/api/webhook-endpoints", json={"url": url}).json()
        api.post(f"/api/webhook-endpoints/{made['id']}/test")
        door = Door(world.settings.http_allowed)
        assert deliver_one(world.database, world.clock, world.sealer, door)

    headers, body = got[0]
    assert json.loads(body)["type"] == "webhook.test"
    assert is_genuine(made["signing_key"], headers, body)
    assert not is_genuine(made["signing_key"], headers, body + b" ")
    old = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    assert not is_genuine(made["signing_key"], old, body)


def test_the_pauses_and_the_events_named_are_the_real_ones() -> None:
    names = {5: "5 s", 300: "5 min", 1_800: "30 min", 7_200: "2 h", 18_000: "5 h", 28_800: "8 h"}
    told = [names[pause] for pause in PAUSES_S]

    assert f"{', '.join(told[:-1])} and {told[-1]}" in TEXT
    assert {"message.received", "contact.opted_out"} <= set(EVENTS)
