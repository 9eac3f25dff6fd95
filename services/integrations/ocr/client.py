"""Calls to the program that reads images: POST /scan, GET /health. Synchronous."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import orjson

from services.integrations.ocr.types import Health, Line, OcrError, Scan

CONNECT_S = 3.0
HEALTH_S = 5.0
SLACK_S = 15.0
"""The program ends a document by its own limit and says so: we wait a little longer to hear it."""
BUSY_TIMES = 8
"""Its limit is processor time: on a busy machine it says so only after that many times as long."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024
TEMPORARY = (429, 502, 503)
TOO_SLOW = 504
"""For good, unless it says when to come again: then the machine was busy, not the picture large."""
SERVICE = "ocr"
"""What the program calls itself in GET /health."""
NOT_SHARED = ("file_not_found", "not_permitted", "outside_media_folder")
"""The program does not see our media folder as we do: then the file itself is sent."""
STATES = ("ready", "starting", "models_missing", "engine_broken")
"""What the program calls its states in GET /health."""
_LOOK = "If another program has that port, `alir doctor` says so."
_START = "Start it with `alir up` after `make setup-ocr`, or set ALIR_OCR_URL to where it runs."


def scan_stored(url: str, relative_path: str, file: Path, timeout_s: float) -> Scan:
    """Read a file of the media folder, which the program shares; it is sent if it does not.

    Nobody watches: where others have the processors, it takes BUSY_TIMES as long. Raises: OcrError.
    """
    timeout_s *= BUSY_TIMES
    try:
        return scan_shared(url, relative_path, timeout_s)
    except OcrError as error:
        if error.code not in NOT_SHARED:
            raise
    return scan_file(url, file, timeout_s)


def scan_shared(url: str, relative_path: str, timeout_s: float) -> Scan:
    """Read a file of the media folder by its name alone.

    Raises: OcrError; one of NOT_SHARED when the program can't read it there.
    """
    return _scan(url, timeout_s, json={"path": relative_path})


def scan_file(url: str, file: Path, timeout_s: float) -> Scan:
    """Read any file of this machine: it is sent. Raises: OcrError, OSError."""
    with file.open("rb") as content:
        return _scan(url, timeout_s, files={"file": (file.name, content)})


def health(url: str, timeout_s: float = HEALTH_S) -> Health:
    """What the program says of itself.

    Raises: OcrError when nothing answers there, and (not_the_reader) when another program does.
    """
    status, body, _ = _ask("GET", url, "/health", timeout_s)
    document = _object(body)
    state, engine = document.get("status"), document.get("engine")
    if (
        document.get("service") != SERVICE
        or state not in STATES
        or not isinstance(engine, str)
        or not engine
    ):
        raise OcrError(
            "not_the_reader",
            f"Another program answers at {url} (HTTP {status} to /health), not the reader of "
            "images.",
            "Stop it, give the reader another port with `alir up --ocr-port`, or set ALIR_OCR_URL "
            "to where the reader runs.",
        )
    said = str(document.get("detail") or state)
    return Health(status == 200, engine, said[:500])


def _scan(
    url: str,
    timeout_s: float,
    *,
    json: Mapping[str, str] | None = None,
    files: Mapping[str, tuple[str, BinaryIO]] | None = None,
) -> Scan:
    status, body, headers = _ask("POST", url, "/scan", timeout_s + SLACK_S, json=json, files=files)
    document = _object(body)
    if status == 200:
        return read_scan(document)
    retry_after_s = _seconds(headers.get("retry-after"))
    raise OcrError(
        str(document.get("code") or f"http_{status}")[:60],
        str(document.get("message") or f"The reader of images answered {status}.")[:500],
        str(document.get("hint") or ("" if "code" in document else _LOOK))[:500],
        temporary=status in TEMPORARY or (status == TOO_SLOW and retry_after_s is not None),
        retry_after_s=retry_after_s,
    )


def _ask(
    method: str, url: str, path: str, timeout_s: float, **content: Any
) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers. Raises: OcrError (unreachable, timeout, bad_answer, bad_url)."""
    limits = httpx.Timeout(timeout_s, connect=CONNECT_S)
    address = url.rstrip("/") + path
    try:
        with (
            # A certificate store takes longer to load than a local program to answer.
            httpx.Client(trust_env=False, verify=address.startswith("https:")) as client,
            client.stream(method, address, timeout=limits, **content) as answer,
        ):
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise OcrError("bad_answer", "The reader of images answered far too much.")
            return answer.status_code, body, answer.headers
    except httpx.InvalidURL as error:
        raise OcrError("bad_url", f"{url!r} is no address.", "Check ALIR_OCR_URL.") from error
    except httpx.UnsupportedProtocol as error:
        raise OcrError("bad_url", f"{url!r} is no web address.", "Check ALIR_OCR_URL.") from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise OcrError(
            "unreachable", f"Nothing reads images at {url}.", _START, temporary=True
        ) from error
    except httpx.TimeoutException as error:
        raise OcrError(
            "timeout", f"The reader of images did not answer in {timeout_s:.0f} s.", temporary=True
        ) from error
    except httpx.HTTPError as error:
        raise OcrError(
            "connection_lost", "The reader of images ended in the middle.", _START, temporary=True
        ) from error


def read_scan(document: Mapping[str, Any]) -> Scan:
    """A scan as the program answered it. Raises: OcrError (bad_answer)."""
    try:
        pages = document["pages"]
        return Scan(
            text=_text(document["text"]),
            lines=[_line(line) for line in document["lines"]],
            pages=len(pages) if isinstance(pages, list) else int(pages),
            language=str(document.get("language") or ""),
            engine=str(document.get("engine") or ""),
            milliseconds=float(document.get("milliseconds") or 0),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise OcrError(
            "bad_answer", "The reader of images answered in an unknown shape.", _LOOK
        ) from error


def _line(line: Mapping[str, Any]) -> Line:
    return Line(
        text=_text(line["text"]),
        confidence=min(max(float(line["confidence"]), 0.0), 1.0),
        page=int(line.get("page") or 1),
        box=tuple((float(x), float(y)) for x, y in line.get("box") or ()),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {type(value).__name__}")
    return value


def _object(body: bytes) -> Mapping[str, Any]:
    """The answer's JSON object; empty for what is none (a proxy's page)."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _seconds(retry_after: str | None) -> float | None:
    if retry_after is None or not retry_after.isdecimal():
        return None
    return min(float(retry_after), 3600.0)
