"""Fetches the files that came with messages into the tenants' media store, by the slow workers.

WAHA keeps a file for a while only, and may name a host that nobody here can reach: the path is
kept, the origin is that of the device's own server. What is gone there is asked for once more by
its message. A file that can't be had in the end is GONE; one we don't take is REFUSED.
"""

import io
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Table, select, update

from runtime.compose import App
from runtime.inbound import waits
from services.chats.intake import GONE, REFUSED, STORED, WANTED
from services.chats.models import ChatMessage, ChatSession
from services.devices.models import Device, WahaServer
from services.integrations.media import store
from services.integrations.waha.client import WahaClient
from services.integrations.waha.errors import WahaError, WahaNotFound, WahaPermanent
from services.kit.errors import ProductError, Unavailable
from services.kit.outbound_http import Door, DoorError
from services.media import service as library
from services.media.service import Library

said: Table = ChatMessage.__table__  # type: ignore[assignment]
chats: Table = ChatSession.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]
servers: Table = WahaServer.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.inbound.media")

LOOK_S = 0.25
AT_ONCE = 20
PAUSES_S = (1.0, 3.0, 10.0, 30.0, 120.0)
"""How long a failed fetch waits before each next try; then the file is GONE."""
FOREIGN_TIMEOUT_S = 60.0
BYTES_OF_A_MB = 1024 * 1024


class NotTaken(Exception):
    """We don't want this file, now or later."""


class NotThere(Exception):
    """The file can't be had at the moment."""


@dataclass(frozen=True, slots=True)
class File:
    """What was fetched."""

    content: bytes
    filename: str


class MediaFetcher:
    """One thread that fetches what is wanted until it is stopped."""

    def __init__(self, app: App, door: Door | None = None) -> None:
        self._app = app
        self._door = door or Door()
        self._stopping = threading.Event()
        self._clients: dict[tuple[str, str], WahaClient] = {}
        self._thread = threading.Thread(target=self._work, name="media-fetcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.fetch_due()
            except Exception as error:
                log.error("media_failed", error=type(error).__name__, trace=traceback.format_exc())
                busy = 0
            if not busy:
                self._stopping.wait(LOOK_S)

    def fetch_due(self) -> int:
        """Try every file that is due once; returns how many there were."""
        now = self._app.clock.now()
        with self._app.database.read() as connection:
            rows = [row for row in _wanted(connection) if _is_due(row.media, now)]
        for row in rows:
            self._fetch(row)
        return len(rows)

    def _fetch(self, row: Any) -> None:
        told = dict(row.media or {})
        try:
            found = self._get(row, told)
            kept = library.add(
                self._app.database,
                self._app.clock,
                Library(
                    self._app.settings.media, self._app.settings.media_quota_mb * BYTES_OF_A_MB
                ),
                row.tenant_id,
                io.BytesIO(found.content),
                found.filename,
                source="inbound",
            )
        except (NotThere, WahaError, DoorError, Unavailable) as error:
            tries = int(told.get("tries") or 0)
            if tries >= len(PAUSES_S):
                self._note(row, GONE, told | {"error": str(error)[:200]}, None)
                return
            again = self._app.clock.now() + self._app.clock.span(PAUSES_S[tries])
            self._note(row, WANTED, told | {"tries": tries + 1, "again": again.isoformat()}, None)
        except (NotTaken, ProductError) as error:
            self._note(row, REFUSED, told | {"error": str(error)[:200]}, None)
        else:
            told |= {"mimetype": kept.mimetype, "filename": told.get("filename") or kept.filename}
            self._note(row, STORED, told, f"media:{kept.name}")

    def _get(self, row: Any, told: Mapping[str, Any]) -> File:
        """The file from wherever it lies. Raises: NotTaken, NotThere, WahaError, DoorError."""
        size = told.get("size_bytes")
        if isinstance(size, int) and size > store.MAX_BYTES:
            raise NotTaken(f"The file has {size // BYTES_OF_A_MB} MB.")
        name = str(told.get("filename") or row.waha_message_id)
        if told.get("url"):
            answer = self._door.ask(
                "GET",
                str(told["url"]),
                timeout_s=FOREIGN_TIMEOUT_S,
                answer_bytes_most=store.MAX_BYTES,
            )
            if answer.status == 200:
                return File(answer.body, name)
            raise NotThere(f"The storage answered {answer.status}.")
        client = self._client(row)
        if told.get("path"):
            try:
                return File(self._download(client, str(told["path"])), name)
            except WahaNotFound:
                log.info("media_asked_again", message=row.id)
        return File(self._again(client, row, told), name)

    def _download(self, client: WahaClient, path: str) -> bytes:
        try:
            return client.download(path, store.MAX_BYTES).content
        except WahaNotFound:
            raise
        except WahaPermanent as error:
            raise NotTaken(error.message) from error

    def _again(self, client: WahaClient, row: Any, told: Mapping[str, Any]) -> bytes:
        """Let the server load it from WhatsApp once more. WEBJS knows whole ids only."""
        found = client.message_by_id(row.session_name, row.waha_message_id, download_media=True)
        if found is None and told.get("whole_id") and told.get("chat"):
            found = client.message_by_id(
                row.session_name,
                str(told["whole_id"]),
                chat=str(told["chat"]),
                download_media=True,
            )
        if found is None or found.media is None or not found.media.url:
            raise NotThere("The WhatsApp server has no such file.")
        return self._download(client, found.media.url)

    def _client(self, row: Any) -> WahaClient:
        place = (row.base_url, row.api_key_sealed)
        client = self._clients.get(place)
        if client is None:
            key = self._app.sealer.open(row.api_key_sealed) if row.api_key_sealed else ""
            client = self._clients[place] = WahaClient(row.base_url, key)
        return client

    def _note(self, row: Any, state: str, told: Mapping[str, Any], url: str | None) -> None:
        """Write down what became of it; whoever waits for it looks again."""
        now = self._app.clock.now()
        with self._app.database.write() as connection:
            met = connection.execute(
                update(said)
                .where(said.c.id == row.id, said.c.media_state == WANTED)
                .values(media_state=state, media=dict(told), media_url=url)
            ).rowcount
            if met and state != WANTED:
                waits.media_settled(connection, row.session_id, now)


def _wanted(connection: Connection) -> Sequence[Any]:
    return connection.execute(
        select(
            said.c.id,
            said.c.tenant_id,
            said.c.session_id,
            said.c.waha_message_id,
            said.c.media,
            devices.c.session_name,
            servers.c.base_url,
            servers.c.api_key_sealed,
        )
        .join(chats, chats.c.id == said.c.session_id)
        .join(devices, devices.c.id == chats.c.device_id)
        .join(servers, servers.c.id == devices.c.server_id)
        .where(said.c.media_state == WANTED)
        .order_by(said.c.id.desc())
        .limit(AT_ONCE * 10)
    ).all()


def _is_due(told: Mapping[str, Any] | None, now: datetime) -> bool:
    again = (told or {}).get("again")
    return again is None or datetime.fromisoformat(again) <= now
