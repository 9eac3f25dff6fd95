"""A person asks to be left alone, or to be written to again: done in the transaction that heard it.

The list knows a person under one address, the phone number where it is known; whoever asks the
list asks with all of a person's addresses.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from sqlalchemy import Connection, Table, delete, insert, or_, select, update

from domain.opt_out import OptOut, classify, is_opt_in
from domain.states import ChatMode
from services.accounts.models import Tenant
from services.blacklist.models import Blacklisted
from services.blacklist.reasons import Reason
from services.campaigns.models import CampaignLog
from services.contacts.models import ContactIdentity
from services.devices.models import Device
from services.kit import outbox
from services.messages.claim import Skipped
from services.messages.ledger import BROADCAST, CONFIRM, NewMessage, enqueue, messages

blacklist: Table = Blacklisted.__table__  # type: ignore[assignment]
devices: Table = Device.__table__  # type: ignore[assignment]
identities: Table = ContactIdentity.__table__  # type: ignore[assignment]
logs: Table = CampaignLog.__table__  # type: ignore[assignment]
tenants: Table = Tenant.__table__  # type: ignore[assignment]

OPTED_OUT = "opted_out"
OPT_OUT_TEXT = (
    "Baik, kamu tidak akan menerima promo lagi dari kami. Ketik MULAI kalau berubah pikiran."
)
OPT_IN_TEXT = (
    "Siap, kamu akan menerima info dari kami lagi. Ketik BERHENTI kapan saja untuk berhenti."
)
SOURCE_CHARACTERS = 1000


class Chat(Protocol):
    """What is needed of a row of chat_sessions."""

    @property
    def id(self) -> int: ...

    @property
    def contact_id(self) -> int: ...

    @property
    def phone(self) -> str | None: ...

    @property
    def lid(self) -> str | None: ...

    @property
    def mode(self) -> str: ...


@dataclass(frozen=True, slots=True)
class OptOutDone:
    """What was done. `skipped`: messages whose runs and recipients must still learn of it."""

    what: Literal["opted_out", "opted_in"]
    is_new: bool
    """False: it stood so already, and nothing was said."""
    confirmed: bool
    skipped: tuple[Skipped, ...] = ()


def act(
    connection: Connection,
    tenant_id: int,
    device_id: int,
    session: Chat,
    text: str | None,
    now: datetime,
) -> OptOutDone | None:
    """Do what a message asks for when it is an opt-out or an opt-in; None when it is neither.

    A message this answers for is not given to flows. "MULAI" of somebody who never opted out is
    an ordinary message. The caller hands `skipped` to `runtime.outcomes.apply_skips`.
    """
    if not text:
        return None
    if classify(text) is OptOut.OPT_OUT:
        return _opt_out(connection, tenant_id, device_id, session, text, now)
    if is_opt_in(text):
        return _opt_in(connection, tenant_id, device_id, session, now)
    return None


def addresses_of(connection: Connection, tenant_id: int, session: Chat) -> list[str]:
    """Every address of the person, the one the list is to know them by first."""
    found = [session.phone] if session.phone else []
    if session.lid:
        found.append(lid_key(session.lid))
    known = connection.execute(
        select(identities.c.kind, identities.c.value)
        .where(identities.c.tenant_id == tenant_id, identities.c.contact_id == session.contact_id)
        .order_by(identities.c.kind.desc(), identities.c.id)  # phones before LIDs
    ).all()
    phones = [row.value for row in known if row.kind == "phone"]
    others = [row.value for row in known if row.kind != "phone"]
    return list(dict.fromkeys([*found[: bool(session.phone)], *phones, *found, *others]))


def lid_key(lid: str) -> str:
    """A LID as chat keys, identities and the list spell it: `<digits>@lid`."""
    return lid if "@" in lid else f"{lid}@lid"


def _opt_out(
    connection: Connection,
    tenant_id: int,
    device_id: int,
    session: Chat,
    text: str,
    now: datetime,
) -> OptOutDone:
    addresses = addresses_of(connection, tenant_id, session)
    listed = reasons_of(connection, tenant_id, addresses)
    is_new = listed <= {Reason.BOUNCE}
    if is_new:
        _unlist(connection, tenant_id, addresses, Reason.BOUNCE)  # they can be reached after all
        connection.execute(
            insert(blacklist),
            {
                "tenant_id": tenant_id,
                "phone": addresses[0],
                "reason": Reason.UNSUBSCRIBE.value,
                "source_message": text[:SOURCE_CHARACTERS],
                "created_at": now,
            },
        )
        outbox.publish(connection, tenant_id, "contact.opted_out", _told(device_id, session), now)
    skipped = _take_back(connection, tenant_id, session.contact_id, addresses)
    confirmed = is_new and session.mode != ChatMode.MUTED
    if confirmed:
        said = _text(connection, tenant_id, "opt_out_text", OPT_OUT_TEXT)
        _confirm(connection, tenant_id, device_id, session, addresses, said, now)
    return OptOutDone("opted_out", is_new, confirmed, skipped)


def _opt_in(
    connection: Connection, tenant_id: int, device_id: int, session: Chat, now: datetime
) -> OptOutDone | None:
    addresses = addresses_of(connection, tenant_id, session)
    if Reason.UNSUBSCRIBE not in reasons_of(connection, tenant_id, addresses):
        return None
    _unlist(connection, tenant_id, addresses, Reason.UNSUBSCRIBE)
    outbox.publish(connection, tenant_id, "contact.opted_in", _told(device_id, session), now)
    confirmed = session.mode != ChatMode.MUTED
    if confirmed:
        said = _text(connection, tenant_id, "opt_in_text", OPT_IN_TEXT)
        _confirm(connection, tenant_id, device_id, session, addresses, said, now)
    return OptOutDone("opted_in", True, confirmed)


def _told(device_id: int, session: Chat) -> dict[str, int]:
    return {"contact_id": session.contact_id, "chat_id": session.id, "device_id": device_id}


def reasons_of(connection: Connection, tenant_id: int, addresses: Collection[str]) -> set[str]:
    """Why somebody with these addresses is on the list; nothing when they are not."""
    return set(
        connection.execute(
            select(blacklist.c.reason).where(
                blacklist.c.tenant_id == tenant_id, blacklist.c.phone.in_(addresses)
            )
        ).scalars()
    )


def _unlist(
    connection: Connection, tenant_id: int, addresses: Collection[str], reason: Reason
) -> None:
    connection.execute(
        delete(blacklist).where(
            blacklist.c.tenant_id == tenant_id,
            blacklist.c.phone.in_(addresses),
            blacklist.c.reason == reason.value,
        )
    )


def _take_back(
    connection: Connection, tenant_id: int, contact_id: int, addresses: Sequence[str]
) -> tuple[Skipped, ...]:
    """Skip what waits for this person in broadcasts and drips, and their place in audiences.

    The rows are found through the lanes: those of one account, and little waits in each.
    """
    lanes_of_tenant = select(devices.c.id).where(devices.c.tenant_id == tenant_id)
    waiting = connection.execute(
        select(
            messages.c.id,
            messages.c.device_id,
            messages.c.run_id,
            messages.c.node_id,
            messages.c.campaign_log_id,
        )
        .where(
            messages.c.device_id.in_(lanes_of_tenant),
            messages.c.status == "PENDING",
            messages.c.priority <= BROADCAST,
            messages.c.origin == "BROADCAST",
            or_(messages.c.identity_id == contact_id, messages.c.chat_key.in_(addresses)),
        )
        .with_for_update()
    ).all()
    if waiting:
        connection.execute(
            update(messages)
            .where(messages.c.id.in_([row.id for row in waiting]), messages.c.status == "PENDING")
            .values(status="SKIPPED", reason=OPTED_OUT)
        )
    connection.execute(
        update(logs)
        .where(
            logs.c.contact_id == contact_id,
            logs.c.tenant_id == tenant_id,
            logs.c.status == "QUEUED",
        )
        .values(status="SKIPPED", reason=OPTED_OUT)
    )
    return tuple(
        Skipped(
            id=row.id,
            device_id=row.device_id,
            reason=OPTED_OUT,
            run_id=row.run_id,
            node_id=row.node_id,
            campaign_log_id=row.campaign_log_id,
        )
        for row in waiting
    )


def _text(connection: Connection, tenant_id: int, name: str, default: str) -> str:
    """What the tenant has it say; its profile may name another text."""
    profile = connection.execute(
        select(tenants.c.profile).where(tenants.c.id == tenant_id)
    ).scalar()
    own = (profile or {}).get(name)
    return own.strip() if isinstance(own, str) and own.strip() else default


def _confirm(
    connection: Connection,
    tenant_id: int,
    device_id: int,
    session: Chat,
    addresses: Sequence[str],
    text: str,
    now: datetime,
) -> None:
    """Say it once, whoever answers in the chat otherwise."""
    enqueue(
        connection,
        [
            NewMessage(
                tenant_id=tenant_id,
                device_id=device_id,
                origin="NOTICE",
                kind="text",
                priority=CONFIRM,
                chat_key=session.phone or addresses[0],
                body=text,
                identity_id=session.contact_id,
                chat_session_id=session.id,
            )
        ],
        now,
    )
