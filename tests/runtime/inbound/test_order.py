"""In any order, doubled, in any batches: the same end, and one answer a message."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtime.inbound.floor import Floor
from tests.support import databases

PEOPLE = [
    ("6281200000001@c.us", "11111111111111@lid"),
    ("6281200000002@c.us", "22222222222222@lid"),
    ("6281200000003@c.us", None),
]


def story(floor: Floor) -> list[dict[str, Any]]:
    """What happened: three people write, one edits, reacts and takes back; twins report again."""
    bodies = []
    at = -60.0
    for number, (phone, lid) in enumerate(PEOPLE):
        for place in range(3):
            at += 2
            bare = f"3A{number}{place}"
            text = f"harga {number}{place}"
            first = floor.body(text, phone, bare=bare, at_s=at, alt=lid if place else None)
            bodies.append(first)
            if lid is not None:
                bodies.append(floor.body(text, lid, bare=bare, at_s=at, kind="message.any"))
    phone = PEOPLE[0][0]
    edited = floor.body("harga baru", phone, bare="3AE", kind="message.edited", at_s=-20)
    edited["payload"]["editedMessageId"] = "3A00"
    liked = floor.body(None, phone, bare="3AL", kind="message.reaction", at_s=-19)
    liked["payload"]["reaction"] = {"text": "+1", "messageId": f"false_{phone}_3A01"}
    taken = floor.body(None, phone, bare="3AR", kind="message.revoked", at_s=-18)
    taken["payload"] = {
        "revokedMessageId": "3A02",
        "after": None,
        "before": floor.body("x", phone, bare="3A02")["payload"],
    }
    return [*bodies, edited, liked, taken]


def picture_of(floor: Floor) -> dict[str, Any]:
    """The end state, without ids and without what time alone decides."""
    people = {row.id: row.phone for row in floor.contacts()}
    chats = {row.id: row for row in floor.chats()}
    return {
        "people": sorted((row.phone, row.is_saved) for row in floor.contacts()),
        "addresses": floor.identities(),
        "chats": sorted(
            (people[row.contact_id], row.lid, row.unread, row.preview, row.last_message_at)
            for row in chats.values()
        ),
        "said": sorted(
            (
                people[chats[row.session_id].contact_id],
                row.waha_message_id,
                row.content,
                (row.extra or {}).get("before"),
                sorted(one["emoji"] for one in (row.extra or {}).get("reactions", {}).values()),
                row.revoked_at is not None,
            )
            for row in floor.said()
        ),
        "answers": sorted((sent.body, sent.kind) for sent in floor.sent),
        "runs": sorted((people[row.identity_id], row.status) for row in floor.runs()),
    }


def told(template: Path, folder: Path, order: list[int], cuts: set[int]) -> dict[str, Any]:
    """Tell the story in this order (places may be named twice), a batch ends at each cut."""
    folder.mkdir(parents=True, exist_ok=True)
    with databases.sqlite(template, folder) as database:
        floor = Floor(database, folder)
        floor.answers()
        bodies = story(floor)
        workers = [floor.pump, floor.worker()]
        for step, place in enumerate(order):
            body = bodies[place]
            floor.tell(body if step % 3 else {**body, "id": f"{body['id']}x{step}"})
            if step in cuts:
                floor.turn(workers[step % 2])
                floor.turn(workers[step % 2])
        for worker in workers * 6:
            floor.turn(worker)
        floor.settle()
        return picture_of(floor)


COUNT = 18


@pytest.fixture(scope="module")
def plain(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return told(sqlite_template, tmp_path_factory.mktemp("plain"), list(range(COUNT)), set())


def test_the_story_is_told_once(plain: dict[str, Any]) -> None:
    assert len(plain["people"]) == len(plain["chats"]) == 3
    assert len(plain["said"]) == len(plain["answers"]) == len(plain["runs"]) == 9
    assert {status for _, status in plain["runs"]} == {"SUCCEEDED"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.permutations(list(range(COUNT))),
    again=st.lists(st.integers(0, COUNT - 1), max_size=12),
    cuts=st.sets(st.integers(0, COUNT + 12), max_size=8),
)
def test_every_order_doubled_and_in_any_batches_ends_equally(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    plain: dict[str, Any],
    order: list[int],
    again: list[int],
    cuts: set[int],
) -> None:
    found = told(sqlite_template, tmp_path_factory.mktemp("told"), [*order, *again], cuts)

    assert found == plain
