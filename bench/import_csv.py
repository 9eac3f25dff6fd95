"""How long a contact file of 100,000 rows takes on SQLite, and how much memory; prints JSON."""

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from bench.measure import machine, pss_mb, spread
from runtime.migrate import migrate
from services.accounts.models import Tenant
from services.contacts.importer import import_file
from services.kit.clock import Clock
from services.kit.db import Database

TARGET_S = 15


def write_file(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("nama,nomor hp,kota,tag\n")
        for number in range(rows):
            file.write(f"Budi {number},0812{number:08d},Bandung,Lead\n")


def run(rows: int) -> tuple[float, float]:
    """Seconds for the file, and by how many MB the process has grown since a first small file."""
    folder = Path(tempfile.mkdtemp(prefix="alir-bench-"))
    try:
        database = Database(f"sqlite:///{folder / 'alir.db'}")
        migrate(database)
        clock = Clock()
        with database.write() as connection:
            connection.execute(
                insert(Tenant),
                {
                    "id": 1,
                    "name": "Toko Melati",
                    "zone": "Asia/Jakarta",
                    "profile": {},
                    "is_active": True,
                    "created_at": clock.now(),
                },
            )
        small, large = folder / "small.csv", folder / "large.csv"
        write_file(small, 1000)
        write_file(large, rows)
        import_file(database, clock, 1, small, "small.csv")
        before_mb = pss_mb([os.getpid()])
        began = time.perf_counter()
        import_file(database, clock, 1, large, "large.csv")
        took_s = time.perf_counter() - began
        grown_mb = pss_mb([os.getpid()]) - before_mb
        database.close()
        return took_s, grown_mb
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    found = [run(given.rows) for _ in range(given.runs)]
    print(
        json.dumps(
            {
                "rows": given.rows,
                "import_s": spread([took_s for took_s, _ in found], 2),
                "grown_mb": spread([grown_mb for _, grown_mb in found]),
                "target_s": TARGET_S,
                **machine(),
            }
        )
    )


if __name__ == "__main__":
    main()
