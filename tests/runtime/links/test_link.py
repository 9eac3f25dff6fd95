"""A compiled link answers as the shipped flow does, and shares its visitors as it says."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.seeds import generator
from flows.document import Document
from flows.engine.plan import compile_plan
from flows.yaml_text import load
from runtime.links import own_flow
from runtime.links.link import DeviceState, Facts, Link, Turns
from services.rotators import first_message
from services.rotators.words import FIELDS, UTM, RotationType

TEMPLATE = Path(__file__).parents[3] / "flows" / "templates" / "link-rotator.yaml"
DOCUMENT = Document.model_validate(load(TEMPLATE.read_text(encoding="utf-8")).document)
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""09:00 in Jakarta."""
CODE = "K7M29PQX"
PHONES = [f"62812000000{number:02d}" for number in range(1, 8)]
DEVICES = {
    "sehat": DeviceState("sehat", PHONES[0], "", 0),
    "sibuk": DeviceState("sibuk", PHONES[1], "", 7),
    "putus": DeviceState("putus", PHONES[2], "disconnected", 0),
}


def facts(**values: Any) -> Facts:
    given: dict[str, Any] = {
        "id": 1,
        "tenant_id": 1,
        "slug": "promo",
        "name": "Promo",
        "rotation_type": RotationType.SEQUENTIAL,
        "target_numbers": tuple({"phone": phone} for phone in PHONES[:3]),
        "default_message": "Halo",
        "with_code": True,
        "fallback_phone": None,
        "closed_text": None,
        "is_active": True,
        "zone": "Asia/Jakarta",
        "shop": {"name": "Toko Ayu", "zone": "Asia/Jakarta", "owner_phone": None, "Kota": "Solo"},
        "devices": DEVICES,
        **values,
    }
    return Facts(**given)


def quick(
    link: Link, now: datetime, visitor: str, rng: Random, source: Mapping[str, str]
) -> str | None:
    """Where the compiled link leads."""
    target = link.choose(now.timestamp(), visitor, rng, link.turns.peek())
    return None if target is None else link.location(target, CODE, source)


def by_engine(
    link: Link, now: datetime, visitor: str, seed: str, source: Mapping[str, str]
) -> str | None:
    """Where the shipped flow leads, step by step."""
    plan = compile_plan(DOCUMENT, link.params())
    trigger = {
        "slug": "promo",
        "visitor": visitor,
        "source": dict(source),
        "utm": {name: source.get(f"utm_{name}", "") for name in UTM},
        "referer": "",
    }
    answer = own_flow.run(link, plan, trigger, link.turns.peek(), CODE, None, now, seed)
    if answer.status:
        assert answer.status == 302
        assert [(noted.code, noted.slug) for noted in answer.clicks] == [(CODE, "promo")]
        return answer.headers["location"]
    assert (answer.why_not, list(answer.clicks)) == ("closed", [])
    return None


