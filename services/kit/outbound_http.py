"""The one door to other people's servers: every address is checked, then dialled as checked.

Whatever a tenant writes as an address (a step of a flow, a webhook target) goes through here. A
name is looked up once and all its addresses must be public; the connection goes to the address
that was looked at, so a name that changes its mind in between gains nothing. Redirects pass the
same check. No proxy of the environment is used.
"""

import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from services.kit.public_addresses import is_public

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
PORTS = {"http": 80, "https": 443}
REDIRECTS_MOST = 3
REDIRECTING = frozenset({301, 302, 303, 307, 308})
URL_CHARS_MOST = 2_048
BODY_BYTES_MOST = 1024 * 1024
ANSWER_BYTES_MOST = 1024 * 1024
HEADERS_MOST = 50
HEADER_CHARS_MOST = 8_192
TIMEOUT_S = 15.0
CONNECT_S = 5.0
LOOKUPS_AT_ONCE = 8
USER_AGENT = "Alir"

OURS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "expect",
        "te",
        "trailer",
        "accept-encoding",
    }
)
"""Headers that say how a request travels; nobody else sets them. So are those of proxies."""
HARMLESS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
"""What another host may see of a request that was redirected to it."""

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_HOST = re.compile(r"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}")
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9._-]{1,40})")

Lookup = Callable[[str, int], Sequence[str]]


class DoorError(Exception):
    """Nothing came back. `code` is stable; `temporary` tells whether another try may help."""

    temporary = False

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Refused(DoorError):
    """The door does not let this request out (bad_url, forbidden_address, bad_header ...)."""


class Unanswered(DoorError):
    """The request went out, or tried to, and no usable answer came."""

    def __init__(self, code: str, message: str, *, temporary: bool = True) -> None:
        super().__init__(code, message)
        self.temporary = temporary


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other server said; header names in small letters, doubles joined by a comma."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """The address that answered, after redirects."""

    @property
    def text(self) -> str:
        """The body as text; signs that fit no charset are replaced."""
        named = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return self.body.decode(named[1] if named else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class _Target:
    """Where one hop goes: the address as checked, and what to dial."""

    url: str
    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system knows them. Raises: OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Door:
    """The way out. `allow` names hosts (`host` or `host:port`) that may be anywhere.

    Safe to share between threads; holds no connection open.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        *,
        resolve: Lookup = look_up,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = frozenset(_bare(name) for name in allow if name.strip())
        self._resolve = resolve
        self._tls = tls

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        timeout_s: float = TIMEOUT_S,
        answer_bytes_most: int = ANSWER_BYTES_MOST,
        redirects_most: int = REDIRECTS_MOST,
    ) -> Answer:
        """One request, with at most three redirects, within `timeout_s` in all.

        With `redirects_most=0` a redirect is an answer like any other.

        Raises: Refused, Unanswered.
        """
        asked = method.upper() if isinstance(method, str) else ""
        if asked not in METHODS:
            raise Refused("bad_method", f"{str(method)[:20]!r} is none of {sorted(METHODS)}.")
        content = body.encode() if isinstance(body, str) else body or b""
        if len(content) > BODY_BYTES_MOST:
            raise Refused("body_too_large", f"The body is larger than {BODY_BYTES_MOST} bytes.")
        sent = checked_headers(headers or {})
        deadline = time.monotonic() + timeout_s
        target = self._target(url, deadline)
        for _ in range(redirects_most + 1):
            answer = self._hop(asked, target, sent, content, deadline, answer_bytes_most)
            location = answer.headers.get("location")
            if answer.status not in REDIRECTING or not location or not redirects_most:
                return answer
            before, target = target, self._target(urljoin(target.url, location), deadline)
            if before.scheme == "https" and target.scheme == "http":
                raise Refused("insecure_redirect", "The server redirects from https to http.")
            if before.origin != target.origin:
                sent = {name: value for name, value in sent.items() if name in HARMLESS}
            if answer.status == 303 or (answer.status in (301, 302) and asked == "POST"):
                asked, content = "GET" if asked != "HEAD" else "HEAD", b""
        raise Refused("too_many_redirects", f"More than {redirects_most} redirects.")

    def check(self, url: str) -> None:
        """Look at an address without asking it anything. Raises: Refused, Unanswered."""
        self._target(url, time.monotonic() + TIMEOUT_S)

    def _target(self, url: str, deadline: float) -> _Target:
        scheme, host, port, clean = parts_of(url)
        is_allowed = f"{host}:{port}" in self._allow
        if PORTS[scheme] == port:
            is_allowed = is_allowed or host in self._allow
        elif not is_allowed:
            raise Refused(
                "forbidden_port", f"Port {port} can't be asked; 80 and 443 can. {_HOW_TO_ALLOW}"
            )
        addresses = self._addresses(host, port, deadline)
        if not is_allowed and not all(is_public(address) for address in addresses):
            raise Refused(
                "forbidden_address",
                f"{host} is an address of this machine or of a private network. {_HOW_TO_ALLOW}",
            )
        return _Target(clean, scheme, host, port, tuple(addresses))

    def _addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        asked = _lookups().submit(self._resolve, host, port)
        try:
            found = asked.result(timeout=max(deadline - time.monotonic(), 0.01))
        except LookupTimeout as late:
            asked.cancel()
            raise Unanswered("timeout", f"Looking up {host} took too long.") from late
        except (OSError, UnicodeError) as error:
            raise Unanswered("no_such_host", f"There is no server called {host}.") from error
        if not found:
            raise Unanswered("no_such_host", f"There is no server called {host}.")
        return found

    def _hop(
        self,
        method: str,
        target: _Target,
        headers: Mapping[str, str],
        content: bytes,
        deadline: float,
        bytes_most: int,
    ) -> Answer:
        backend = _Checked(target.addresses, deadline)
        written = {"user-agent": USER_AGENT, **headers, "accept-encoding": "identity"}
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=(self._tls or _default_tls()) if target.scheme == "https" else None,
                    max_connections=1,
                    max_keepalive_connections=0,
                    network_backend=backend,
                ) as pool,
                pool.stream(
                    method,
                    target.url,
                    headers=[(name.encode(), value.encode()) for name, value in written.items()],
                    content=content,
                ) as response,
            ):
                found: dict[str, str] = {}
                for raw_name, raw_value in response.headers:
                    name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
                    found[name] = f"{found[name]}, {value}" if name in found else value
                if response.status in REDIRECTING and "location" in found:
                    return Answer(response.status, found, b"", target.url)
                taken = _read(response.iter_stream(), found, bytes_most)
                return Answer(response.status, found, taken, target.url)
        except httpcore.TimeoutException as error:
            raise Unanswered("timeout", f"{target.host} did not answer in time.") from error
        except httpcore.ConnectError as error:
            told = error.__cause__ or error
            if isinstance(told, ssl.SSLError):
                raise Unanswered(
                    "bad_certificate",
                    f"The certificate of {target.host} can't be trusted.",
                    temporary=False,
                ) from error
            raise Unanswered("unreachable", f"{target.host} can't be reached.") from error
        except httpcore.NetworkError as error:
            raise Unanswered("unreachable", f"The connection to {target.host} broke.") from error
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise Unanswered("bad_answer", f"{target.host} does not speak HTTP.") from error


