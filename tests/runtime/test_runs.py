"""Runs: who is served, who writes, who is woken, what the dead leave, how a campaign ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from flows.models import FlowVersion
from runtime import claims
from runtime.advance import Batch, Carried, World, advance_due, write_singly, write_within
from runtime.claims import RunUpdate, claim_runs, record_runs
from runtime.events import take_outbox
from runtime.models import FlowRun
from runtime.outcomes import bury
from runtime.plans import Plans
from runtime.ports import TurnBlocks
from services.campaigns import service as campaigns
from services.campaigns.models import Campaign, CampaignLog
from services.kit import outbox
from services.kit.clock import Clock
from services.kit.db import Database
from services.messages.ledger import NewMessage
from services.messages.models import OutboundMessage
from tests.conftest import Shop

NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
CLOCK = Clock()
runs = FlowRun.__table__


def run(database: Database, **values: Any) -> int:
    with database.write() as connection:
        made = connection.execute(
            insert(runs),
            {
                "tenant_id": 1,
                "flow_version_id": 1,
                "status": "QUEUED",
                "wake_at": NOW,
                "created_at": NOW,
                **values,
            },
        )
        return int(made.inserted_primary_key[0])


def row(database: Database, run_id: int) -> Any:
    with database.read() as connection:
        return connection.execute(select(runs).where(runs.c.id == run_id)).one()


def write(world: World, batch: Batch) -> None:
    """Record a batch as a worker does."""
    carried = Carried(batch, [], NOW)
    with world.database.write() as connection:
        written = write_within(connection, carried)
    if not written:
        write_singly(world, carried)


def claim(database: Database, now: datetime = NOW, limit: int = 100) -> list[Any]:
    with database.write() as connection:
        return list(claim_runs(connection, now, CLOCK, limit=limit))


def test_a_tenant_with_much_to_do_does_not_keep_others_waiting(database: Database) -> None:
    for _ in range(30):
        run(database, tenant_id=1)
    small = run(database, tenant_id=2)

    assert small in [found.id for found in claim(database, limit=10)]


@pytest.mark.parametrize(
    ("values", "claimed"),
    [
        ({}, True),
        ({"status": "WAITING"}, True),
        ({"wake_at": NOW + timedelta(seconds=1)}, False),
        ({"wake_at": None, "status": "WAITING"}, False),
        ({"status": "PAUSED"}, False),
        ({"status": "SUCCEEDED"}, False),
        ({"queue": "media"}, False),
    ],
)
def test_only_what_is_due_is_claimed(
    database: Database, values: dict[str, Any], claimed: bool
) -> None:
    run(database, **values)

    assert bool(claim(database)) == claimed


def test_a_worker_that_was_too_slow_writes_nothing(database: Database) -> None:
    run_id = run(database)
    (slow,) = claim(database)
    later = NOW + timedelta(seconds=31)
    with database.write() as connection:
        claims.reap(connection, later)
    (fast,) = claim(database, later)

    with database.write() as connection:
        record_runs(connection, [RunUpdate(run_id, slow.epoch, {"new_status": "FAILED"})])
        assert claims.still_ours(connection, {run_id: slow.epoch}) == set()
        assert claims.still_ours(connection, {run_id: fast.epoch}) == {run_id}
    assert row(database, run_id).status == "RUNNING"


def test_a_worker_that_was_too_slow_sends_nothing_and_makes_no_elements(
    shop: Shop, database: Database
) -> None:
    device, run_id = shop.device(), run(database)
    (slow,) = claim(database)
    with database.write() as connection:
        claims.reap(connection, NOW + timedelta(seconds=31))
    message = NewMessage(1, device, "REPLY", "text", 20, "6281", run_id=run_id, node_id="a")
    child = {
        "tenant_id": 1,
        "flow_version_id": 1,
        "parent_id": run_id,
        "item_key": "1",
        "created_at": NOW,
    }
    did: list[int] = []
    batch = Batch(
        epochs={run_id: slow.epoch},
        updates=[RunUpdate(run_id, slow.epoch, {"new_status": "WAITING"})],
        messages=[message],
        children=[child],
        later=[(run_id, lambda connection: did.append(1))],
    )

    write(World(database, CLOCK, Plans(), TurnBlocks()), batch)

    with database.read() as connection:
        assert connection.execute(select(func.count(OutboundMessage.id))).scalar() == 0
        assert connection.execute(select(func.count(FlowRun.id))).scalar() == 1
    assert did == []


def test_a_message_that_is_in_the_ledger_already_ends_one_step_and_no_neighbour(
    shop: Shop, database: Database
) -> None:
    device = shop.device()
    first, second, other = (run(database) for _ in range(3))
    epochs = {found.id: found.epoch for found in claim(database)}
    world = World(database, CLOCK, Plans(), TurnBlocks())

    def batch(*run_ids: int) -> Batch:
        return Batch(
            epochs={one: epochs[one] for one in run_ids},
            updates=[RunUpdate(one, epochs[one], {"new_wait_key": "send"}) for one in run_ids],
            messages=[
                NewMessage(
                    1,
                    device,
                    "BROADCAST",
                    "text",
                    40,
                    "6281",
                    run_id=one,
                    node_id="a",
                    campaign_id=7,
                    identity_id=1 if one != other else 2,
                )
                for one in run_ids
            ],
        )

    write(world, batch(first))
    write(world, batch(second, other))

    with database.read() as connection:
        sent = connection.execute(select(OutboundMessage.run_id)).scalars().all()
    assert sorted(sent) == [first, other]
    assert row(database, second).signal["port"] == "skipped"
    assert row(database, other).wait_key == "send"


@pytest.mark.parametrize(
    ("attempt", "status", "after"),
    [
        (1, "RUNNING", "QUEUED"),
        (2, "RUNNING", "QUEUED"),
        (3, "RUNNING", "DEAD"),
        (3, "SUCCEEDED", "SUCCEEDED"),
        (1, "WAITING", "WAITING"),
    ],
)
def test_a_run_comes_back_from_a_dead_worker_twice_and_an_ended_one_never(
    database: Database, attempt: int, status: str, after: str
) -> None:
    state = {"kept": True}
    run_id = run(database, status=status, attempt=attempt, lease_until=NOW, state=state)

    with database.write() as connection:
        claims.reap(connection, NOW)

    assert row(database, run_id).status == after
    assert row(database, run_id).state == state


def test_a_campaign_whose_own_run_is_dead_is_held(shop: Shop, database: Database) -> None:
    campaign = shop.campaign("PROCESSING")
    run(database, status="RUNNING", attempt=3, lease_until=NOW, campaign_id=campaign)

    with database.write() as connection:
        bury(connection, claims.reap(connection, NOW), NOW)
        found = connection.execute(select(Campaign.status, Campaign.status_reason)).one()

    assert found == ("HELD", "dead_run")


@pytest.mark.parametrize(
    ("values", "key", "woken"),
    [
        ({"status": "WAITING", "wait_key": "send"}, "send", True),
        ({"status": "PAUSED", "wait_key": "send"}, "send", True),
        ({"status": "WAITING", "wait_key": "reply:1"}, "send", False),
        ({"status": "SUCCEEDED", "wait_key": "send"}, "send", False),
    ],
)
def test_only_what_a_run_waits_for_wakes_it(
    database: Database, values: dict[str, Any], key: str, woken: bool
) -> None:
    run_id = run(database, wake_at=None, **values)

    with database.write() as connection:
        signal = {"t": "outcome", "port": "ok"}
        claims.wake(connection, [{"run": run_id, "key": key, "what": signal, "at": NOW}])

    assert row(database, run_id).signal == (signal if woken else None)


@pytest.mark.parametrize(("wish", "after"), [("PAUSED", "PAUSED"), ("CANCELLED", "CANCELLED")])
def test_a_run_obeys_what_a_person_asked_for_and_forgets_no_outcome(
    database: Database, wish: str, after: str
) -> None:
    signal = {"t": "outcome", "port": "ok", "values": {}}
    run_id = run(database, desired_state=wish, signal=signal, status="WAITING")

    advance_due(World(database, CLOCK, Plans(), TurnBlocks()))

    found = row(database, run_id)
    assert found.status == after
    assert found.signal == (signal if wish == "PAUSED" else None)


# ------------------------------------------------------------------ campaigns


@pytest.fixture
def engine(database: Database) -> World:
    return World(database, CLOCK, Plans(), TurnBlocks())


def started(shop: Shop, people: int, **values: Any) -> int:
    shop.contacts(people)
    campaign_id = shop.campaign(**values)
    with shop.world.database.session() as session:
        campaigns.start(session, 1, campaign_id, CLOCK.now())
    return campaign_id


def turn(engine: World, times: int = 8) -> None:
    """Let runs go on as if every pause were over."""
    for _ in range(times):
        take_outbox(engine.database, engine.clock)
        with engine.database.write() as connection:
            connection.execute(
                update(runs).where(runs.c.wake_at > CLOCK.now()).values(wake_at=CLOCK.now())
            )
        advance_due(engine)


def test_a_campaign_started_twice_has_one_run(shop: Shop, engine: World) -> None:
    shop.device()
    campaign_id = started(shop, 3)
    with engine.database.write() as connection:
        outbox.publish(connection, 1, "campaign.started", {"campaign_id": campaign_id}, NOW)

    take_outbox(engine.database, engine.clock)

    with engine.database.read() as connection:
        assert connection.execute(select(func.count(FlowRun.id))).scalar() == 1
        assert outbox.waiting(connection, 10) == []


def test_an_event_nobody_can_read_stops_no_other(shop: Shop, engine: World) -> None:
    shop.device()
    with engine.database.write() as connection:
        outbox.publish(connection, 1, "campaign.started", {}, NOW)
    started(shop, 3)

    assert take_outbox(engine.database, engine.clock) == 2
    with engine.database.read() as connection:
        assert connection.execute(select(func.count(FlowRun.id))).scalar() == 1


def test_a_campaign_whose_flow_is_broken_is_held_with_the_reason(shop: Shop, engine: World) -> None:
    shop.device()
    started(shop, 3)
    with engine.database.write() as connection:
        connection.execute(update(FlowVersion.__table__).values(document={"flow": "alir/1"}))

    take_outbox(engine.database, engine.clock)

    with engine.database.read() as connection:
        found = connection.execute(select(Campaign.status, Campaign.status_reason)).one()
    assert found.status == "HELD"
    assert found.status_reason.startswith("flow_broken")


@pytest.mark.parametrize(
    ("devices", "people", "made"),
    [(1, 100, 4), (3, 100, 14), (3, 5, 5)],  # 60 s / 12.5 s a lane
)
def test_elements_are_made_for_what_the_lanes_can_send_in_the_next_minute(
    shop: Shop, engine: World, devices: int, people: int, made: int
) -> None:
    for _ in range(devices):
        shop.device()
    started(shop, people)

    turn(engine)

    with engine.database.read() as connection:
        assert connection.execute(select(func.count(CampaignLog.id))).scalar() == people
        found = connection.execute(select(func.count(OutboundMessage.id))).scalar()
        target = connection.execute(select(Campaign.target_count, Campaign.status)).one()
    assert found == made
    assert target == (people, "PROCESSING")


def test_a_frozen_audience_is_complete_and_single_after_a_crash_half_way(
    shop: Shop, engine: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runtime import fanout

    monkeypatch.setattr(fanout, "FREEZE_CHUNK", 4)
    shop.device()
    started(shop, 10)
    take_outbox(engine.database, engine.clock)
    for _ in range(2):  # the run begins; the first chunk is written
        advance_due(engine)
    with engine.database.write() as connection:
        connection.execute(update(runs).values(cursor=_again(connection)))

    turn(engine)

    with engine.database.read() as connection:
        assert connection.execute(select(func.count(CampaignLog.id))).scalar() == 10


def _again(connection: Any) -> dict[str, Any]:
    """The run as it stood before its first chunk."""
    cursor = connection.execute(select(runs.c.cursor)).scalar()
    return {**cursor, "phase": "freeze", "after": 0, "made": 0}


def test_a_cancelled_campaign_takes_back_also_what_was_tried_and_stands_in_the_lane_again(
    shop: Shop, engine: World
) -> None:
    shop.device()
    campaign_id = started(shop, 6)
    turn(engine)
    with engine.database.write() as connection:
        # Proven not to have gone out: in the lane again, its recipient still as it was.
        connection.execute(
            update(CampaignLog.__table__)
            .where(
                CampaignLog.id
                == select(func.min(OutboundMessage.campaign_log_id)).scalar_subquery()
            )
            .values(status="SENDING")
        )
    with engine.database.session() as session:
        campaigns.cancel(session, 1, campaign_id, CLOCK.now())

    turn(engine)

    with engine.database.read() as connection:
        words = connection.execute(select(CampaignLog.status).distinct()).scalars().all()
        messages = connection.execute(select(OutboundMessage.status).distinct()).scalars().all()
        open_runs = connection.execute(select(FlowRun.status).distinct()).scalars().all()
        done = connection.execute(select(Campaign.status, Campaign.completed_at)).one()
    assert (words, messages, open_runs) == (["CANCELLED"], ["CANCELLED"], ["CANCELLED"])
    assert done.status == "CANCELLED"
    assert done.completed_at is not None


def test_what_a_dead_worker_left_is_tried_alone_so_that_poison_ends_no_neighbour(
    database: Database,
) -> None:
    ids = [run(database) for _ in range(4)]
    died = [row.id for row in claim(database)]
    later = NOW + timedelta(seconds=31)
    with database.write() as connection:
        claims.reap(connection, later)
    fresh = run(database, wake_at=later)

    batches = [[row.id for row in claim(database, later)] for _ in range(6)]

    assert died == ids
    assert batches == [*([one] for one in ids), [fresh], []]
