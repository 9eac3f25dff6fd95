"""Generated from OpenAPI: who may use which route, and that nobody reaches another's rows."""

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import insert, select, text

from flows.models import Schedule, Trigger
from migrations.tables import metadata
from runtime.models import FlowRun
from services.webhooks.models import WebhookEvent
from tests.support.pictures import PDF

CANARY = "canary-of-tenant-two"

# role x route: U admin and user, A agent too, S only people who are signed in, P everybody.
ACCESS = {
    "GET /api/health/live": "P",
    "GET /api/health/ready": "P",
    "GET /api/schemas/flow.json": "P",
    "POST /api/auth/login": "P",
    "POST /api/auth/refresh": "P",
    "GET /api/auth/me": "A",
    "POST /api/auth/logout": "A S",
    "GET /api/api-keys": "U S",
    "POST /api/api-keys": "U S",
    "PATCH /api/api-keys/{key_id}": "U S",
    "DELETE /api/api-keys/{key_id}": "U S",
    "GET /api/blacklist": "A",
    "POST /api/blacklist": "U",
    "DELETE /api/blacklist/{phone}": "U",
    "GET /api/campaigns": "A",
    "POST /api/campaigns": "U",
    "GET /api/campaigns/{campaign_id}": "A",
    "PATCH /api/campaigns/{campaign_id}": "U",
    "DELETE /api/campaigns/{campaign_id}": "U",
    "POST /api/campaigns/{campaign_id}/start": "U",
    "POST /api/campaigns/{campaign_id}/pause": "U",
    "POST /api/campaigns/{campaign_id}/resume": "U",
    "POST /api/campaigns/{campaign_id}/cancel": "U",
    "GET /api/campaigns/{campaign_id}/stats": "A",
    "GET /api/campaigns/{campaign_id}/logs": "A",
    "GET /api/campaigns/{campaign_id}/report": "A",
    "GET /api/chats": "A",
    "GET /api/chats/{phone}": "A",
    "GET /api/chats/{phone}/messages": "A",
    "POST /api/chats/{phone}/send": "A",
    "POST /api/chats/{phone}/toggle-bot": "A",
    "POST /api/chats/{phone}/assign": "A",
    "POST /api/chats/{phone}/read": "A",
    "GET /api/contacts": "A",
    "POST /api/contacts": "U",
    "GET /api/contacts/tags": "A",
    "POST /api/contacts/tags": "U",
    "POST /api/contacts/upload": "U",
    "GET /api/contacts/imports/{import_id}": "A",
    "GET /api/contacts/imports/{import_id}/rejections": "A",
    "GET /api/contacts/{contact_id}": "A",
    "PATCH /api/contacts/{contact_id}": "U",
    "DELETE /api/contacts/{contact_id}": "U",
    "GET /api/devices": "A",
    "POST /api/devices": "U",
    "GET /api/devices/{session_name}": "A",
    "POST /api/devices/{session_name}/refresh": "A",
    "GET /api/devices/{session_name}/qr": "U",
    "DELETE /api/devices/{session_name}": "U",
    "PATCH /api/devices/{session_name}/toggle": "U",
    "POST /api/devices/{session_name}/pause": "U",
    "POST /api/devices/{session_name}/resume": "U",
    "GET /api/devices/{session_name}/lane": "A",
    "GET /api/media": "A",
    "POST /api/media": "A",
    "GET /api/media/{media_id}": "A",
    "GET /api/media/{media_id}/thumbnail": "A",
    "DELETE /api/media/{media_id}": "U",
    "GET /api/nodes": "A",
    "GET /api/flows": "A",
    "POST /api/flows": "U",
    "POST /api/flows/validate": "U",
    "GET /api/auto-replies": "A",
    "POST /api/auto-replies": "U",
    "POST /api/auto-replies/test": "A",
    "PATCH /api/auto-replies/{rule_id}": "U",
    "DELETE /api/auto-replies/{rule_id}": "U",
    "PATCH /api/auto-replies/{rule_id}/toggle": "U",
    "GET /api/webhook-events": "A",
    "GET /api/webhook-events/{event_id}": "U",
    "POST /api/webhook-events/{event_id}/replay": "U",
    "GET /api/rotators": "A",
    "POST /api/rotators": "U",
    "GET /api/rotators/{rotator_id}": "A",
    "PATCH /api/rotators/{rotator_id}": "U",
    "DELETE /api/rotators/{rotator_id}": "U",
    "GET /api/rotators/{rotator_id}/stats": "A",
    "GET /api/rotators/{rotator_id}/qr.png": "A",
    "GET /api/rotators/{rotator_id}/qr.svg": "A",
    "GET /api/webhook-endpoints/events": "A",
    "GET /api/webhook-endpoints": "U",
    "POST /api/webhook-endpoints": "U",
    "GET /api/webhook-endpoints/{endpoint_id}": "U",
    "PATCH /api/webhook-endpoints/{endpoint_id}": "U",
    "DELETE /api/webhook-endpoints/{endpoint_id}": "U",
    "POST /api/webhook-endpoints/{endpoint_id}/rotate-key": "U",
    "POST /api/webhook-endpoints/{endpoint_id}/test": "U",
    "POST /api/webhook-endpoints/{endpoint_id}/replay": "U",
    "GET /api/webhook-endpoints/{endpoint_id}/deliveries": "U",
    "POST /api/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/replay": "U",
    "GET /api/runs": "A",
    "GET /api/runs/dead": "A",
    "GET /api/runs/{run_id}": "A",
    "POST /api/runs/{run_id}/cancel": "U",
    "POST /api/runs/{run_id}/pause": "U",
    "POST /api/runs/{run_id}/resume": "U",
    "POST /api/runs/{run_id}/retry": "U",
    "POST /api/runs/{run_id}/replay": "U",
    "POST /api/flows/{flow_id}/trigger": "U",
    "GET /api/schedules": "A",
    "POST /api/schedules/preview": "A",
    "GET /api/schedules/{schedule_id}": "A",
    "PATCH /api/schedules/{schedule_id}": "U",
    "POST /api/schedules/{schedule_id}/confirm": "U",
    "POST /api/schedules/{schedule_id}/drop": "U",
    "GET /api/triggers": "U",
    "GET /api/triggers/{trigger_id}": "U",
    "PATCH /api/triggers/{trigger_id}": "U",
    "POST /api/triggers/{trigger_id}/rotate": "U",
    "POST /api/triggers/{trigger_id}/signing-key": "U",
    "DELETE /api/triggers/{trigger_id}/signing-key": "U",
    "GET /api/flows/{flow_id}": "A",
    "PUT /api/flows/{flow_id}": "U",
    "PATCH /api/flows/{flow_id}": "U",
    "DELETE /api/flows/{flow_id}": "U",
    "POST /api/flows/{flow_id}/validate": "U",
    "POST /api/flows/{flow_id}/test": "U",
    "POST /api/flows/{flow_id}/simulate": "U",
    "POST /api/flows/{flow_id}/publish": "U",
    "POST /api/flows/{flow_id}/rollback": "U",
    "GET /api/flows/{flow_id}/versions": "A",
    "GET /api/flows/{flow_id}/versions/{number}": "A",
    "GET /api/flows/{flow_id}/diff": "A",
    "GET /api/flows/{flow_id}/export": "A",
    "GET /api/flows/{flow_id}/update": "A",
    "POST /api/flows/{flow_id}/update": "U",
    "GET /api/templates": "A",
    "POST /api/templates": "U",
    "GET /api/templates/{key}": "A",
    "DELETE /api/templates/{key}": "U",
    "POST /api/templates/{key}/instantiate": "U",
}

