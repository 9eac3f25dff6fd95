"""HTTP request: what is asked, what is made of the answer, and which answers are errors."""

import json

import pytest

from nodes.contract import Go, NodeError
from nodes.web.http_request import HttpRequest, http_request, pretend
from tests.nodes.world import World, context

URL = "https://api.toko.id/ongkir"
JSON = {"content-type": "application/json; charset=utf-8"}


def world(status=200, body="", headers=None, url=URL):
    return World(answers={url: {"status": status, "headers": headers or {}, "body": body}})


def test_reads_json_as_an_object():
    shop = world(body='{"ongkir": 12000}', headers=JSON)

    assert http_request(HttpRequest(), context(shop), url=URL) == Go(
        "ok", {"status": 200, "headers": JSON, "body": {"ongkir": 12000}}
    )
    assert shop.requests == [({"method": "GET", "url": URL, "headers": {}, "body": None}, 15.0)]


@pytest.mark.parametrize(
    ("body", "headers", "found"),
    [
        ("halo", {"content-type": "text/plain"}, "halo"),
        ("{broken", JSON, "{broken"),
        ("", JSON, None),
    ],
)
def test_keeps_what_is_no_json_as_text(body, headers, found):
    answer = http_request(HttpRequest(), context(world(body=body, headers=headers)), url=URL)

    assert answer.values["body"] == found


def test_puts_the_query_behind_the_address_encoded():
    asked = f"{URL}?a=1&q=Jalan+%26+Kota&n=2"
    params = HttpRequest(query={"q": "Jalan & Kota", "n": 2, "kosong": None})
    shop = world(url=asked)

    http_request(params, context(shop), url=URL + "?a=1")

    assert shop.requests[0][0]["url"] == asked


@pytest.mark.parametrize(
    ("body", "content", "kind"),
    [
        ({"nama": "Sari é"}, '{"nama": "Sari é"}', "application/json"),
        ([1, True], "[1, true]", "application/json"),
        ("a=1", "a=1", "text/plain; charset=utf-8"),
    ],
)
def test_sends_a_body_with_its_kind(body, content, kind):
    shop = world()

    http_request(HttpRequest(method="POST"), context(shop), url=URL, body=body)

    request = shop.requests[0][0]
    assert request["body"] == content
    assert request["headers"]["content-type"] == kind


def test_every_try_of_a_step_carries_one_key_and_every_other_step_another():
    keys = []
    for changes in ({}, {"attempt": 2}, {"node_id": "lain"}, {"run_id": 8}, {"round_no": 2}):
        shop = world()
        http_request(HttpRequest(method="POST"), context(shop, **changes), url=URL)
        keys.append(shop.requests[0][0]["headers"]["idempotency-key"])

    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    ("status", "kind", "retriable"),
    [
        (400, "upstream", False),
        (404, "upstream", False),
        (408, "upstream", True),
        (429, "rate_limited", True),
        (500, "upstream", True),
        (503, "upstream", True),
    ],
)
def test_a_status_of_400_and_above_is_an_error_with_the_answer(status, kind, retriable):
    with pytest.raises(NodeError) as found:
        http_request(HttpRequest(), context(world(status, '{"why": 1}', JSON)), url=URL)

    error = found.value
    assert (error.code, error.kind, error.retriable) == (f"http_{status}", kind, retriable)
    assert error.detail["body"] == {"why": 1}
    assert json.dumps(error.detail)


def test_every_status_is_fine_when_asked_so():
    found = http_request(HttpRequest(any_status=True), context(world(404)), url=URL)

    assert found.values["status"] == 404


@pytest.mark.parametrize(
    ("url", "body", "code"),
    [
        ("ftp://a.id", None, "bad_url"),
        ("toko.id/x", None, "bad_url"),
        ("https://", None, "bad_url"),
        ("http://[::1", None, "bad_url"),
        (None, None, "empty_url"),
        (URL, {"a": float("nan")}, "bad_body"),
        (URL, "x" * (256 * 1024 + 1), "body_too_large"),
        (URL, object(), "bad_body"),
    ],
)
@pytest.mark.parametrize("call", [http_request, pretend])
def test_refuses_what_can_not_be_asked(call, url, body, code):
    with pytest.raises(NodeError) as found:
        call(HttpRequest(method="POST"), context(world()), url=url, body=body)

    assert found.value.code == code


def test_a_secret_without_a_value_is_not_sent_as_its_name():
    params = HttpRequest(headers={"Authorization": "secret:ongkir"})

    with pytest.raises(NodeError) as found:
        http_request(params, context(world()), url=URL)

    assert found.value.code == "unbound_secret"


def test_pretends_without_asking_anybody():
    shop = world()

    assert pretend(HttpRequest(), context(shop), url=URL).values["body"] is None
    assert shop.requests == []


@pytest.mark.parametrize(
    "form",
    [
        {"headers": {"A b": "x"}},
        {"headers": {"A": "x\r\nHost: y"}},
        {"method": "TRACE"},
        {"timeout": "31s"},
        {"timeout": 0},
        {"query": {"a": [1]}},
    ],
)
def test_refuses_forms_that_are_no_request(form):
    with pytest.raises(ValueError, match="HttpRequest"):
        HttpRequest(**form)
