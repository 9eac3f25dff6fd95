"""Elements of a for-each: the audience is frozen in chunks, children are made just in time.

A campaign's elements are rows of `campaign_logs`; a child run exists only from shortly before its
message can leave until it has ended, so a million recipients cost flat memory.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from domain.seeds import seed
from flows.engine import halts
from flows.engine.state import RunState
from flows.engine.step import element, gathered, item_of
from runtime import calls
from runtime.claims import TERMINAL, RunUpdate, runs
from runtime.ports import contact_values
from services.campaigns import progress
from services.campaigns.models import CampaignLog
from services.contacts import audience
from services.contacts.models import Contact
from services.devices.models import Device
from services.messages.ledger import messages

if TYPE_CHECKING:
    from runtime.advance import Batch, _Surroundings

logs = CampaignLog.__table__
contacts = Contact.__table__
devices = Device.__table__

FREEZE_CHUNK = 1000
FEED_HORIZON_S = 60.0
FEED_AT_LEAST_PER_LANE = 2
FEED_AT_MOST = 500
FEED_AGAIN_S = 5.0
FEED_AGAIN_FLOOR_S = 0.25
KEY_CHARS = 80


def cursor_of(halt: halts.Fanout) -> dict[str, Any]:
    """What a run remembers while its elements run."""
    return {
        "what": "elements",
        "phase": "freeze" if halt.cursor.get("kind") == "audience" else "feed",
        "node": halt.node_id,
        "round": halt.round_no,
        "cursor": dict(halt.cursor),
        "window": halt.window,
        "order": halt.order,
        "after": 0,
        "made": 0,
    }


def cursor_of_branches(halt: halts.Branching) -> dict[str, Any]:
    return {
        "what": "branches",
        "node": halt.node_id,
        "round": halt.round_no,
        "targets": list(halt.targets),
        "policy": halt.policy,
        "count": halt.count,
        "until": None if halt.until is None else halt.until.isoformat(),
    }


def branch_key(node_id: str, round_no: int, target: str) -> str:
    """The key of a branch's run below its parent's."""
    return _fitting(f"{_place(node_id, round_no)}:{target}")


def _place(node_id: str, round_no: int) -> str:
    return f"{node_id}~{round_no}" if round_no else node_id


def _fitting(key: str) -> str:
    if len(key) <= KEY_CHARS:
        return key
    return f"{key[:40]}:{blake2b(key.encode(), digest_size=16).hexdigest()}"


def child_values(
    row: Row[Any],
    *,
    item_key: str,
    state: Mapping[str, Any],
    now: datetime,
    identity_id: int | None,
    campaign_log_id: int | None = None,
) -> dict[str, Any]:
    """A child's row, made from its parent's."""
    return {
        "tenant_id": row.tenant_id,
        "flow_id": row.flow_id,
        "flow_version_id": row.flow_version_id,
        "campaign_id": row.campaign_id,
        "campaign_log_id": campaign_log_id,
        "parent_id": row.id,
        "item_key": item_key,
        "trigger": row.trigger,
        "mode": row.mode,
        "kind": row.kind,
        "seed": row.seed,
        "identity_id": identity_id,
        "chat_session_id": row.chat_session_id,
        "status": "QUEUED",
        "priority": row.priority,
        "queue": "hot",
        "state": dict(state),
        "wake_at": now,
        "epoch": 0,
        "attempt": 0,
        "created_at": now,
    }


def feed(row: Row[Any], surroundings: "_Surroundings", batch: "Batch") -> halts.Signal | None:
    """One step of a fan-out; the signal to go on with when every element has ended."""
    cursor = dict(row.cursor)
    if cursor["what"] == "call":
        return calls.feed(row, surroundings, batch)
    if cursor["what"] == "branches":
        return _branches(row, cursor, surroundings, batch)
    campaign = surroundings.campaigns.get(row.campaign_id)
    if campaign is not None and campaign.status == "CANCELLED":
        batch.later.append((row.id, _cancelling(row, surroundings)))
        return None
    if cursor["phase"] == "freeze":
        _freeze(row, cursor, surroundings, batch)
        return None
    if cursor["phase"] == "feed":
        if cursor["cursor"].get("kind") == "audience":
            _feed_campaign(row, cursor, surroundings, batch)
        else:
            _feed_list(row, cursor, surroundings, batch)
        return None
    if _open_children(surroundings.connection, row.id, _key_start(cursor)):
        _keep(row, cursor, batch, surroundings.now + _pause(surroundings))
        return None
    return halts.ChildrenDone(_counts(row, cursor, surroundings.connection))


def _pause(surroundings: "_Surroundings") -> timedelta:
    return timedelta(
        seconds=max(surroundings.world.clock.seconds(FEED_AGAIN_S), FEED_AGAIN_FLOOR_S)
    )


def _keep(row: Row[Any], cursor: Mapping[str, Any], batch: "Batch", wake_at: datetime) -> None:
    batch.updates.append(
        RunUpdate(
            row.id,
            row.epoch,
            {
                "new_state": row.state,
                "new_cursor": dict(cursor),
                "new_trace": row.trace,
                "new_started_at": row.started_at,
                "new_wake_at": wake_at,
            },
        )
    )


# --------------------------------------------------------------------------- freezing


def _freeze(
    row: Row[Any], cursor: dict[str, Any], surroundings: "_Surroundings", batch: "Batch"
) -> None:
    """Write the next chunk of the audience QUEUED; repeated after a crash it adds nobody twice."""
    connection, now = surroundings.connection, surroundings.now
    people = audience.chunk(
        connection, row.tenant_id, cursor["cursor"]["selector"], cursor["after"], FREEZE_CHUNK
    )
    shuffled = cursor["order"] == "shuffled"
    rows = [
        {
            "tenant_id": row.tenant_id,
            "campaign_id": row.campaign_id,
            "contact_id": person.id,
            "phone": person.phone,
            "position": seed(row.seed, person.id) % 2_000_000_000 if shuffled else person.id,
            "status": "QUEUED",
            "unconfirmed": False,
            "created_at": now,
        }
        for person in people
    ]
    cursor["made"] += len(rows)
    if len(people) == FREEZE_CHUNK:
        cursor["after"] = people[-1].id
    else:
        cursor |= {"phase": "feed", "after": [-1, 0]}
    count = cursor["made"]

    def write(to: Connection) -> None:
        progress.add_recipients(to, rows)
        if cursor["phase"] == "feed":
            progress.frozen(to, row.campaign_id, count, now)

    batch.later.append((row.id, write))
    _keep(row, cursor, batch, now)


# --------------------------------------------------------------------------- feeding


def _feed_campaign(
    row: Row[Any], cursor: dict[str, Any], surroundings: "_Surroundings", batch: "Batch"
) -> None:
    connection, now = surroundings.connection, surroundings.now
    room = _room(row, cursor, surroundings)
    if room <= 0:
        _keep(row, cursor, batch, now + _pause(surroundings))
        return
    position, last_id = cursor["after"]
    people = connection.execute(
        _NEXT_LOGS,
        {"campaign": row.campaign_id, "position": position, "last": last_id, "limit": room},
    ).all()
    if people:
        plan = surroundings.plan(row)
        parent = RunState.from_json(row.state or {})
        tags = audience.tags_of(connection, [person.id for person in people])
        for index, person in enumerate(people):
            contact = contact_values(person, tags) | {"warm": person.last_inbound_at is not None}
            state = element(
                plan,
                parent,
                cursor["node"],
                {"key": str(person.log_id), "index": cursor["made"] + index, "contact": contact},
            )
            batch.children.append(
                child_values(
                    row,
                    item_key=str(person.log_id),
                    state=state.to_dict(),
                    now=now,
                    identity_id=person.id,
                    campaign_log_id=person.log_id,
                )
            )
        cursor["after"] = [people[-1].position, people[-1].log_id]
    if len(people) < room:
        cursor["phase"] = "drain"
    _keep(row, cursor, batch, now + _pause(surroundings))


_NEXT_LOGS = (
    select(contacts, logs.c.id.label("log_id"), logs.c.position)
    .join(logs, logs.c.contact_id == contacts.c.id)
    .where(
        logs.c.campaign_id == bindparam("campaign"),
        logs.c.status == "QUEUED",
        (logs.c.position > bindparam("position"))
        | ((logs.c.position == bindparam("position")) & (logs.c.id > bindparam("last"))),
    )
    .order_by(logs.c.position, logs.c.id)
    .limit(bindparam("limit"))
)


def _room(row: Row[Any], cursor: Mapping[str, Any], surroundings: "_Surroundings") -> int:
    """How many more children the campaign's lanes can use in the next minute."""
    campaign = surroundings.campaigns[row.campaign_id]
    if campaign.status != "PROCESSING":
        return 0
    names = [
        device.name for device in surroundings.ports(row.tenant_id).devices([]) if device.ready
    ]
    chosen = campaign.params.get("devices")
    if isinstance(chosen, list) and chosen:
        names = [name for name in names if name in chosen]
    gap_s = (campaign.delay_min + campaign.delay_max) / 2
    per_lane = FEED_AT_MOST if gap_s <= 0 else FEED_HORIZON_S / gap_s
    wanted = len(names) * max(per_lane, FEED_AT_LEAST_PER_LANE)
    wanted = min(wanted, FEED_AT_MOST, max(int(cursor["window"]), 1))
    connection = surroundings.connection
    waiting = connection.execute(
        select(func.count()).where(
            messages.c.campaign_id == row.campaign_id,
            messages.c.status.in_(("PENDING", "SENDING")),
        )
    ).scalar_one()
    queued = connection.execute(
        select(func.count()).where(
            runs.c.parent_id == row.id, runs.c.status.in_(("QUEUED", "RUNNING"))
        )
    ).scalar_one()
    return int(wanted) - int(waiting) - int(queued)


