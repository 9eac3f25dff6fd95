"""Takes the document out of a request: an upload, base64 in JSON, or a path in the media folder."""

import asyncio
import base64
import binascii
import json
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO

from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ocr import limits, media_files, problems
from ocr.problems import bad_request

_WAYS = 'Send {"path": "..."} or {"base64": "..."} as JSON, or a form with the field "file".'
FORM_FIELDS_MAX = 5
SMALL_BYTES = 1 << 20


@asynccontextmanager
async def document_of(
    request: Request, media_root: Path, folder: Path, alone: asyncio.Lock
) -> AsyncIterator[Path]:
    """The file that the request sends or names, copied into `folder` until the end.

    What waits lies on disk, not in memory. Large base64 is decoded while `alone` is held: that
    takes four times its size for a moment, while nothing else takes much.

    Raises: Refused (unknown body, nothing or too much in it, too slow, a path not to be read).
    """
    with NamedTemporaryFile(dir=folder) as target:
        try:
            async with asyncio.timeout(limits.BODY_LIMIT_S) as limit:
                await _take(request, media_root, target, alone, limit)
        except TimeoutError:
            raise problems.slow_body() from None
        yield Path(target.name)


async def _take(
    request: Request,
    media_root: Path,
    target: Any,
    alone: asyncio.Lock,
    limit: asyncio.Timeout,
) -> None:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        path = await _from_json(request, target, alone, limit)
    elif content_type == "multipart/form-data":
        path = await _from_form(request, target)
    else:
        said = content_type or "untyped"
        raise bad_request("unsupported_body", f"The body is {said}.", _WAYS, 415)
    if path is not None:
        await asyncio.to_thread(media_files.copy, media_root, path, target)
    target.flush()
    if not target.tell():
        raise problems.empty()


async def _chunks(request: Request) -> AsyncGenerator[bytes, None]:
    """The body, until it is too long."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limits.BODY_BYTES_MAX:
        raise problems.too_large()
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > limits.BODY_BYTES_MAX:
            raise problems.too_large()
        yield chunk


async def _from_json(
    request: Request, target: BinaryIO, alone: asyncio.Lock, limit: asyncio.Timeout
) -> str | None:
    """The path it names; or None, and what it holds is in `target`."""
    async for chunk in _chunks(request):
        target.write(chunk)
    if target.tell() <= SMALL_BYTES:
        return _decoded_in(target)
    limit.reschedule(None)  # everything has come; from here on it waits for others
    async with alone:
        return await asyncio.to_thread(_decoded_in, target)


def _decoded_in(target: BinaryIO) -> str | None:
    target.seek(0)
    try:
        found = json.load(target)
    except (ValueError, RecursionError):
        raise bad_request("bad_json", "The body is no JSON.", _WAYS, 400) from None
    target.seek(0)
    target.truncate()
    if not isinstance(found, dict):
        raise bad_request("nothing_to_read", "The JSON is not an object.", _WAYS)
    return _one_of(found.pop("path", None), found.pop("base64", None), target)


def _one_of(path: Any, encoded: Any, target: BinaryIO) -> str | None:
    if isinstance(path, str) == isinstance(encoded, str):
        raise bad_request("nothing_to_read", "Name one of path and base64, as a text.", _WAYS)
    if isinstance(path, str):
        return path
    content = _decoded(encoded)
    if len(content) > limits.FILE_BYTES_MAX:
        raise problems.too_large(len(content))
    target.write(content)
    return None


def _decoded(encoded: str) -> bytes:
    """Also of a data: URL, and with line breaks as `base64` writes them."""
    if encoded.startswith("data:"):
        encoded = encoded.partition(",")[2]
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("bad_base64", "The field base64 does not hold base64.", _WAYS) from None


async def _from_form(request: Request, target: BinaryIO) -> str | None:
    """As with JSON. The parser keeps what is large in a temporary file."""
    parser = MultiPartParser(
        request.headers,
        _chunks(request),
        max_files=1,
        max_fields=FORM_FIELDS_MAX,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, KeyError, ValueError) as error:
        raise bad_request("bad_form", f"The form can't be read: {error}", _WAYS, 400) from None
    try:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            return _one_of(form.get("path"), form.get("base64"), target)
        if upload.size is not None and upload.size > limits.FILE_BYTES_MAX:
            raise problems.too_large(upload.size)
        await asyncio.to_thread(shutil.copyfileobj, upload.file, target)
        return None
    finally:
        await form.close()
