import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import uvicorn
from sqlalchemy import select, update

from sandbox.app import create_app
from sandbox.config import Config
from services.devices.models import Device, DeviceLane, WahaServer
from services.integrations.waha.client import WahaClient
from services.messages import ledger

KEY = "the-key-of-waha"


@pytest.fixture(scope="module")
def waha_url() -> Iterator[str]:
    """A sandbox on a free port."""
    app = create_app(Config(engine="NOWEB", api_key=KEY, time_scale=0.02))
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="error", ws="none", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"http://{host}:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def paired(make_world, waha_url):
    world = make_world(waha=WahaClient)
    world.settings.waha_url = waha_url
    return world


def control(waha_url: str, method: str, path: str, **options):
    answer = httpx.request(method, f"{waha_url}{path}", headers={"X-Api-Key": KEY}, **options)
    answer.raise_for_status()
    return answer.json()


def until(api, name: str, status: str) -> dict:
    for _ in range(200):
        device = api.post(f"/api/devices/{name}/refresh").json()
        if device["status"] == status:
            return device
        threading.Event().wait(0.02)
    raise AssertionError(f"the device never became {status}: {device}")


def test_a_device_is_added_scanned_used_and_let_go(paired, waha_url):
    api = paired.client()
    made = api.post("/api/devices", json={"display_name": "Toko 1"})
    assert made.status_code == 201, made.text
    name = made.json()["session_name"]

    session = control(waha_url, "GET", f"/api/sessions/{name}")
    hook = session["config"]["webhooks"][0]
    with paired.database.read() as connection:
        row = connection.execute(select(Device.__table__)).one()
        server = connection.execute(select(WahaServer.__table__)).one()
        lanes = connection.execute(select(DeviceLane.device_id)).scalars().all()
    assert hook["url"] == f"http://alir.example/webhooks/waha/{row.webhook_key}"
    assert hook["hmac"]["key"] == paired.sealer.open(row.webhook_secret_sealed)
    assert session["config"]["noweb"]["store"]["enabled"] is True
    assert lanes == [row.id]
    for sealed in (server.api_key_sealed, row.webhook_secret_sealed):
        assert KEY not in sealed
        assert hook["hmac"]["key"] not in sealed
    assert hook["hmac"]["key"] not in made.text

    until(api, name, "SCAN_QR")
    picture = api.get(f"/api/devices/{name}/qr")
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")

    control(waha_url, "POST", f"/sandbox/phones/{name}/scan", json={"phone": "6281100000009"})
    device = until(api, name, "CONNECTED")
    assert device["phone_number"] == "6281100000009"
    assert device["paired_at"] is not None
    late = api.get(f"/api/devices/{name}/qr")
    assert late.status_code == 409
    assert late.json()["hint"]

    assert api.delete(f"/api/devices/{name}").status_code == 204
    assert api.get(f"/api/devices/{name}").status_code == 404
    assert api.get("/api/devices").json() == []
    names = [one["name"] for one in control(waha_url, "GET", "/api/sessions?all=true")]
    assert name not in names


def test_a_server_that_is_away_leaves_no_half_made_device(paired):
    paired.settings.waha_url = "http://127.0.0.1:9"

    answer = paired.client().post("/api/devices", json={})

    assert answer.status_code == 503
    assert answer.json()["hint"]
    assert "Retry-After" in answer.headers
    assert paired.client().get("/api/devices").json() == []


def test_a_wrong_key_of_the_server_is_told_as_such(paired):
    paired.settings.waha_api_key = "wrong"

    answer = paired.client().post("/api/devices", json={})

    assert answer.status_code == 503
    assert "wrong" not in answer.text.replace("went wrong", "").replace("is wrong", "")


def test_a_device_is_switched_off_and_on_for_broadcasts(api, shop):
    shop.device("one")

    def toggled(**options) -> bool:
        return api.patch("/api/devices/one/toggle", **options).json()["is_active_for_broadcast"]

    assert toggled() is False
    assert toggled() is True
    assert toggled(json={"active": True}) is True
    assert toggled(json={"active": False}) is False


def test_a_paused_device_waits_for_a_person_and_then_rings_its_lane(world, api, shop):
    device_id = shop.device("one")

    paused = api.post("/api/devices/one/pause").json()
    assert (paused["health"], paused["health_reason"]) == ("PAUSED", "by_person")
    assert api.post("/api/devices/one/pause").status_code == 409

    with world.database.write() as connection:
        connection.execute(update(DeviceLane).values(due_at=None))
    assert api.post("/api/devices/one/resume").json()["health"] == "OK"
    assert api.post("/api/devices/one/resume").status_code == 409
    assert world.doorbell.rung == ["runtime.send_due"]
    with world.database.read() as connection:
        due_at = connection.execute(
            select(DeviceLane.due_at).where(DeviceLane.device_id == device_id)
        ).scalar()
    assert due_at is not None


def test_a_lane_shows_what_waits_and_when_it_may_leave(world, api, shop):
    device_id = shop.device("one")
    with world.database.write() as connection:
        ledger.enqueue(
            connection,
            [ledger.NewMessage(1, device_id, "BROADCAST", "text", 40, f"6281{n}") for n in (1, 2)],
            datetime.now(UTC) - timedelta(seconds=1),
        )

    lane = api.get("/api/devices/one/lane").json()

    assert (lane["session_name"], lane["waiting"]) == ("one", 2)
    assert lane["due_at"] is not None
    busy = api.delete("/api/devices/one")
    assert (busy.status_code, busy.json()["code"]) == (409, "device_busy")


def test_a_device_of_another_tenant_is_not_there(api, other_shop):
    other_shop.device("theirs")

    for method, path in (
        ("GET", ""),
        ("POST", "/refresh"),
        ("GET", "/qr"),
        ("GET", "/lane"),
        ("PATCH", "/toggle"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("DELETE", ""),
    ):
        assert api.request(method, f"/api/devices/theirs{path}").status_code == 404
    assert api.get("/api/devices").json() == []
