import csv
import io
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from services.campaigns import service
from services.campaigns.models import Campaign
from services.devices.models import DeviceLane
from services.kit.models import OutboxEvent
from services.messages import ledger

PARAMS = {"audience_tag": "Lead", "message": "{Halo|Hai} [nama]"}


def events(world) -> list[tuple[int, str, int]]:
    with world.database.read() as connection:
        rows = connection.execute(select(OutboxEvent.__table__).order_by(OutboxEvent.id)).all()
    return [(row.tenant_id, row.name, row.payload["campaign_id"]) for row in rows]


def make(api, shop, **changes):
    body = {"name": "Promo", "flow_id": shop.flow()[0], "params": PARAMS} | changes
    answer = api.post("/api/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_campaign_is_born_a_draft_with_its_parameters_filled_and_its_seed_drawn(world, api, shop):
    campaign = make(api, shop)

    assert campaign["status"] == "DRAFT"
    assert campaign["params"]["delay_max"] == 20
    assert campaign["message_template"] == "{Halo|Hai} [nama]"
    assert campaign["target_tags"] == ["Lead"]
    assert (campaign["delay_min"], campaign["delay_max"]) == (5, 20)
    with world.database.read() as connection:
        seed = connection.execute(select(Campaign.seed)).scalar_one()
    assert len(seed) == 32
    assert "seed" not in campaign


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"audience_tag": "Lead", "message": ""}, "params.message"),
        ({"audience_tag": "Lead", "message": 5}, "params.message"),
        ({**PARAMS, "delay_min": -1}, "params.delay_min"),
        ({**PARAMS, "delay_min": 20, "delay_max": 10}, "params.delay_min"),
        ({**PARAMS, "message": "{Halo|Hai [nama]"}, "params.message"),
    ],
)
def test_parameters_that_the_flow_refuses_are_all_named(api, shop, params, field):
    body = {"name": "Promo", "flow_id": shop.flow()[0], "params": params}

    answer = api.post("/api/campaigns", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_params")
    assert any(one["field"].startswith(field) for one in answer.json()["problems"])


def test_a_flow_of_somebody_else_or_without_a_version_makes_no_campaign(api, shop, other_shop):
    theirs, their_version = other_shop.flow()

    for given, status in (
        ({"flow_id": theirs}, 409),
        ({"flow_version_id": their_version}, 404),
        ({}, 422),
        ({"flow_id": 1, "flow_version_id": 1}, 422),
    ):
        answer = api.post("/api/campaigns", json={"name": "x", "params": PARAMS, **given})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "extra", [{"status": "COMPLETED"}, {"tenant_id": 2}, {"seed": "x"}, {"sent_count": 9}]
)
def test_nobody_sets_what_is_not_theirs_to_set(api, shop, extra):
    body = {"name": "x", "flow_id": shop.flow()[0], "params": PARAMS, **extra}

    assert api.post("/api/campaigns", json=body).status_code == 422


def test_a_start_prepares_and_tells_the_runtime_after_the_commit(world, api, shop):
    shop.device()
    shop.contacts()
    campaign = make(api, shop)

    started = api.post(f"/api/campaigns/{campaign['id']}/start")

    assert started.status_code == 200, started.text
    assert started.json()["status"] == "PREPARING"
    assert events(world) == [(1, "campaign.started", campaign["id"])]
    assert world.doorbell.rung == ["runtime.send_due", "runtime.take_events"]
    again = api.post(f"/api/campaigns/{campaign['id']}/start")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_a_start_sent_twice_under_one_key_has_one_effect(world, api, shop):
    shop.device()
    shop.contacts()
    campaign = make(api, shop)
    second = make(api, shop, flow_id=None, flow_version_id=campaign["flow_version_id"])
    headers = {"Idempotency-Key": "start-1"}

    first = api.post(f"/api/campaigns/{campaign['id']}/start", headers=headers)
    twice = api.post(f"/api/campaigns/{campaign['id']}/start", headers=headers)
    other = api.post(f"/api/campaigns/{second['id']}/start", headers=headers)

    assert first.status_code == twice.status_code == 200
    assert first.json() == twice.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(events(world)) == 1


