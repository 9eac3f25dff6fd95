"""Where a WAHA server is and how we show who we are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from services.integrations.waha.errors import WahaConfiguration

USER_AGENT = "alir"


@dataclass(frozen=True, slots=True)
class Access:
    """A checked address without a trailing slash, and the key, which no repr shows."""

    base_url: str
    api_key: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-Api-Key": self.api_key,
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, read whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def access(base_url: str, api_key: str) -> Access:
    """Check an address and a key as a person typed them.

    Raises: WahaConfiguration.
    """
    url = base_url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_right = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_right:
        raise WahaConfiguration(
            "The address of the WhatsApp server is not complete.",
            hint="Write it like http://localhost:3000",
            code="base_url",
        )
    if parts.query or parts.fragment or parts.username is not None:
        raise WahaConfiguration(
            "The address of the WhatsApp server holds more than an address.",
            hint="Leave out user, password, ? and #.",
            code="base_url",
        )
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise WahaConfiguration(
            "The key of the WhatsApp server is empty or has signs a key cannot have.",
            hint="Copy WAHA_API_KEY from the server's settings.",
            code="api_key",
        )
    return Access(url, key)
