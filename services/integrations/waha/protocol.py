"""What an answer of WAHA means: for a send, and for any other call. Pure.

The table for sends is as careful as it can be: only an answer that proves that nothing went out
lets the same message be sent again.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, TypeVar

import orjson

from services.integrations.waha.addresses import read_message_id
from services.integrations.waha.answers import UnreadableAnswer
from services.integrations.waha.errors import (
    WahaConfiguration,
    WahaError,
    WahaNotFound,
    WahaNotReady,
    WahaPermanent,
    WahaTemporary,
    WahaUnreachable,
    WahaUnsupported,
)
from services.integrations.waha.outcomes import (
    Accepted,
    Configuration,
    NotSent,
    Outcome,
    Permanent,
    Restricted,
    Unknown,
)
from services.integrations.waha.types import SentReceipt

T = TypeVar("T")

RATE_LIMITED_RETRY_S = 60.0
RATE_OVERLIMIT_RETRY_S = 300.0  # WhatsApp's own limit: minutes, not seconds
MAX_RETRY_AFTER_S = 3600.0
MAX_MESSAGE_CHARS = 300


class TransportFailure(StrEnum):
    """How a request ended without an answer."""

    REFUSED = "refused"
    DNS = "dns"
    TLS = "tls"
    CONNECT_TIMEOUT = "connect_timeout"
    POOL_TIMEOUT = "pool_timeout"
    READ_TIMEOUT = "read_timeout"
    RESET = "reset"
    BAD_ANSWER = "bad_answer"
    TOO_LARGE_ANSWER = "too_large_answer"


NEVER_CONNECTED = frozenset(
    {
        TransportFailure.REFUSED,
        TransportFailure.DNS,
        TransportFailure.CONNECT_TIMEOUT,
        TransportFailure.POOL_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error answer in one form.

    `message` may hold what we sent: use it to decide, never to tell. `session_status` and
    `expected` are set by the answer "session status is not as expected". `is_foreign` is True for
    a text that is no JSON: WAHA itself does not write such.
    """

    message: str = ""
    exception: str = ""
    session_status: str | None = None
    expected: tuple[str, ...] = ()
    is_foreign: bool = False
    is_list: bool = False


class Problem(StrEnum):
    """What an answer that is not a success says; shared by sends and by all other calls."""

    KEY = "key"
    NOT_WAHA = "not_waha"
    NO_ROUTE = "no_route"
    SESSION_MISSING = "session_missing"
    SESSION_NOT_WORKING = "session_not_working"
    NOT_FOUND = "not_found"
    MESSAGE_MISSING = "message_missing"
    BAD_REQUEST = "bad_request"
    REFUSED_REQUEST = "refused_request"
    ALREADY = "already"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    RATE_OVERLIMIT = "rate_overlimit"
    TIMELOCK = "463"
    NO_LID = "no_lid"
    NOT_IMPLEMENTED = "not_implemented"
    SERVER_ERROR = "server_error"
    UNEXPECTED = "unexpected"


