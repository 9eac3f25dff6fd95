"""Brings a database to the schema of this code, and refuses one that is newer."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from services.kit.db import Database
from services.kit.errors import ProductError

SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"


class NewerDatabase(ProductError):
    """The database was migrated by a newer version of Alir."""

    status = 503
    code = "database_newer"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    return config


def current(connection: Connection) -> str | None:
    """The revision the database is at; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The revision this code wants."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("the package holds no migration")
    return revision


def migrate(database: Database) -> tuple[str | None, str]:
    """Upgrade to the newest revision; returns (before, after). Safe to run by several processes.

    Raises NewerDatabase when the database's revision is not known to this code.
    """
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with database.write() as connection:
        before = current(connection)
        if before is not None and before not in known:
            raise NewerDatabase(
                f"The database is at version {before}, which this Alir does not know.",
                hint="Start the newer Alir again, or restore the backup made before the upgrade.",
            )
        if before != head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return before, head()
