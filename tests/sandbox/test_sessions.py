"""Sessions live, pair, break and end as WAHA's do."""

import asyncio
import base64
import json
from typing import Any

import pytest

WEBHOOK = {
    "url": "http://127.0.0.1:4001/waha",
    "events": ["message", "session.status"],
    "hmac": {"key": "s3cret"},
    "retries": {"policy": "linear", "delaySeconds": 1, "attempts": 4},
    "customHeaders": [{"name": "X-Tenant", "value": "t1"}],
}
CONFIG = {"metadata": {"tenant.id": "t1"}, "webhooks": [WEBHOOK]}
LEGACY = {"version": "2025.11.3", "engine": "NOWEB"}


def compact(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


async def until_status(sandbox, status, name="default"):
    async with asyncio.timeout(10):
        while sandbox.world.sessions[name].status != status:
            await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_create_list_get_and_stop_answer_as_recorded(open_sandbox, samples):
    sandbox = open_sandbox(**LEGACY)
    body = {"name": "default", "start": True, "config": CONFIG}

    created = await sandbox.http.post("/api/sessions", json=body)
    shown = await sandbox.http.get("/api/sessions/default")
    listed = await sandbox.http.get("/api/sessions")
    me = await sandbox.http.get("/api/sessions/default/me")
    stopped = await sandbox.http.post("/api/sessions/default/stop")
    all_listed = await sandbox.http.get("/api/sessions?all=true")
    running = await sandbox.http.get("/api/sessions")

    assert (created.status_code, created.content) == (
        201,
        compact(samples("api.session.create.201")),
    )
    assert shown.content == compact(samples("api.session.get.starting"))
    assert listed.content == compact(samples("api.sessions.list"))
    assert (me.status_code, me.content, me.headers.get("content-type")) == (200, b"", None)
    assert (stopped.status_code, stopped.content) == (201, compact(samples("api.session.stop")))
    assert all_listed.content == compact(samples("api.sessions.list.all"))
    assert running.json() == []


@pytest.mark.asyncio
async def test_delete_has_no_body_and_may_be_repeated(sandbox):
    await sandbox.pair()

    first = await sandbox.http.delete("/api/sessions/default")
    second = await sandbox.http.delete("/api/sessions/default")

    for answer in (first, second):
        assert (answer.status_code, answer.content) == (200, b"")
        assert "content-type" not in answer.headers
    assert (await sandbox.http.get("/api/sessions/default")).status_code == 404


@pytest.mark.asyncio
async def test_a_paired_session_shows_itself_as_in_the_sample(sandbox, samples):
    await sandbox.pair(metadata={"tenant.id": "t1"}, webhooks=[])
    capping = {"total": 1000, "used": 640, "cycle_start": 1782874800, "cycle_end": 1785553199}
    await sandbox.http.post("/sandbox/phones/default/capping", json=capping)

    body = (await sandbox.http.get("/api/sessions/default")).json()

    expected = samples("api.session.get.working")
    assert list(body) == list(expected)
    assert body["me"] | {"lid": ""} == expected["me"] | {"lid": ""}
    assert body["engine"] == expected["engine"]


@pytest.mark.asyncio
async def test_the_qr_code_comes_as_png_as_base64_and_raw(sandbox, samples):
    await sandbox.http.post("/api/sessions", json={"name": "default", "start": True})

    png = await sandbox.http.get("/api/default/auth/qr")
    as_json = await sandbox.http.get("/api/default/auth/qr", headers={"Accept": "application/json"})
    raw = await sandbox.http.get("/api/default/auth/qr?format=raw")

    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")
    assert as_json.json().keys() == samples("api.qr.base64").keys()
    assert base64.b64decode(as_json.json()["data"]) == png.content
    assert raw.json().keys() == samples("api.qr.raw").keys()
    assert raw.json()["value"].startswith("2@")


@pytest.mark.asyncio
async def test_a_pairing_code_names_the_phone_that_scans(sandbox):
    await sandbox.http.post("/api/sessions", json={"name": "default", "start": True})

    code = await sandbox.http.post(
        "/api/default/auth/request-code", json={"phoneNumber": "62811555"}
    )
    await sandbox.http.post("/sandbox/phones/default/scan", json={})

    assert code.status_code == 201
    assert len(code.json()["code"]) == len("ABCD-ABCD")
    me = (await sandbox.http.get("/api/sessions/default/me")).json()
    assert me["id"] == "62811555@c.us"


@pytest.mark.asyncio
async def test_a_code_that_nobody_scans_is_renewed_and_then_fails(open_sandbox):
    sandbox = open_sandbox(qr_first_s=0.0, qr_next_s=0.0, qr_codes_max=3)
    await sandbox.http.post("/api/sessions", json={"name": "default", "start": True})

    await until_status(sandbox, "FAILED")

    words = [one["status"] for one in sandbox.world.sessions["default"].statuses]
    assert words == ["SCAN_QR_CODE", "SCAN_QR_CODE", "FAILED"]


@pytest.mark.asyncio
async def test_a_passkey_stands_between_the_scan_and_working(sandbox):
    await sandbox.http.post("/api/sessions", json={"name": "default", "start": True})
    seen = []
    for path, body in (
        ("/sandbox/phones/default/scan", {"passkey": True}),
        ("/api/default/auth/passkey", {}),
        ("/api/default/auth/passkey/confirm", {}),
    ):
        await sandbox.http.post(path, json=body)
        seen.append(sandbox.world.sessions["default"].status)

    assert seen == ["PASSKEY_REQUIRED", "PASSKEY_CONFIRMATION_REQUIRED", "WORKING"]


@pytest.mark.asyncio
async def test_a_lost_link_says_starting_again_and_again_and_comes_back(sandbox, receiver):
    await sandbox.pair(webhooks=[{"url": receiver.url, "events": ["session.status"]}])

    await sandbox.http.post("/sandbox/phones/default/disconnect", json={"seconds": 0.05})
    await receiver.until(
        lambda got: (
            [one["payload"]["status"] for one in got.of("session.status")].count("WORKING") == 2
        )
    )

    words = [one["payload"]["status"] for one in receiver.of("session.status")]
    assert words.count("STARTING") >= 3


@pytest.mark.asyncio
async def test_logging_out_keeps_the_config_and_asks_for_a_new_scan(sandbox):
    await sandbox.pair(metadata={"a": "b"})

    answer = await sandbox.http.post("/api/sessions/default/logout")
    await until_status(sandbox, "SCAN_QR_CODE")

    assert answer.status_code == 201
    assert answer.json()["config"] == {"metadata": {"a": "b"}}


@pytest.mark.asyncio
async def test_logging_out_from_the_phone_fails_the_session(sandbox):
    await sandbox.pair()

    await sandbox.http.post("/sandbox/phones/default/unlink", json={})

    body = (await sandbox.http.get("/api/sessions/default")).json()
    assert (body["status"], body["me"]) == ("FAILED", None)


@pytest.mark.asyncio
async def test_put_replaces_the_config_and_restarts(sandbox):
    await sandbox.pair(metadata={"a": "b"})

    answer = await sandbox.http.put("/api/sessions/default", json={"config": {"debug": True}})
    await until_status(sandbox, "WORKING")

    assert answer.json()["config"] == {"debug": True}
    words = [one["status"] for one in sandbox.world.sessions["default"].statuses]
    assert words == ["STOPPED", "STARTING", "WORKING"]


@pytest.mark.asyncio
async def test_two_sessions_can_not_share_a_phone(sandbox):
    await sandbox.pair()
    await sandbox.http.post("/api/sessions", json={"name": "second", "start": True})

    answer = await sandbox.http.post("/sandbox/phones/second/scan", json={"phone": "6281100000001"})

    assert answer.status_code == 422
    assert "already linked" in answer.json()["message"]


@pytest.mark.asyncio
async def test_sessions_messages_and_ledger_survive_a_restart_of_the_sandbox(
    open_sandbox, tmp_path
):
    first = open_sandbox(data_dir=tmp_path)
    await first.pair()
    sent = (await first.send("tetap ada")).json()["id"]
    await first.http.post(
        "/sandbox/inbound", json={"session": "default", "from": "62812", "text": "hai"}
    )
    await first.world.close()
    with (tmp_path / "ledger.jsonl").open("ab") as ledger:
        ledger.write(b'{"outcome": "deliv')  # killed inside a write

    second = open_sandbox(data_dir=tmp_path)
    async with second.app.router.lifespan_context(second.app):
        await until_status(second, "WORKING")
        found = await second.http.get(f"/api/default/chats/all/messages/{sent.split('_')[2]}")
        listed = await second.http.get("/api/default/chats/all/messages?filter.fromMe=false")
        again = await second.send("tetap ada")

        assert found.json()["body"] == "tetap ada"
        assert [one["body"] for one in listed.json()] == ["hai"]
        assert again.status_code == 201
        summary = await second.summary()
        assert (summary["delivered"], summary["duplicates"]) == (2, 1)
