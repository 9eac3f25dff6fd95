"""The WAHA servers as a worker uses them: open senders, what each can do, and ids drawn ahead."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Table, select

from services.devices.models import WahaServer
from services.integrations.waha import calls, lookups
from services.integrations.waha.answers import capabilities_of, read_server_version
from services.integrations.waha.errors import WahaError, WahaUnsupported
from services.integrations.waha.protocol import read_answer
from services.integrations.waha.sender import Sender, Senders
from services.integrations.waha.types import Capabilities, Message, Session
from services.kit.db import Database
from services.kit.secrets import Sealer

servers: Table = WahaServer.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.servers")

POOL_LOW = 20
POOL_FULL = 60
CAPABILITIES_AGAIN_S = 60.0
UNKNOWN_SETTLE_S = 330.0
"""Until a server has said what it is, the slowest engine is assumed."""


@dataclass(slots=True)
class Server:
    """One server: `can` is None until it has answered once."""

    id: int
    base_url: str
    api_key: str
    sender: Sender
    can: Capabilities | None = None
    checked_at: float = -1e9


class ServerLookups:
    """The look-ups of the reconcile ladder over one sender."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def session(self, name: str) -> Session:
        return await lookups.session_state(self._sender, name)

    async def message_by_id(self, session: str, bare_id: str) -> Message | None:
        return await lookups.message_by_id(self._sender, session, bare_id)

    async def messages(
        self, session: str, chat: str, *, from_me: bool, since_s: int, limit: int
    ) -> list[Message]:
        return await lookups.messages(
            self._sender, session, chat, from_me=from_me, since_s=since_s, limit=limit
        )


class ServerPool:
    """Servers by id. Lives in the worker's event loop; `take_id` and `settle_s` from any thread."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._senders = Senders()
        self._servers: dict[int, Server] = {}
        self._ids: dict[tuple[int, str], deque[str]] = {}
        self._since: dict[tuple[int, str], datetime | None] = {}
        self._drawing: set[tuple[int, str]] = set()

    async def refresh(self, rows: Mapping[int, tuple[str, str]]) -> None:
        """Open a sender for each (base_url, sealed key); called when the rows may have changed."""
        for server_id, (base_url, sealed) in rows.items():
            key = self._sealer.open(sealed) if sealed else ""
            sender = await self._senders.of(server_id, base_url, key)
            known = self._servers.get(server_id)
            if known is None or known.sender is not sender:
                self._servers[server_id] = Server(server_id, base_url, key, sender)

    def read_rows(self) -> dict[int, tuple[str, str]]:
        """The servers as the database has them."""
        with self._database.read() as connection:
            found = connection.execute(
                select(servers.c.id, servers.c.base_url, servers.c.api_key_sealed)
            ).all()
        return {row.id: (row.base_url, row.api_key_sealed) for row in found}

    async def learn(self, now_s: float) -> None:
        """Ask servers that have not told yet, or not lately, what they are."""
        for server in list(self._servers.values()):
            if now_s - server.checked_at < (CAPABILITIES_AGAIN_S if server.can else 1.0):
                continue
            server.checked_at = now_s
            try:
                answer = await server.sender.ask(calls.server_version(), 5.0)
                server.can = capabilities_of(read_answer(read_server_version, answer.body))
            except WahaError as error:
                log.warning("server_away", server=server.id, code=error.code)

    def get(self, server_id: int) -> Server | None:
        return self._servers.get(server_id)

    def all(self) -> list[Server]:
        return list(self._servers.values())

    def lookups(self, server: Server) -> ServerLookups:
        return ServerLookups(server.sender)

    def settle_s(self, server_id: int) -> float:
        server = self._servers.get(server_id)
        return UNKNOWN_SETTLE_S if server is None or server.can is None else server.can.settle_s

    def needs_id(self, server_id: int) -> bool:
        """Whether messages through this server carry an id of ours (unknown server: wait)."""
        server = self._servers.get(server_id)
        return server is None or server.can is None or server.can.chosen_id

    def take_id(self, server_id: int, session: str, since: datetime | None) -> str | None:
        """An id drawn ahead; those drawn before the session's last change are thrown away."""
        key = (server_id, session)
        pool = self._ids.get(key)
        if pool is None:
            return None
        if self._since.setdefault(key, since) != since:
            self._since[key] = since
            pool.clear()
        try:
            return pool.popleft()
        except IndexError:
            return None

    async def fill(self, server_id: int, session: str) -> bool:
        """Draw ids until the session's pool is full; False when none could be drawn."""
        server = self._servers.get(server_id)
        key = (server_id, session)
        if server is None or server.can is None or not server.can.chosen_id:
            return server is not None and server.can is not None
        pool = self._ids.setdefault(key, deque())
        if len(pool) >= POOL_LOW or key in self._drawing:
            return True
        self._drawing.add(key)
        try:
            drawn = await server.sender.new_message_ids(session, POOL_FULL - len(pool))
            pool.extend(drawn)
            return True
        except WahaUnsupported:
            server.can = _without_ids(server.can)
            return True
        except WahaError as error:
            log.warning("no_message_ids", server=server_id, session=session, code=error.code)
            return bool(pool)
        finally:
            self._drawing.discard(key)

    async def close(self) -> None:
        await self._senders.close()


def _without_ids(can: Capabilities) -> Capabilities:
    return replace(can, chosen_id=False)
