"""Who comes back: a random name in a signed cookie, and the random numbers of a process."""

import os
from hashlib import blake2b
from hmac import compare_digest

COOKIE = b"alir_visitor="
NAME_BYTES = 8
NAME_CHARS = 2 * NAME_BYTES
SEAL_BYTES = 8
VALUE_CHARS = NAME_CHARS + 1 + 2 * SEAL_BYTES
KEPT_S = 180 * 86_400
POOL_BYTES = 4_096


class Visitors:
    """Gives visitors their names and knows them again."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key = blake2b(key, digest_size=32, person=b"alir visitors").digest()
        self._tail = b"; Max-Age=%d; Path=/link; HttpOnly; SameSite=Lax" % KEPT_S
        if secure:
            self._tail += b"; Secure"
        self._pool = b""
        self._at = 0

    def known(self, cookies: bytes) -> str | None:
        """The name in a Cookie header, when we gave it."""
        at = cookies.find(COOKIE)
        if at < 0:
            return None
        value = cookies[at + len(COOKIE) :].split(b";", 1)[0].strip()
        name, dot, seal = value[:NAME_CHARS], value[NAME_CHARS : NAME_CHARS + 1], value[17:]
        if len(value) != VALUE_CHARS or dot != b"." or not compare_digest(seal, self._seal(name)):
            return None
        return name.decode("ascii")

    def fresh(self) -> tuple[str, bytes]:
        """A new name, and the Set-Cookie header that brings it back."""
        name = self.random(NAME_BYTES).hex()
        raw = name.encode()
        return name, b"%b%b.%b%b" % (COOKIE, raw, self._seal(raw), self._tail)

    def random(self, size: int) -> bytes:
        """Unguessable bytes; drawn in advance, a system call each would cost more than the rest."""
        at = self._at
        if at + size > len(self._pool):
            self._pool, at = os.urandom(POOL_BYTES), 0
        self._at = at + size
        return self._pool[at : at + size]

    def _seal(self, name: bytes) -> bytes:
        return blake2b(name, key=self._key, digest_size=SEAL_BYTES).hexdigest().encode()
