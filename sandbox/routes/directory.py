"""Contacts, hidden-user addresses and groups."""

import time
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import errors, ids
from sandbox.errors import answer
from sandbox.http import LineCut, common_fault, read_json, whole_number, world_of
from sandbox.limits import GROUPS_PER_SESSION_MAX, HISTORY_PAGE_MAX, PARTICIPANTS_MAX
from sandbox.sessions import Group, Session
from sandbox.world import World

_LATEST = 2**62
_ROLES = ("participant", "admin", "superadmin", "left")


async def _ready(request: Request, name: str | None = None) -> tuple[World, Session]:
    """The working session, with the faults that may hit any call."""
    world = world_of(request)
    wanted = name or request.path_params["session"]
    rule = world.faults.pick("other", wanted, "", request.url.path)
    if rule is not None and await common_fault(request, rule) is not None:
        raise LineCut
    return world, await world.working(wanted)


def _session_query(request: Request) -> str:
    name = request.query_params.get("session")
    if not name:
        raise errors.session_name_required()
    return name


async def _check_exists(request: Request) -> Response:
    world, _ = await _ready(request, _session_query(request))
    phone = ids.digits(ids.chat_id(request.query_params.get("phone") or ""))
    if not phone.isdigit() or phone in world.missing_phones:
        return answer({"numberExists": False})
    world.remember_person(phone)
    return answer({"numberExists": True, "chatId": f"{phone}@c.us"})


def _contact(world: World, session: Session, person: str) -> dict[str, Any]:
    saved = session.contacts.get(person) or {}
    name = saved.get("name") or world.names.get(person)
    return {
        "id": person,
        "number": ids.digits(person),
        "name": name,
        "pushname": world.names.get(person),
        "shortName": saved.get("firstName"),
        "isMe": person == session.me_id,
        "isGroup": False,
        "isWAContact": ids.digits(person) not in world.missing_phones,
        "isMyContact": bool(saved),
        "isBlocked": False,
    }


async def _contacts(request: Request) -> Response:
    world, session = await _ready(request, _session_query(request))
    people = {*session.contacts, *session.history.by_person}
    found = sorted(one for one in people if one.endswith(("@c.us", "@lid")))
    if request.query_params.get("sortBy") == "name":
        found.sort(key=lambda one: world.names.get(one) or "")
    if request.query_params.get("sortOrder") == "desc":
        found.reverse()
    offset = whole_number(request, "offset", 0, _LATEST)
    limit = whole_number(request, "limit", HISTORY_PAGE_MAX, HISTORY_PAGE_MAX)
    return answer([_contact(world, session, one) for one in found[offset : offset + limit]])


async def _one_contact(request: Request) -> Response:
    world, session = await _ready(request, _session_query(request))
    person = world.person(ids.chat_id(request.query_params.get("contactId") or ""))
    return answer(_contact(world, session, person))


async def _update_contact(request: Request) -> Response:
    _, session = await _ready(request)
    body = await read_json(request)
    chat = ids.chat_id(unquote(request.path_params["chat"]))
    first, last = str(body.get("firstName") or ""), str(body.get("lastName") or "")
    session.contacts[chat] = {"firstName": first, "name": f"{first} {last}".strip()}
    return answer({"success": True})


def _known_lids(world: World, session: Session) -> list[dict[str, str]]:
    """Pairs this session has learned: whom it talked with and who is in its groups."""
    people = set(session.history.by_person)
    for group in session.groups.values():
        people.update(world.person(one) for one in group.participants)
    pairs = []
    for person in sorted(people):
        if person.endswith("@c.us"):
            lid = ids.lid_of(ids.digits(person))
            if world.resolved_phone(session, lid):
                pairs.append({"lid": lid, "pn": person})
    return pairs


async def _lids(request: Request) -> Response:
    world, session = await _ready(request)
    offset = whole_number(request, "offset", 0, _LATEST)
    limit = whole_number(request, "limit", 100, HISTORY_PAGE_MAX)
    return answer(_known_lids(world, session)[offset : offset + limit])


async def _lids_count(request: Request) -> Response:
    world, session = await _ready(request)
    return answer({"count": len(_known_lids(world, session))})


async def _lid(request: Request) -> Response:
    world, session = await _ready(request)
    lid = unquote(request.path_params["lid"])
    lid = lid if "@" in lid else f"{lid}@lid"
    phone = world.resolved_phone(session, lid)
    return answer({"lid": lid, "pn": f"{phone}@c.us" if phone else None})


async def _lid_of_phone(request: Request) -> Response:
    world, session = await _ready(request)
    phone = ids.digits(ids.chat_id(unquote(request.path_params["phone"])))
    lid = ids.lid_of(phone)
    known = world.resolved_phone(session, lid) is not None
    return answer({"lid": lid if known else None, "pn": f"{phone}@c.us"})


