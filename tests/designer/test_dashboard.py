"""How the API serves the built dashboard."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from runtime.dashboard.routes import page_routes

INDEX = (
    '<meta name="alir-simulator" content="__SIMULATOR__">'
    '<link nonce="__CSP_NONCE__"><script src="/assets/app-1a.js"></script>'
)


def built(folder: Path) -> Path:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "app-1a.js").write_text("1")
    (folder / "assets" / "app-1a.js.gz").write_bytes(gzip.compress(b"1"))
    (folder / "secret.txt").write_text("not for everybody")
    return folder


def serving(folder: Path, *, simulated: bool = False) -> TestClient:
    known = Route("/api/known", lambda _: JSONResponse({}))
    app = Starlette(routes=[known, *page_routes(folder)])
    app.state.settings = SimpleNamespace(waha_is_sandbox=simulated)
    return TestClient(app)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with serving(built(tmp_path / "dist")) as found:
        yield found


@pytest.mark.parametrize("path", ["/", "/login", "/flows/7", "/flows/7/runs?after=3", "/a.b/c"])
def test_the_page_answers_under_every_address_a_person_may_open(client, path):
    answer = client.get(path)

    assert answer.status_code == 200
    assert "/assets/app-1a.js" in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/unknown",
        "/link/",
        "/hooks/nobody",
        "/webhooks/nobody",
        "/socket.io/x",
        "/assets/old-2b.js",
        "/assets/",
        "/assets/..%2findex.html",
    ],
)
def test_a_wrong_address_of_a_program_is_not_answered_with_the_page(client, path):
    assert client.get(path).status_code == 404


def test_only_reading_is_answered(client):
    assert client.post("/flows/7").status_code == 404
    assert client.post("/api/known").status_code == 405


def test_styles_are_allowed_by_a_number_that_is_used_once(client):
    first, second = client.get("/"), client.get("/")

    numbers = []
    for answer in (first, second):
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        found = re.search(r"style-src 'self' 'nonce-([^']+)'", policy)
        assert found is not None
        assert f'nonce="{found[1]}"' in answer.text
        numbers.append(found[1])
    assert numbers[0] != numbers[1]


def test_files_with_a_hash_are_kept_for_ever_and_sent_packed(client):
    packed = client.get("/assets/app-1a.js", headers={"accept-encoding": "gzip"})
    plain = client.get("/assets/app-1a.js", headers={"accept-encoding": "identity"})

    assert packed.text == plain.text == "1"
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")


def test_files_beside_the_page_are_served_when_they_are_of_a_known_type(client):
    assert client.get("/favicon.svg").text == "<svg/>"
    assert client.get("/secret.txt").status_code == 404
    assert client.get("/robots.txt").status_code == 404


@pytest.mark.parametrize("simulated", [True, False])
def test_the_page_knows_whether_the_numbers_are_simulated(tmp_path, simulated):
    with serving(built(tmp_path / "dist"), simulated=simulated) as client:
        assert f'content="{str(simulated).lower()}"' in client.get("/").text


def test_without_a_build_a_plain_page_says_how_to_build(tmp_path):
    with serving(tmp_path / "nothing") as client:
        answer = client.get("/flows")

    assert answer.status_code == 200
    assert "make designer" in answer.text
    assert "__CSP_NONCE__" not in answer.text
