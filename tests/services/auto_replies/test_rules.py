from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from services.auto_replies import repository
from services.auto_replies.models import AutoReply
from services.auto_replies.rules import Found, RuleBooks
from services.kit.clock import Clock

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""A Monday, 12:00 in Jakarta."""
ZONE = "Asia/Jakarta"
PERSON = 77


@pytest.fixture
def books() -> RuleBooks:
    return RuleBooks()


def add(database: Any, **values: Any) -> int:
    row = {
        "tenant_id": 1,
        "keyword": "harga",
        "keywords": [],
        "unless": [],
        "need": "any",
        "match_type": "CONTAINS",
        "response_text": "Cek katalog",
        "devices": [],
        "schedule": {},
        "cooldown_s": 0,
        "once": "no",
        "goes_on": False,
        "action": "reply",
        "is_active": True,
        "priority": 0,
        "created_at": NOON,
        "updated_at": NOON,
    } | values
    with database.write() as connection:
        made = connection.execute(insert(AutoReply), row | {"name": row.get("name", "")})
        repository.changed(connection, row["tenant_id"])
        return int(made.inserted_primary_key[0])


def ask(
    database: Any,
    books: RuleBooks,
    text: str = "harga",
    *,
    now: datetime = NOON,
    device: str | None = "toko",
    contact_id: int | None = PERSON,
    zone: str = ZONE,
) -> Found:
    with database.read() as connection:
        return books.applying(connection, 1, text, contact_id, device, now, zone)


def used(database: Any, books: RuleBooks, rule_id: int, now: datetime) -> None:
    with database.write() as connection:
        books.note_use(connection, [rule_id], PERSON, now)


def applied(found: Found) -> list[int]:
    return [ruling.id for ruling in found.applied]


def resting(found: Found) -> dict[int, str | None]:
    return {ruling.id: ruling.why_not for ruling in found.matched_too}


@pytest.mark.parametrize(
    ("rule", "text", "is_met"),
    [
        ({"match_type": "EXACT", "keyword": "menu"}, "MENU!", True),
        ({"match_type": "EXACT", "keyword": "menu"}, "menu apa", False),
        ({"match_type": "CONTAINS"}, "dia menghargai", True),
        ({"match_type": "WHOLE_WORD"}, "dia menghargai", False),
        ({"match_type": "WHOLE_WORD"}, "brp harganya", True),
        ({"match_type": "STARTS_WITH", "keyword": "cek ongkir"}, "cek ongkir 40111", True),
        ({"match_type": "STARTS_WITH", "keyword": "cek ongkir"}, "mau cek ongkir", False),
        ({"match_type": "ENDS_WITH", "keyword": "ready"}, "masih ready?", True),
        ({"match_type": "FUZZY"}, "hrga brp kak", True),
        ({"match_type": "REGEX", "keyword": r"^(order|pesan)\s+(\d+)"}, "Pesan 2 baju", True),
        ({"match_type": "REGEX", "keyword": r"^(order|pesan)\s+(\d+)"}, "pesan dari ibu", False),
        ({"keywords": ["pricelist"]}, "minta pricelist", True),
        ({"keywords": ["grosir"], "need": "all"}, "harga grosir", True),
        ({"keywords": ["grosir"], "need": "all"}, "harga eceran", False),
        ({"unless": ["mati"]}, "harga mati", False),
    ],
)
def test_each_way_of_matching_is_the_one_that_was_chosen(database, books, rule, text, is_met):
    rule_id = add(database, **rule)

    assert applied(ask(database, books, text)) == ([rule_id] if is_met else [])


def test_the_larger_priority_goes_first_and_continue_lets_the_next_one_speak(database, books):
    low = add(database, name="low")
    high = add(database, priority=5, goes_on=True)
    middle = add(database, priority=3, goes_on=True)

    found = ask(database, books)

    assert applied(found) == [high, middle, low]
    assert found.applied[2].name == "low"
    assert found.applied[0].name == "harga"


def test_after_a_rule_that_stops_the_others_are_told_but_do_not_answer(database, books):
    first = add(database, priority=2)
    second = add(database, priority=1)

    found = ask(database, books)

    assert applied(found) == [first]
    assert resting(found) == {second: "after_a_rule_that_stops"}


@pytest.mark.parametrize(
    ("rule", "when", "why_not"),
    [
        ({"hours": {"mon-fri": ["08:00-17:00"]}}, NOON, None),
        ({"hours": {"mon-fri": ["08:00-17:00"]}}, NOON + timedelta(hours=5), "outside_hours"),
        ({"hours": {"sat": ["08:00-17:00"]}}, NOON, "outside_hours"),
        ({"from": "2026-03-02", "until": "2026-03-02"}, NOON, None),
        ({"from": "2026-03-03"}, NOON, "not_yet"),
        # 00:30 of the third in Jakarta is still the second in London.
        ({"from": "2026-03-03"}, NOON + timedelta(hours=12, minutes=30), None),
        ({"until": "2026-03-02"}, NOON + timedelta(hours=12, minutes=30), "over"),
    ],
)
def test_a_rule_keeps_its_hours_and_days_on_the_tenants_clock(database, books, rule, when, why_not):
    rule_id = add(database, schedule=rule)

    found = ask(database, books, now=when)

    assert resting(found) == ({} if why_not is None else {rule_id: why_not})


@pytest.mark.parametrize(
    ("rule", "after", "why_not"),
    [
        ({"cooldown_s": 600}, timedelta(minutes=9), "cooling_down"),
        ({"cooldown_s": 600}, timedelta(minutes=10), None),
        ({"once": "day"}, timedelta(hours=11, minutes=59), "used_today"),
        ({"once": "day"}, timedelta(hours=12), None),
        ({"once": "ever"}, timedelta(days=900), "used_before"),
        ({}, timedelta(0), None),
    ],
)
def test_a_rule_rests_after_it_answered_a_person(database, books, rule, after, why_not):
    rule_id = add(database, **rule)
    assert applied(ask(database, books)) == [rule_id]
    used(database, books, rule_id, NOON)

    found = ask(database, books, now=NOON + after)

    assert resting(found) == ({} if why_not is None else {rule_id: why_not})
    assert applied(ask(database, books, contact_id=PERSON + 1)) == [rule_id]
    assert applied(ask(database, books, contact_id=None)) == [rule_id]


def test_a_resting_rule_lets_the_next_one_answer(database, books):
    first = add(database, priority=2, once="ever")
    second = add(database)
    used(database, books, first, NOON)

    found = ask(database, books)

    assert (applied(found), resting(found)) == ([second], {first: "used_before"})


def test_a_cooldown_shrinks_with_the_clock(database):
    books = RuleBooks(Clock(scale=60))
    rule_id = add(database, cooldown_s=600)
    used(database, books, rule_id, NOON)

    assert resting(ask(database, books, now=NOON + timedelta(seconds=9)))
    assert applied(ask(database, books, now=NOON + timedelta(seconds=10))) == [rule_id]


def test_a_rule_may_belong_to_some_devices(database, books):
    rule_id = add(database, devices=["cs"])

    assert resting(ask(database, books, device="toko")) == {rule_id: "other_device"}
    assert applied(ask(database, books, device="cs")) == [rule_id]
    assert applied(ask(database, books, device=None)) == [rule_id]


def test_each_change_is_seen_by_the_next_message(database, books):
    assert applied(ask(database, books)) == []
    rule_id = add(database)
    assert applied(ask(database, books)) == [rule_id]
    with database.write() as connection:
        connection.execute(update(AutoReply).values(is_active=False))
        repository.changed(connection, 1)
    assert applied(ask(database, books)) == []
    with database.write() as connection:
        connection.execute(update(AutoReply).values(is_active=True))
        repository.changed(connection, 1)
    assert applied(ask(database, books)) == [rule_id]
    with database.write() as connection:
        connection.execute(delete(AutoReply))
        repository.changed(connection, 1)
    assert applied(ask(database, books)) == []


def test_the_rules_are_read_once_for_many_messages(database, books, monkeypatch):
    add(database)
    reads = []
    real = repository.active
    monkeypatch.setattr(repository, "active", lambda *given: (reads.append(1), real(*given))[1])

    for _ in range(5):
        assert ask(database, books).applied

    assert reads == [1]


def test_another_tenants_rules_say_nothing(database, books):
    add(database, tenant_id=2)

    assert ask(database, books) == Found([], [])


def test_a_rule_that_can_not_work_leaves_the_others_at_work(database, books):
    add(database, match_type="REGEX", keyword="(")
    add(database, match_type="GLOB")
    add(database, schedule={"hours": {"monday": ["x"]}})
    sound = add(database)

    assert applied(ask(database, books)) == [sound]


def test_a_use_of_a_rule_that_is_gone_is_passed_over(database, books):
    rule_id = add(database, once="ever")
    with database.write() as connection:
        books.note_use(connection, [rule_id, 999], PERSON, NOON)
        books.note_use(connection, [rule_id], PERSON, NOON + timedelta(days=1))

    with database.read() as connection:
        rows = connection.execute(repository.uses.select()).all()
    assert [(row.rule_id, row.times, row.used_at) for row in rows] == [
        (rule_id, 2, NOON + timedelta(days=1))
    ]


@pytest.mark.sql
def test_rules_are_read_and_noted_on_each_database(any_database):
    books = RuleBooks()
    with any_database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO tenants (id, name, zone, profile, is_active, created_at) "
            "VALUES (1, 'A', 'Asia/Jakarta', '{}', 1, '2026-01-01 00:00:00')"
        )
    rule_id = add(any_database, once="day")
    assert applied(ask(any_database, books)) == [rule_id]
    used(any_database, books, rule_id, NOON)
    used(any_database, books, rule_id, NOON)

    assert resting(ask(any_database, books)) == {rule_id: "used_today"}
    second = add(any_database)
    assert applied(ask(any_database, books)) == [second]
