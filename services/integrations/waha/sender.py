"""The hot path to WAHA: one HTTP call a message, on a keep-alive pool, never repeated."""

import asyncio
import io
from functools import lru_cache
from types import TracebackType
from typing import Self

import aiohttp
import orjson
from yarl import URL

from services.integrations.waha import answers, calls
from services.integrations.waha.access import Answer, access
from services.integrations.waha.calls import Call
from services.integrations.waha.errors import WahaError
from services.integrations.waha.outcomes import Outcome
from services.integrations.waha.protocol import (
    TransportFailure,
    classify_send,
    classify_transport_error,
    error_for,
    read_answer,
    transport_error,
)

CONNECT_S = 3.0
ASK_TIMEOUT_S = 15.0
MAX_CONNECTIONS = 200
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_IDS_AT_ONCE = 100
# WAHA's web server drops an idle connection after 5 s. A send that meets the drop half-way can't
# be told from one that went through, so we drop the connection first.
KEEP_ALIVE_S = 3.0
STREAM_BODY_FROM_BYTES = 1024 * 1024


class Sender:
    """A pool of connections to one WAHA server; use it inside one event loop.

    No retries, no redirects, no proxy or cookies from the environment.
    Raises: WahaConfiguration for an address or a key that can't be right.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self.access = access(base_url, api_key)
        self.in_flight = 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def open(self) -> None:
        """Make the pool; must run inside the loop that sends."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=30
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={**self.access.headers, "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
            )

    async def close(self) -> None:
        """Close the pool; what is still under way breaks off and is then unknown."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, call: Call, timeout_s: float, connect_s: float = CONNECT_S) -> Outcome:
        """Make one send and say what became of it; never raises for anything WAHA does."""
        exchanged = await self._exchange(call, timeout_s, connect_s)
        if isinstance(exchanged, TransportFailure):
            return classify_transport_error(exchanged)
        wanted = call.json.get("id") if call.json else None
        return classify_send(exchanged.status, exchanged.headers, exchanged.body, wanted)

    async def ask(self, call: Call, timeout_s: float = ASK_TIMEOUT_S) -> Answer:
        """Make any other call. Raises: WahaError for everything but a success."""
        exchanged = await self._exchange(call, timeout_s, CONNECT_S)
        if isinstance(exchanged, TransportFailure):
            raise transport_error(exchanged)
        if not 200 <= exchanged.status < 300:
            raise error_for(exchanged.status, exchanged.headers, exchanged.body)
        return exchanged

    async def new_message_id(self, session: str, timeout_s: float = ASK_TIMEOUT_S) -> str:
        """Draw an id for a message that is still to be sent.

        Raises: WahaUnsupported when the engine or the version has none, and other WahaErrors.
        """
        answer = await self.ask(calls.new_message_id(session), timeout_s)
        return read_answer(answers.read_new_message_id, answer.body)

    async def new_message_ids(
        self, session: str, count: int, timeout_s: float = ASK_TIMEOUT_S
    ) -> list[str]:
        """Draw up to `count` ids at once; fewer when some calls fail.

        Raises: the first WahaError when not one could be drawn; ValueError above the limit.
        """
        if not 1 <= count <= MAX_IDS_AT_ONCE:
            raise ValueError(f"between 1 and {MAX_IDS_AT_ONCE} ids are drawn at once")
        drawn = await asyncio.gather(
            *(self.new_message_id(session, timeout_s) for _ in range(count)),
            return_exceptions=True,
        )
        for one in drawn:
            if isinstance(one, BaseException) and not isinstance(one, WahaError):
                raise one
        ids = [one for one in drawn if isinstance(one, str)]
        if not ids and isinstance(drawn[0], WahaError):
            raise drawn[0]
        return ids

    async def _exchange(
        self, call: Call, timeout_s: float, connect_s: float
    ) -> Answer | TransportFailure:
        if self._session is None:
            raise RuntimeError("the sender is not open")
        body = None if call.json is None else orjson.dumps(call.json)
        headers = {} if body is None else {"Content-Type": "application/json"}
        if call.accept:
            headers["Accept"] = call.accept
        self.in_flight += 1
        try:
            async with self._session.request(
                call.method,
                _url(self.access.base_url, call.path, call.query),
                data=_payload(body),
                headers=headers,
                allow_redirects=False,
                timeout=_timeout(timeout_s, connect_s),
            ) as response:
                answer = await _read(response)
                if answer is None:
                    return TransportFailure.TOO_LARGE_ANSWER
                return Answer(response.status, response.headers, answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return failure_of(error)
        finally:
            self.in_flight -= 1


class Senders:
    """One open sender a server, by the server's id; all in one event loop."""

    def __init__(self) -> None:
        self._open: dict[int, Sender] = {}
        self._retired: list[Sender] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def of(self, server_id: int, base_url: str, api_key: str) -> Sender:
        """The server's sender; a new one when its address or key has changed.

        The old one is closed once its calls have ended: none is broken off.
        Raises: WahaConfiguration.
        """
        found = self._open.get(server_id)
        if found is not None and found.access == access(base_url, api_key):
            return found
        sender = Sender(base_url, api_key)
        sender.open()
        self._open[server_id] = sender
        if found is not None:
            self._retired.append(found)
        await self._close_idle()
        return sender

    async def drop(self, server_id: int) -> None:
        """Forget a server that was taken away."""
        if (found := self._open.pop(server_id, None)) is not None:
            self._retired.append(found)
        await self._close_idle()

    async def close(self) -> None:
        senders = [*self._open.values(), *self._retired]
        self._open, self._retired = {}, []
        for sender in senders:
            await sender.close()

    async def _close_idle(self) -> None:
        idle = [sender for sender in self._retired if sender.in_flight == 0]
        self._retired = [sender for sender in self._retired if sender.in_flight > 0]
        for sender in idle:
            await sender.close()


def failure_of(error: Exception) -> TransportFailure:
    """Tell apart what ended before a connection stood from all that may have been a send."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return TransportFailure.TLS
        case aiohttp.ClientConnectorDNSError() | aiohttp.InvalidURL():
            return TransportFailure.DNS
        case aiohttp.ClientConnectorError():
            return TransportFailure.REFUSED
        case aiohttp.ConnectionTimeoutError():
            return TransportFailure.CONNECT_TIMEOUT
        case TimeoutError():
            return TransportFailure.READ_TIMEOUT
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | OSError():
            return TransportFailure.RESET
        case _:
            return TransportFailure.BAD_ANSWER


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole body, or None when it is larger than any honest answer."""
    length = response.content_length
    if length is not None:
        return await response.read() if length <= MAX_ANSWER_BYTES else None
    parts: list[bytes] = []
    size_bytes = 0
    async for part in response.content.iter_any():
        size_bytes += len(part)
        if size_bytes > MAX_ANSWER_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    # A large body goes out in pieces, so that it does not hold up the other sends.
    if body is not None and len(body) >= STREAM_BODY_FROM_BYTES:
        return io.BytesIO(body)
    return body


@lru_cache(maxsize=4096)
def _url(base_url: str, path: str, query: tuple[tuple[str, str], ...]) -> URL:
    url = URL(base_url + path, encoded=True)
    return url.with_query(query) if query else url


@lru_cache(maxsize=64)
def _timeout(total_s: float, connect_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total_s, connect=connect_s, sock_connect=connect_s)
