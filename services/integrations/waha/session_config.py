"""The configuration we give every session: what is stored, what is ignored, where events go."""

from collections.abc import Mapping
from typing import Any

WEBHOOK_EVENTS = (
    "session.status",
    "message.any",
    "message.ack",
    "message.ack.group",
    "message.reaction",
    "message.revoked",
    "message.edited",
    "group.v2.join",
    "group.v2.leave",
    "group.v2.participants",
    "call.received",
)
WEBHOOK_RETRIES = {"policy": "exponential", "delaySeconds": 2, "attempts": 10}


def session_config(
    webhook_url: str, hmac_key: str, metadata: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """One configuration for every engine; each reads its own part.

    `message` is not subscribed: `message.any` holds it, and both would deliver every inbound
    message twice. NOWEB keeps no history without its store, and WEBJS sends no group acks
    without its tags. A marked-online session would silence the owner's phone. `metadata` comes
    back in every webhook; it identifies, it proves nothing.
    """
    return {
        "metadata": dict(metadata or {}),
        "ignore": {"status": True, "channels": True, "broadcast": True, "groups": False},
        "noweb": {"markOnline": False, "store": {"enabled": True, "fullSync": False}},
        "gows": {"storage": {"messages": True, "groups": True, "chats": True, "labels": True}},
        "webjs": {"tagsEventsOn": True},
        "webhooks": [
            {
                "url": webhook_url,
                "events": list(WEBHOOK_EVENTS),
                "hmac": {"key": hmac_key},
                "retries": dict(WEBHOOK_RETRIES),
            }
        ],
    }
