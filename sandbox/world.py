"""Everything a sandbox knows: sessions, people, history, ledger, faults, webhooks."""

import asyncio
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

import orjson

from sandbox import engines, errors, ids
from sandbox.config import Config
from sandbox.faults import Faults
from sandbox.hub import Hub
from sandbox.ledger import Journal, Ledger
from sandbox.limits import MESSAGES_MAX, PEOPLE_MAX, SESSIONS_MAX
from sandbox.media import MediaStore
from sandbox.messages import Media, Message
from sandbox.sessions import Group, Session
from sandbox.webhooks import Dispatcher


class World:
    """The simulated WhatsApp with one WAHA server in front of it. Belongs to one event loop."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.engine: str = config.engine
        self.started_ms = int(time.time() * 1000)
        self.sessions: dict[str, Session] = {}
        self.by_phone: dict[str, Session] = {}
        self.phone_of_lid: dict[str, str] = {}
        self.lid_known_at: dict[tuple[str, str], float] = {}
        """(session, lid) -> monotonic time from which the phone number is known."""
        self.missing_phones: set[str] = set()
        self.names: dict[str, str] = {}
        self.faults = Faults(seed=config.seed)
        self.hub = Hub()
        self.media = MediaStore(config.files_lifetime_s)
        self.drop_repeated_ids = config.drop_repeated_ids
        self.acks = config.acks
        self.base_url = config.base_url
        self.handed_ids = 0
        self._message_order: deque[Session] = deque()
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._hanging: set[asyncio.Future[None]] = set()
        directory = config.data_dir
        self.ledger = Ledger(directory / "ledger.jsonl" if directory else None)
        self.arrivals = Journal(directory / "arrivals.jsonl" if directory else None)
        self._sessions_file: Path | None = directory / "sessions.json" if directory else None
        self.webhooks = Dispatcher(
            config.webhooks,
            user_agent=f"WAHA/{config.version}",
            time_scale=config.time_scale,
            seed=config.seed,
            global_webhook=config.global_webhook,
        )
        self.version_body = self._version_body()
        self._load()

    def _version_body(self) -> dict[str, Any]:
        browser = "/usr/bin/google-chrome-stable" if self.engine == "WEBJS" else None
        body: dict[str, Any] = {
            "version": self.config.version,
            "engine": self.engine,
            "tier": "CORE",
            "browser": browser,
        }
        if not self.config.is_legacy:
            body["platform"] = "linux/x64"
            body["worker"] = {"id": self.config.worker_id}
        return body

    # Sessions

    def session(self, name: str) -> Session:
        found = self.sessions.get(name)
        if found is None:
            raise errors.session_not_found()
        return found

    def add_session(self, name: str, config: dict[str, Any]) -> Session:
        if len(self.sessions) >= SESSIONS_MAX:
            raise errors.named(422, f"The sandbox holds at most {SESSIONS_MAX} sessions")
        session = Session(name, config)
        self.sessions[name] = session
        return session

    async def working(self, name: str) -> Session:
        """The session once it is WORKING; WAHA waits for it before it refuses (measured).

        Raises WahaError 422 after 5 s (unknown or stopped) or 10 s (any other status), scaled.
        """
        return await self.wait_for(name, ["WORKING"])

    async def wait_for(self, name: str, expected: list[str]) -> Session:
        session = self.sessions.get(name)
        if session is not None and session.status in expected:
            return session
        scale = self.config.time_scale
        begun = time.monotonic()
        while True:
            session = self.sessions.get(name)
            if session is not None and session.status in expected:
                return session
            is_up = session is not None and session.status != "STOPPED"
            left_s = (10.0 if is_up else 5.0) * scale - (time.monotonic() - begun)
            if left_s <= 0:
                if session is None:
                    raise errors.session_unknown(name)
                raise errors.wrong_status(name, session.status, expected)
            await asyncio.sleep(min(0.05, left_s))

    def announce(self, session: Session, status: str, data: Any = None) -> None:
        """Move a session to a status and tell everybody."""
        session.note_status(status)
        payload: dict[str, Any] = {
            "name": session.name,
            "status": status,
            "statuses": session.statuses,
        }
        if not self.config.is_legacy:
            payload["data"] = data
        self.emit(session, "session.status", payload)
        self.hub.publish("session", self.phone_view(session))
        self.save_sessions()

    def phone_view(self, session: Session) -> dict[str, Any]:
        """A session as the phone page shows it."""
        return {
            "name": session.name,
            "status": session.status,
            "phone": session.phone,
            "push_name": session.push_name,
            "presence": session.presence,
            "timelock": session.timelock if session.timelock_is_active else None,
            "deaf": session.is_deaf,
            "pairing_code": session.pairing_code,
            "unlinked": not session.has_link,
        }

    def pair(self, session: Session, phone: str, push_name: str) -> None:
        other = self.by_phone.get(phone)
        if other is not None and other is not session:
            raise errors.named(422, f"{phone} is already linked to session '{other.name}'")
        session.phone = phone
        session.push_name = push_name
        self.by_phone[phone] = session
        self.remember_person(phone)

    def unpair(self, session: Session) -> None:
        if session.phone:
            self.by_phone.pop(session.phone, None)
        session.phone = None
        session.push_name = ""
        session.timelock = None
        session.capping = None

    # People

    def remember_person(self, phone: str, name: str | None = None) -> str:
        """Make a phone known; answers its hidden-user address."""
        lid = ids.lid_of(phone)
        if len(self.phone_of_lid) < PEOPLE_MAX:
            self.phone_of_lid[lid] = phone
            if name:
                self.names[f"{phone}@c.us"] = name
        return lid

    def person(self, chat: str) -> str:
        """The canonical address of a chat: the phone behind a hidden user, if there is one."""
        if chat.endswith("@lid"):
            phone = self.phone_of_lid.get(chat)
            return f"{phone}@c.us" if phone else chat
        return chat

    def resolved_phone(self, session: Session, lid: str) -> str | None:
        """The phone behind a hidden user as far as this session knows it by now."""
        phone = self.phone_of_lid.get(lid)
        if phone is None or self.lid_known_at.get((session.name, lid), 0.0) > time.monotonic():
            return None
        return phone

    # Messages

    def store(self, session: Session, message: Message) -> None:
        session.history.add(message)
        session.activity_ms = int(time.time() * 1000)
        self._message_order.append(session)
        if len(self._message_order) > MESSAGES_MAX:
            oldest = self._message_order.popleft()
            if len(oldest.history):
                oldest.history.drop_oldest()

    def media_body(
        self, session: Session, message: Message, origin: str | None = None
    ) -> dict[str, Any] | None:
        """The `media` block of a message, or None where nothing was fetched."""
        media = message.media
        if media is None or media.state == "skipped":
            return None
        body: dict[str, Any] = {
            "url": None,
            "filename": media.filename,
            "mimetype": media.mimetype,
        }
        if media.state == "error":
            reason = "failed to download media: download failed with status code 403"
            body["error"] = {"code": 13, "details": f"Error: 13 INTERNAL: {reason}"}
        elif media.data_key:
            base = self.base_url or origin or "http://localhost:3000"
            body["url"] = f"{base}/api/files/{media.data_key}"
        return body

    def wa_message(
        self,
        session: Session,
        message: Message,
        *,
        with_media: bool = True,
        origin: str | None = None,
    ) -> dict[str, Any]:
        media = self.media_body(session, message, origin) if with_media else None
        return engines.wa_message(self.engine, session, message, media)

    def page_message(self, session: Session, message: Message) -> dict[str, Any]:
        """A message as the phone page shows it."""
        media = message.media
        return {
            "session": session.name,
            "chat": message.chat,
            "person": message.person,
            "id": message.id,
            "from_me": message.from_me,
            "source": message.source,
            "text": message.text,
            "kind": message.kind,
            "at": message.timestamp,
            "ack": message.ack,
            "name": message.push_name,
            "participant": message.participant,
            "revoked": message.is_revoked,
            "media": media
            and {
                "mimetype": media.mimetype,
                "filename": media.filename,
                "size_bytes": media.size_bytes,
                "key": media.data_key,
                "url": media.source_url,
            },
            "extra": message.extra,
        }

    # Events

    def emit(self, session: Session, event: str, payload: dict[str, Any]) -> None:
        """Send an event to the webhooks of a session, unless it is deaf."""
        webhooks = self.webhooks
        if not webhooks.wants(session, event):
            return
        if event != "session.status" and (session.is_deaf or self.faults.is_deaf(session.name)):
            return
        envelope: dict[str, Any] = {"session": session.name}
        metadata = session.config.get("metadata")
        if metadata is not None:
            envelope["metadata"] = metadata
        envelope["me"] = session.me(self.engine)
        envelope["payload"] = payload
        envelope["engine"] = self.engine
        envelope["environment"] = self.version_body
        webhooks.emit(session, event, envelope)

    def emit_message(self, session: Session, message: Message) -> None:
        """`message` for incoming ones and `message.any` for all, as two events."""
        wants_plain = not message.from_me and self.webhooks.wants(session, "message")
        if wants_plain or self.webhooks.wants(session, "message.any"):
            body = self.wa_message(session, message)
            if not message.from_me:
                self.emit(session, "message", body)
            self.emit(session, "message.any", body)
        if self.hub.has_listeners:
            self.hub.publish("message", self.page_message(session, message))

    # Time

    def later(self, delay_s: float, action: Any, *arguments: Any) -> None:
        """Call a function after a delay; forgotten on restart."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            self._timers.discard(handle)
            action(*arguments)

        handle = loop.call_later(delay_s, ring)
        self._timers.add(handle)

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Keeping

    def save_sessions(self) -> None:
        if self._sessions_file is None:
            return
        saved = {
            "sessions": [session.saved() for session in self.sessions.values()],
            "missing_phones": sorted(self.missing_phones),
        }
        fresh = self._sessions_file.with_suffix(".new")
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(orjson.dumps(saved))
        os.replace(fresh, self._sessions_file)

    def _load(self) -> None:
        if self._sessions_file is not None and self._sessions_file.exists():
            saved = orjson.loads(self._sessions_file.read_bytes())
            self.missing_phones = set(saved["missing_phones"])
            for raw in saved["sessions"]:
                session = self.add_session(raw["name"], raw["config"])
                session.has_run = raw["runs"]
                for group in raw["groups"]:
                    session.groups[group["id"]] = Group(**group)
                if raw["phone"]:
                    self.pair(session, raw["phone"], raw["push_name"])
        stored = [(row["stored_at"], row) for row in self.arrivals]
        stored += [(row["delivered_at"], row) for row in self.ledger.journal if _is_message(row)]
        stored.sort(key=lambda pair: pair[0])
        for _, row in stored[-MESSAGES_MAX:]:
            self._load_message(row)

    def _load_message(self, row: dict[str, Any]) -> None:
        session = self.sessions.get(row["session"])
        if session is None:
            return
        chat = row["chat"]
        if chat.endswith("@lid") and row["person"].endswith("@c.us"):
            self.remember_person(ids.digits(row["person"]))
        media = row["media"]
        self.store(
            session,
            Message(
                id=row["id"],
                chat=chat,
                person=row["person"],
                from_me=row.get("from_me", True),
                text=row["text"],
                timestamp=row.get("timestamp", int(row.get("delivered_at", 0))),
                source=row.get("source", "api"),
                ack=row.get("ack", engines.first_ack(self.engine) or 1),
                kind=row["kind"],
                media=Media(**media) if media else None,
                participant=row.get("participant"),
                push_name=row.get("push_name", ""),
                extra=row.get("extra"),
            ),
        )

    def forget_traffic(self) -> None:
        """Reset: no messages, no ledger, no faults; sessions stay."""
        for session in self.sessions.values():
            session.history = type(session.history)()
            session.timelock = None
            session.capping = None
            session.is_deaf = False
        self._message_order.clear()
        self.ledger.reset()
        self.arrivals.clear()
        self.media.clear()
        self.missing_phones.clear()
        self.lid_known_at.clear()
        self.faults.set(self.config.seed, [])

    def cancel_timers(self) -> None:
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()

    async def close(self) -> None:
        """Stop everything this world has running. Its files stay."""
        self.cancel_timers()
        self.hub.close()
        tasks = [*self._tasks, *(one.life for one in self.sessions.values() if one.life)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.webhooks.close()
        self.ledger.close()
        self.arrivals.close()


def _is_message(row: dict[str, Any]) -> bool:
    return row["outcome"] == "delivered" and not row["engine_duplicate"]