_TEXTS: dict[Problem, tuple[str, str]] = {
    Problem.KEY: (
        "The WhatsApp server refuses our key.",
        "Check the API key in Settings, WhatsApp server, and that it may use this session.",
    ),
    Problem.NOT_WAHA: (
        "What answers at this address is not WAHA.",
        "Check the address in Settings, WhatsApp server; use the final one, without redirects.",
    ),
    Problem.NO_ROUTE: (
        "The WhatsApp server does not know this call.",
        "Check the address, and update WAHA to 2026.7.1 or newer.",
    ),
    Problem.SESSION_MISSING: (
        "The WhatsApp session is not running on the server.",
        "Start the device again, or pair it anew.",
    ),
    Problem.SESSION_NOT_WORKING: (
        "The WhatsApp session is not ready.",
        "Wait until it is connected; scan the QR code if it asks for one.",
    ),
    Problem.NOT_FOUND: ("The WhatsApp server has no such thing.", "It may have been deleted."),
    Problem.MESSAGE_MISSING: ("The WhatsApp server has no such message.", ""),
    Problem.BAD_REQUEST: (
        "The WhatsApp server cannot read the request.",
        "Check the number, the text and the file of this message.",
    ),
    Problem.REFUSED_REQUEST: (
        "The WhatsApp server refuses the request.",
        "Check the number, the text and the file of this message.",
    ),
    Problem.ALREADY: ("It exists or runs already on the WhatsApp server.", ""),
    Problem.TOO_LARGE: (
        "The message is larger than the WhatsApp server takes.",
        "Send the file by a link, or a smaller one.",
    ),
    Problem.RATE_LIMITED: ("The server asks us to slow down.", "Nothing to do: we wait."),
    Problem.RATE_OVERLIMIT: (
        "WhatsApp asks this number to slow down.",
        "Nothing to do: we wait some minutes.",
    ),
    Problem.TIMELOCK: (
        "WhatsApp does not let this number write to new contacts for now.",
        "Chats that exist go on. Do not restart or pair the device again.",
    ),
    Problem.NO_LID: (
        "WhatsApp knows no account for this number.",
        "Check that the number uses WhatsApp.",
    ),
    Problem.NOT_IMPLEMENTED: (
        "This WhatsApp engine cannot do that.",
        "Use the GOWS engine, or leave this feature out.",
    ),
    Problem.SERVER_ERROR: (
        "The WhatsApp server met an error of its own.",
        "If it goes on, look at the server's log and restart the device.",
    ),
    Problem.UNEXPECTED: ("The WhatsApp server gave an unexpected answer.", ""),
}

_CERTAIN_REFUSALS = frozenset({405, 406, 411, 414, 415, 417, 431})
_REDIRECTS = frozenset({301, 302, 307, 308})
_NO_LID = re.compile(r"no lid (?:found )?for|lid is missing", re.IGNORECASE)
_TIMELOCK = re.compile(r"\berror 463\b", re.IGNORECASE)
_SAFE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
_LONG_NUMBER = re.compile(r"[0-9]{7,}", re.ASCII)


# Sends


def classify_send(
    status: int, headers: Mapping[str, str], body: bytes, wanted_id: str | None
) -> Outcome:
    """What became of a send, from its answer. `wanted_id` is the id we had chosen, if any."""
    if 200 <= status < 300:
        return _classify_success(body, wanted_id)
    problem, error = read_problem(status, body)
    match problem:
        case Problem.KEY | Problem.NOT_WAHA | Problem.NO_ROUTE:
            return Configuration(problem.value, explain(problem))
        case Problem.SESSION_NOT_WORKING:
            return NotSent(problem.value, _not_ready_text(error), scope="session")
        case Problem.SESSION_MISSING:
            return NotSent(problem.value, explain(problem), scope="session")
        case Problem.RATE_LIMITED:
            wait_s = retry_after_s(headers) or RATE_LIMITED_RETRY_S
            return NotSent(problem.value, explain(problem), wait_s, "session")
        case Problem.RATE_OVERLIMIT:
            # WhatsApp answers the questions that come before the message with this, and the
            # engines stop there.
            return NotSent(problem.value, explain(problem), RATE_OVERLIMIT_RETRY_S, "session")
        case Problem.TIMELOCK:
            return Restricted()
        case (
            Problem.BAD_REQUEST
            | Problem.REFUSED_REQUEST
            | Problem.ALREADY
            | Problem.NOT_FOUND
            | Problem.MESSAGE_MISSING
            | Problem.TOO_LARGE
            | Problem.NO_LID
            | Problem.NOT_IMPLEMENTED
        ):
            return Permanent(problem.value, explain(problem))
        case Problem.SERVER_ERROR | Problem.UNEXPECTED:
            return Unknown(f"http_{status}", _unknown_text(status, error))


def _classify_success(body: bytes, wanted_id: str | None) -> Outcome:
    answer = decode(body)
    if answer is None:
        return Unknown("bad_json", "The server accepted the message with an unreadable answer.")
    found = read_message_id(answer)
    if found is None:
        return Unknown("no_id", "The server accepted the message without naming its id.")
    matches = wanted_id is None or found.bare == wanted_id
    return Accepted(SentReceipt(found.bare, found.whole, matches))


def classify_transport_error(kind: TransportFailure) -> NotSent | Configuration | Unknown:
    """What became of a send that got no answer.

    Only what fails before a connection stands is certainly not sent.
    """
    text = _TRANSPORT_TEXTS[kind]
    if kind is TransportFailure.TLS:
        return Configuration(kind.value, text)
    if kind in NEVER_CONNECTED:
        return NotSent(kind.value, text, scope="server")
    return Unknown(kind.value, text)


