"""What an answer of WAHA means."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.integrations.waha.errors import (
    WahaConfiguration,
    WahaNotFound,
    WahaNotReady,
    WahaPermanent,
    WahaTemporary,
    WahaUnreachable,
    WahaUnsupported,
)
from services.integrations.waha.outcomes import (
    Accepted,
    Configuration,
    NotSent,
    Permanent,
    Restricted,
    Unknown,
)
from services.integrations.waha.protocol import (
    NEVER_CONNECTED,
    TransportFailure,
    classify_send,
    classify_transport_error,
    error_for,
    read_error,
    retry_after_s,
    transport_error,
)
from services.integrations.waha.types import SentReceipt

BARE = "3EB0C431C26A1916EA9A01"
WHOLE = f"true_6281100000002@c.us_{BARE}"
DATE = "Sun, 22 Nov 2026 07:00:00 GMT"


@pytest.mark.parametrize("engine", ["GOWS", "NOWEB", "WEBJS"])
@pytest.mark.parametrize(
    ("wanted", "matches"), [(BARE, True), (None, True), ("3EB0FFFFFFFFFFFFFFFFFF", False)]
)
def test_a_created_message_is_accepted_on_every_engine(sample_bytes, engine, wanted, matches):
    body = sample_bytes(f"api.send.text.201.{engine}")

    outcome = classify_send(201, {}, body, wanted)

    assert outcome == Accepted(SentReceipt(BARE, WHOLE, matches))


@pytest.mark.parametrize(
    ("status", "name", "kind", "reason"),
    [
        (400, "api.error.400.bad_json", Permanent, "bad_request"),
        (400, "api.error.400.validation_webhook", Permanent, "bad_request"),
        (401, "api.error.401.no_key", Configuration, "key"),
        (404, "api.error.404.route", Configuration, "no_route"),
        (404, "api.error.404.session_get", NotSent, "session_missing"),
        (404, "api.error.404.session_not_started", NotSent, "session_missing"),
        (404, "api.error.404.file", Permanent, "not_found"),
        (422, "api.error.422.send_status_not_working", NotSent, "session_not_working"),
        (422, "api.error.422.send_status_stopped", NotSent, "session_not_working"),
        (422, "api.error.422.screenshot_starting", NotSent, "session_not_working"),
        (422, "api.error.422.send_session_does_not_exist", NotSent, "session_missing"),
        (422, "api.error.422.send_no_session", Permanent, "refused_request"),
        (500, "api.error.500.GOWS.463", Restricted, "463"),
        (500, "api.error.500.GOWS.no_lid", Permanent, "no_lid"),
        (500, "api.error.500.NOWEB.rate_overlimit", NotSent, "rate_overlimit"),
        (500, "api.error.500.payload_too_large", Permanent, "too_large"),
        (501, "api.error.501.not_implemented", Permanent, "not_implemented"),
    ],
)
def test_a_recorded_refusal_is_named_for_what_it_is(sample_bytes, status, name, kind, reason):
    outcome = classify_send(status, {}, sample_bytes(name), BARE)

    assert type(outcome) is kind
    assert outcome.reason == reason
    assert outcome.detail


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (403, {}, b"", Configuration("key", "")),
        (407, {}, b"<html>", Configuration("key", "")),
        (301, {"Location": "https://x"}, b"", Configuration("not_waha", "")),
        (404, {}, b"<html>nginx</html>", Configuration("not_waha", "")),
        (404, {}, b"", Permanent("not_found", "")),
        (413, {}, b"<html>nginx</html>", Permanent("too_large", "")),
        (415, {}, b"", Permanent("refused_request", "")),
        (429, {}, b"", NotSent("rate_limited", "", 60.0, "session")),
        (429, {"Retry-After": "7"}, b"{}", NotSent("rate_limited", "", 7.0, "session")),
        (429, {"retry-after": "999999"}, b"", NotSent("rate_limited", "", 3600.0, "session")),
        # Nobody can tell: a proxy or the engine gave up on a request that may have gone through.
        (201, {}, b"", Unknown("bad_json", "")),
        (201, {}, b"null", Unknown("bad_json", "")),
        (201, {}, b"{bad", Unknown("bad_json", "")),
        (201, {}, b"{}", Unknown("no_id", "")),
        (201, {}, b"[]", Unknown("no_id", "")),
        (204, {}, b"", Unknown("bad_json", "")),
        (303, {}, b"", Unknown("http_303", "")),
        (408, {}, b"", Unknown("http_408", "")),
        (409, {}, b"", Unknown("http_409", "")),
        (500, {}, b"", Unknown("http_500", "")),
        (502, {}, b"<html>", Unknown("http_502", "")),
        (503, {"Retry-After": "5"}, b"", Unknown("http_503", "")),
        (504, {}, b"", Unknown("http_504", "")),
    ],
)
def test_only_proof_that_nothing_went_out_is_called_not_sent(status, headers, body, expected):
    outcome = classify_send(status, headers, body, BARE)

    assert type(outcome) is type(expected)
    assert outcome.reason == expected.reason
    if isinstance(expected, NotSent):
        assert (outcome.retry_after_s, outcome.scope) == (expected.retry_after_s, expected.scope)


@pytest.mark.parametrize(
    "message",
    [
        "Timed out",
        "Connection Closed",
        "14 UNAVAILABLE: No connection established",
        "Protocol error (Runtime.callFunctionOn): Target closed.",
        "Maximum execution time is exceeded",
        "no such number 463",  # 463 alone is no restriction
        "no answer for 6246300000463@s.whatsapp.net",
    ],
)
def test_an_engine_error_without_a_clear_refusal_is_unknown(message):
    body = orjson.dumps({"statusCode": 500, "exception": {"message": message, "name": "Error"}})

    assert classify_send(500, {}, body, BARE) == Unknown(
        "http_500", "The server answered 500 (Error): it may or may not have sent the message."
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (TransportFailure.REFUSED, NotSent),
        (TransportFailure.DNS, NotSent),
        (TransportFailure.CONNECT_TIMEOUT, NotSent),
        (TransportFailure.POOL_TIMEOUT, NotSent),
        (TransportFailure.TLS, Configuration),
        (TransportFailure.READ_TIMEOUT, Unknown),
        (TransportFailure.RESET, Unknown),
        (TransportFailure.BAD_ANSWER, Unknown),
        (TransportFailure.TOO_LARGE_ANSWER, Unknown),
    ],
)
def test_a_request_is_unknown_once_a_connection_stood(kind, expected):
    outcome = classify_transport_error(kind)

    assert type(outcome) is expected
    assert outcome.reason == kind.value
    if isinstance(outcome, NotSent):
        assert outcome.scope == "server"


@pytest.mark.parametrize("kind", list(TransportFailure))
def test_a_call_without_an_answer_has_an_error_with_a_hint(kind):
    error = transport_error(kind)

    assert isinstance(error, WahaUnreachable) is (kind in NEVER_CONNECTED)
    assert error.message
    assert error.hint


@pytest.mark.parametrize(
    ("status", "name", "kind", "says"),
    [
        (400, "api.error.400.validation_session_name", WahaPermanent, "Session name can only"),
        (401, "api.error.401.no_key", WahaConfiguration, "refuses our key"),
        (404, "api.error.404.route", WahaUnsupported, "does not know this call"),
        (404, "api.error.404.session_get", WahaNotReady, "not running"),
        (404, "api.error.404.file", WahaNotFound, "no such thing"),
        (422, "api.error.422.qr_status", WahaNotReady, "is STARTING, not SCAN_QR_CODE"),
        (422, "api.error.422.session_already_exists", WahaPermanent, "already exists"),
        (422, "api.error.422.start_already_started", WahaPermanent, "already started"),
        (500, "api.error.500.NOWEB.rate_overlimit", WahaTemporary, "slow down"),
        (501, "api.error.501.not_implemented", WahaUnsupported, "engine"),
    ],
)
def test_a_refused_call_raises_a_named_error(sample_bytes, status, name, kind, says):
    error = error_for(status, {}, sample_bytes(name))

    assert isinstance(error, kind)
    assert says in str(error)
    assert error.status == status


def test_a_session_that_is_not_ready_names_its_state(sample_bytes):
    error = error_for(422, {}, sample_bytes("api.error.422.send_status_stopped"))

    assert isinstance(error, WahaNotReady)
    assert error.session_status == "STOPPED"


def test_a_temporary_error_carries_the_wait_the_server_asks_for():
    error = error_for(503, {"Retry-After": "12"}, b"")

    assert isinstance(error, WahaTemporary)
    assert error.retry_after_s == 12.0


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"exception": {"message": "SECRET", "name": "SECRET x", "stack": "SECRET"}}),
        (500, {"exception": {"message": "x"}, "request": {"body": {"text": "SECRET"}}}),
        (500, {"exception": {"message": "server returned error 463 SECRET"}}),
        (500, {"exception": {"message": "no LID found for SECRET from server"}}),
        (400, {"message": "Unexpected token, SECRET is not valid JSON", "statusCode": 400}),
        (422, {"error": "Session status is not as expected", "status": "SECRET now"}),
        (502, {"message": "SECRET"}),
    ],
)
def test_nothing_the_server_echoes_of_our_message_is_passed_on(status, body):
    raw = orjson.dumps(body)

    assert "SECRET" not in str(error_for(status, {}, raw))
    assert "SECRET" not in repr(classify_send(status, {}, raw, BARE))


def test_numbers_in_a_refusal_are_hidden():
    body = orjson.dumps({"message": "Chat 6281100000002@c.us is wrong", "statusCode": 422})

    assert "6281100000002" not in str(error_for(422, {}, body))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message":"one","statusCode":401}', "one"),
        (b'{"message":["one","two"],"error":"Bad Request"}', "one; two"),
        (b'{"error":"one","session":"x"}', "one"),
        (b'{"error":{"code":404,"key":"FILE_NOT_FOUND","message":"gone"}}', "FILE_NOT_FOUND gone"),
        (b'{"exception":{"message":"one","details":"two"}}', "one | two"),
        (b'{"message":7}', ""),
        (b"[]", ""),
        (b"", ""),
    ],
)
def test_every_form_of_an_error_body_becomes_one(body, message):
    error = read_error(body)

    assert error.message == message
    assert error.is_foreign is False


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"RETRY-AFTER": " 30 "}, 30.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 07:01:30 GMT"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 07:01:30 GMT", "Date": DATE}, 90.0),
        ({"Retry-After": "Sun, 22 Nov 2026 06:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "9" * 400}, 3600.0),
    ],
)
def test_the_wait_a_server_asks_for_is_read_and_bounded(headers, wait_s):
    assert retry_after_s(headers) == wait_s


@given(status=st.integers(100, 599), body=st.binary(max_size=60))
def test_any_answer_has_an_outcome_and_a_success_without_an_id_is_never_accepted(status, body):
    outcome = classify_send(status, {}, body, BARE)

    if isinstance(outcome, Accepted):
        assert outcome.receipt.bare_id
        assert 200 <= status < 300
    if 200 <= status < 300 or status >= 502:
        assert not isinstance(outcome, NotSent | Permanent)
