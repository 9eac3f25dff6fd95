"""A database that goes away while runs are carried on costs them time, never their end."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from runtime.advance import World, carry
from runtime.claims import claim_runs
from runtime.events import take_outbox
from runtime.models import FlowRun
from runtime.plans import Plans
from runtime.ports import DatabaseAway, TurnBlocks
from services.campaigns import service as campaigns
from services.campaigns.models import Campaign
from services.contacts import audience
from services.kit.clock import Clock
from services.kit.db import Database
from tests.conftest import Shop

CLOCK = Clock()
GONE = OperationalError("SELECT 1", {}, Exception("Lost connection to server during query"))


class PlansAway(Plans):
    """Plans that can't be read."""

    def get(self, *_: Any) -> Any:
        raise GONE


def started(shop: Shop, database: Database) -> int:
    """A campaign whose run is due."""
    shop.device()
    shop.contacts(3)
    campaign_id = shop.campaign()
    with database.session() as session:
        campaigns.start(session, shop.tenant_id, campaign_id, CLOCK.now())
    take_outbox(database, CLOCK)
    return campaign_id


def claimed(database: Database) -> list[Any]:
    with database.write() as connection:
        return list(claim_runs(connection, CLOCK.now(), CLOCK))


def state(database: Database, campaign_id: int) -> tuple[str, list[str]]:
    with database.read() as connection:
        runs = connection.execute(select(FlowRun.status)).scalars().all()
        campaign = connection.execute(
            select(Campaign.status).where(Campaign.id == campaign_id)
        ).scalar_one()
    return campaign, sorted(set(runs))


def test_a_run_whose_plan_can_not_be_read_is_carried_again_and_not_failed(
    shop: Shop, database: Database
) -> None:
    campaign_id = started(shop, database)
    rows = claimed(database)

    with pytest.raises(OperationalError):
        carry(World(database, CLOCK, PlansAway(), TurnBlocks()), rows)

    assert state(database, campaign_id) == ("PREPARING", ["RUNNING"])
    carried = carry(World(database, CLOCK, Plans(), TurnBlocks()), rows)
    assert len(carried.batch.updates) == 1


def test_a_node_that_asks_a_database_that_is_away_does_not_end_its_run(
    shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = started(shop, database)
    rows = claimed(database)
    world = World(database, CLOCK, Plans(), TurnBlocks())

    def gone(*_: Any) -> int:
        raise GONE

    with monkeypatch.context() as away:
        away.setattr(audience, "count", gone)
        with pytest.raises(DatabaseAway):
            carry(world, rows)

    assert state(database, campaign_id) == ("PREPARING", ["RUNNING"])
    assert len(carry(world, rows).batch.updates) == 1
