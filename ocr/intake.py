"""Takes the document out of a request: an upload, base64 in JSON, or a path in the media folder."""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ocr import limits, media_files, problems
from ocr.problems import bad_request

_WAYS = 'Send {"path": "..."} or {"base64": "..."} as JSON, or a form with the field "file".'
FORM_FIELDS_MAX = 5


async def document_of(request: Request, media_root: Path) -> bytes:
    """The bytes of the file that the request sends or names.

    Raises: Refused (unknown body, nothing or too much in it, a path that may not be read).
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        return await _from_json(await _body(request), media_root)
    if content_type == "multipart/form-data":
        return await _from_form(request, await _body(request), media_root)
    raise bad_request("unsupported_body", f"The body is {content_type or 'untyped'}.", _WAYS, 415)


async def _body(request: Request) -> bytes:
    """The whole body, or a refusal as soon as it is too long."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limits.BODY_BYTES_MAX:
        raise problems.too_large()
    whole = bytearray()
    async for chunk in request.stream():
        whole += chunk
        if len(whole) > limits.BODY_BYTES_MAX:
            raise problems.too_large()
    return bytes(whole)


async def _from_json(body: bytes, media_root: Path) -> bytes:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("bad_json", "The body is no JSON.", _WAYS, 400) from None
    if not isinstance(found, dict):
        raise bad_request("nothing_to_read", "The JSON is not an object.", _WAYS)
    return await _one_of(found.get("path"), found.get("base64"), media_root)


async def _one_of(path: Any, encoded: Any, media_root: Path) -> bytes:
    if isinstance(path, str) == isinstance(encoded, str):
        raise bad_request("nothing_to_read", "Name one of path and base64, as a text.", _WAYS)
    if isinstance(path, str):
        return await asyncio.to_thread(media_files.read, media_root, path)
    return await asyncio.to_thread(_decoded, encoded)


def _decoded(encoded: str) -> bytes:
    """Also of a data: URL, and with line breaks as `base64` writes them."""
    if encoded.startswith("data:"):
        encoded = encoded.partition(",")[2]
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("bad_base64", "The field base64 does not hold base64.", _WAYS) from None
    return _checked(content)


async def _from_form(request: Request, body: bytes, media_root: Path) -> bytes:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers,
        stream(),
        max_files=1,
        max_fields=FORM_FIELDS_MAX,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, KeyError, ValueError) as error:
        raise bad_request("bad_form", f"The form can't be read: {error}", _WAYS, 400) from None
    try:
        upload = form.get("file")
        if isinstance(upload, UploadFile):
            return _checked(await upload.read())
        return await _one_of(form.get("path"), form.get("base64"), media_root)
    finally:
        await form.close()


def _checked(content: bytes) -> bytes:
    if not content:
        raise problems.empty()
    if len(content) > limits.FILE_BYTES_MAX:
        raise problems.too_large(len(content))
    return content