def _bare(host: str) -> str:
    return host.strip().lower().replace("[", "").replace("]", "")


_HOW_TO_ALLOW = "The owner of the server can permit a host with ALIR_HTTP_ALLOW."


def parts_of(url: str) -> tuple[str, str, int, str]:
    """(scheme, host, port, the address without its fragment). Raises: Refused (bad_url)."""
    if not isinstance(url, str) or not 0 < len(url) <= URL_CHARS_MOST:
        raise Refused("bad_url", f"An address has 1 to {URL_CHARS_MOST} characters.")
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\"<>^`{|}'):
        raise Refused(
            "bad_url", "The address holds signs that must be percent-encoded, or a backslash."
        )
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError as error:
        raise Refused("bad_url", f"{url[:80]!r} is no web address.") from error
    host = (split.hostname or "").lower().rstrip(".")
    if split.scheme not in PORTS or not host:
        raise Refused("bad_url", "The address must begin with https:// or http:// and a host.")
    if "@" in split.netloc:
        raise Refused("bad_url", "An address with a user name in it is not asked.")
    if not _HOST.fullmatch(host):
        raise Refused("bad_url", f"{host[:80]!r} is no name of a server.")
    clean = split._replace(fragment="").geturl()
    return split.scheme, host, PORTS[split.scheme] if port is None else port, clean


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with names in small letters. Raises: Refused (bad_header) for one that may not be."""
    if len(headers) > HEADERS_MOST:
        raise Refused("bad_header", f"More than {HEADERS_MOST} headers.")
    found: dict[str, str] = {}
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Refused("bad_header", f"{str(name)[:60]!r} is no name of a header.")
        lower = name.lower()
        if lower in OURS or lower.startswith(("proxy-", "sec-")):
            raise Refused("bad_header", f"The header {lower} can't be set.")
        if (
            not isinstance(value, str)
            or len(value) > HEADER_CHARS_MOST
            or not _VALUE.fullmatch(value)
        ):
            raise Refused("bad_header", f"The value of the header {lower} is no plain line.")
        found[lower] = value.strip()
    return found


def _read(parts: Iterable[bytes], headers: Mapping[str, str], bytes_most: int) -> bytes:
    """The body, unpacked when the server packed it all the same; never more than `bytes_most`."""
    packed = headers.get("content-encoding", "identity").lower().strip()
    unpack: Any = None
    if packed in ("gzip", "x-gzip", "deflate"):
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
    elif packed not in ("", "identity"):
        raise Unanswered("bad_answer", f"The answer is packed as {packed[:40]}.", temporary=False)
    taken = bytearray()
    for part in parts:
        try:
            taken += part if unpack is None else unpack.decompress(part, bytes_most + 1)
        except zlib.error as error:
            raise Unanswered("bad_answer", "The answer can't be unpacked.") from error
        if len(taken) > bytes_most or (unpack is not None and unpack.unconsumed_tail):
            raise Unanswered(
                "answer_too_large",
                f"The answer is larger than {bytes_most} bytes.",
                temporary=False,
            )
    return bytes(taken)


class _Checked(httpcore.NetworkBackend):
    """Dials only the addresses that were looked at, whatever name it is given."""

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        failed: Exception | None = None
        for address in self._addresses:
            left_s = min(CONNECT_S, _left_s(self._deadline))
            try:
                return _Timed(self._plain.connect_tcp(address, port, left_s), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        assert failed is not None
        raise failed

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("no unix sockets")


class _Timed(httpcore.NetworkStream):
    """A connection whose every move ends at one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left_s(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left_s(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left_s = _left_s(self._deadline)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left_s), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left_s(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("time is up")
    return left


@lru_cache(maxsize=1)
def _default_tls() -> ssl.SSLContext:
    import httpx  # carries the list of certificate authorities

    return httpx.create_ssl_context(trust_env=False)


@lru_cache(maxsize=1)
def _lookups() -> ThreadPoolExecutor:
    """Looking up a name can't be given a time limit; so it is waited for elsewhere."""
    return ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="lookup")
