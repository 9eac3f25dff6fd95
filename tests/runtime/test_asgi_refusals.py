"""What the API says to what can't be: numbers no column holds, missed addresses, no JSON object."""

import json
import re

import pytest

from tests.runtime.test_asgi_access import ACCESS, BODIES

NUMBERS = ("9223372036854775807", "9223372036854775808", "99999999999999999999", "9" * 5000)


@pytest.fixture
def owner(world):
    return world.client(role="admin")


@pytest.mark.parametrize("route", [one for one in ACCESS if re.search(r"\{\w+_id\}", one)])
def test_a_number_that_nobody_has_is_nobodys_on_every_route(owner, route):
    method, template = route.split()

    for number in NUMBERS:
        path = re.sub(r"\{\w+\}", number, template)
        answer = owner.request(method, path, json=BODIES.get(route, {}))

        missing_body = (404, 422) if method in ("PUT", "PATCH") else (404,)
        assert answer.status_code in missing_body, (path[:80], answer.text)


@pytest.mark.parametrize("route", [one for one in ACCESS if one.startswith("GET ")])
def test_a_cursor_beyond_any_row_is_refused_or_finds_nothing(owner, route):
    path = re.sub(r"\{\w+\}", "1", route.split()[1])

    for number in NUMBERS:
        answer = owner.get(path, params={"after": number})

        assert answer.status_code < 500 or path.endswith("/ready"), answer.text
        if answer.status_code == 422:
            assert answer.json()["problems"][0]["field"] == "after"
    is_list = path in ("/api/contacts", "/api/campaigns", "/api/flows", "/api/media")
    assert not is_list or answer.status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "status", "hint"),
    [
        ("POST", "/api/contacts/import", 404, "POST /api/contacts/upload"),
        ("GET", "/api/contacts/tag", 404, "GET /api/contacts/tags"),
        ("DELETE", "/api/contacts/tags", 404, ""),
        ("POST", "/api/contacts/5", 405, "Use DELETE, GET, PATCH."),
        ("PUT", "/api/contacts/tags", 405, "Use GET, POST."),
        ("GET", "/api/auth/login", 405, "Use POST."),
    ],
)
def test_a_missed_address_says_what_there_is(owner, method, path, status, hint):
    answer = owner.request(method, path)

    assert answer.status_code == status
    assert hint in answer.json()["hint"]
    assert ("Allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize("content", [b"", b"[]", b'"text"', b"5", b"{broken"])
def test_a_body_that_is_no_object_is_told_so(owner, content):
    answer = owner.post(
        "/api/contacts", content=content, headers={"Content-Type": "application/json"}
    )

    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["field"]) == (422, "body")
    assert "Send a JSON object" in problem["message"] + problem["hint"]


def test_messages_of_our_own_checks_carry_no_prefix_of_the_library(owner):
    answer = owner.post("/api/flows", json={})

    (problem,) = answer.json()["problems"]
    assert problem["field"] == "body"
    assert problem["message"].startswith("send either")


@pytest.mark.parametrize(("zone", "stored"), [("WITA", "Asia/Makassar"), ("Asia/Jakarta",) * 2])
def test_a_contacts_zone_is_a_real_one(owner, shop, zone, stored):
    (contact_id,) = shop.contacts(1)

    answer = owner.patch(f"/api/contacts/{contact_id}", json={"zone": zone})
    wrong = owner.patch(f"/api/contacts/{contact_id}", json={"zone": "Asia/Jakrta"})

    assert answer.json()["zone"] == stored
    assert wrong.status_code == 422
    assert wrong.json()["problems"][0]["field"] == "zone"


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\x7f", "\ud800"])
def test_control_characters_in_names_are_refused_by_field(owner, sign):
    text = "a" + sign
    body = {"phone": "081234567890", "name": text, "fields": {"kota": text}}
    escaped = json.dumps(body)

    answer = owner.post(
        "/api/contacts", content=escaped, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["problems"]} == {"name", "fields.kota"}
