"""From the journals to the database: every click once, whoever drains it and however often."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import orjson
import structlog
from prometheus_client import Counter
from sqlalchemy import Connection, func, select

from runtime.links import journal
from services.kit.db import Database
from services.rotators import attribution
from services.rotators.clicks import repository
from services.rotators.clicks.click import Click
from services.rotators.models import RotatorClick

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

log = structlog.get_logger("runtime.links")
DRAINED = Counter("alir_link_clicks_drained_total", "Clicks brought to the database.")
TORN = Counter("alir_link_clicks_torn_total", "Lines of journals that were torn.")


def payload(click: Click) -> bytes:
    """A click as a journal holds it; its place there is its name."""
    return orjson.dumps(
        (
            (click.clicked_at - BEGINNING) // MICROSECOND,
            click.tenant_id,
            click.rotator_id,
            click.redirected_to,
            click.code,
            click.visitor,
            click.is_counted,
            click.ip_address,
            click.user_agent,
            click.referer,
            click.source,
        )
    )


def some(database: Database, file: BinaryIO, name: str, start: int, limit: int) -> int:
    """Write up to `limit` clicks from `start` on in one transaction; where the next one begins.

    Raises: what the database raises; nothing was written then.
    """
    found, torn, end = journal.lines(file, start, limit)
    if torn:
        TORN.inc(torn)
        log.warning("link_clicks_torn", journal=name, lines=torn)
    if found:
        clicks = _read(name, found)
        with database.write() as connection:
            written = repository.add(connection, clicks)
            matched = attribution.match_late(connection, [one.code for one in clicks if one.code])
        if matched:
            log.info("link_clicks_matched_late", clicks=matched)
        DRAINED.inc(written)
    return end


def left_behind(database: Database, folder: Path, own: Path | None, limit: int) -> int:
    """Drain the journals of processes that are gone, and remove them; how many files there were."""
    removed = 0
    for path in journal.left_behind(folder, own):
        with journal.taken(path) as file:
            if file is None:
                continue
            name = journal.name_of(path)
            with database.read() as connection:
                at = last_offset(connection, name) or 0
            while (end := some(database, file, name, at, limit)) > at:
                at = end
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def last_offset(connection: Connection, name: str) -> int | None:
    """Where the latest click stands that was written out of this journal."""
    found: int | None = connection.execute(
        select(func.max(RotatorClick.journal_offset)).where(RotatorClick.journal == name)
    ).scalar()
    return found


def _read(name: str, found: list[tuple[int, bytes]]) -> list[Click]:
    values = orjson.loads(b"[%b]" % b",".join(payload for _, payload in found))
    return [
        Click(
            tenant_id=tenant_id,
            rotator_id=rotator_id,
            journal=name,
            journal_offset=offset,
            redirected_to=redirected_to,
            code=code,
            visitor=visitor,
            is_counted=is_counted,
            ip_address=ip_address,
            user_agent=user_agent,
            referer=referer,
            source=source,
            clicked_at=BEGINNING + at * MICROSECOND,
        )
        for (offset, _), (
            at,
            tenant_id,
            rotator_id,
            redirected_to,
            code,
            visitor,
            is_counted,
            ip_address,
            user_agent,
            referer,
            source,
        ) in zip(found, values, strict=True)
    ]