# What a route needs in its body to get as far as its ids.
BODIES: dict[str, Any] = {
    "PATCH /api/api-keys/{key_id}": {"name": "x"},
    "PATCH /api/campaigns/{campaign_id}": {"name": "x"},
    "PATCH /api/contacts/{contact_id}": {"name": "x"},
    "POST /api/chats/{phone}/send": {"text": "x"},
    "POST /api/chats/{phone}/assign": {"user_id": None},
    "PATCH /api/rotators/{rotator_id}": {"name": "x"},
    "PATCH /api/auto-replies/{rule_id}": {"name": "x"},
    "PATCH /api/schedules/{schedule_id}": {"paused": True},
    "PATCH /api/webhook-endpoints/{endpoint_id}": {"is_on": False},
    "PATCH /api/triggers/{trigger_id}": {"is_on": False},
    "POST /api/flows/{flow_id}/trigger": {"inputs": {}},
    "POST /api/runs/{run_id}/replay": {},
    "PUT /api/flows/{flow_id}": {"source": "flow: alir/1\nid: x\nkind: broadcast\n"},
    "PATCH /api/flows/{flow_id}": {"is_active": False},
    "POST /api/flows/{flow_id}/simulate": {},
    "POST /api/flows/{flow_id}/rollback": {"version": 1},
    "POST /api/templates": {"flow_id": 1_000_000},
    "POST /api/templates/{key}/instantiate": {},
}
FORBIDDEN_FIELDS = ("tenant_id", "role_of_platform", "status", "created_at", "is_admin", "seed")
SAYABLE = {"SimulateIn": {"seed"}}
"""A try in memory: it draws as its caller likes."""
HIDDEN_WORDS = re.compile(r"hash|secret|sealed|webhook_key|seed|lease|password")


