"""Messages between the service and its reader: four bytes of length, then that many bytes."""

import json
import struct
from asyncio import StreamReader
from typing import Any, BinaryIO

from ocr.limits import FRAME_BYTES_MAX

_LENGTH = struct.Struct(">I")


class TooLong(Exception):
    """A message above the limit: whoever sent it has gone wrong."""


def packed(payload: bytes) -> bytes:
    return _LENGTH.pack(len(payload)) + payload


def packed_json(document: dict[str, Any]) -> bytes:
    return packed(json.dumps(document, ensure_ascii=False).encode())


def read(stream: BinaryIO) -> bytes | None:
    """The next message, or None when the other side has closed."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    wanted = _checked(head)
    payload = stream.read(wanted)
    return payload if len(payload) == wanted else None


async def receive(stream: StreamReader) -> dict[str, Any]:
    """The next message. Raises: asyncio.IncompleteReadError when the other side has ended."""
    head = await stream.readexactly(_LENGTH.size)
    document: dict[str, Any] = json.loads(await stream.readexactly(_checked(head)))
    return document


def _checked(head: bytes) -> int:
    length: int = _LENGTH.unpack(head)[0]
    if length > FRAME_BYTES_MAX:
        raise TooLong(length)
    return length
