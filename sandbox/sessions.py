"""A session: one business number, its life cycle and what it knows."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox import ids
from sandbox.messages import History

STATUSES = (
    "STOPPED",
    "STARTING",
    "SCAN_QR_CODE",
    "PASSKEY_REQUIRED",
    "PASSKEY_CONFIRMATION_REQUIRED",
    "WORKING",
    "FAILED",
)


@dataclass(slots=True)
class Group:
    """A group as this session sees it; participants by address: role."""

    id: str
    subject: str
    owner: str
    description: str = ""
    participants: dict[str, str] = field(default_factory=dict)


class Session:
    """State of one session. Changes of status go through `World`, which announces them."""

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        self.name = name
        self.config = config
        self.status = "STOPPED"
        self.statuses: list[dict[str, Any]] = []
        self.phone: str | None = None
        self.push_name = ""
        self.presence: str | None = None
        self.activity_ms: int | None = None
        self.has_run = False
        self.timelock: dict[str, Any] | None = None
        self.timelock_until: float = 0.0
        self.capping: dict[str, Any] | None = None
        self.is_deaf = False
        self.qr_value: str | None = None
        self.pairing_code: str | None = None
        self.pending_phone: str | None = None
        self.life: asyncio.Task[None] | None = None
        self.history = History()
        self.groups: dict[str, Group] = {}
        self.contacts: dict[str, dict[str, Any]] = {}
        self.seen_at: dict[str, int] = {}
        self.webhook_cache: Any = None

    @property
    def me_id(self) -> str | None:
        return f"{self.phone}@c.us" if self.phone else None

    @property
    def has_link(self) -> bool:
        return self.phone is not None

    @property
    def timelock_is_active(self) -> bool:
        return self.timelock is not None and bool(self.timelock["isActive"])

    def me(self, engine: str, *, with_limits: bool = False) -> dict[str, Any] | None:
        """Who this session is; None until it is paired and connected."""
        if self.phone is None or self.status != "WORKING":
            return None
        me: dict[str, Any] = {"id": f"{self.phone}@c.us", "lid": ids.lid_of(self.phone)}
        if engine == "GOWS":
            me["jid"] = f"{self.phone}:42@s.whatsapp.net"
        me["pushName"] = self.push_name
        if with_limits:
            me["reachoutTimelock"] = self.timelock if self.timelock_is_active else None
            me["messageCapping"] = self.capping
        elif self.timelock_is_active:
            me["reachoutTimelock"] = self.timelock
        return me

    def public(self, engine: str, *, with_engine: bool) -> dict[str, Any]:
        """The session object of WAHA's API."""
        timestamps: dict[str, Any] = {}
        if self.has_run:
            timestamps["activity"] = self.activity_ms
        body: dict[str, Any] = {
            "name": self.name,
            "status": self.status,
            "config": self.config,
            "me": self.me(engine, with_limits=True),
            "presence": self.presence,
            "timestamps": timestamps,
        }
        if with_engine:
            body["engine"] = self._engine_block(engine)
        return body

    def _engine_block(self, engine: str) -> dict[str, Any]:
        if self.status == "STOPPED":
            return {}
        block: dict[str, Any] = {"engine": engine}
        if engine == "GOWS" and self.status == "WORKING":
            block["grpc"] = {"client": "READY", "stream": "READY"}
            block["gows"] = {"connected": True}
        return block

    def note_status(self, status: str) -> None:
        self.status = status
        self.statuses = [
            *self.statuses[-2:],
            {"status": status, "timestamp": int(time.time() * 1000)},
        ]

    def saved(self) -> dict[str, Any]:
        """What survives a restart of the server."""
        return {
            "name": self.name,
            "config": self.config,
            "phone": self.phone,
            "push_name": self.push_name,
            "runs": self.status != "STOPPED",
            "groups": [
                {
                    "id": group.id,
                    "subject": group.subject,
                    "owner": group.owner,
                    "description": group.description,
                    "participants": group.participants,
                }
                for group in self.groups.values()
            ],
        }
