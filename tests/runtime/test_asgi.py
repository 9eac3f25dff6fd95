import threading
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.testclient import TestClient

from runtime import asgi
from runtime.api_docs import to_3_0
from services.accounts.models import ApiKey
from services.kit.after_commit import ring_after
from services.kit.edge import CONTENT_SECURITY_POLICY
from services.kit.http import MANAGERS, App, Db, Router
from services.kit.problems import UNHANDLED

BODY_BYTES_MOST = asgi.BODY_BYTES_MOST


def add(world, path: str, route: Any) -> None:
    router = Router()
    router.post(path, dependencies=[MANAGERS])(route)
    world.app.include_router(router, prefix="/api")


def test_a_route_that_does_not_say_who_may_use_it_cannot_exist():
    with pytest.raises(TypeError, match="does not say who may use it"):
        Router().get("/open")(lambda: None)


def test_every_answer_carries_the_security_headers_and_a_request_id(anonymous):
    for path in ("/api/health/live", "/api/nothing", "/api-docs", "/api/auth/me"):
        answer = anonymous.get(path)

        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.headers["X-Request-Id"]) == 16


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("x" * 65, False), ("a b", False)])
def test_a_harmless_request_id_is_kept(anonymous, given, kept):
    answer = anonymous.get("/api/auth/me", headers={"X-Request-Id": given})

    assert (answer.json()["request_id"] == given) is kept
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"]


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/api/nothing", {}, 404, "not_found"),
        ("GET", "/api/auth/me", {}, 401, "unauthorized"),
        ("PUT", "/api/auth/login", {}, 405, "method_not_allowed"),
        ("POST", "/api/auth/login", {"json": {"email": "a@b.c"}}, 422, "invalid"),
        ("POST", "/api/auth/login", {"content": b"{broken"}, 422, "invalid"),
        (
            "POST",
            "/api/auth/login",
            {"content": b" " * (BODY_BYTES_MOST + 1)},
            413,
            "too_large",
        ),
    ],
)
def test_every_error_is_a_problem_document(anonymous, method, path, options, status, code):
    headers = {"Content-Type": "application/json"}
    answer = anonymous.request(method, path, headers=headers, **options)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {
        "type",
        "title",
        "status",
        "code",
        "detail",
        "hint",
        "problems",
        "request_id",
    }
    assert (body["status"], body["code"]) == (status, code)


def test_a_body_without_a_length_is_cut_off_as_well(anonymous):
    chunks = (b" " * 65536 for _ in range(40))

    answer = anonymous.post(
        "/api/auth/login", content=chunks, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413


def test_an_error_nobody_foresaw_is_counted_and_told_without_its_insides(world, api):
    def explode(session: Db) -> None:
        raise RuntimeError("secret detail in services/kit/db.py")

    add(world, "/explode", explode)
    before = UNHANDLED._value.get()

    answer = api.post("/api/explode")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert UNHANDLED._value.get() == before + 1


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("SELECT 1", {}, Exception("gone away")), 503, "database_unavailable"),
        (NoConnectionFree("pool is empty"), 503, "database_unavailable"),
        (IntegrityError("INSERT", {}, Exception("UNIQUE")), 409, "conflict"),
    ],
)
def test_a_database_in_trouble_is_told_as_such(world, api, error, status, code):
    def fail(session: Db) -> None:
        raise error

    add(world, "/trouble", fail)

    answer = api.post("/api/trouble")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]
    assert "SELECT" not in answer.text


def test_a_route_commits_before_it_answers_and_rings_after(world, api):
    seen = []

    def write(session: Db, app: App) -> dict[str, int]:
        session.execute(text("UPDATE tenants SET name = 'Renamed' WHERE id = 1"))
        ring_after(session, "runtime.advance")
        assert world.doorbell.rung == []
        return {"ok": 1}

    class Bell:
        def ring(self, task: str) -> None:
            with world.database.read() as connection:
                name = connection.execute(text("SELECT name FROM tenants WHERE id = 1")).scalar()
            seen.append((task, name))

    object.__setattr__(world.app.state.parts, "doorbell", Bell())
    add(world, "/write", write)

    assert api.post("/api/write").status_code == 200
    assert seen == [("runtime.advance", "Renamed")]


def test_a_route_that_fails_keeps_nothing_and_rings_nobody(world, api):
    def fail(session: Db) -> None:
        session.execute(text("UPDATE tenants SET name = 'Renamed' WHERE id = 1"))
        ring_after(session, "runtime.advance")
        raise RuntimeError("after the write")

    add(world, "/fail", fail)

    assert api.post("/api/fail").status_code == 500
    with world.database.read() as connection:
        assert connection.execute(text("SELECT name FROM tenants WHERE id = 1")).scalar() != (
            "Renamed"
        )
    assert world.doorbell.rung == []


def test_more_writers_than_threads_do_not_lock_each_other_out(world):
    with world.client() as client:

        def make(number: int) -> None:
            for turn in range(2):
                client.post("/api/api-keys", json={"name": f"{number}.{turn}"})

        threads = [threading.Thread(target=make, args=(number,)) for number in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
    with world.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(ApiKey)).scalar_one() == 120


def test_it_is_ready_only_with_a_database_of_its_own_version(world, anonymous):
    assert anonymous.get("/api/health/live").json() == {"status": "ok"}
    assert anonymous.get("/api/health/ready").json() == {"status": "ok", "database": "ok"}

    with world.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    answer = anonymous.get("/api/health/ready")
    assert answer.status_code == 503
    assert "alir migrate" in answer.json()["database"]


def test_metrics_count_answers(anonymous):
    anonymous.get("/api/health/live")

    assert 'alir_http_requests_total{method="GET",status="200"}' in anonymous.get("/metrics").text


def test_the_api_docs_are_served_from_the_package_without_inline_scripts(anonymous):
    page = anonymous.get("/api-docs").text

    assert "//" not in page.replace("<!doctype html>", "")
    assert "<script>" not in page
    assert "style=" not in page
    for path in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "favicon-32x32.png"):
        assert f"/api-docs/{path}" in page
        assert anonymous.get(f"/api-docs/{path}").status_code == 200
    assert anonymous.get("/api-docs/../pyproject.toml").status_code == 404
    assert anonymous.get("/api-docs/index.html").status_code == 404
    assert anonymous.get("/api/openapi.json").json()["openapi"].startswith("3.1")
    assert anonymous.get("/api-docs/openapi.json").json()["openapi"] == "3.0.3"


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"type": "string", "nullable": True},
        ),
        (
            {"anyOf": [{"$ref": "#/x"}, {"type": "null"}]},
            {"anyOf": [{"$ref": "#/x"}], "nullable": True},
        ),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"exclusiveMinimum": 3}, {"minimum": 3, "exclusiveMinimum": True}),
        (
            {"type": "string", "contentMediaType": "application/octet-stream"},
            {"type": "string", "format": "binary"},
        ),
    ],
)
def test_the_viewer_gets_the_words_it_knows(new, old):
    assert to_3_0({"x": new})["x"] == old


def test_an_app_starts_and_stops(world):
    with TestClient(world.app) as client:
        assert client.get("/api/health/live").status_code == 200
