"""Identifiers in WAHA's forms: message ids, event ids, addresses."""

import hashlib
import os
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
STATUS_CHAT = "status@broadcast"


def new_message_id() -> str:
    """A bare message id in the form of the engines: 3EB0 and 18 hexadecimal digits.

    Drawn from the system, not from the seed: a sandbox that starts again must not repeat ids.
    """
    return "3EB0" + os.urandom(9).hex().upper()


def new_ulid() -> str:
    """26 characters, sortable by time."""
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join(_PAIRS[(value >> shift) & 1023] for shift in range(120, -1, -10))


def serialized(from_me: bool, chat: str, bare: str, participant: str | None = None) -> str:
    """`{fromMe}_{chat}_{id}[_{participant}]`."""
    whole = f"{'true' if from_me else 'false'}_{chat}_{bare}"
    return f"{whole}_{participant}" if participant else whole


def bare_id(any_id: str) -> str:
    """The bare id out of a whole or bare one; seen without the leading true/false as well."""
    parts = any_id.split("_")
    if len(parts) == 1:
        return any_id
    if parts[0] in ("true", "false"):
        return parts[2] if len(parts) > 2 else parts[-1]
    return parts[1]


def chat_id(text: str) -> str:
    """The address WAHA uses for what a caller wrote: bare numbers and inner forms are accepted."""
    user, _, server = text.strip().partition("@")
    user = user.split(":", 1)[0].removeprefix("+")
    if server in ("", "c.us", "s.whatsapp.net"):
        return f"{user}@c.us"
    return f"{user}@{server}"


def inner_jid(chat: str) -> str:
    """The form of the protocol, as it shows inside `_data`."""
    return chat.replace("@c.us", "@s.whatsapp.net")


def is_group(chat: str) -> bool:
    return chat.endswith("@g.us")


def digits(chat: str) -> str:
    return chat.split("@", 1)[0]


def lid_of(phone: str) -> str:
    """The hidden-user address of a phone number, always the same one."""
    number = int.from_bytes(hashlib.blake2b(phone.encode(), digest_size=8).digest(), "big")
    return f"2{number % 10**14:014d}@lid"


def phone_for(session_name: str) -> str:
    """The number a session gets when nobody names one."""
    number = int.from_bytes(hashlib.blake2b(session_name.encode(), digest_size=8).digest(), "big")
    return f"62811{number % 10**8:08d}"
