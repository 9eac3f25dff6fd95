"""`alir contacts import FILE`: take a contact file, and account for every row."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.cli.database import opened, told
from services.kit.config import Settings
from services.kit.errors import NotFound

if TYPE_CHECKING:
    from services.contacts.models import Import
    from services.kit.db import Database

OK, WRONG_USAGE = 0, 2
REJECTED_SHOWN = 10


def import_contacts(file: Path, tenant_id: int, as_json: bool = False) -> int:
    """Import into an account and print what became of the rows.

    Rows that are refused are told, not an error: the rest is taken. Returns 0, or 2 without a
    file. Raises: ProductError when there is no such account or the file is no use.
    """
    if not file.is_file():
        sys.stderr.write(f"alir: there is no file {file}.\n")
        return WRONG_USAGE
    from services.contacts.importer import import_file

    settings = Settings()
    with opened(settings) as app, told(settings):
        _require_account(app.database, tenant_id)
        taken = import_file(app.database, app.clock, tenant_id, file, file.name, source=file.name)
        refused = _refused(app.database, taken.id)
    if as_json:
        document = {"file": str(file), "rows": taken.rows, **taken.totals, "refused": refused}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_text(taken, refused))
    return OK


def _require_account(database: "Database", tenant_id: int) -> None:
    from sqlalchemy import select

    from services.accounts.models import Tenant

    with database.read() as connection:
        known = list(connection.execute(select(Tenant.id, Tenant.name).limit(50)))
    if all(row.id != tenant_id for row in known):
        accounts = ", ".join(f"{row.id} ({row.name})" for row in known)
        raise NotFound(
            f"There is no account {tenant_id}.",
            hint=f"Choose one with --tenant: {accounts}."
            if accounts
            else "Make one with `alir user create EMAIL`.",
        )


def _refused(database: "Database", import_id: int) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from services.contacts.models import ImportRejection

    with database.read() as connection:
        rows = connection.execute(
            select(ImportRejection.row, ImportRejection.reason, ImportRejection.raw)
            .where(ImportRejection.import_id == import_id)
            .order_by(ImportRejection.row)
            .limit(REJECTED_SHOWN)
        ).all()
    return [{"row": row.row, "reason": row.reason, "text": row.raw} for row in rows]


def _text(taken: "Import", refused: list[dict[str, Any]]) -> str:
    totals = taken.totals
    words = ("created", "updated", "unchanged", "merged", "blank", "rejected")
    lines = [f"{taken.rows} rows: " + ", ".join(f"{totals[word]} {word}" for word in words) + "."]
    for reason, count in totals["rejected_by_reason"].items():
        lines.append(f"  {count:>6}  {reason}")
    for one in refused:
        lines.append(f"  row {one['row']}: {one['reason']}: {one['text']}")
    if totals["rejected"] > len(refused):
        lines.append(f"  ... and {totals['rejected'] - len(refused)} more.")
    return "\n".join(lines) + "\n"
