"""What nodes ask of the world and change in it, over a real database of each kind."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Row, Table, insert, select

from nodes.contract import NodeError
from runtime.ports import DbPorts, TurnBlocks
from runtime.ports_chat import KEYS_MOST, RunPorts
from services.accounts.models import User
from services.auto_replies import repository
from services.auto_replies.models import AutoReply, AutoReplyUse
from services.blacklist.models import Blacklisted
from services.chats.models import ChatSession
from services.contacts.models import Contact, ContactTag, ContactTagLink
from services.kit.clock import Clock
from services.kit.db import Database
from services.kit.outbound_http import Door, Unanswered
from tests.services.messages.lab import NOON, Lab

pytestmark = pytest.mark.sql

SARI, LID = "6281200000011", "123456789012345@lid"


@pytest.fixture
def lab(any_database: Database) -> Lab:
    return Lab(any_database)


def asked(
    lab: Lab,
    ask: Callable[[RunPorts], Any],
    *,
    chat: int | None = None,
    contact: int | None = None,
    mode: str = "live",
    **more: Any,
) -> Any:
    """What a run is told; what it asked for is written down, as after a batch."""
    clock = more.pop("clock", lab.clock)
    with lab.database.read() as connection:
        ports = DbPorts(connection, lab.database, TurnBlocks(), 1, (), lab.now, clock=clock, **more)
        row = SimpleNamespace(chat_session_id=chat, identity_id=contact, mode=mode)
        told = ask(ports.for_run(row))
    with lab.database.write() as connection:
        ports.write_down(connection, lab.now)
    return told


def rows(lab: Lab, table: Any) -> list[Row[Any]]:
    found: Table = table.__table__
    with lab.database.read() as connection:
        return list(connection.execute(select(found).order_by(*found.primary_key)))


def _once(ports: RunPorts, key: str) -> bool:
    return ports.once(key, 60.0)


def chat_of(lab: Lab, **values: Any) -> tuple[int, int]:
    contact = lab.person(SARI)
    return lab.chat(lab.device(), contact, SARI, **values), contact


# --------------------------------------------------------------------------- people


def test_a_stranger_is_saved_with_name_and_fields(lab: Lab) -> None:
    told = asked(lab, lambda ports: ports.save_contact(SARI, "Sari", {"kota": "Solo", "x": None}))

    (row,) = rows(lab, Contact)
    assert (row.phone, row.name, row.is_saved, row.source) == (SARI, "Sari", True, "flow")
    assert row.metadata == {"kota": "Solo"}
    assert told == {
        "id": None,
        "phone": SARI,
        "name": "Sari",
        "tags": [],
        "fields": {"kota": "Solo"},
    }


def test_somebody_known_keeps_what_is_not_named(lab: Lab) -> None:
    contact = lab.person(SARI, name="Sari", metadata={"kota": "Solo", "lama": 1}, is_saved=False)

    told = asked(lab, lambda ports: ports.save_contact(SARI, None, {"baju": "L", "lama": None}))

    (row,) = rows(lab, Contact)
    assert (row.id, row.name, row.is_saved) == (contact, "Sari", True)
    assert row.metadata == {"kota": "Solo", "baju": "L"} == told["fields"]
    assert told["id"] == contact


def test_somebody_whose_number_is_hidden_is_saved_by_the_lid(lab: Lab) -> None:
    asked(lab, lambda ports: ports.save_contact(LID, "Sari", {}))
    asked(lab, lambda ports: ports.save_contact(LID, "Sari W", {}))

    (row,) = rows(lab, Contact)
    assert (row.phone, row.name) == (None, "Sari W")
    assert asked(lab, lambda ports: ports.contact(LID))["id"] == row.id


def test_saving_and_tagging_a_stranger_in_one_batch_makes_one_contact(lab: Lab) -> None:
    def both(ports: RunPorts) -> None:
        ports.save_contact(SARI, "Sari", {})
        ports.tag(SARI, ["Lead", "VIP"], [])
        ports.tag(SARI, [], ["VIP"])

    asked(lab, both)

    (row,) = rows(lab, Contact)
    (link,) = rows(lab, ContactTagLink)
    names = {tag.id: tag.name for tag in rows(lab, ContactTag)}
    assert (link.contact_id, names[link.tag_id]) == (row.id, "Lead")


def test_a_tag_makes_a_contact_of_a_stranger_and_taking_one_away_does_not(lab: Lab) -> None:
    asked(lab, lambda ports: ports.tag("6281200000012", [], ["VIP"]))
    asked(lab, lambda ports: ports.tag(SARI, ["VIP"], []))

    assert [row.phone for row in rows(lab, Contact)] == [SARI]


def test_who_is_blocked_is_blocked_at_once_and_keeps_the_first_reason(lab: Lab) -> None:
    def block_and_look(ports: RunPorts) -> str | None:
        ports.block(SARI, "MANUAL")
        return ports.blocked(SARI)

    assert asked(lab, block_and_look) == "MANUAL"
    asked(lab, lambda ports: ports.block(SARI, "UNSUBSCRIBE"))

    assert [(row.phone, row.reason) for row in rows(lab, Blacklisted)] == [(SARI, "MANUAL")]


# --------------------------------------------------------------------------- its own chat


def test_a_thing_is_done_once_within_its_time(lab: Lab) -> None:
    chat, _ = chat_of(lab, memory={"lain": 1})

    def once(key: str = "tim", **more: Any) -> bool:
        found: bool = asked(lab, lambda ports: ports.once(key, 3_600.0), chat=chat, **more)
        return found

    assert [once(), once(), once("lain")] == [True, False, True]
    lab.now += timedelta(minutes=59)
    assert not once()
    lab.now += timedelta(minutes=1)
    assert once()
    memory = lab.session(chat).memory
    assert memory["lain"] == 1
    assert set(memory["done"]) == {"tim", "lain"}


def test_the_time_shrinks_with_the_clock(lab: Lab) -> None:
    chat, _ = chat_of(lab)
    fast = Clock(scale=60.0, now=lambda: lab.now)

    def once() -> bool:
        told: bool = asked(lab, lambda ports: ports.once("tim", 3_600.0), chat=chat, clock=fast)
        return told

    assert once()
    lab.now += timedelta(seconds=59)
    assert not once()
    lab.now += timedelta(seconds=1)
    assert once()


def test_two_runs_of_a_batch_do_it_once(lab: Lab) -> None:
    chat, _ = chat_of(lab)

    told = asked(lab, lambda ports: [ports.once("tim", 60.0), ports.once("tim", 60.0)], chat=chat)

    assert told == [True, False]


def test_a_try_notes_nothing_and_a_run_without_a_chat_may_always(lab: Lab) -> None:
    chat, _ = chat_of(lab)

    for _ in range(2):
        assert asked(lab, lambda ports: ports.once("tim", 60.0), chat=chat, mode="test")
        assert asked(lab, lambda ports: ports.once("tim", 60.0))
    assert lab.session(chat).memory == {}


def test_a_chat_remembers_a_bounded_number_of_things(lab: Lab) -> None:
    chat, _ = chat_of(lab)

    for number in range(KEYS_MOST + 5):
        lab.now += timedelta(seconds=1)
        asked(lab, partial(_once, key=f"k{number}"), chat=chat)

    done = lab.session(chat).memory["done"]
    assert len(done) == KEYS_MOST
    assert f"k{KEYS_MOST + 4}" in done
    assert "k4" not in done


def test_a_chat_changes_hands_until_a_time_that_shrinks_with_the_clock(lab: Lab) -> None:
    chat, _ = chat_of(lab)
    fast = Clock(scale=60.0, now=lambda: lab.now)

    told = asked(
        lab,
        lambda ports: ports.hand_over(NOON + timedelta(hours=12), "handed_over"),
        chat=chat,
        clock=fast,
    )

    row = lab.session(chat)
    assert told == {"agent": None}
    assert (row.mode, row.mode_reason, row.attention) == ("HUMAN", "handed_over", "handed_over")
    assert row.human_until == NOON + timedelta(minutes=12)


def test_a_chat_that_changes_hands_names_its_agent(lab: Lab) -> None:
    with lab.database.write() as connection:
        connection.execute(
            insert(User),
            {
                "id": 9,
                "tenant_id": 1,
                "name": "Rina",
                "email": "rina@toko.id",
                "password_hash": "x",
                "role": "agent",
                "created_at": NOON,
                "updated_at": NOON,
            },
        )
    chat, _ = chat_of(lab, assigned_to=9)

    told = asked(lab, lambda ports: ports.hand_over(None, "handed_over"), chat=chat)

    assert told == {"agent": "Rina"}
    assert lab.session(chat).human_until is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda ports: ports.hand_over(None, "handed_over"),
        lambda ports: ports.reply_rules("harga"),
    ],
    ids=["hand_over", "reply_rules"],
)
@pytest.mark.parametrize("chat", [None, 999])
def test_without_a_chat_there_is_nothing_to_hand_over_or_to_answer_in(
    lab: Lab, ask: Callable[[RunPorts], Any], chat: int | None
) -> None:
    with pytest.raises(NodeError) as refused:
        asked(lab, ask, chat=chat)

    assert refused.value.code == "no_chat"


def test_the_rules_that_answer_come_first_and_their_use_is_noted(lab: Lab) -> None:
    chat, contact = chat_of(lab)
    _rule(lab, 1, "harga", cooldown_s=3_600)
    _rule(lab, 2, "ongkir", devices=["lain"])

    told = asked(
        lab, lambda ports: ports.reply_rules("harga dan ongkir"), chat=chat, contact=contact
    )

    assert [(rule["id"], rule["why_not"] is None) for rule in told] == [(1, True), (2, False)]
    assert told[0]["reply"] == "Jawaban harga"
    assert [(use.rule_id, use.contact_id) for use in rows(lab, AutoReplyUse)] == [(1, contact)]
    again = asked(lab, lambda ports: ports.reply_rules("harga"), chat=chat, contact=contact)
    assert [rule["why_not"] is None for rule in again] == [False]


def test_a_try_does_not_use_a_rule_up(lab: Lab) -> None:
    chat, contact = chat_of(lab)
    _rule(lab, 1, "harga", cooldown_s=3_600)

    for _ in range(2):
        told = asked(
            lab,
            lambda ports: ports.reply_rules("harga"),
            chat=chat,
            contact=contact,
            mode="test",
        )
        assert told[0]["why_not"] is None
    assert rows(lab, AutoReplyUse) == []


def _rule(lab: Lab, number: int, keyword: str, **values: Any) -> None:
    with lab.database.write() as connection:
        connection.execute(
            insert(AutoReply),
            {
                "id": number,
                "tenant_id": 1,
                "name": keyword,
                "keyword": keyword,
                "keywords": [],
                "unless": [],
                "match_type": "WHOLE_WORD",
                "response_text": f"Jawaban {keyword}",
                "devices": [],
                "schedule": {},
                "priority": -number,
                "created_at": NOON,
                "updated_at": NOON,
                **values,
            },
        )
        repository.changed(connection, 1)


# --------------------------------------------------------------------------- other servers


@pytest.mark.parametrize(
    ("url", "code", "kind", "retriable"),
    [
        ("http://127.0.0.1/", "forbidden_address", "bad_config", False),
        ("ftp://a.example/", "bad_url", "bad_config", False),
        ("https://a.example/", "no_such_host", "upstream", True),
    ],
)
def test_what_the_door_says_is_an_error_of_the_node(
    lab: Lab, url: str, code: str, kind: str, retriable: bool
) -> None:
    def nobody(host: str, port: int) -> list[str]:
        if host == "127.0.0.1":
            return [host]
        raise OSError

    with pytest.raises(NodeError) as refused:
        asked(
            lab,
            lambda ports: ports.http({"method": "GET", "url": url}, 1.0),
            door=Door(resolve=nobody),
        )

    error = refused.value
    assert (error.code, error.kind, error.retriable) == (code, kind, retriable)


def test_a_late_answer_is_a_timeout(lab: Lab) -> None:
    class Late(Door):
        def ask(self, *args: Any, **more: Any) -> Any:
            raise Unanswered("timeout", "late")

    with pytest.raises(NodeError) as refused:
        asked(
            lab,
            lambda ports: ports.http({"method": "GET", "url": "https://a.example/"}, 1.0),
            door=Late(),
        )

    assert (refused.value.kind, refused.value.retriable) == ("timeout", True)


@pytest.mark.parametrize("task", ["answer", "ask", "classify"])
def test_no_ai_engine_is_set_up(lab: Lab, task: Any) -> None:
    with pytest.raises(NodeError, match="hand-to-human") as refused:
        asked(lab, lambda ports: ports.ai(task, {}, 1.0))

    assert refused.value.code == "not_configured"
    assert rows(lab, ChatSession) == []
