"""/runs and /flows/{id}/trigger: start flows, look at what ran, stop it, hold it, run it again."""

import asyncio
from typing import Annotated, Any

from fastapi import Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import IntegrityError

from runtime.runs import replay as replays
from runtime.runs import service
from runtime.runs.results import Waiters
from runtime.runs.schemas import (
    ReplayIn,
    ReplayOut,
    RunItem,
    RunOut,
    RunPage,
    RunStatusWord,
    StartedOut,
    StartIn,
)
from runtime.starts import RING
from services.kit.http import (
    ANYBODY,
    ID_MOST,
    MANAGERS,
    App,
    CurrentMember,
    Db,
    PageAsked,
    Parts,
    ReadDb,
    Router,
)
from services.kit.idempotency import once

router = Router(tags=["runs"])
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key")]
Wanted = Annotated[int | None, Query(ge=1, le=ID_MOST)]

START_TRIES = 3
"""Requests with one Idempotency-Key that come at once: the losers find the winner's answer."""
BUSY_TRIES, BUSY_PAUSE_S = 20, 0.05
"""A worker has a run in its hands for milliseconds: worth waiting for before asking it to stop."""


@router.post("/flows/{flow_id}/trigger", dependencies=[MANAGERS], status_code=202)
async def start_flow(
    flow_id: int,
    given: StartIn,
    member: CurrentMember,
    app: App,
    request: Request,
    idempotency_key: IdempotencyKey = None,
) -> StartedOut:
    """Start a published flow. With `wait_s` the answer tells how it ended, if it ended by then.

    422 names every input that does not fit. The same `Idempotency-Key` starts one run.
    """
    run_id = await run_in_threadpool(_start, app, member.tenant_id, flow_id, given, idempotency_key)
    result = await waiters(request.app.state).until_over(member.tenant_id, run_id, given.wait_s)
    if result is None:
        return StartedOut(run_id=run_id, status="QUEUED", reason=None, outputs={})
    return StartedOut.model_validate(result)


def _start(app: Parts, tenant_id: int, flow_id: int, given: StartIn, key: str | None) -> int:
    asked = {"trigger": flow_id, **given.model_dump(exclude={"wait_s"})}
    for _ in range(START_TRIES - 1):
        try:
            return _start_once(app, tenant_id, flow_id, given, key, asked)
        except IntegrityError:
            continue
    return _start_once(app, tenant_id, flow_id, given, key, asked)


def _start_once(
    app: Parts,
    tenant_id: int,
    flow_id: int,
    given: StartIn,
    key: str | None,
    asked: dict[str, Any],
) -> int:
    now = app.clock.now()
    with app.database.session() as session:

        def act() -> dict[str, Any]:
            run_id = service.start(
                session, tenant_id, flow_id, given.inputs, given.event, given.trigger, now
            )
            return {"run_id": run_id}

        answer = once(session, tenant_id, key, asked, now, act)
    app.doorbell.ring(RING)
    return int(answer["run_id"])


@router.get("/runs", dependencies=[ANYBODY])
def list_runs(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    flow: Wanted = None,
    status: Annotated[RunStatusWord | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=12)] = None,
    campaign: Wanted = None,
    chat: Wanted = None,
    parent: Wanted = None,
    replay_of: Wanted = None,
) -> RunPage:
    """The tenant's runs, newest first; elements and branches with `parent`."""
    wanted = {
        "flow_id": flow,
        "status": status,
        "kind": kind,
        "campaign_id": campaign,
        "chat_session_id": chat,
        "parent_id": parent,
        "replay_of": replay_of,
    }
    return _page(service.page(session, member.tenant_id, wanted, page.after, page.limit), page)


@router.get("/runs/dead", dependencies=[ANYBODY])
def list_dead(page: PageAsked, member: CurrentMember, session: ReadDb) -> RunPage:
    """Runs that stopped their workers three times: mend the cause, then retry them."""
    return _page(service.dead(session, member.tenant_id, page.after, page.limit), page)


@router.get("/runs/{run_id}", dependencies=[ANYBODY])
def get_run(run_id: int, member: CurrentMember, session: ReadDb) -> RunOut:
    """A run with its trace; secrets are masked."""
    return RunOut.model_validate(service.get(session, member.tenant_id, run_id))


@router.post("/runs/{run_id}/cancel", dependencies=[MANAGERS])
async def cancel_run(run_id: int, member: CurrentMember, app: App) -> RunOut:
    """End a run; what has not left is taken back, what is being sent goes out."""
    return await _moved(
        app,
        member.tenant_id,
        run_id,
        lambda session: service.cancel(session, member.tenant_id, run_id, app.clock.now()),
    )


@router.post("/runs/{run_id}/pause", dependencies=[MANAGERS])
async def pause_run(run_id: int, member: CurrentMember, app: App) -> RunOut:
    """Hold a run where it stands."""
    return await _moved(
        app,
        member.tenant_id,
        run_id,
        lambda session: service.pause(session, member.tenant_id, run_id),
    )


@router.post("/runs/{run_id}/resume", dependencies=[MANAGERS])
def resume_run(run_id: int, member: CurrentMember, app: App, session: Db) -> RunOut:
    """Go on with a paused run."""
    return RunOut.model_validate(service.resume(session, member.tenant_id, run_id, app.clock.now()))


@router.post("/runs/{run_id}/retry", dependencies=[MANAGERS])
def retry_run(run_id: int, member: CurrentMember, app: App, session: Db) -> RunOut:
    """Let a run that is stuck (DEAD) go on where it stood."""
    return RunOut.model_validate(service.revive(session, member.tenant_id, run_id, app.clock.now()))


@router.post("/runs/{run_id}/replay", dependencies=[MANAGERS], status_code=201)
def replay_run(
    run_id: int, given: ReplayIn, member: CurrentMember, app: App, session: Db
) -> ReplayOut:
    """Run again, from the start or from a step; from a step nothing before it is done again."""
    made = replays.replay(session, member.tenant_id, run_id, given.step, app.clock.now())
    return ReplayOut(run_id=made.run_id, replay_of=run_id, step=given.step, pinned=made.pinned)


def waiters(state: Any) -> Waiters:
    """Those of this process."""
    found: Waiters | None = getattr(state, "run_waiters", None)
    if found is None:
        found = state.run_waiters = Waiters(state.database)
    return found


async def _moved(app: Parts, tenant_id: int, run_id: int, move: Any) -> RunOut:
    """Move a run once no worker has it in its hands; a busy one is asked to."""
    for _ in range(BUSY_TRIES):
        if not await run_in_threadpool(_is_busy, app, tenant_id, run_id):
            break
        await asyncio.sleep(BUSY_PAUSE_S)

    def act() -> RunOut:
        with app.database.session() as session:
            answer = RunOut.model_validate(move(session))
        app.doorbell.ring(RING)
        return answer

    return await run_in_threadpool(act)


def _is_busy(app: Parts, tenant_id: int, run_id: int) -> bool:
    with app.database.reading_session() as session:
        return service.is_busy(session, tenant_id, run_id)


def _page(found: Any, page: PageAsked) -> RunPage:
    return RunPage(
        items=[RunItem.model_validate(one) for one in found],
        next=found[-1]["id"] if len(found) == page.limit else None,
    )
