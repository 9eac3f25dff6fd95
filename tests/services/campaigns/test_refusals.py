"""What a campaign's texts and parameters are refused for, before anybody gets them."""

import json

import pytest
from sqlalchemy import update

from services.contacts.models import Contact

PARAMS = {"audience_tag": "Lead", "message": "Halo [nama]"}


def send(api, shop, name="Promo", **params):
    body = {"name": name, "flow_id": shop.flow()[0], "params": {**PARAMS, **params}}
    return api.post(
        "/api/campaigns",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )


@pytest.mark.parametrize("message", ["Halo\n  [namaa]", "Halo\n  [namaa|Kak]"])
def test_a_misspelt_field_is_refused_when_written_changed_and_started(api, world, shop, message):
    shop.device()
    contacts = shop.contacts()
    with world.database.write() as connection:
        connection.execute(update(Contact).values(fields={"namaa": "x"}))
    campaign = send(api, shop, message=message).json()["id"]
    with world.database.write() as connection:
        connection.execute(update(Contact).where(Contact.id.in_(contacts)).values(fields={}))

    for answer in (
        send(api, shop, message=message),
        api.patch(f"/api/campaigns/{campaign}", json={"params": {**PARAMS, "message": message}}),
        api.post(f"/api/campaigns/{campaign}/start"),
    ):
        assert answer.status_code == 422, answer.text
        (problem,) = answer.json()["problems"]
        assert problem["field"] == "params.message:2:3"
        assert "Did you mean [nama]?" in problem["hint"]


def test_every_field_that_will_have_a_value_is_taken(api, world, shop):
    shop.contacts()
    with world.database.write() as connection:
        connection.execute(update(Contact).values(fields={"No Invoice": "7"}))
    known = "[nama] [name] [phone] [toko] [hari] [jam] [tanggal] [salam_waktu] [no invoice]"

    answer = send(api, shop, message=f"{known} [diskon|10]")

    assert answer.status_code == 201, answer.text
    assert send(api, shop, message="[kota]").status_code == 422


def test_any_field_is_taken_while_there_is_no_contact(api, shop, other_shop):
    other_shop.contacts()

    assert send(api, shop, message="Halo [kota]").status_code == 201


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"message": " \n\t "}, "params.message", "only spaces"),
        ({"message": "a\0b"}, "params.message", "U+0000"),
        ({"message": "a\ud800"}, "params.message", "U+D800"),
        ({"mesage": "x"}, "params.mesage", "Did you mean message?"),
        ({"delay_min": float("nan")}, "params.delay_min", "no number"),
        ({"delay_min": float("inf")}, "params.delay_min", "no number"),
        ({"delay_min": -1}, "params.delay_min", "minimum"),
        ({"delay_min": 30, "delay_max": 5}, "params.delay_min", "Swap"),
    ],
)
def test_a_bad_parameter_is_told_once_under_its_own_name(api, shop, params, field, words):
    answer = send(api, shop, **params)

    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["problems"]
    assert problem["field"] == field
    assert words in problem["message"] + problem["hint"]
    assert "Value error" not in answer.text
    assert "nodes" not in answer.text


@pytest.mark.parametrize("name", ["", "   ", "a\0", "a\nb"])
def test_a_campaign_needs_a_name_of_one_line(api, shop, name):
    answer = send(api, shop, name=name)

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "name"
