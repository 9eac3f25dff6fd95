"""Keyword rules over HTTP: who may do what, what is refused, and what a message is told."""

from typing import Any

import pytest
from sqlalchemy import insert

from services.media.models import MediaFile
from tests.conftest import Shop, World

RULES = "/api/auto-replies"
RULE: dict[str, Any] = {"keyword": "harga", "response_text": "{Halo|Hai} [nama|Kak], cek katalog."}


def made(client: Any, **changes: Any) -> dict[str, Any]:
    answer = client.post(RULES, json=RULE | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def trial(client: Any, text: str, **asked: Any) -> tuple[list[str], dict[str, str]]:
    answer = client.post(f"{RULES}/test", json={"text": text} | asked)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return (
        [one["name"] for one in body["applied"]],
        {one["name"]: one["why_not"] for one in body["matched_too"]},
    )


def test_a_rule_is_made_listed_changed_switched_and_deleted(api):
    rule = made(api)
    where = f"{RULES}/{rule['id']}"

    assert (rule["match_type"], rule["priority"], rule["is_active"]) == ("CONTAINS", 0, True)
    changed = api.patch(where, json={"priority": 5, "schedule": {"from": "2026-12-01"}})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["priority"], changed.json()["schedule"]) == (5, {"from": "2026-12-01"})
    assert api.patch(f"{where}/toggle").json()["is_active"] is False
    assert api.patch(f"{where}/toggle", json={"active": False}).json()["is_active"] is False
    assert api.get(RULES, params={"active": True}).json() == {"items": [], "next": None}
    assert [one["id"] for one in api.get(RULES, params={"search": "HARG"}).json()["items"]] == [
        rule["id"]
    ]
    assert api.delete(where).status_code == 204
    assert api.delete(where).status_code == 404


def test_rules_are_for_managers_of_the_same_account(world: World, api, other, anonymous):
    rule = made(api)
    where = f"{RULES}/{rule['id']}"
    agent = world.client(role="agent")

    assert anonymous.get(RULES).status_code == 401
    assert agent.get(RULES).status_code == 200
    assert agent.post(RULES, json=RULE).status_code == 403
    assert agent.patch(f"{where}/toggle").status_code == 403
    assert other.get(RULES).json()["items"] == []
    assert [other.patch(where, json={"priority": 1}).status_code] == [404]
    assert other.delete(where).status_code == 404
    assert trial(other, "harga") == ([], {})


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"keyword": ""}, ["keyword"]),
        ({"keyword": "x" * 101}, ["keyword"]),
        ({"keyword": "(a", "match_type": "REGEX"}, ["keyword"]),
        ({"keyword": r"(?=a)b", "match_type": "REGEX"}, ["keyword"]),
        ({"keywords": ["ok", "\ufe0f"]}, ["keywords.1"]),
        ({"keywords": ["harga"]}, ["keywords.0"]),
        ({"match_type": "GLOB"}, ["match_type"]),
        ({"response_text": "{Halo|Hai"}, ["response_text:1:1"]),
        ({"response_text": "a\nb }"}, ["response_text:2:3"]),
        ({"response_text": "  "}, ["response_text"]),
        ({"media_url": "nothing.jpg"}, ["media_url"]),
        ({"devices": ["nowhere"]}, ["devices.0"]),
        ({"schedule": {"hours": {"monday": ["08:00-09:00"]}}}, ["schedule.hours"]),
        ({"schedule": {"from": "2026-12-02", "until": "2026-12-01"}}, ["schedule.until"]),
        ({"cooldown_s": -1}, ["cooldown_s"]),
        ({"priority": 10**12}, ["priority"]),
        ({"colour": "red"}, ["colour"]),
        (
            {"keyword": "[", "match_type": "REGEX", "response_text": "{", "devices": ["x"]},
            ["keyword", "response_text:1:1", "devices.0"],
        ),
    ],
)
def test_what_can_never_work_is_refused_with_every_place(api, changes, fields):
    answer = api.post(RULES, json=RULE | changes)

    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["problems"]] == fields
    assert api.get(RULES).json()["items"] == []


def test_a_pattern_that_re2_refuses_is_told_why(api):
    answer = api.post(RULES, json=RULE | {"keyword": r"(\w)\1", "match_type": "REGEX"})

    problem = answer.json()["problems"][0]
    assert answer.status_code == 422
    assert "refused" in problem["message"]
    assert "back-references" in problem["hint"]


def test_a_change_is_checked_like_a_new_rule_and_leaves_the_old_one(api):
    rule = made(api)
    where = f"{RULES}/{rule['id']}"

    assert api.patch(where, json={"match_type": "REGEX", "keyword": "("}).status_code == 422
    assert api.patch(where, json={"keyword": None}).status_code == 422
    assert api.get(RULES).json()["items"] == [rule]


def test_a_file_of_the_library_is_the_answer(world: World, api):
    with world.database.write() as connection:
        connection.execute(
            insert(MediaFile),
            {
                "id": 7,
                "tenant_id": 1,
                "name": "abc.jpg",
                "filename": "katalog.jpg",
                "mimetype": "image/jpeg",
                "size_bytes": 5,
                "sha256": "0" * 64,
                "created_at": world.clock.now(),
            },
        )
    for reference in ("7", "abc.jpg", "media:abc.jpg"):
        rule = made(api, response_text="", media_url=reference)
        assert (rule["media_url"], rule["media_type"]) == ("media:abc.jpg", "image")
    kept = api.patch(f"{RULES}/{rule['id']}", json={"name": "B"}).json()
    gone = api.patch(
        f"{RULES}/{rule['id']}", json={"media_url": None, "response_text": "Katalog"}
    ).json()

    assert kept["media_url"] == "media:abc.jpg"
    assert (gone["media_url"], gone["media_type"]) == (None, None)
    assert api.post(f"{RULES}/test", json={"text": "harga"}).json()["applied"][0]["media"]


def test_another_accounts_file_is_no_file(world: World, other):
    with world.database.write() as connection:
        connection.execute(
            insert(MediaFile),
            {
                "id": 7,
                "tenant_id": 1,
                "name": "abc.jpg",
                "filename": "a.jpg",
                "mimetype": "image/jpeg",
                "size_bytes": 5,
                "sha256": "0" * 64,
                "created_at": world.clock.now(),
            },
        )

    assert other.post(RULES, json=RULE | {"media_url": "7"}).status_code == 422


def test_a_trial_tells_who_won_who_else_matched_and_who_rests(shop: Shop, api):
    device = shop.device("toko")
    assert device
    made(api, name="penting", priority=9, devices=["toko"])
    made(api, name="umum")
    made(api, name="nanti", schedule={"from": "2999-01-01"}, priority=20)

    assert trial(api, "Berapa HARGA nya?", device="toko") == (
        ["penting"],
        {"nanti": "not_yet", "umum": "after_a_rule_that_stops"},
    )
    assert trial(api, "harga", device="lain")[0] == ["umum"]
    assert trial(api, "halo") == ([], {})


def test_a_trial_shows_how_the_answer_may_read(shop: Shop, api):
    made(api)
    (contact_id,) = shop.contacts(1)

    anonymous = api.post(f"{RULES}/test", json={"text": "Harga??"}).json()
    known = api.post(f"{RULES}/test", json={"text": "harga", "contact_id": contact_id}).json()

    assert anonymous["read_as"] == "harga"
    assert anonymous["example"] in ("Halo Kak, cek katalog.", "Hai Kak, cek katalog.")
    assert "Orang" in known["example"]
    assert api.post(f"{RULES}/test", json={"text": "a", "contact_id": 999}).status_code == 404
