"""Checking that a webhook comes from our WAHA."""

import pytest

from services.integrations.waha.session_config import session_config
from services.integrations.waha.webhooks import verify_hmac

KEY = b"s3cret"


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("webhook.delivery.hmac.vector", lambda vector: vector["headers"]["X-Webhook-Hmac"]),
        ("webhook.delivery.hmac.vector.docs", lambda vector: vector["hmac"]),
    ],
)
def test_a_recorded_signature_is_right_and_covers_every_byte(sample, name, signature):
    vector = sample(name)
    raw, key, given = vector["raw_body"].encode(), vector["secret"].encode(), signature(vector)

    assert verify_hmac(raw, given, key)
    assert verify_hmac(raw, f" {given.upper()} ", key)
    assert not verify_hmac(raw + b" ", given, key)
    assert not verify_hmac(raw, given, b"another key")
    assert not verify_hmac(raw, given[:-1], key)


@pytest.mark.parametrize("header", [None, "", " ", "é" * 128, "\udcff", "0" * 128, "sha512=00"])
def test_a_broken_signature_is_refused_without_an_exception(header):
    assert verify_hmac(b"{}", header, KEY) is False


def test_an_empty_key_signs_nothing():
    signature_under_no_key = (
        "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac673"
        "0c6c515421b327ec1d69402e53dfb49ad7381eb067b338fd7b0cb22247225d47"
    )

    assert verify_hmac(b"", signature_under_no_key, b"") is False


def test_a_session_is_told_to_sign_and_to_leave_out_what_would_come_twice():
    config = session_config("https://alir/webhooks/waha/k", "secret", {"tenant.id": "t1"})

    (hook,) = config["webhooks"]
    assert hook["hmac"] == {"key": "secret"}
    assert hook["retries"] == {"policy": "exponential", "delaySeconds": 2, "attempts": 10}
    assert "message.any" in hook["events"]
    assert "message" not in hook["events"]
    assert config["noweb"]["store"]["enabled"] is True
