"""Tells the API processes over Redis which runs and campaigns moved; nothing ever waits for it.

A thread of its own: it looks every half a second, does nothing while nobody watches, and gives up
at once when Redis is away: whoever watches then reads a list anew.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import orjson
import redis
import socketio
import structlog
from sqlalchemy import Table, select
from sqlalchemy.exc import SQLAlchemyError

from runtime.claims import runs
from runtime.live import moved
from services.campaigns.models import Campaign
from services.kit.db import Database

campaigns: Table = Campaign.__table__  # type: ignore[assignment]
log = structlog.get_logger("runtime.live")

NAMESPACE = "/runs"
CHANNEL = "alir:live"
WATCHED = "alir:live:watched"
"""There while somebody watches."""
SEQUENCE = "alir:live:seq:"
LEAD = "alir:live:lead"
SHOWN = "alir:live:shown"
EVERY_S = 0.5
LEAD_MS = 480
"""One process tells of campaigns at a time: at most one event a campaign in half a second."""
REDIS_TIMEOUT_S = 1.0
RUNS_A_MESSAGE = 200
SHOWN_FOR_S = 3_600
ACTIVE = ("PENDING", "PREPARING", "PROCESSING", "PAUSED", "HELD")


def room(tenant_id: int) -> str:
    return f"tenant:{tenant_id}"


class Feed:
    """The feed of one process."""

    def __init__(self, database: Database, redis_url: str) -> None:
        self._database = database
        options = {
            "socket_timeout": REDIS_TIMEOUT_S,
            "socket_connect_timeout": REDIS_TIMEOUT_S,
        }
        self._redis: Any = redis.Redis.from_url(redis_url, **options)
        self._manager = socketio.RedisManager(
            redis_url, channel=CHANNEL, write_only=True, redis_options=options
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="live", daemon=True)

    def start(self) -> None:
        moved.follow(on=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(2 * REDIS_TIMEOUT_S)
        moved.follow(on=False)

    def _follow(self) -> None:
        was_away = False
        while not self._stopping.wait(EVERY_S):
            try:
                self.look()
                was_away = False
            except (redis.RedisError, OSError, SQLAlchemyError) as error:
                moved.forget_old()
                if not was_away:
                    log.warning("live_away", error=f"{type(error).__name__}: {error}"[:200])
                was_away = True
            except Exception as error:
                log.error("live_failed", error=f"{type(error).__name__}: {error}"[:300])

    def look(self) -> None:
        """Tell what moved since the last look, if anybody watches.

        Raises: RedisError, SQLAlchemyError.
        """
        if not self._redis.exists(WATCHED):
            moved.forget_old()
            return
        ids = moved.take()
        if ids:
            self._tell_runs(ids)
        if self._redis.set(LEAD, "1", nx=True, px=LEAD_MS):
            self._tell_campaigns()

    def _tell_runs(self, ids: list[int]) -> None:
        with self._database.read() as connection:
            found = connection.execute(
                select(*_OF_RUN).where(
                    runs.c.id.in_(ids), runs.c.parent_id.is_(None), runs.c.campaign_id.is_(None)
                )
            ).all()
        by_tenant: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in found:
            values = {name: _plain(value) for name, value in row._mapping.items()}
            by_tenant[values.pop("tenant_id")].append(values)
        for tenant_id, rows in by_tenant.items():
            shown = rows[-RUNS_A_MESSAGE:]
            self._emit("runs", tenant_id, {"runs": shown, "more": len(shown) < len(rows)})

    def _tell_campaigns(self) -> None:
        """Campaigns under way, and those that just ended, when their numbers changed."""
        before: Mapping[bytes, bytes] = self._redis.hgetall(SHOWN)
        with self._database.read() as connection:
            active = list(
                connection.execute(
                    select(campaigns.c.id).where(campaigns.c.status.in_(ACTIVE))
                ).scalars()
            )
            ids = {*active, *(int(one) for one in before)}
            if not ids:
                return
            found = connection.execute(select(*_OF_CAMPAIGN).where(campaigns.c.id.in_(ids))).all()
        ended = {str(one).encode() for one in ids} - {str(row.id).encode() for row in found}
        for row in found:
            values = {name: _plain(value) for name, value in row._mapping.items()}
            tenant_id = values.pop("tenant_id")
            told = orjson.dumps(values)
            if before.get(str(row.id).encode()) != told:
                self._emit("campaign", tenant_id, {"campaign": values})
                self._redis.hset(SHOWN, str(row.id), told)
            elif row.status not in ACTIVE:
                ended.add(str(row.id).encode())
        if ended:
            self._redis.hdel(SHOWN, *ended)
        self._redis.expire(SHOWN, SHOWN_FOR_S)

    def _emit(self, event: str, tenant_id: int, data: dict[str, Any]) -> None:
        number = self._redis.incr(f"{SEQUENCE}{tenant_id}")
        self._manager.emit(
            event, {"seq": int(number), **data}, room=room(tenant_id), namespace=NAMESPACE
        )


def start(database: Database, redis_url: str) -> Feed:
    """Begin the feed of this process; it ends with it."""
    feed = Feed(database, redis_url)
    feed.start()
    return feed


_OF_RUN = (
    runs.c.id,
    runs.c.tenant_id,
    runs.c.flow_id,
    runs.c.chat_session_id,
    runs.c.replay_of,
    runs.c.kind,
    runs.c.status,
    runs.c.reason,
    runs.c.created_at,
    runs.c.started_at,
    runs.c.finished_at,
)
_OF_CAMPAIGN = (
    campaigns.c.id,
    campaigns.c.tenant_id,
    campaigns.c.status,
    campaigns.c.status_reason,
    campaigns.c.target_count,
    campaigns.c.sent_count,
    campaigns.c.failed_count,
)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