@pytest.mark.parametrize(
    ("devices", "params", "code", "words"),
    [
        ([], {}, "device_not_paired", "scan its QR code"),
        ([("a", "SCAN_QR", True)], {}, "device_not_paired", "Scan the QR code"),
        ([("a", "DISCONNECTED", True)], {}, "device_not_paired", "paired with WhatsApp: a"),
        ([("a", "CONNECTED", False)], {}, "device_not_active", "Switch broadcasting on"),
        ([("a", "CONNECTED", True)], {"devices": ["gone"]}, "unknown_device", "'gone'"),
        (
            [("a", "CONNECTED", True), ("b", "FAILED", True)],
            {"devices": ["b"]},
            "device_not_paired",
            "b",
        ),
        ([("a", "CONNECTED", True)], {"audience_tag": "Nobody"}, "audience_empty", "'Nobody'"),
    ],
)
def test_what_keeps_a_campaign_from_starting_is_told_with_the_way_out(
    world, api, shop, devices, params, code, words
):
    for name, status, active in devices:
        shop.device(name, status, is_active_for_broadcast=active)
    shop.contacts()
    campaign = make(api, shop, params=PARAMS | params)

    answer = api.post(f"/api/campaigns/{campaign['id']}/start")

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert words in answer.json()["detail"] + answer.json()["hint"]
    assert answer.json()["hint"]
    assert api.get(f"/api/campaigns/{campaign['id']}").json()["status"] == "DRAFT"
    assert events(world) == []


@pytest.mark.parametrize(
    ("status", "values", "action", "becomes", "event"),
    [
        ("PREPARING", {}, "pause", "PAUSED", "campaign.paused"),
        ("PROCESSING", {}, "pause", "PAUSED", "campaign.paused"),
        ("PAUSED", {"target_count": 5, "run_id": 1}, "resume", "PROCESSING", "campaign.resumed"),
        ("PAUSED", {"target_count": 0, "run_id": 1}, "resume", "PREPARING", "campaign.resumed"),
        ("PAUSED", {"target_count": 0}, "resume", "PREPARING", "campaign.started"),
        ("HELD", {}, "resume", "PREPARING", "campaign.started"),
        ("DRAFT", {}, "cancel", "CANCELLED", "campaign.cancelled"),
        ("PROCESSING", {"run_id": 1}, "cancel", "CANCELLED", "campaign.cancelled"),
        ("PAUSED", {"run_id": 1}, "cancel", "CANCELLED", "campaign.cancelled"),
    ],
)
def test_a_campaign_moves_and_says_so(world, api, shop, status, values, action, becomes, event):
    shop.device()
    campaign_id = shop.campaign(status, **values)

    answer = api.post(f"/api/campaigns/{campaign_id}/{action}")

    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == becomes
    assert events(world) == [(1, event, campaign_id)]
    assert "runtime.take_events" in world.doorbell.rung


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("DRAFT", "pause"),
        ("DRAFT", "resume"),
        ("PAUSED", "pause"),
        ("PROCESSING", "resume"),
        ("PROCESSING", "start"),
        ("COMPLETED", "start"),
        ("COMPLETED", "cancel"),
        ("CANCELLED", "resume"),
        ("CANCELLED", "cancel"),
    ],
)
def test_a_move_that_may_not_follow_is_a_conflict(world, api, shop, status, action):
    shop.device()
    shop.contacts()
    campaign_id = shop.campaign(status)

    answer = api.post(f"/api/campaigns/{campaign_id}/{action}")

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert events(world) == []
    assert world.doorbell.rung == []


def test_a_resume_makes_the_lanes_with_messages_due(world, api, shop):
    device_id, idle_id = shop.device("busy"), shop.device("idle")
    campaign_id = shop.campaign("PAUSED", target_count=1, run_id=1)
    now = datetime.now(UTC)
    with world.database.write() as connection:
        ledger.enqueue(
            connection,
            [
                ledger.NewMessage(
                    1, device_id, "BROADCAST", "text", 40, "62812", campaign_id=campaign_id
                )
            ],
            now,
        )
        connection.execute(update(DeviceLane).values(due_at=None))

    assert api.post(f"/api/campaigns/{campaign_id}/resume").status_code == 200

    with world.database.read() as connection:
        due = {
            row.device_id: row.due_at is not None
            for row in connection.execute(select(DeviceLane.device_id, DeviceLane.due_at))
        }
    assert due == {device_id: True, idle_id: False}


def test_only_a_draft_is_changed_or_deleted(api, shop):
    draft = shop.campaign()
    changed = api.patch(
        f"/api/campaigns/{draft}", json={"name": "New", "params": {**PARAMS, "delay_min": 9}}
    ).json()
    assert (changed["name"], changed["delay_min"]) == ("New", 9)
    assert api.patch(f"/api/campaigns/{draft}", json={"params": {"message": ""}}).status_code == 422
    assert api.delete(f"/api/campaigns/{draft}").status_code == 204
    assert api.get(f"/api/campaigns/{draft}").status_code == 404

    running = shop.campaign("PROCESSING", flow_id=1)
    assert api.patch(f"/api/campaigns/{running}", json={"name": "x"}).status_code == 409
    assert api.delete(f"/api/campaigns/{running}").status_code == 409