# Other calls


def error_for(status: int, headers: Mapping[str, str], body: bytes) -> WahaError:
    """The error of a call that was answered with anything but a success."""
    problem, error = read_problem(status, body)
    message, hint = _TEXTS[problem]
    if said := _tellable(status, error):
        message = f"{message} It says: {said}"
    if problem is Problem.SESSION_NOT_WORKING:
        message = _not_ready_text(error)
    kind = _ERROR_KINDS.get(problem, WahaTemporary)
    raised = kind(message, hint=hint, code=problem.value, status=status)
    if isinstance(raised, WahaNotReady):
        raised.session_status = error.session_status
    if isinstance(raised, WahaTemporary):
        raised.retry_after_s = retry_after_s(headers)
    return raised


def transport_error(kind: TransportFailure) -> WahaError:
    """The error of a call that got no answer."""
    text = _TRANSPORT_TEXTS[kind]
    if kind is TransportFailure.TLS:
        return WahaConfiguration(text, hint="Check the address.", code=kind.value)
    if kind in NEVER_CONNECTED:
        hint = "Check that it runs and that its address is right."
        return WahaUnreachable(text, hint=hint, code=kind.value)
    return WahaTemporary(text, hint="It may work later.", code=kind.value)


_ERROR_KINDS: dict[Problem, type[WahaError]] = {
    Problem.KEY: WahaConfiguration,
    Problem.NOT_WAHA: WahaConfiguration,
    Problem.NO_ROUTE: WahaUnsupported,
    Problem.SESSION_MISSING: WahaNotReady,
    Problem.SESSION_NOT_WORKING: WahaNotReady,
    Problem.NOT_FOUND: WahaNotFound,
    Problem.MESSAGE_MISSING: WahaNotFound,
    Problem.BAD_REQUEST: WahaPermanent,
    Problem.REFUSED_REQUEST: WahaPermanent,
    Problem.ALREADY: WahaPermanent,
    Problem.TOO_LARGE: WahaPermanent,
    Problem.NO_LID: WahaPermanent,
    Problem.NOT_IMPLEMENTED: WahaUnsupported,
}


# Reading


def decode(body: bytes) -> Any | None:
    """The JSON of a body; None for no body, no JSON, or a JSON null."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def read_answer(reader: Callable[[Any], T], body: bytes) -> T:
    """Read the body of a success with one of the readers of `answers`.

    Raises: WahaTemporary when it is not what the call promises.
    """
    try:
        return reader(decode(body))
    except UnreadableAnswer as error:
        raise WahaTemporary(
            f"The WhatsApp server gave an unreadable answer: {error}.",
            hint="It may work later; check the server's version.",
            code="unreadable",
        ) from error


def read_error(body: bytes) -> ErrorBody:
    """Bring WAHA's three forms of an error body into one."""
    answer = decode(body)
    if not isinstance(answer, dict):
        return ErrorBody(is_foreign=bool(body.strip()) and answer is None)
    exception = answer.get("exception")
    if isinstance(exception, dict):
        told = (exception.get("message"), exception.get("details"))
        return ErrorBody(
            message=" | ".join(part for part in told if isinstance(part, str)),
            exception=_safe_name(exception.get("name")),
        )
    message, error = answer.get("message"), answer.get("error")
    status, expected = answer.get("status"), answer.get("expected")
    if isinstance(message, list):
        text = "; ".join(str(part) for part in message)
    elif isinstance(message, str):
        text = message
    elif isinstance(error, dict):
        text = f"{error.get('key', '')} {error.get('message', '')}".strip()
    else:
        text = error if isinstance(error, str) else ""
    return ErrorBody(
        message=text,
        session_status=_safe_name(status) or None,
        expected=tuple(_safe_name(one) for one in expected) if isinstance(expected, list) else (),
        is_list=isinstance(message, list),
    )


