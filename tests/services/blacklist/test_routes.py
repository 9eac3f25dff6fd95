import pytest


def test_a_number_is_put_on_the_list_and_taken_off(api, other):
    made = api.post("/api/blacklist", json={"phone": "0812-3456-7890", "note": "asked by phone"})
    assert made.status_code == 201
    assert (made.json()["phone"], made.json()["reason"]) == ("6281234567890", "MANUAL")

    assert [one["phone"] for one in api.get("/api/blacklist").json()["items"]] == ["6281234567890"]
    assert len(api.get("/api/blacklist?search=0812 3456").json()["items"]) == 1
    assert api.get("/api/blacklist?search=0813").json()["items"] == []
    assert other.get("/api/blacklist").json()["items"] == []
    assert other.delete("/api/blacklist/6281234567890").status_code == 404

    assert api.delete("/api/blacklist/081234567890").status_code == 204
    assert api.delete("/api/blacklist/081234567890").status_code == 404


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"phone": "+62 812-3456-7890"}, 409, "already_blacklisted"),
        ({"phone": "halo"}, 422, "phone_letters"),
        ({"phone": "081234567891", "reason": "WHIM"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_listed_is_refused(api, given, status, code):
    api.post("/api/blacklist", json={"phone": "081234567890"})

    answer = api.post("/api/blacklist", json=given)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_list_is_paged(api):
    for number in range(3):
        api.post("/api/blacklist", json={"phone": f"08123456780{number}"})

    first = api.get("/api/blacklist?limit=2").json()
    rest = api.get(f"/api/blacklist?limit=2&after={first['next']}").json()

    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]


@pytest.mark.parametrize("reason", ["UNSUBSCRIBE", "SPAM_REPORT", "MANUAL", "BOUNCE"])
def test_every_reason_of_the_specification_is_taken_and_asked_for(api, reason):
    api.post("/api/blacklist", json={"phone": "081234567890", "reason": reason})
    api.post("/api/blacklist", json={"phone": "081234567891"})

    found = api.get(f"/api/blacklist?reason={reason}").json()["items"]

    assert "6281234567890" in [one["phone"] for one in found]
    assert len(found) == (2 if reason == "MANUAL" else 1)


def test_a_person_is_one_entry_whichever_address_is_named(api, shop):
    shop.chat("6281234567890", shop.device(), lid="99887766")

    assert api.post("/api/blacklist", json={"phone": "99887766@lid"}).status_code == 201
    assert api.post("/api/blacklist", json={"phone": "081234567890"}).status_code == 409
    assert api.delete("/api/blacklist/081234567890").status_code == 204
    assert api.get("/api/blacklist").json()["items"] == []


def test_a_lid_that_nobody_is_known_by_is_listed_too(api):
    assert api.post("/api/blacklist", json={"phone": "123456789012345@lid"}).status_code == 201
    assert api.delete("/api/blacklist/123456789012345@lid").status_code == 204
