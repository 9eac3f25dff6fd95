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
