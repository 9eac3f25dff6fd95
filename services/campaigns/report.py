"""A campaign's report: a page to read, and a table of every recipient."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from services.campaigns import repository, service
from services.campaigns.service import Stats
from services.kit.db import Database

CHUNK_ROWS = 1_000
COLUMNS = (
    "phone",
    "status",
    "reason",
    "error",
    "device",
    "variant",
    "sent_at",
    "delivered_at",
    "read_at",
    "message",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def csv_chunks(database: Database, tenant_id: int, campaign_id: int, zone: str) -> Iterator[str]:
    """The table as CSV text, piece by piece; times in the tenant's zone."""
    yield _csv([COLUMNS])
    at = ZoneInfo(zone)
    with database.reading_session() as session:
        names = {row.id: row.session_name for row in repository.devices(session, tenant_id)}
    after = 0
    while True:
        with database.reading_session() as session:
            rows = repository.logs(session, tenant_id, campaign_id, after, CHUNK_ROWS)
        if not rows:
            return
        yield _csv(
            [
                (
                    row.phone,
                    row.status,
                    safe(row.reason),
                    safe(row.error_message),
                    safe(names.get(row.device_id or 0)),
                    safe(row.variant),
                    _time(row.sent_at, at),
                    _time(row.delivered_at, at),
                    _time(row.read_at, at),
                    safe(row.message_sent),
                )
                for row in rows
            ]
        )
        after = rows[-1].id


def write_csv(database: Database, tenant_id: int, campaign_id: int, zone: str, path: Path) -> None:
    """Write the table to a file."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        for chunk in csv_chunks(database, tenant_id, campaign_id, zone):
            file.write(chunk)


def text(database: Database, tenant_id: int, campaign_id: int, now: datetime, zone: str) -> str:
    """The page: recipients by state, reasons, devices."""
    with database.reading_session() as session:
        campaign = service.get(session, tenant_id, campaign_id)
        found = service.stats(session, tenant_id, campaign_id, now)
    at = ZoneInfo(zone)
    lines = [
        f"Campaign   {campaign.name}",
        f"State      {found.status}{f' ({found.status_reason})' if found.status_reason else ''}",
        f"Started    {_time(found.started_at, at) or 'not yet'}",
        f"Finished   {_time(found.completed_at, at) or 'not yet'}",
        f"Recipients {found.recipients}",
        "",
        *_table("By state", {name: n for name, n in found.by_state.items() if n}, found),
        *_table("By reason", found.by_reason, found),
        *_table("By device", found.per_device, found),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _table(title: str, rows: dict[str, int], found: Stats) -> list[str]:
    if not rows:
        return []
    width = max(len(name) for name in rows)
    whole = found.recipients or 1
    return [
        title,
        *(
            f"  {name:<{width}}  {number:>7}  {number / whole:>6.1%}"
            for name, number in rows.items()
        ),
        "",
    ]


def safe(value: str | None) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if not value:
        return ""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _csv(rows: list[tuple[str, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