def _feed_list(
    row: Row[Any], cursor: dict[str, Any], surroundings: "_Surroundings", batch: "Batch"
) -> None:
    connection, now = surroundings.connection, surroundings.now
    items = cursor["cursor"].get("items") or []
    open_now = connection.execute(
        select(func.count()).where(
            runs.c.parent_id == row.id,
            runs.c.item_key.startswith(_key_start(cursor), autoescape=True),
            runs.c.status.not_in(TERMINAL),
        )
    ).scalar_one()
    room = max(int(cursor["window"]) - int(open_now), 0)
    first = cursor["made"]
    plan, parent = surroundings.plan(row), RunState.from_json(row.state or {})
    for index in range(first, min(first + room, len(items))):
        item = item_of(items[index], index)
        state = element(plan, parent, cursor["node"], item)
        batch.children.append(
            child_values(
                row,
                item_key=f"{_key_start(cursor)}{index}",
                state=state.to_dict(),
                now=now,
                identity_id=None,
            )
        )
        cursor["made"] = index + 1
    if cursor["made"] >= len(items):
        cursor["phase"] = "drain"
    _keep(row, cursor, batch, now + _pause(surroundings))


# --------------------------------------------------------------------------- the end


def _key_start(cursor: Mapping[str, Any]) -> str:
    """What the keys of a fan-out's own elements begin with: a run may have had others before."""
    if cursor["cursor"].get("kind") == "audience":
        return ""
    return f"{_place(cursor['node'], cursor.get('round', 0))}:"


