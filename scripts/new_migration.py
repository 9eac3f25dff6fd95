"""Writes the next migration: what the models have and the migrations so far do not make."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from runtime.migrate import SCRIPTS, head, migrate
from services.kit.db import Database


def main() -> int:
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.stderr.write('usage: make migration NAME="what it brings"\n')
        return 2
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        migrate(database)
        with database.write() as connection:
            config.attributes["connection"] = connection
            command.revision(
                config, message=sys.argv[1], autogenerate=True, rev_id=f"{int(head()) + 1:04}"
            )
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