def routes(world) -> list[str]:
    paths = world.app.openapi()["paths"]
    return [
        f"{method.upper()} {path}" for path, methods in paths.items() for method in sorted(methods)
    ]


def ids_of_tenant_two(world, other, other_shop) -> dict[str, Any]:
    """One of everything, marked so that it would be seen in any answer."""
    contact = other.post(
        "/api/contacts", json={"phone": "081299999999", "name": CANARY, "tags": [CANARY]}
    ).json()
    campaign = other_shop.campaign("PROCESSING", name=CANARY)
    other_shop.recipients(campaign, ["SENT"], message_sent=CANARY)
    device = other_shop.device(CANARY, display_name=CANARY)
    key = other.post("/api/api-keys", json={"name": CANARY}).json()
    file = {"file": ("k.csv", f"No HP,Nama\n081288888888,{CANARY}\nabc,{CANARY}\n".encode())}
    taken = other.post("/api/contacts/upload", files=file, data={"source": CANARY}).json()
    other.post("/api/blacklist", json={"phone": "081277777777", "note": CANARY})
    media = other.post("/api/media", files={"file": (CANARY, PDF + b"canary")}).json()
    other_shop.chat("6281277777777", device, name=CANARY, text=CANARY)
    flow = other_shop.flow()[0]
    link = {"slug": "milik-dua", "name": CANARY, "target_numbers": [{"phone": "081266666666"}]}
    rule = {"name": CANARY, "keyword": CANARY, "response_text": CANARY}
    return {
        "rule_id": other.post("/api/auto-replies", json=rule).json()["id"],
        "event_id": _what_waha_told(world, device),
        "rotator_id": other.post("/api/rotators", json=link).json()["id"],
        "contact_id": contact["id"],
        "campaign_id": campaign,
        "session_name": CANARY,
        "key_id": key["id"],
        "import_id": taken["id"],
        "media_id": media["id"],
        "phone": "6281277777777",
        "flow_id": flow,
        **_what_starts_and_ran(world, other_shop),
        **_who_is_told(world, other),
        "number": 1,
        "key": other.post("/api/templates", json={"flow_id": flow}).json()["key"],
    }


def _what_waha_told(world, device: int) -> int:
    """An event that could not be dealt with."""
    with world.database.write() as connection:
        made = connection.execute(
            insert(WebhookEvent),
            {
                "tenant_id": 2,
                "device_id": device,
                "event_id": "evt_of_two",
                "type": "message",
                "raw": CANARY.encode(),
                "state": "DEAD",
                "attempts": 3,
                "error": CANARY,
                "received_at": world.clock.now(),
            },
        )
        return made.inserted_primary_key[0]


def _what_starts_and_ran(world, other_shop) -> dict[str, int]:
    """A run, a trigger and its schedule, named after the canary."""
    text_of = (
        f"flow: alir/1\nkind: schedule\nid: jadwal\nname: {CANARY}\ntriggers:\n"
        "  jam:\n    type: schedule\n    with: {cron: '0 9 * * 1'}\n    next: habis\n"
        "nodes:\n  habis: {type: stop}\n"
    )
    flow_id, version_id = other_shop.flow(text_of)
    now = world.clock.now()
    with world.database.write() as connection:
        run = connection.execute(
            insert(FlowRun),
            {
                "tenant_id": 2,
                "flow_id": flow_id,
                "flow_version_id": version_id,
                "trigger": "jam",
                "status": "DEAD",
                "reason": CANARY,
                "state": {"at": "habis", "trigger": {"name": CANARY}},
                "created_at": now,
            },
        )
        trigger = connection.execute(select(Trigger.id).where(Trigger.flow_id == flow_id))
        trigger_id = trigger.scalar_one()
        schedule = connection.execute(select(Schedule.id).where(Schedule.trigger_id == trigger_id))
        return {
            "run_id": run.inserted_primary_key[0],
            "trigger_id": trigger_id,
            "schedule_id": schedule.scalar_one(),
        }


def _who_is_told(world, other) -> dict[str, int]:
    """An address of tenant two, and what was delivered to it."""
    given = {"url": "https://two.example.com/in", "description": CANARY}
    made = other.post("/api/webhook-endpoints", json=given).json()["id"]
    other.post(f"/api/webhook-endpoints/{made}/test")
    listed = other.get(f"/api/webhook-endpoints/{made}/deliveries").json()["items"]
    return {"endpoint_id": made, "delivery_id": listed[0]["id"]}