def read_problem(status: int, body: bytes) -> tuple[Problem, ErrorBody]:
    """What an answer other than 2xx says, and its body in one form."""
    error = read_error(body)
    match status:
        case 400:
            problem = Problem.BAD_REQUEST
        case 401 | 403 | 407:
            problem = Problem.KEY
        case 404:
            problem = _read_404(error)
        case 413:
            problem = Problem.TOO_LARGE
        case 422:
            problem = _read_422(error)
        case 429:
            problem = Problem.RATE_LIMITED
        case 500:
            problem = _read_500(error)
        case 501:
            problem = Problem.NOT_IMPLEMENTED
        case _ if status in _REDIRECTS:
            problem = Problem.NOT_WAHA
        case _ if status in _CERTAIN_REFUSALS:
            problem = Problem.REFUSED_REQUEST
        case _ if status >= 500:
            problem = Problem.SERVER_ERROR
        case _:
            problem = Problem.UNEXPECTED
    return problem, error


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The wait a server asks for, in seconds or as a date against its own clock, bounded."""
    found = {name.lower(): value for name, value in headers.items()}
    text = found.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    until, now = _http_date(text), _http_date(found.get("date", ""))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def explain(problem: Problem) -> str:
    """What it means and what to do, in one line."""
    message, hint = _TEXTS[problem]
    return f"{message} {hint}".strip()


_TRANSPORT_TEXTS: dict[TransportFailure, str] = {
    TransportFailure.REFUSED: "Nothing listens at the WhatsApp server's address.",
    TransportFailure.DNS: "The name of the WhatsApp server cannot be found.",
    TransportFailure.TLS: "The WhatsApp server's certificate or encryption is not accepted.",
    TransportFailure.CONNECT_TIMEOUT: "The WhatsApp server does not take connections.",
    TransportFailure.POOL_TIMEOUT: "Too many requests to the WhatsApp server are under way.",
    TransportFailure.READ_TIMEOUT: "The WhatsApp server did not answer in time.",
    TransportFailure.RESET: "The connection to the WhatsApp server broke off.",
    TransportFailure.BAD_ANSWER: "The WhatsApp server gave an unreadable answer.",
    TransportFailure.TOO_LARGE_ANSWER: "The WhatsApp server's answer is too large.",
}


def _read_404(error: ErrorBody) -> Problem:
    text = error.message
    if error.is_foreign:
        return Problem.NOT_WAHA
    if text.startswith("Cannot "):
        return Problem.NO_ROUTE
    if text.startswith(("Session not found", "We didn't find a session")):
        return Problem.SESSION_MISSING
    if text.startswith("Message not found"):
        return Problem.MESSAGE_MISSING
    return Problem.NOT_FOUND


def _read_422(error: ErrorBody) -> Problem:
    text = error.message
    if error.expected or "status is not as expected" in text or "session is starting" in text:
        return Problem.SESSION_NOT_WORKING
    if text.startswith("Session ") and text.endswith("does not exist"):
        return Problem.SESSION_MISSING
    if "already exists" in text or "already started" in text:
        return Problem.ALREADY
    return Problem.REFUSED_REQUEST


def _read_500(error: ErrorBody) -> Problem:
    text = error.message
    if _TIMELOCK.search(text):
        return Problem.TIMELOCK
    if _NO_LID.search(text):
        return Problem.NO_LID
    if "rate-overlimit" in text:
        return Problem.RATE_OVERLIMIT
    if error.exception == "PayloadTooLargeError":
        return Problem.TOO_LARGE
    return Problem.SERVER_ERROR


def _not_ready_text(error: ErrorBody) -> str:
    if error.session_status is None:
        return explain(Problem.SESSION_NOT_WORKING)
    wanted = f", not {' or '.join(error.expected)}" if error.expected else ""
    return f"The WhatsApp session is {error.session_status}{wanted}."


def _unknown_text(status: int, error: ErrorBody) -> str:
    name = f" ({error.exception})" if error.exception else ""
    return f"The server answered {status}{name}: it may or may not have sent the message."


def _tellable(status: int, error: ErrorBody) -> str:
    """The part of a refusal that people may read: never of a 500, never quoted JSON."""
    quotes_us = status >= 500 or (status == 400 and not error.is_list)
    if quotes_us or error.session_status or error.is_foreign:
        return ""
    return _LONG_NUMBER.sub("…", " ".join(error.message.split()))[:MAX_MESSAGE_CHARS]


def _safe_name(value: object) -> str:
    return value if isinstance(value, str) and _SAFE_NAME.fullmatch(value) else ""


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