def _group_body(world: World, group: Group, with_members: bool) -> dict[str, Any]:
    """A group in the engine's own shape."""
    members = list(group.participants.items()) if with_members else []
    if world.engine == "GOWS":
        body: dict[str, Any] = {
            "JID": group.id,
            "OwnerJID": group.owner,
            "Name": group.subject,
            "Topic": group.description,
            "IsLocked": False,
            "IsAnnounce": False,
            "MemberAddMode": "all_member_add",
        }
        if with_members:
            body["Participants"] = [
                {
                    "JID": one,
                    "PhoneNumber": ids.inner_jid(world.person(one)),
                    "LID": one if one.endswith("@lid") else "",
                    "IsAdmin": role in ("admin", "superadmin"),
                    "IsSuperAdmin": role == "superadmin",
                }
                for one, role in members
            ]
        return body
    if world.engine == "NOWEB":
        body = {
            "id": group.id,
            "subject": group.subject,
            "owner": group.owner,
            "desc": group.description,
            "restrict": False,
            "announce": False,
        }
        if with_members:
            body["participants"] = [
                {
                    "id": one,
                    "phoneNumber": ids.inner_jid(world.person(one)),
                    "admin": role if role in ("admin", "superadmin") else None,
                }
                for one, role in members
            ]
        return body
    return {
        "id": {
            "server": "g.us",
            "user": ids.digits(group.id),
            "_serialized": group.id,
        },
        "name": group.subject,
        "isGroup": True,
        "groupMetadata": {
            "id": {"_serialized": group.id},
            "subject": group.subject,
            "participants": [
                {
                    "id": _webjs_address(world.person(one)),
                    "isAdmin": role in ("admin", "superadmin"),
                    "isSuperAdmin": role == "superadmin",
                }
                for one, role in members
            ],
        },
    }


def _webjs_address(chat: str) -> dict[str, str]:
    user, _, server = chat.partition("@")
    return {"server": server, "user": user, "_serialized": chat}


def _members_v2(world: World, session: Session, group: Group) -> list[dict[str, Any]]:
    rows = []
    for one, role in group.participants.items():
        row = {"id": one}
        if one.endswith("@lid"):
            phone = world.resolved_phone(session, one)
            if phone:
                row["pn"] = f"{phone}@c.us"
        row["role"] = role
        rows.append(row)
    return rows


def _group_event(world: World, session: Session, group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "subject": group.subject,
        "description": group.description,
        "invite": f"https://chat.whatsapp.com/{ids.digits(group.id)[-10:]}",
        "membersCanAddNewMember": True,
        "membersCanSendMessages": True,
        "newMembersApprovalRequired": False,
        "participants": _members_v2(world, session, group),
    }


def _group(session: Session, request: Request) -> Group:
    wanted = unquote(request.path_params["group"])
    wanted = wanted if "@" in wanted else f"{wanted}@g.us"
    found = session.groups.get(wanted)
    if found is None:
        raise errors.named(404, "Group not found")
    return found


async def _groups(request: Request) -> Response:
    world, session = await _ready(request)
    groups = list(session.groups.values())
    if request.query_params.get("sortBy") == "subject":
        groups.sort(key=lambda one: one.subject)
    if request.query_params.get("sortOrder") == "desc":
        groups.reverse()
    offset = whole_number(request, "offset", 0, _LATEST)
    limit = whole_number(request, "limit", GROUPS_PER_SESSION_MAX, GROUPS_PER_SESSION_MAX)
    with_members = request.query_params.get("exclude") != "participants"
    page = groups[offset : offset + limit]
    bodies = [_group_body(world, one, with_members) for one in page]
    if world.engine == "NOWEB":
        return answer({body["id"]: body for body in bodies})
    return answer(bodies)


async def _groups_count(request: Request) -> Response:
    _, session = await _ready(request)
    return answer({"count": len(session.groups)})


async def _groups_refresh(request: Request) -> Response:
    await _ready(request)
    return answer({"success": True}, 201)


async def _one_group(request: Request) -> Response:
    world, session = await _ready(request)
    return answer(_group_body(world, _group(session, request), True))


async def _members(request: Request) -> Response:
    world, session = await _ready(request)
    body = _group_body(world, _group(session, request), True)
    if world.engine == "WEBJS":
        return answer(body["groupMetadata"]["participants"])
    return answer(body.get("Participants") or body.get("participants") or [])


async def _members_v2_route(request: Request) -> Response:
    world, session = await _ready(request)
    return answer(_members_v2(world, session, _group(session, request)))


def _parse_members(world: World, raw: Any) -> dict[str, str]:
    """`[{phone | id, role?, as_lid?}]` as addresses with their roles."""
    members: dict[str, str] = {}
    for one in list(raw or [])[:PARTICIPANTS_MAX]:
        chat = ids.chat_id(str(one.get("id") or one.get("phone") or ""))
        if chat.endswith("@c.us"):
            lid = world.remember_person(ids.digits(chat), one.get("name"))
            chat = lid if one.get("as_lid") else chat
        role = one.get("role") or "participant"
        if role not in _ROLES:
            raise errors.named(422, f"role must be one of {', '.join(_ROLES)}")
        members[chat] = role
    return members


