"""What came in the body of a call: JSON, a form, or plain text."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from pydantic_core import PydanticCustomError

from services.kit.errors import BadRequest
from services.kit.plain_text import checked

BODY_BYTES_MOST = 256 * 1024
DEPTH_MOST = 64
FIELDS_MOST = 1_000
HEADERS_MOST = 50
HEADER_CHARS_MOST = 2_000
SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-api-key", "x-alir-signature"}
)
"""Never handed to a flow: they would end in its trace."""


def read(raw: bytes, content_type: str) -> Any:
    """The body as a value; None for an empty one. Raises: BadRequest."""
    if not raw.strip():
        return None
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest("The body is no UTF-8.", code="body_not_text") from error
    if kind == "application/x-www-form-urlencoded":
        return _plain(_form(text))
    if kind.endswith("json") or text.lstrip()[:1] in ("{", "["):
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"The body is no JSON: {error}.", code="body_not_json") from error
        _require_shallow(value)
        return _plain(value)
    return _plain(text)


def headers_of(given: Mapping[str, str]) -> dict[str, str]:
    """The headers a flow may see, in small letters."""
    shown = [(name.lower(), value) for name, value in given.items()]
    return {
        name: value[:HEADER_CHARS_MOST]
        for name, value in shown[:HEADERS_MOST]
        if name not in SECRET_HEADERS and value.isprintable()
    }


def query_of(text: str) -> dict[str, Any]:
    """The query; a name that comes several times is a list. Raises: BadRequest."""
    found: dict[str, Any] = _plain(_form(text))
    return found


def _form(text: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MOST)
    except ValueError as error:
        raise BadRequest("There are too many fields.", code="body_not_form") from error
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(DEPTH_MOST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise BadRequest(f"The body is nested deeper than {DEPTH_MOST}.", code="body_too_deep")


def _plain(value: Any) -> Any:
    try:
        return checked(value)
    except PydanticCustomError as error:
        raise BadRequest(f"The call holds a control character: {error.message()}"[:300]) from error
