"""/triggers: what starts the published flows."""

from typing import Annotated

from fastapi import Query

from runtime.triggers import service
from runtime.triggers.schemas import SigningKeyOut, TriggerOut, TriggerPage, TriggerPatch
from services.kit.http import ID_MOST, MANAGERS, App, CurrentMember, Db, PageAsked, ReadDb, Router

router = Router(prefix="/triggers", tags=["triggers"])


@router.get("", dependencies=[MANAGERS])
def list_triggers(
    page: PageAsked,
    member: CurrentMember,
    session: ReadDb,
    flow: Annotated[int | None, Query(ge=1, le=ID_MOST)] = None,
    kind: Annotated[str | None, Query(alias="type", max_length=40)] = None,
) -> TriggerPage:
    """What starts the tenant's flows, newest first."""
    found = service.page(session, member.tenant_id, flow, kind, page.after, page.limit)
    return TriggerPage(
        items=[TriggerOut.model_validate(one) for one in found],
        next=found[-1]["id"] if len(found) == page.limit else None,
    )


@router.get("/{trigger_id}", dependencies=[MANAGERS])
def get_trigger(trigger_id: int, member: CurrentMember, session: ReadDb) -> TriggerOut:
    """One trigger."""
    return TriggerOut.model_validate(service.get(session, member.tenant_id, trigger_id))


@router.patch("/{trigger_id}", dependencies=[MANAGERS])
def change_trigger(
    trigger_id: int, given: TriggerPatch, member: CurrentMember, app: App, session: Db
) -> TriggerOut:
    """Switch it on or off, or change which flow hears a message first."""
    return TriggerOut.model_validate(
        service.change(
            session,
            member.tenant_id,
            trigger_id,
            app.clock.now(),
            is_on=given.is_on,
            position=given.position,
        )
    )


@router.post("/{trigger_id}/rotate", dependencies=[MANAGERS])
def rotate(trigger_id: int, member: CurrentMember, app: App, session: Db) -> TriggerOut:
    """Give a webhook a new address, because somebody has the old one who should not."""
    return TriggerOut.model_validate(
        service.rotate(session, member.tenant_id, trigger_id, app.clock.now())
    )


@router.post("/{trigger_id}/signing-key", dependencies=[MANAGERS], status_code=201)
def new_key(trigger_id: int, member: CurrentMember, app: App, session: Db) -> SigningKeyOut:
    """Make a new signing key; from now on calls must be signed with it."""
    key = service.new_key(session, app.sealer, member.tenant_id, trigger_id, app.clock.now())
    return SigningKeyOut(signing_key=key)


@router.delete("/{trigger_id}/signing-key", dependencies=[MANAGERS], status_code=204)
def no_key(trigger_id: int, member: CurrentMember, app: App, session: Db) -> None:
    """Take unsigned calls again."""
    service.no_key(session, member.tenant_id, trigger_id, app.clock.now())
