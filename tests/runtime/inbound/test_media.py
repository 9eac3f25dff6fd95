"""Files that came with messages: fetched from the server of the device, or given up in the end."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import orjson
import pytest

from runtime.compose import App
from runtime.inbound.media import PAUSES_S, MediaFetcher
from services.devices.models import WahaServer
from services.kit.config import Settings
from services.kit.secrets import Sealer
from tests.runtime.inbound.floor import _KEY, Floor
from tests.runtime.inbound.test_conversations import SEES

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


class Waha:
    """A server with files; remembers what it was asked, and with which key."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.messages: dict[str, Any] = {}
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("X-Api-Key")))
                status, body = outer.answer(self.path.split("?")[0])
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, bytes]:
        if path in self.files:
            return 200, self.files[path]
        if path.startswith("/api/sessions/"):
            return 200, orjson.dumps({"name": path.rsplit("/", 1)[-1], "status": "WORKING"})
        if "/messages/" in path:
            found = self.messages.get(path.rsplit("/", 1)[-1])
            if found is not None:
                return 200, orjson.dumps(found)
        return 404, orjson.dumps({"statusCode": 404, "message": "Not Found"})


@pytest.fixture
def waha() -> Iterator[Waha]:
    made = Waha()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def fetcher(floor: Floor, waha: Waha) -> MediaFetcher:
    sealer = Sealer([_KEY])
    floor.change(
        WahaServer.__table__,
        base_url=f"http://127.0.0.1:{waha.http.server_port}",
        api_key_sealed=sealer.seal("the-key"),
    )
    settings = Settings(_env_file=None, var=floor.folder)
    return MediaFetcher(App(settings, floor.lab.clock, floor.database, sealer, Random(1)))


def picture(url: str | None = "http://elsewhere:9/api/files/toko/3AA.png") -> dict[str, Any]:
    return {"hasMedia": True, "media": {"url": url, "mimetype": "image/png"}}


def test_a_file_is_fetched_from_our_server_with_our_key_and_the_run_goes_on(
    floor: Floor, waha: Waha, fetcher: MediaFetcher
) -> None:
    waha.files["/api/files/toko/3AA.png"] = PIXEL
    floor.flow(SEES, slug="lihat")
    floor.say("bukti", **picture())
    floor.settle()

    assert fetcher.fetch_due() == 1
    floor.settle()

    (row,) = floor.said()
    assert waha.asked == [("/api/files/toko/3AA.png", "the-key")]
    assert (row.media_state, row.media["mimetype"]) == ("STORED", "image/png")
    assert floor.texts == [row.media_url]
    assert fetcher.fetch_due() == 0


def test_a_file_that_is_gone_is_asked_for_by_its_message(
    floor: Floor, waha: Waha, fetcher: MediaFetcher
) -> None:
    floor.say("bukti", bare="3AA", **picture())
    floor.settle()
    waha.files["/api/files/toko/again.png"] = PIXEL
    waha.messages["3AA"] = {
        "id": "false_6281200000001@c.us_3AA",
        "fromMe": False,
        "timestamp": 1,
        "hasMedia": True,
        "media": {"url": "http://x/api/files/toko/again.png", "mimetype": "image/png"},
    }
    fetcher.fetch_due()

    assert floor.said()[0].media_state == "STORED"


def test_a_file_that_nobody_has_is_given_up_in_the_end(floor: Floor, fetcher: MediaFetcher) -> None:
    floor.say("bukti", **picture(None))
    floor.settle()
    for pause_s in (0.0, *PAUSES_S):
        floor.lab.wait(pause_s)
        assert floor.said()[0].media_state == "WANTED"
        assert fetcher.fetch_due() == 1
        assert fetcher.fetch_due() == 0

    assert floor.said()[0].media_state == "GONE"


def test_a_file_that_is_none_of_the_kinds_we_take_is_refused(
    floor: Floor, waha: Waha, fetcher: MediaFetcher
) -> None:
    waha.files["/api/files/toko/3AA.png"] = b"MZ" + bytes(200)
    floor.say("bukti", **picture())
    floor.settle()
    fetcher.fetch_due()

    assert floor.said()[0].media_state == "REFUSED"


def test_an_address_that_is_not_on_the_server_is_reached_through_the_guarded_door_only(
    floor: Floor, waha: Waha, fetcher: MediaFetcher
) -> None:
    url = f"http://127.0.0.1:{waha.http.server_port}/secret?X-Amz-Signature=1"
    waha.files["/secret"] = PIXEL
    floor.say("bukti", **picture(url))
    floor.settle()
    fetcher.fetch_due()

    assert waha.asked == []
    assert floor.said()[0].media_state == "WANTED"