def _open_children(connection: Connection, run_id: int, key_start: str = "") -> bool:
    return (
        connection.execute(
            select(runs.c.id)
            .where(
                runs.c.parent_id == run_id,
                runs.c.item_key.startswith(key_start, autoescape=True),
                runs.c.status.not_in(TERMINAL),
            )
            .limit(1)
        ).scalar()
        is not None
    )


def _counts(row: Row[Any], cursor: Mapping[str, Any], connection: Connection) -> dict[str, int]:
    if cursor["cursor"].get("kind") == "audience":
        return progress.counts(connection, row.campaign_id)
    found = connection.execute(
        select(runs.c.status, runs.c.counts, func.count())
        .where(
            runs.c.parent_id == row.id,
            runs.c.item_key.startswith(_key_start(cursor), autoescape=True),
        )
        .group_by(runs.c.status, runs.c.counts)
    ).all()
    totals = {"ok": 0, "failed": 0, "skipped": 0}
    for status, counts, number in found:
        word = "failed" if status != "SUCCEEDED" else "skipped" if counts else "ok"
        totals[word] += number
    return totals


def _branches(
    row: Row[Any], cursor: Mapping[str, Any], surroundings: "_Surroundings", batch: "Batch"
) -> halts.Signal | None:
    connection = surroundings.connection
    round_no = cursor.get("round", 0)
    keys = [branch_key(cursor["node"], round_no, target) for target in cursor["targets"]]
    children = connection.execute(
        select(runs.c.status, runs.c.state).where(
            runs.c.parent_id == row.id, runs.c.item_key.in_(keys)
        )
    ).all()
    ended = [child for child in children if child.status in TERMINAL]
    needed = {"all": len(keys), "any": 1, "count": cursor["count"]}[cursor["policy"]]
    if len(ended) >= min(needed, len(keys)):
        counts = {
            "ok": sum(child.status == "SUCCEEDED" for child in ended),
            "failed": sum(child.status != "SUCCEEDED" for child in ended),
        }
        return gathered([RunState.from_json(child.state or {}) for child in ended], counts)
    until = cursor["until"] and datetime.fromisoformat(cursor["until"])
    if until and until <= surroundings.now:
        return halts.Woken()
    later = surroundings.now + _pause(surroundings)
    _keep(row, cursor, batch, min(until, later) if until else later)
    return None


def _cancelling(row: Row[Any], surroundings: "_Surroundings") -> Any:
    """Take back what has not left yet, a chunk at a time, then end the campaign's run."""
    now = surroundings.now

    def write(connection: Connection) -> None:
        left = progress.cancel_some(connection, row.campaign_id, now)
        connection.execute(
            update(runs)
            .where(runs.c.parent_id == row.id, runs.c.status.in_(("QUEUED", "WAITING", "PAUSED")))
            .values(status="CANCELLED", reason="cancelled", finished_at=now, wake_at=None)
        )
        over = left == 0 and not _open_children(connection, row.id)
        connection.execute(
            update(runs)
            .where(runs.c.id == row.id, runs.c.epoch == row.epoch, runs.c.status == "RUNNING")
            .values(
                status="CANCELLED" if over else "WAITING",
                reason="cancelled" if over else None,
                wake_at=None if over else now + _pause(surroundings),
                finished_at=now if over else None,
                lease_token=None,
                lease_until=None,
                attempt=0,
            )
        )

    return write
