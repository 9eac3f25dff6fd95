"""Socket.IO beside the API: who may listen, and in which room."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import redis.asyncio as aioredis
import socketio
import structlog
from redis import RedisError
from socketio.exceptions import (
    ConnectionRefusedError as Refused,
)

from runtime.live.feed import CHANNEL, NAMESPACE, REDIS_TIMEOUT_S, SEQUENCE, WATCHED, room
from services.kit.config import Settings
from services.kit.errors import ProductError
from services.kit.http import Member

MESSAGE_BYTES_MOST = 16 * 1024
"""Browsers have nothing to say here but who they are."""
LISTENERS_MOST = 2_000
TEND_S = 5.0
WATCHED_FOR_S = 15
ASK_AGAIN_EVERY = 12
"""Turns after which everybody's token is looked at again: a minute."""

log = structlog.get_logger("runtime.live")


class LiveServer:
    """The listeners of one API process."""

    def __init__(self, settings: Settings, authenticate: Callable[[str], Member]) -> None:
        self._authenticate = authenticate
        self._tokens: dict[str, str] = {}
        self._tending: asyncio.Task[None] | None = None
        self._redis: Any = aioredis.Redis.from_url(
            settings.redis,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
        )
        self.socket = socketio.AsyncServer(
            async_mode="asgi",
            client_manager=socketio.AsyncRedisManager(settings.redis, channel=CHANNEL),
            cors_allowed_origins=_origins(settings),
            max_http_buffer_size=MESSAGE_BYTES_MOST,
            namespaces=[NAMESPACE],
            logger=False,
            engineio_logger=False,
        )
        self.socket.on("connect", self._connect, namespace=NAMESPACE)
        self.socket.on("disconnect", self._disconnect, namespace=NAMESPACE)

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Let people in by their access token; they hear of their own tenant only."""
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or not token:
            raise Refused("Send your access token as `auth.token`.")
        if len(self._tokens) >= LISTENERS_MOST:
            raise Refused("Too many are listening; try again later.")
        member = await self._member(token)
        if member is None:
            raise Refused("This token is not valid.")
        self._tokens[sid] = token
        await self.socket.enter_room(sid, room(member.tenant_id), namespace=NAMESPACE)
        if self._tending is None or self._tending.done():
            self._tending = asyncio.create_task(self._tend())
        await self._say_watched()
        await self.socket.emit(
            "hello",
            {"seq": await self._sequence(member.tenant_id)},
            to=sid,
            namespace=NAMESPACE,
            ignore_queue=True,
        )

    async def _disconnect(self, sid: str, *_: Any) -> None:
        self._tokens.pop(sid, None)

    async def _member(self, token: str) -> Member | None:
        try:
            member = await asyncio.to_thread(self._authenticate, token)
        except ProductError:
            return None
        return member if member.via == "jwt" else None

    async def _sequence(self, tenant_id: int) -> int:
        """The number of the tenant's last event, 0 when nobody knows."""
        try:
            return int(await self._redis.get(f"{SEQUENCE}{tenant_id}") or 0)
        except (RedisError, OSError):
            return 0

    async def _tend(self) -> None:
        """While anybody listens: say so to the workers, and let nobody stay whose token is over."""
        turn = 0
        while self._tokens:
            await self._say_watched()
            await asyncio.sleep(TEND_S)
            turn += 1
            if turn % ASK_AGAIN_EVERY == 0:
                await self._ask_again()

    async def _say_watched(self) -> None:
        try:
            await self._redis.set(WATCHED, "1", ex=WATCHED_FOR_S)
        except (RedisError, OSError):
            log.debug("live_away")

    async def _ask_again(self) -> None:
        for sid, token in list(self._tokens.items()):
            try:
                member = await self._member(token)
            except Exception as error:
                # The database is away: nobody is put out for that.
                log.warning("live_unchecked", error=type(error).__name__)
                return
            if member is None:
                self._tokens.pop(sid, None)
                await self.socket.disconnect(sid, namespace=NAMESPACE)


def mounted(api: Any, settings: Settings, authenticate: Callable[[str], Member]) -> Any:
    """The API with Socket.IO at /socket.io/ beside it."""
    return socketio.ASGIApp(LiveServer(settings, authenticate).socket, other_asgi_app=api)


def _origins(settings: Settings) -> list[str] | None:
    """Pages that may connect: our own, under every address we know; None: the one asked for."""
    if not settings.public_url:
        return None
    parts = urlsplit(settings.public_url)
    own = f"http://{settings.host}:{settings.port}"
    return [f"{parts.scheme}://{parts.netloc}", own]