def everything_of_tenant_two(world) -> dict[str, list[Any]]:
    found = {}
    with world.database.read() as connection:
        for name, table in metadata().tables.items():
            if "tenant_id" in table.c:
                rows = connection.execute(
                    text(f"SELECT * FROM {name} WHERE tenant_id = 2 ORDER BY 1")
                )
                found[name] = [tuple(row) for row in rows]
    return found


def test_the_table_of_access_names_every_route(world):
    assert sorted(routes(world)) == sorted(ACCESS)


def test_every_route_declares_what_the_table_says(world):
    from services.kit.http import Access, Public

    def told(route: APIRoute) -> str:
        for one in route.dependencies:
            if isinstance(one.dependency, Public):
                return "P"
            if isinstance(one.dependency, Access):
                role = "A" if "agent" in one.dependency.allowed else "U"
                return f"{role} S" if one.dependency.signed_in else role
        return "undeclared"

    declared = {}
    for context in iter_route_contexts(world.app.routes):
        route = context.route if hasattr(context, "route") else context
        original = getattr(context, "original_route", route)
        if isinstance(original, APIRoute):
            for method in original.methods:
                declared[f"{method} {context.path}"] = told(original)
    assert {key: value for key, value in declared.items() if key in ACCESS} == ACCESS


@pytest.mark.parametrize("route", sorted(ACCESS))
def test_a_route_refuses_whoever_it_is_not_for(world, route):
    method, path = route.split()
    path = re.sub(r"\{\w+\}", "999", path)
    access = ACCESS[route]

    def status(client) -> int:
        return client.request(method, path, json=BODIES.get(route)).status_code

    if access == "P":
        assert status(world.client(None)) not in (401, 403)
        return
    assert status(world.client(None)) == 401
    assert (status(world.client(1, "agent")) == 403) is (not access.startswith("A"))
    for role in ("user", "admin"):
        if route != "POST /api/devices":  # would talk to WAHA
            assert status(world.client(1, role)) not in (401, 403)


@pytest.mark.parametrize("route", sorted(key for key, value in ACCESS.items() if "S" in value))
def test_an_api_key_may_not_do_what_only_people_do(world, api, route):
    key = api.post("/api/api-keys", json={"name": "k"}).json()["key"]
    method, path = route.split()

    answer = world.client(None).request(
        method, path.replace("{key_id}", "1"), headers={"X-Api-Key": key}, json={"name": "x"}
    )

    assert answer.status_code == 403


def test_nobody_reaches_or_sees_a_row_of_another_tenant(world, api, other, other_shop):
    ids = ids_of_tenant_two(world, other, other_shop)
    before = everything_of_tenant_two(world)
    unknown = set()

    for route in ACCESS:
        method, path = route.split()
        names = re.findall(r"\{(\w+)\}", path)
        if route in ("POST /api/devices", "POST /api/auth/logout") or ACCESS[route] == "P":
            continue
        unknown |= set(names) - set(ids)
        answer = api.request(
            method,
            path.format(**ids),
            json=BODIES.get(route),
            headers={"If-Match": '"1"'},
        )
        if names:
            assert answer.status_code == 404, (route, answer.status_code, answer.text)
        assert CANARY not in answer.text, route

    assert not unknown, f"give these ids a fixture: {unknown}"
    flow_id, version_id = other_shop.flow()
    for body in ({"flow_id": flow_id}, {"flow_version_id": version_id}):
        answer = api.post("/api/campaigns", json={"name": "x", "params": {}, **body})
        assert answer.status_code in (404, 409)
    for query in ("search=canary", f"tag={CANARY}"):
        assert api.get(f"/api/contacts?{query}").json()["items"] == []
    assert everything_of_tenant_two(world) == before


def test_no_request_takes_what_is_not_the_callers_to_say(world):
    schemas = world.app.openapi()["components"]["schemas"]
    inputs = {
        name: one for name, one in schemas.items() if one.get("additionalProperties") is False
    }
    assert {"CampaignIn", "ContactIn", "DeviceIn", "FlowIn", "EntryIn"} <= set(inputs)
    for name, schema in inputs.items():
        found = set(schema.get("properties", {})) & set(FORBIDDEN_FIELDS)
        assert found <= SAYABLE.get(name, set()), name


def test_no_answer_has_a_place_for_a_secret(world):
    document = world.app.openapi()
    for name, schema in document["components"]["schemas"].items():
        if schema.get("additionalProperties") is False:
            continue  # what comes in
        found = [
            field
            for field in schema.get("properties", {})
            if HIDDEN_WORDS.search(field) and field != "content_hash"
        ]
        assert not found, (name, found)
