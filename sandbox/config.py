"""What a sandbox is told when it starts."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

Engine = Literal["GOWS", "NOWEB", "WEBJS"]
ENGINES: tuple[str, ...] = get_args(Engine)


@dataclass(slots=True)
class AckSettings:
    """When acknowledgements come after a delivery; not scaled, so that they can be set exactly."""

    server_ms: float = 20.0
    device_ms: float = 150.0
    read_ms: float = 1_500.0
    device_share: float = 1.0
    read_share: float = 1.0
    """Share of messages that are ever read; people may switch receipts off."""


@dataclass(slots=True)
class WebhookSettings:
    """How reliably the simulated WAHA delivers its webhooks."""

    enabled: bool = True
    drop_share: float = 0.0
    duplicate_share: float = 0.0
    shuffle_ms: float = 0.0
    """Each event waits a random time up to this, so that events overtake each other."""
    concurrency: int = 20
    """Open requests per URL."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one sandbox. `time_scale` multiplies WAHA's own waits (0.05: 20 times faster)."""

    engine: Engine = "GOWS"
    api_key: str | None = "sandbox"
    """None switches the guard off."""
    data_dir: Path | None = None
    """Where the ledger and the sessions are kept; None keeps them for this process only."""
    seed: int = 0
    time_scale: float = 1.0
    version: str = "2026.7.2"
    """A version of 2025 behaves as measured there: no message ids, no key in the query."""
    worker_id: str = "waha1"
    base_url: str | None = None
    """Origin of media addresses; None takes the one of the request or `http://localhost:3000`."""
    files_lifetime_s: float = 180.0
    """0 keeps received files; as WAHA's `WHATSAPP_FILES_LIFETIME`."""
    drop_repeated_ids: bool = True
    """A second message with the same id to the same chat is accepted and not delivered again."""
    cross_delivery: bool = True
    """What one session sends to the number of another arrives there as an incoming message."""
    start_s: float = 0.5
    """How long STARTING lasts (scaled)."""
    qr_first_s: float = 60.0
    qr_next_s: float = 20.0
    """A QR code's life; not scaled, because a person scans it."""
    qr_codes_max: int = 6
    global_webhook: dict[str, Any] | None = None
    """A webhook of the whole server, in the shape of `config.webhooks[]`."""
    acks: AckSettings = field(default_factory=AckSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)

    @property
    def is_legacy(self) -> bool:
        """Whether the server is older than 2026: fewer features, stricter answers."""
        return self.version < "2026"
