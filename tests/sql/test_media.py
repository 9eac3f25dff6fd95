"""The quota of media files and their uniqueness hold on every database, however many upload."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from services.accounts.models import Tenant
from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.errors import TooLarge
from services.media import service
from services.media.models import MediaFile
from services.media.service import Library

SIZE_BYTES = 10_000
UPLOADS = 8


def upload_all(database: Database, library: Library, files: list[bytes]) -> list[str]:
    """Upload all at the same moment; the names of what was kept, or the code of the refusal."""
    now = datetime.now(UTC)
    with database.write() as connection:
        connection.execute(
            insert(Tenant),
            {
                "id": 1,
                "name": "Toko",
                "zone": "Asia/Jakarta",
                "profile": {},
                "is_active": True,
                "created_at": now,
            },
        )
    together = threading.Barrier(len(files))

    def upload(data: bytes) -> str:
        together.wait()
        try:
            made = service.add(database, Clock(), library, 1, BytesIO(data), "lagu.ogg")
        except TooLarge as refused:
            return refused.code
        return made.name

    with ThreadPoolExecutor(len(files)) as pool:
        return list(pool.map(upload, files))


@pytest.mark.sql
def test_an_account_never_keeps_more_than_its_quota(any_database: Database, tmp_path: Path) -> None:
    files = [b"OggS" + bytes([number]) * (SIZE_BYTES - 4) for number in range(UPLOADS)]

    kept = upload_all(any_database, Library(tmp_path, 3 * SIZE_BYTES), files)

    assert kept.count("media_quota") == UPLOADS - 3
    assert len(list((tmp_path / "1").iterdir())) == 3
    with any_database.read() as connection:
        total = connection.execute(select(func.sum(MediaFile.size_bytes))).scalar()
    assert total == 3 * SIZE_BYTES


@pytest.mark.sql
def test_the_same_file_many_times_at_once_is_one_file(
    any_database: Database, tmp_path: Path
) -> None:
    kept = upload_all(any_database, Library(tmp_path, 10**9), [b"OggS" + bytes(99)] * UPLOADS)

    assert len(set(kept)) == 1
    assert [one.name for one in (tmp_path / "1").iterdir()] == [kept[0]]
