"""All calls to WAHA but sends: sessions, pairing, groups, history, files. Synchronous."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import orjson

from services.integrations.waha import answers, calls
from services.integrations.waha.access import Answer, access
from services.integrations.waha.calls import Call, Order, PresenceKind
from services.integrations.waha.errors import (
    WahaError,
    WahaNotFound,
    WahaNotReady,
    WahaPermanent,
    WahaTemporary,
)
from services.integrations.waha.protocol import (
    Problem,
    TransportFailure,
    decode,
    error_for,
    read_answer,
    transport_error,
)
from services.integrations.waha.types import (
    Capabilities,
    ChatOverview,
    Download,
    Group,
    LidPair,
    Me,
    Message,
    NumberCheck,
    Participant,
    ServerStatus,
    ServerVersion,
    Session,
    SessionStatus,
)

T = TypeVar("T")

TIMEOUT_S = 15.0
LIFECYCLE_TIMEOUT_S = 45.0  # WAHA itself gives up on a session's lock after 30 s
DOWNLOAD_TIMEOUT_S = 90.0
CONNECT_S = 3.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_PAGES = 100

_WAYS_OUT: dict[SessionStatus, str] = {
    SessionStatus.STOPPED: "Start the device.",
    SessionStatus.STARTING: "Wait a moment and try again.",
    SessionStatus.SCAN_QR_CODE: "Scan the QR code with the phone.",
    SessionStatus.PASSKEY_REQUIRED: "Confirm the passkey in WAHA's own dashboard.",
    SessionStatus.PASSKEY_CONFIRMATION_REQUIRED: "Confirm the passkey in WAHA's own dashboard.",
    SessionStatus.WORKING: "The device is connected already.",
    SessionStatus.FAILED: "Restart the device; if it fails again, pair it anew.",
    SessionStatus.UNKNOWN: "Wait a moment and try again.",
}


class WahaClient:
    """One WAHA server. Safe to share between threads; close it, or use it as a context.

    Every method raises WahaError, by its kinds: Unreachable, Temporary, NotReady, Permanent,
    Configuration. Calls that would block on a session that is not ready look at its state first.
    Calls that start, stop or wipe one session must not run side by side.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.access = access(base_url, api_key)
        self._timeout_s = timeout_s
        self._clock = clock
        self._http = httpx.Client(
            headers=self.access.headers, trust_env=False, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # Server

    def server_version(self) -> ServerVersion:
        return self._read(answers.read_server_version, calls.server_version())

    def server_status(self) -> ServerStatus:
        return self._read(answers.read_server_status, calls.server_status())

    def capabilities(self) -> Capabilities:
        """What this server can do, by its engine and version."""
        return answers.capabilities_of(self.server_version())

    # Sessions

    def sessions(self) -> list[Session]:
        """All of them, the stopped ones too."""
        return self._read(answers.read_sessions, calls.list_sessions())

    def session(self, name: str) -> Session:
        """Raises: WahaNotReady (code `session_missing`) when the server does not know it."""
        return self._read(answers.read_session, calls.get_session(name))

    def create_session(self, name: str, config: Mapping[str, Any], *, start: bool) -> Session:
        """Raises: WahaPermanent (code `already`) when there is one of that name."""
        return self._changed(name, calls.create_session(name, config, start=start))

    def replace_config(self, name: str, config: Mapping[str, Any]) -> Session:
        """Replace the whole configuration; a running session restarts."""
        return self._changed(name, calls.put_session(name, config))

    def start_session(self, name: str) -> Session:
        """Starting what runs already is no error."""
        try:
            return self._changed(name, calls.start_session(name))
        except WahaPermanent as error:
            if error.code == Problem.ALREADY:
                return self.session(name)
            raise

    def stop_session(self, name: str) -> Session:
        return self._changed(name, calls.stop_session(name))

    def restart_session(self, name: str) -> Session:
        return self._changed(name, calls.restart_session(name))

    def logout_session(self, name: str) -> Session:
        """Unpair the phone; the configuration stays."""
        return self._changed(name, calls.logout_session(name))

    def delete_session(self, name: str) -> None:
        """Unpair and forget; what is gone already is no error."""
        try:
            self._ask(calls.delete_session(name), LIFECYCLE_TIMEOUT_S)
        except WahaNotReady as error:
            if error.code != Problem.SESSION_MISSING:
                raise

    def me(self, name: str) -> Me | None:
        """The paired account, or None while it is not paired."""
        return self._read(answers.read_me, calls.get_me(name))

    # Pairing

    def qr_png(self, name: str) -> bytes:
        """The QR code as a picture. Raises: WahaNotReady when no code is to be scanned."""
        self._require(name, SessionStatus.SCAN_QR_CODE)
        answer = self._ask(calls.qr_image(name))
        if not answer.body.startswith(b"\x89PNG"):
            raise WahaTemporary("The WhatsApp server sent no picture.", code="unreadable")
        return answer.body

    def qr_text(self, name: str) -> str:
        """What the QR code says. Raises: WahaNotReady when no code is to be scanned."""
        self._require(name, SessionStatus.SCAN_QR_CODE)
        return self._read(answers.read_qr_text, calls.qr_text(name))

    def request_code(self, name: str, phone_digits: str) -> str:
        """A code to type on the phone instead of scanning; keep the QR code as the other way."""
        self._require(name, SessionStatus.SCAN_QR_CODE)
        return self._read(answers.read_code, calls.request_code(name, phone_digits))

    # Contacts and groups

    def check_exists(self, name: str, phone_digits: str) -> NumberCheck:
        """Whether a number has WhatsApp. Use it rarely: many checks look like spam."""
        self._require(name, SessionStatus.WORKING)
        return self._read(answers.read_number_check, calls.check_exists(name, phone_digits))

    def lids(self, name: str) -> list[LidPair]:
        """All pairs of hidden user and phone the server knows."""
        self._require(name, SessionStatus.WORKING)
        return list(
            self._pages(
                lambda offset: calls.list_lids(name, offset=offset),
                answers.read_lid_pairs,
                lambda pair: pair.lid,
            )
        )

    def lid_of_phone(self, name: str, phone_digits: str) -> LidPair:
        self._require(name, SessionStatus.WORKING)
        return self._read(answers.read_lid_pair, calls.lid_of_phone(name, phone_digits))

    def phone_of_lid(self, name: str, lid: str) -> LidPair:
        self._require(name, SessionStatus.WORKING)
        return self._read(answers.read_lid_pair, calls.phone_of_lid(name, lid))

    def groups(self, name: str, *, participants: bool = False) -> list[Group]:
        """All groups; ask for members only with care, WhatsApp counts these requests."""
        self._require(name, SessionStatus.WORKING)
        return list(
            self._pages(
                lambda offset: calls.list_groups(name, offset=offset, participants=participants),
                answers.read_groups,
                lambda group: group.id,
            )
        )

    def groups_count(self, name: str) -> int:
        self._require(name, SessionStatus.WORKING)
        return self._read(answers.read_count, calls.count_groups(name))

    def group_participants(self, name: str, group: str) -> list[Participant]:
        """The members now. An empty list means "not known", not "nobody"."""
        self._require(name, SessionStatus.WORKING)
        return self._read(answers.read_participants, calls.group_participants(name, group))

    # Chats and messages

    def chats_overview(
        self, name: str, *, limit: int = 20, offset: int = 0, chats: Iterable[str] = ()
    ) -> list[ChatOverview]:
        self._require(name, SessionStatus.WORKING)
        call = calls.chats_overview(name, limit=limit, offset=offset, chats=chats)
        return self._read(answers.read_chats, call)

    def messages(
        self,
        name: str,
        chat: str = "all",
        *,
        since_s: int | None = None,
        until_s: int | None = None,
        from_me: bool | None = None,
        limit: int = calls.PAGE_LIMIT,
        offset: int = 0,
        order: Order = "desc",
    ) -> list[Message]:
        """One page of history. `all` chats: GOWS and NOWEB only (WEBJS: WahaUnsupported)."""
        self._require(name, SessionStatus.WORKING)
        call = calls.list_messages(
            name,
            chat,
            since_s=since_s,
            until_s=until_s,
            from_me=from_me,
            limit=limit,
            offset=offset,
            order=order,
        )
        return self._read(partial(answers.read_messages, from_me=from_me), call)

    def history(
        self,
        name: str,
        chat: str = "all",
        *,
        since_s: int,
        from_me: bool | None = None,
        max_pages: int = MAX_PAGES,
    ) -> Iterator[Message]:
        """All messages since a time, oldest first, page by page; for filling gaps."""
        self._require(name, SessionStatus.WORKING)
        found = self._pages(
            lambda offset: calls.list_messages(
                name, chat, since_s=since_s, from_me=from_me, offset=offset, order="asc"
            ),
            answers.read_messages,
            lambda message: (message.chat, message.bare_id),
            max_pages,
        )
        return (one for one in found if from_me is None or one.from_me is from_me)

    def message_by_id(
        self, name: str, message_id: str, *, chat: str = "all", download_media: bool = False
    ) -> Message | None:
        """The message, or None when the server looked and has none.

        Bare id and `all` on GOWS and NOWEB; whole id and its chat on WEBJS. `download_media`
        makes the server load the file again.
        """
        self._require(name, SessionStatus.WORKING)
        call = calls.get_message(name, message_id, chat=chat, download_media=download_media)
        try:
            answer = self._ask(call, DOWNLOAD_TIMEOUT_S if download_media else None)
        except WahaNotFound as error:
            if error.code == Problem.MESSAGE_MISSING:
                return None
            raise
        reader = partial(answers.read_wanted_message, message_id=message_id)
        return read_answer(reader, answer.body)

    def typing(self, name: str, chat: str, *, on: bool) -> None:
        self._require(name, SessionStatus.WORKING)
        self._ask(calls.typing(name, chat, on=on))

    def seen(
        self,
        name: str,
        chat: str,
        message_ids: Iterable[str] = (),
        participant: str | None = None,
    ) -> None:
        """Show the blue ticks; without ids for all that is unread in the chat."""
        self._require(name, SessionStatus.WORKING)
        self._ask(calls.send_seen(name, chat, message_ids, participant))

    def presence(self, name: str, presence: PresenceKind, chat: str | None = None) -> None:
        self._require(name, SessionStatus.WORKING)
        self._ask(calls.set_presence(name, presence, chat))

    # Files

    def download(self, url: str, max_bytes: int) -> Download:
        """Load a file that a message names, from this server whatever host the url says.

        Raises: WahaPermanent (`foreign_media`: it lies elsewhere; `media_too_large`),
        WahaNotFound when its time is over: ask `message_by_id(..., download_media=True)`.
        """
        path = answers.media_path(url)
        if path is None:
            raise WahaPermanent(
                "The file does not lie on the WhatsApp server.",
                hint="Let WAHA serve its files itself, or load it as any other web address.",
                code="foreign_media",
            )
        answer = self._ask(calls.media_file(path), DOWNLOAD_TIMEOUT_S, max_bytes)
        mimetype = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Download(answer.body, mimetype or None)

    # The one way out

    def _require(self, name: str, wanted: SessionStatus) -> None:
        """WAHA holds a call on a session in another state for 5 to 10 s before it refuses."""
        session = self.session(name)
        if session.status is wanted:
            return
        error = WahaNotReady(
            f"The WhatsApp session is {session.raw_status}, not {wanted.value}.",
            hint=_WAYS_OUT[session.status],
            code=Problem.SESSION_NOT_WORKING.value,
        )
        error.session_status = session.raw_status
        raise error

    def _changed(self, name: str, call: Call) -> Session:
        answer = self._ask(call, LIFECYCLE_TIMEOUT_S)
        # Some releases answer a change of a session with nothing at all.
        if decode(answer.body) is None:
            return self.session(name)
        return read_answer(answers.read_session, answer.body)

    def _pages(
        self,
        call_at: Callable[[int], Call],
        reader: Callable[[Any], list[T]],
        key: Callable[[T], object],
        max_pages: int = MAX_PAGES,
    ) -> Iterator[T]:
        """Turn pages until one brings nothing new: a short page is not always the last one."""
        seen: set[object] = set()
        for page in range(max_pages):
            found = self._read(reader, call_at(page * calls.PAGE_LIMIT))
            new = [one for one in found if key(one) not in seen]
            if not new:
                return
            seen.update(key(one) for one in new)
            yield from new

    def _read(self, reader: Callable[[Any], T], call: Call) -> T:
        return read_answer(reader, self._ask(call).body)

    def _ask(
        self,
        call: Call,
        timeout_s: float | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        total_s = self._timeout_s if timeout_s is None else timeout_s
        deadline = self._clock() + total_s
        headers = {} if call.json is None else {"Content-Type": "application/json"}
        if call.accept:
            headers["Accept"] = call.accept
        try:
            with self._http.stream(
                call.method,
                self.access.base_url + call.path,
                params=call.query or None,
                content=None if call.json is None else orjson.dumps(call.json),
                headers=headers,
                timeout=httpx.Timeout(total_s, connect=min(CONNECT_S, total_s)),
            ) as response:
                limit = max_bytes if response.is_success else MAX_ANSWER_BYTES
                body = self._body(response, deadline, limit)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise transport_error(failure_of(error)) from error
        if not response.is_success:
            raise error_for(response.status_code, response.headers, body)
        return Answer(response.status_code, response.headers, body)

    def _body(self, response: httpx.Response, deadline: float, max_bytes: int) -> bytes:
        parts: list[bytes] = []
        size_bytes = 0
        for part in response.iter_bytes():
            size_bytes += len(part)
            if size_bytes > max_bytes:
                raise _too_large(max_bytes)
            if self._clock() > deadline:
                raise transport_error(TransportFailure.READ_TIMEOUT)
            parts.append(part)
        return b"".join(parts)


def failure_of(error: Exception) -> TransportFailure:
    """Tell apart what ended before a connection stood from all the rest."""
    match error:
        case httpx.ConnectTimeout():
            return TransportFailure.CONNECT_TIMEOUT
        case httpx.PoolTimeout():
            return TransportFailure.POOL_TIMEOUT
        case httpx.ConnectError():
            return _connect_failure(error)
        case httpx.TimeoutException():
            return TransportFailure.READ_TIMEOUT
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return TransportFailure.RESET
        case _:
            return TransportFailure.BAD_ANSWER


def _connect_failure(error: BaseException | None) -> TransportFailure:
    while error is not None:
        if isinstance(error, socket.gaierror):
            return TransportFailure.DNS
        if isinstance(error, ssl.SSLError):
            return TransportFailure.TLS
        error = error.__cause__ or error.__context__
    return TransportFailure.REFUSED


def _too_large(max_bytes: int) -> WahaError:
    return WahaPermanent(
        f"The file or answer is larger than {max_bytes:,} bytes.",
        hint="Ask for less, or raise the limit.",
        code="media_too_large",
    )