def test_stats_count_every_recipient_in_its_state(world, api, shop):
    device_id = shop.device("one")
    campaign_id = shop.campaign("PROCESSING", target_count=10)
    shop.recipients(campaign_id, ["SENT", "READ", "DELIVERED"], device_id=device_id)
    shop.recipients(campaign_id, ["FAILED", "FAILED"], reason="not_on_whatsapp")
    shop.recipients(campaign_id, ["SKIPPED"], reason="blacklisted")
    shop.recipients(campaign_id, ["QUEUED", "SENDING", "UNKNOWN", "CANCELLED"])

    stats = api.get(f"/api/campaigns/{campaign_id}/stats").json()

    assert stats["recipients"] == 10
    assert stats["by_state"] == {
        "QUEUED": 1,
        "SENDING": 1,
        "SENT": 1,
        "DELIVERED": 1,
        "READ": 1,
        "FAILED": 2,
        "SKIPPED": 1,
        "CANCELLED": 1,
        "UNKNOWN": 1,
    }
    assert stats["by_reason"] == {"not_on_whatsapp": 2, "blacklisted": 1}
    assert stats["per_device"] == {"one": 3}
    assert (stats["reached"], stats["share_done"], stats["share_failed"]) == (3, 0.8, 0.2)


def test_logs_come_in_pages_and_by_state(api, shop):
    campaign_id = shop.campaign("PROCESSING")
    shop.recipients(campaign_id, ["SENT"] * 5 + ["FAILED"] * 2)

    first = api.get(f"/api/campaigns/{campaign_id}/logs?limit=4").json()
    rest = api.get(f"/api/campaigns/{campaign_id}/logs?limit=4&after={first['next']}").json()
    failed = api.get(f"/api/campaigns/{campaign_id}/logs?status=FAILED").json()

    assert [len(first["items"]), len(rest["items"])] == [4, 3]
    assert rest["next"] is None
    assert [one["position"] for one in first["items"] + rest["items"]] == list(range(7))
    assert len(failed["items"]) == 2
    assert api.get(f"/api/campaigns/{campaign_id}/logs?status=NOPE").status_code == 422


def test_the_report_names_every_recipient_and_no_formula(world, api, shop):
    device_id = shop.device("one")
    campaign_id = shop.campaign("COMPLETED", target_count=3)
    shop.recipients(
        campaign_id,
        ["SENT"],
        device_id=device_id,
        message_sent='=HYPERLINK("x")\nHalo',
        sent_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    shop.recipients(campaign_id, ["FAILED", "FAILED"], reason="not_on_whatsapp")

    answer = api.get(f"/api/campaigns/{campaign_id}/report")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    text = api.get(f"/api/campaigns/{campaign_id}/report?format=text").text

    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="campaign-{campaign_id}.csv"'
    )
    assert [row["status"] for row in rows] == ["SENT", "FAILED", "FAILED"]
    assert rows[0]["message"] == '\'=HYPERLINK("x")\nHalo'
    assert (rows[0]["device"], rows[0]["sent_at"]) == ("one", "2026-01-02 10:04:05")
    assert rows[1]["reason"] == "not_on_whatsapp"
    assert "Recipients 3" in text
    assert "66.7%" in text


def test_a_list_shows_only_ones_own_newest_first(api, other, shop, other_shop):
    flow_id = shop.flow()[0]
    mine = [shop.campaign(flow_id=flow_id), shop.campaign("PAUSED", flow_id=flow_id)]
    theirs = other_shop.campaign()

    assert [one["id"] for one in api.get("/api/campaigns").json()["items"]] == mine[::-1]
    assert [one["id"] for one in other.get("/api/campaigns").json()["items"]] == [theirs]
    paused = api.get("/api/campaigns?status=PAUSED").json()["items"]
    assert [one["id"] for one in paused] == [mine[1]]


def test_a_start_can_be_called_without_http(world, shop):
    shop.device()
    shop.contacts()
    campaign_id = shop.campaign()
    with world.database.session() as session:
        service.start(session, 1, campaign_id, datetime.now(UTC))

    assert events(world) == [(1, "campaign.started", campaign_id)]
