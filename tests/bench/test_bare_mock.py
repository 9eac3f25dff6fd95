"""The bare mock is what benchmarks are judged by: it must count every send by its id."""

import orjson

from bench.bare_mock import Ledger


def test_a_send_is_answered_with_the_id_that_was_asked_for_and_counted_once():
    ledger = Ledger()
    body = orjson.dumps({"id": "3EB0A", "chatId": "62812@c.us", "text": "Halo"})

    status, answer = ledger.answer("POST", "/api/sendText", body)

    assert (status, answer) == (201, {"id": "true_62812@c.us_3EB0A", "timestamp": 1})
    assert ledger.answer("GET", "/ledger", b"all")[1] == {
        "calls": 1,
        "ids": 1,
        "twice": 0,
        "sent": ["3EB0A"],
    }


def test_a_send_that_is_repeated_shows_in_the_ledger():
    ledger = Ledger()
    body = orjson.dumps({"id": "3EB0A", "chatId": "62812@c.us", "text": "Halo"})
    ledger.answer("POST", "/api/sendText", body)
    ledger.answer("POST", "/api/sendText", body)

    assert ledger.answer("GET", "/ledger", b"")[1]["twice"] == 1


def test_no_id_is_handed_out_twice():
    ledger = Ledger()
    path = "/api/dev0/new-message-id"

    assert ledger.answer("GET", path, b"") != ledger.answer("GET", path, b"")
