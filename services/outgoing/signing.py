"""Signatures as Standard Webhooks describes them: `whsec_` keys, and `v1,<base64>`."""

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256
from secrets import token_bytes

MARK = "whsec_"
KEY_BYTES = 32


def new_key() -> str:
    return MARK + b64encode(token_bytes(KEY_BYTES)).decode()


def headers(key: str, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """webhook-id, webhook-timestamp and webhook-signature of one attempt."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.new(b64decode(key.removeprefix(MARK)), signed, sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
        "content-type": "application/json",
    }
