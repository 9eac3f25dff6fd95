"""Seals secrets for the database, and opens them again: AES-GCM through Fernet, keyed by a file."""

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealBroken(ValueError):
    """A sealed value can't be opened with the keys at hand."""


class Sealer:
    """Seals and opens with the newest key; older keys still open."""

    def __init__(self, keys: list[bytes]) -> None:
        if not keys:
            raise ValueError("a sealer needs a key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises: SealBroken."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealBroken(
                "a stored secret can't be opened: is the key file the one it was sealed with?"
            ) from error


def key_file(path: Path) -> list[bytes]:
    """The keys in a file, newest first; makes the file with a fresh key when there is none.

    Made under another name first and then linked, so that of two processes that start at once
    both use the same key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(Fernet.generate_key() + b"\n")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return [line.strip() for line in path.read_bytes().splitlines() if line.strip()]