def _found_group(
    world: World, session: Session, group_id: str, subject: str, members: dict[str, str]
) -> Group:
    if len(session.groups) >= GROUPS_PER_SESSION_MAX:
        raise errors.named(422, f"A session holds at most {GROUPS_PER_SESSION_MAX} groups")
    own = session.me_id or ""
    group = Group(group_id, subject, next(iter(members), own), participants=members)
    if own and own not in members:
        members[own] = "superadmin"
    session.groups[group.id] = group
    world.emit(
        session,
        "group.v2.join",
        {
            "group": _group_event(world, session, group),
            "timestamp": int(time.time() * 1000),
            "_data": {},
        },
    )
    world.save_sessions()
    return group


def _new_group_id() -> str:
    return f"120363{time.time_ns() % 10**12:012d}@g.us"


async def _create_group(request: Request) -> Response:
    world, session = await _ready(request)
    body = await read_json(request)
    members = _parse_members(world, body.get("participants"))
    subject = str(body.get("name") or "Grup")
    group = _found_group(world, session, _new_group_id(), subject, members)
    return answer(_group_body(world, group, True), 201)


async def _sandbox_group(request: Request) -> Response:
    """Somebody adds the session to a group: `{session, id?, subject, participants[]}`."""
    world = world_of(request)
    body = await read_json(request)
    session = world.session(str(body.get("session") or ""))
    members = _parse_members(world, body.get("participants"))
    group_id = str(body.get("id") or _new_group_id())
    subject = str(body.get("subject") or "Grup")
    group = _found_group(world, session, group_id, subject, members)
    return answer({"id": group.id, "participants": _members_v2(world, session, group)}, 201)


def _change(kind: str, role: str | None) -> Any:
    async def change(request: Request) -> Response:
        world, session = await _ready(request)
        group = _group(session, request)
        body = await read_json(request)
        members = _parse_members(world, body.get("participants"))
        for one in members:
            if role is None:
                group.participants.pop(one, None)
            else:
                group.participants[one] = role
        world.emit(
            session,
            "group.v2.participants",
            {
                "type": kind,
                "timestamp": int(time.time() * 1000),
                "group": {"id": group.id},
                "participants": [{"id": one, "role": role or "left"} for one in members],
                "_data": {},
            },
        )
        world.save_sessions()
        return answer({"success": True}, 201)

    return change


async def _subject(request: Request) -> Response:
    world, session = await _ready(request)
    group = _group(session, request)
    body = await read_json(request)
    group.subject = str(body.get("subject") or "")
    world.emit(
        session,
        "group.v2.update",
        {
            "group": {"id": group.id, "subject": group.subject},
            "timestamp": int(time.time() * 1000),
            "_data": {},
        },
    )
    return answer({"success": True})


async def _leave(request: Request) -> Response:
    world, session = await _ready(request)
    group = _group(session, request)
    del session.groups[group.id]
    world.emit(
        session,
        "group.v2.leave",
        {"group": {"id": group.id}, "timestamp": int(time.time() * 1000), "_data": {}},
    )
    world.save_sessions()
    return answer({"success": True}, 201)


_GROUP = "/api/{session}/groups/{group}"
ROUTES = [
    Route("/api/contacts/check-exists", _check_exists, methods=["GET"]),
    Route("/api/contacts/all", _contacts, methods=["GET"]),
    Route("/api/contacts", _one_contact, methods=["GET"]),
    Route("/api/{session}/contacts/{chat}", _update_contact, methods=["PUT"]),
    Route("/api/{session}/lids", _lids, methods=["GET"]),
    Route("/api/{session}/lids/count", _lids_count, methods=["GET"]),
    Route("/api/{session}/lids/pn/{phone}", _lid_of_phone, methods=["GET"]),
    Route("/api/{session}/lids/{lid}", _lid, methods=["GET"]),
    Route("/api/{session}/groups", _groups, methods=["GET"]),
    Route("/api/{session}/groups", _create_group, methods=["POST"]),
    Route("/api/{session}/groups/count", _groups_count, methods=["GET"]),
    Route("/api/{session}/groups/refresh", _groups_refresh, methods=["POST"]),
    Route(_GROUP, _one_group, methods=["GET"]),
    Route(_GROUP + "/participants", _members, methods=["GET"]),
    Route(_GROUP + "/participants/v2", _members_v2_route, methods=["GET"]),
    Route(_GROUP + "/participants/add", _change("join", "participant"), methods=["POST"]),
    Route(_GROUP + "/participants/remove", _change("leave", None), methods=["POST"]),
    Route(_GROUP + "/admin/promote", _change("promote", "admin"), methods=["POST"]),
    Route(_GROUP + "/admin/demote", _change("demote", "participant"), methods=["POST"]),
    Route(_GROUP + "/subject", _subject, methods=["PUT"]),
    Route(_GROUP + "/leave", _leave, methods=["POST"]),
    Route("/sandbox/groups", _sandbox_group, methods=["POST"]),
]
