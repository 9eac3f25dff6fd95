"""Every refusal is byte for byte what WAHA was recorded to answer."""

import json
from pathlib import Path
from typing import Any

import pytest

SEND = {"session": "default", "chatId": "6281234567890@c.us", "text": "hi"}


def compact(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name"),
    [
        ("GET", "/api/nope", None, 404, "api.error.404.route"),
        ("GET", "/api/files/default/none.jpg", None, 404, "api.error.404.file"),
        ("GET", "/api/sessions/default", None, 404, "api.error.404.session_get"),
        ("GET", "/api/sessions/default/me", None, 404, "api.error.404.session_not_started"),
        ("POST", "/api/sessions/default/start", None, 404, "api.error.404.session_start"),
        ("POST", "/api/sendText", SEND, 422, "api.error.422.send_session_does_not_exist"),
        ("POST", "/api/sendText", {"chatId": "1@c.us"}, 422, "api.error.422.send_no_session"),
        ("POST", "/api/sendText", "{bad json", 400, "api.error.400.bad_json"),
        (
            "POST",
            "/api/sessions",
            {"name": "bad name!"},
            400,
            "api.error.400.validation_session_name",
        ),
        (
            "POST",
            "/api/sessions",
            {
                "name": "default",
                "config": {"webhooks": [{"url": "nota url", "events": ["bogus"]}]},
            },
            400,
            "api.error.400.validation_webhook",
        ),
        ("GET", "/ping", None, 200, "api.ping"),
        ("GET", "/health", None, 200, "api.health.200"),
        ("GET", "/api/server/version", None, 200, "api.server.version"),
    ],
)
async def test_an_empty_server_of_2025_answers_as_recorded(
    open_sandbox, samples, method, path, body, status, name
):
    sandbox = open_sandbox(version="2025.11.3", engine="NOWEB")
    content = body if isinstance(body, str) else None

    answer = await sandbox.http.request(
        method, path, content=content, json=body if content is None and body else None
    )

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.content == compact(samples(name))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "method", "path", "expected", "name"),
    [
        ("STARTING", "POST", "/api/sendText", 422, "api.error.422.send_status_not_working"),
        ("STOPPED", "POST", "/api/sendText", 422, "api.error.422.send_status_stopped"),
        ("STARTING", "GET", "/api/default/auth/qr", 422, "api.error.422.qr_status"),
        (
            "STARTING",
            "GET",
            "/api/screenshot?session=default",
            422,
            "api.error.422.screenshot_starting",
        ),
        (
            "STARTING",
            "POST",
            "/api/sessions/default/start",
            422,
            "api.error.422.start_already_started",
        ),
    ],
)
async def test_a_session_that_is_not_ready_refuses_as_recorded(
    open_sandbox, samples, status, method, path, expected, name
):
    sandbox = open_sandbox(version="2025.11.3", engine="NOWEB")
    await sandbox.http.post("/api/sessions", json={"name": "default", "start": False})
    await sandbox.http.post("/sandbox/phones/default/status", json={"status": status})

    answer = await sandbox.http.request(
        method, path, json=SEND if path == "/api/sendText" else None
    )

    assert answer.status_code == expected
    assert answer.content == compact(samples(name))


@pytest.mark.asyncio
async def test_a_second_session_of_one_name_is_refused_as_recorded(sandbox, samples):
    await sandbox.http.post("/api/sessions", json={"name": "default", "start": False})

    answer = await sandbox.http.post("/api/sessions", json={"name": "default"})

    assert answer.status_code == 422
    assert answer.content == compact(samples("api.error.422.session_already_exists"))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("version", "path", "headers", "status"),
    [
        ("2026.7.2", "/api/sessions", {}, 401),
        ("2026.7.2", "/api/sessions", {"X-Api-Key": "wrong"}, 401),
        ("2026.7.2", "/health", {}, 401),
        ("2026.7.2", "/api/files/default/none.jpg", {}, 401),
        ("2026.7.2", "/api/sessions?x-api-key=sandbox", {}, 200),
        ("2025.11.3", "/api/sessions?x-api-key=sandbox", {}, 401),
        ("2026.7.2", "/api/sessions", {"X-Api-Key": "sandbox"}, 200),
        ("2026.7.2", "/ping", {}, 200),
    ],
)
async def test_the_key_guards_what_waha_guards(
    open_sandbox, samples, version, path, headers, status
):
    sandbox = open_sandbox(version=version)
    del sandbox.http.headers["X-Api-Key"]

    answer = await sandbox.http.get(path, headers=headers)

    assert answer.status_code == status
    if status == 401:
        assert answer.content == compact(samples("api.error.401.no_key"))


@pytest.mark.asyncio
async def test_a_body_above_50_mib_is_a_500_and_not_a_413(sandbox, samples):
    whole = samples("api.error.500.payload_too_large")

    answer = await sandbox.http.post(
        "/api/sendText",
        content=b"x" * 53_000_009,
        headers={"Content-Type": "application/json"},
    )

    body = answer.json()
    assert answer.status_code == 500
    assert body.keys() == whole.keys()
    assert body["request"] == whole["request"]
    assert {**body["exception"], "stack": 0} == {**whole["exception"], "stack": 0}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("engine", "kind", "name"),
    [
        ("GOWS", "error_463", "api.error.500.GOWS.463"),
        ("GOWS", "no_lid", "api.error.500.GOWS.no_lid"),
    ],
)
async def test_engine_failures_look_as_users_reported_them(
    open_sandbox, samples, engine, kind, name
):
    sandbox = open_sandbox(version="2026.7.1", engine=engine)
    await sandbox.pair()
    await sandbox.faults({"kind": kind})

    answer = await sandbox.send()

    expected = samples(name)
    assert answer.status_code == 500
    body = answer.json()
    assert list(body) == list(expected)
    assert body | {"timestamp": ""} == expected | {"timestamp": ""}
    assert (await sandbox.summary())["delivered"] == 0


def test_every_sample_of_an_error_is_used_by_a_test():
    here = Path(__file__).parent
    told = "".join(path.read_text(encoding="utf-8") for path in here.glob("test_*.py"))

    names = {path.stem for path in (here / "samples").glob("api.error.*.json")}

    assert {name for name in names if name not in told} == set()