HOURS = st.sampled_from(
    [None, {"mon-fri": ["08:00-17:00"]}, {"sat": ["22:00-02:00"]}, {"all": ["00:00-24:00"]}]
)
WORDS = st.sampled_from(
    [
        *(f"[{name}]" for name in sorted(FIELDS)),
        "[utm_source|web]",
        "[kota]",
        "Halo",
        " ",
        "\n",
        "🙏 ",
        "&?=#%+",
        "\\{a\\}",
        "\u00e9\u0660",
        "x" * 400,
    ]
)
TARGETS = st.lists(
    st.tuples(
        st.sampled_from(PHONES),
        st.integers(0, 4),
        st.sampled_from([None, None, *DEVICES, "hilang"]),
        HOURS,
        st.sampled_from(["", "Kak Ayu", " "]),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one[0],
).map(
    lambda rows: tuple(
        dict(zip(("phone", "weight", "device", "hours", "label"), row, strict=True)) for row in rows
    )
)
SOURCES = st.dictionaries(
    st.sampled_from(["src", *(f"utm_{name}" for name in UTM), "gclid"]),
    st.sampled_from(["ig", "", " ", "a&b=c 🙏", "{x|y} [nama]", "{{ 7*7 }}", "z" * 500]),
    max_size=3,
)


@settings(max_examples=250, deadline=None)
@given(
    targets=TARGETS,
    rotation=st.sampled_from(RotationType),
    message=st.lists(WORDS, max_size=5).map("".join),
    with_code=st.booleans(),
    fallback=st.sampled_from([None, "6281200000099"]),
    source=SOURCES,
    at_h=st.integers(0, 200),
    turn=st.integers(0, 30),
    visitor=st.sampled_from(["a1", "b2", "c3"]),
    led=st.lists(st.sampled_from(PHONES), max_size=9),
)
def test_the_compiled_link_leads_where_the_shipped_flow_does(
    targets: Any,
    rotation: RotationType,
    message: str,
    with_code: bool,
    fallback: str | None,
    source: dict[str, str],
    at_h: int,
    turn: int,
    visitor: str,
    led: list[str],
) -> None:
    turns = Turns()
    turns.lease(turn, 1_000)
    link = Link(
        facts(
            target_numbers=targets,
            rotation_type=rotation,
            default_message=message[:500],
            with_code=with_code,
            fallback_phone=fallback,
        ),
        turns,
    )
    now = MONDAY + timedelta(hours=at_h)
    for phone in led:
        link.loads.led(phone, now.timestamp())

    expected = by_engine(link, now, visitor, "seed", source)
    rng = generator("seed", visitor, "pilih")

    assert quick(link, now, visitor, rng, source) == expected
    if expected is not None:
        assert expected.isascii()
        assert len(expected) <= first_message.ADDRESS_CHARS_MOST
        assert urlsplit(expected).path[1:].isdecimal()


@pytest.mark.parametrize(
    ("message", "source", "text"),
    [
        ("Halo", {}, f"Halo (#{CODE})"),
        ("", {}, f"(#{CODE})"),
        ("[kode] dulu", {}, f"{CODE} dulu"),
        ("Baris 1\nBaris 2 🙏 & teman? 100%", {}, f"Baris 1\nBaris 2 🙏 & teman? 100% (#{CODE})"),
        ("[utm_source|web]", {"utm_source": "ig & fb"}, f"ig & fb (#{CODE})"),
        ("[utm_source|web]", {}, f"web (#{CODE})"),
        ("[toko] [tautan]", {}, f"Toko Ayu Promo (#{CODE})"),
    ],
)
def test_the_message_arrives_as_it_was_written(
    message: str, source: dict[str, str], text: str
) -> None:
    location = quick(Link(facts(default_message=message)), MONDAY, "v", Random(1), source)

    assert location is not None
    assert parse_qs(urlsplit(location).query)["text"] == [text]
    assert location.startswith(f"https://wa.me/{PHONES[0]}?text=")
    assert "+" not in location


def shares(link: Link, clicks: int, now: datetime = MONDAY) -> Counter[str]:
    rng = Random(5)
    found: Counter[str] = Counter()
    for number in range(clicks):
        target = link.choose(now.timestamp(), f"visitor-{number}", rng)
        assert target is not None
        link.loads.led(target.phone, now.timestamp())
        found[target.phone] += 1
    return found


def test_in_turn_each_number_gets_the_same() -> None:
    assert shares(Link(facts()), 999) == dict.fromkeys(PHONES[:3], 333)


@given(st.lists(st.integers(0, 100), min_size=2, max_size=6).filter(any), st.integers(0, 10_000))
@settings(deadline=None)
def test_by_weight_any_stretch_is_exact(weights: list[int], first: int) -> None:
    targets = tuple(
        {"phone": phone, "weight": weight} for phone, weight in zip(PHONES, weights, strict=False)
    )
    link = Link(facts(target_numbers=targets, rotation_type=RotationType.WEIGHTED))
    link.turns.lease(first, 1_000_000)

    found = shares(link, sum(weights))

    assert [found[phone] for phone, _ in zip(PHONES, weights, strict=False)] == weights


def test_the_least_busy_number_is_filled_up_first() -> None:
    targets = ({"phone": PHONES[0], "device": "sehat"}, {"phone": PHONES[1], "device": "sibuk"})
    link = Link(facts(target_numbers=targets, rotation_type=RotationType.LEAST_LOADED))

    assert shares(link, 7) == {PHONES[0]: 7}
    assert shares(link, 100) == {PHONES[0]: 50, PHONES[1]: 50}


def test_a_visitor_meets_the_same_number_until_that_is_off() -> None:
    targets = tuple({"phone": phone} for phone in PHONES)
    link = Link(facts(target_numbers=targets, rotation_type=RotationType.STICKY))
    names = [f"v{number}" for number in range(200)]

    def met(one: Link) -> dict[str, str]:
        found = {name: one.choose(MONDAY.timestamp(), name, Random(1)) for name in names}
        return {name: target.phone for name, target in found.items() if target is not None}

    before = met(link)
    off = ({**targets[0], "device": "putus"}, *targets[1:])
    after = met(Link(facts(target_numbers=off, rotation_type=RotationType.STICKY)))

    assert set(before.values()) == set(PHONES)
    assert met(link) == before
    moved = {name for name in names if before[name] != after[name]}
    assert moved == {name for name in names if before[name] == PHONES[0]}


def test_by_chance_everybody_gets_some() -> None:
    found = shares(Link(facts(rotation_type=RotationType.RANDOM)), 3_000)

    assert set(found) == set(PHONES[:3])
    assert min(found.values()) > 800


@pytest.mark.parametrize(
    ("hour", "open_"),
    [(7, False), (8, True), (16, True), (17, False)],
)
def test_a_number_comes_and_goes_with_its_hours(hour: int, open_: bool) -> None:
    targets = ({"phone": PHONES[0], "hours": {"mon-fri": ["08:00-17:00"]}},)
    link = Link(facts(target_numbers=targets))
    monday = MONDAY.replace(hour=0) - timedelta(hours=7)
    link.choose((monday + timedelta(hours=3)).timestamp(), "v", Random(1))  # the night before

    found = link.choose((monday + timedelta(hours=hour)).timestamp(), "v", Random(1))

    assert (found is not None) == open_
    opens = link.opens_at(monday + timedelta(hours=18))
    assert opens == monday + timedelta(days=1, hours=8)


def test_counts_on_alone_when_no_block_can_be_leased() -> None:
    turns = Turns()
    turns.lease(100, 4)
    found = [turns.take() for _ in range(3)]
    assert turns.is_low
    turns.lease(500, 4)
    found += [turns.take() for _ in range(6)]

    assert found == [100, 101, 102, 103, 500, 501, 502, 503, 504]


@pytest.mark.parametrize("alone", [0, 1, 3, 4, 9])
def test_a_lease_that_comes_late_breaks_no_order_of_a_single_process(alone: int) -> None:
    turns = Turns()
    turns.lease(100, 4)
    found = [turns.take() for _ in range(4 + alone)]
    turns.lease(104, 4)
    found += [turns.take() for _ in range(8)]

    assert found == list(range(100, 112 + alone))


def test_clicks_of_long_ago_are_no_load() -> None:
    link = Link(facts())
    link.loads.led("1", 0.0)
    link.loads.led("1", 500.0)
    assert link.loads.of("1") == 2
    link.loads.led("2", 700.0)
    assert (link.loads.of("1"), link.loads.of("2")) == (2, 1)
    link.loads.led("2", 1_400.0)
    assert (link.loads.of("1"), link.loads.of("2")) == (0, 2)
    link.loads.led("2", 9_000.0)
    assert link.loads.of("2") == 1
