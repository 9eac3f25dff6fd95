"""Links over HTTP: who may do what, what is refused, and what the printed codes lead to."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from services.rotators.clicks.click import Click
from services.rotators.clicks.repository import add
from services.rotators.models import LinkRotator, RotatorClick
from tests.conftest import Shop, World

A, B = "6281200000001", "6281200000002"
LINK: dict[str, Any] = {"slug": "promo", "target_numbers": [{"phone": "0812-0000-0001"}]}
NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
"""00:30 of the next day in Jakarta."""


def test_a_link_is_made_shown_changed_and_deleted(world: World) -> None:
    client = world.client()

    made = client.post("/api/rotators", json={**LINK, "name": "Promo"})
    assert made.status_code == 201, made.text
    link = made.json()
    assert link["target_numbers"] == [
        {"phone": A, "weight": 1, "device": None, "hours": None, "label": ""}
    ]
    assert link["rotation_type"] == "SEQUENTIAL"
    assert link["url"] == "http://alir.example/link/promo"
    assert link["click_count"] == 0
    where = f"/api/rotators/{link['id']}"
    changed = client.patch(
        where,
        json={
            "rotation_type": "WEIGHTED",
            "target_numbers": [{"phone": A, "weight": 3}, {"phone": "+62 812 0000 0002"}],
            "fallback_phone": "0812 0000 0009",
        },
    )
    assert changed.status_code == 200, changed.text
    assert [one["phone"] for one in changed.json()["target_numbers"]] == [A, B]
    assert changed.json()["fallback_phone"] == "6281200000009"
    assert client.get(where).json() == changed.json()
    assert client.get("/api/rotators").json() == {"items": [changed.json()], "next": None}
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_a_name_belongs_to_one_link_of_the_whole_server(world: World) -> None:
    assert world.client(1).post("/api/rotators", json=LINK).status_code == 201

    taken = world.client(2).post("/api/rotators", json=LINK)
    other = world.client(2).post("/api/rotators", json={**LINK, "slug": "promo-2"})
    renamed = world.client(2).patch(f"/api/rotators/{other.json()['id']}", json={"slug": "promo"})

    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    assert renamed.status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "Promo"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"slug": "a/b"}, "slug"),
        ({"slug": "a" * 61}, "slug"),
        ({"target_numbers": []}, "target_numbers"),
        ({"target_numbers": [{"phone": "halo"}]}, "target_numbers.0.phone"),
        ({"target_numbers": [{"phone": "12345678901234@lid"}]}, "target_numbers.0.phone"),
        ({"target_numbers": [{"phone": "12036300000000@g.us"}]}, "target_numbers.0.phone"),
        ({"target_numbers": [{"phone": A}, {"phone": "0812-0000-0001"}]}, "target_numbers.1.phone"),
        ({"target_numbers": [{"phone": A, "weight": 0}]}, "target_numbers"),
        ({"target_numbers": [{"phone": A, "weight": 101}]}, "target_numbers.0.weight"),
        ({"target_numbers": [{"phone": A, "device": "x"}]}, "target_numbers.0.device"),
        (
            {"target_numbers": [{"phone": A, "hours": {"monday": ["08:00-09:00"]}}]},
            "target_numbers.0.hours",
        ),
        ({"fallback_phone": "112"}, "fallback_phone"),
        ({"default_message": "{Halo|Hai}"}, "default_message"),
        ({"default_message": "Halo [nama]"}, "default_message"),
        ({"default_message": "Halo {"}, "default_message:1:6"),
        ({"default_message": "🙏" * 200}, "default_message"),
        ({"default_message": "a" * 501}, "default_message"),
        ({"rotation_type": "sequential"}, "rotation_type"),
        ({"flow_id": 99}, "flow_id"),
        ({"color": "red"}, "color"),
    ],
)
def test_what_is_wrong_is_named(world: World, change: dict[str, Any], field: str) -> None:
    answer = world.client().post("/api/rotators", json={**LINK, **change})

    assert answer.status_code == 422, answer.text
    assert field in [problem["field"] for problem in answer.json()["problems"]], answer.text


def test_every_problem_is_told_at_once_and_nothing_changes(world: World) -> None:
    client = world.client()
    link = client.post("/api/rotators", json=LINK).json()
    where = f"/api/rotators/{link['id']}"

    refused = client.patch(
        where, json={"target_numbers": [{"phone": "x"}, {"phone": "y"}], "default_message": "[z]"}
    )

    assert len(refused.json()["problems"]) == 3
    assert client.patch(where, json={"slug": None}).status_code == 422
    assert client.get(where).json() == link


def test_a_broadcast_answers_no_link(world: World, shop: Shop) -> None:
    flow_id, _ = shop.flow()

    answer = world.client().post("/api/rotators", json={**LINK, "flow_id": flow_id})

    assert [problem["field"] for problem in answer.json()["problems"]] == ["flow_id"]


def test_own_devices_may_be_named_and_others_not(world: World, shop: Shop) -> None:
    shop.device("toko-1")
    theirs = Shop(world, 2)
    theirs.device("toko-2")

    def answer(device: str) -> int:
        target = {"phone": A, "device": device}
        body = {"slug": device, "target_numbers": [target]}
        return world.client().post("/api/rotators", json=body).status_code

    assert (answer("toko-1"), answer("toko-2")) == (201, 422)


@pytest.mark.parametrize(
    ("tenant_id", "role", "statuses"),
    [(None, "user", (401,) * 7), (2, "user", (404,) * 7), (1, "agent", (200, 403, 403, 200, 200))],
)
def test_only_those_who_may(
    world: World, tenant_id: int | None, role: str, statuses: tuple[int, ...]
) -> None:
    link = world.client().post("/api/rotators", json=LINK).json()
    where = f"/api/rotators/{link['id']}"
    client = world.client(tenant_id, role)

    asked = [
        client.get(where),
        client.patch(where, json={"name": "x"}),
        client.delete(where),
        client.get(f"{where}/stats"),
        client.get(f"{where}/qr.png"),
    ]

    assert tuple(one.status_code for one in asked) == statuses[:5]
    assert world.client().get(where).json() == link


def test_printed_codes_have_the_size_that_was_asked_for(world: World) -> None:
    client = world.client()
    link = client.post("/api/rotators", json=LINK).json()

    png = client.get(f"/api/rotators/{link['id']}/qr.png?src=kasir&size_mm=80")
    svg = client.get(f"/api/rotators/{link['id']}/qr.svg?src=kasir&size_mm=80")
    plain = client.get(f"/api/rotators/{link['id']}/qr.svg?size_mm=80")

    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")
    dots = int.from_bytes(png.content[16:20])
    assert abs(dots / 300 * 25.4 - 80) < 80 / 25
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert re.search(r'width="80(\.0+)?mm"', svg.text)
    assert svg.text != plain.text
    for wrong in ("src=a/b", "src=", "size_mm=5", "size_mm=x"):
        assert client.get(f"/api/rotators/{link['id']}/qr.png?{wrong}").status_code == 422


def clicked(at: datetime, offset: int, **values: Any) -> Click:
    given = {
        "tenant_id": 1,
        "rotator_id": 1,
        "journal": "j",
        "journal_offset": offset,
        "redirected_to": A,
        "code": f"CODE{offset:04d}",
        "visitor": "v1",
        "is_counted": True,
        "ip_address": "127.0.0.1",
        "user_agent": "x",
        "referer": None,
        "source": {},
        "clicked_at": at,
        **values,
    }
    return Click(**given)


def test_clicks_add_up_by_number_source_day_and_hour(world: World) -> None:
    client = world.client()
    link = client.post("/api/rotators", json=LINK).json()
    old = NOW - timedelta(days=400)
    with world.database.write() as connection:
        add(
            connection,
            [
                clicked(NOW - timedelta(hours=1), 1, source={"utm_source": "ig"}),
                clicked(NOW, 2, source={"src": "kasir", "utm_source": "ig"}),
                clicked(NOW, 3, redirected_to=B, visitor="v2"),
                clicked(NOW, 4, is_counted=False, redirected_to=""),
                clicked(old, 5),
            ],
        )
        connection.execute(
            RotatorClick.__table__.update()
            .where(RotatorClick.__table__.c.journal_offset == 2)
            .values(converted_at=NOW, contact_id=1)
        )

    found = client.get(
        f"/api/rotators/{link['id']}/stats",
        params={
            "since": (NOW - timedelta(days=1)).isoformat(),
            "until": (NOW + timedelta(days=1)).isoformat(),
        },
    ).json()

    assert {key: found[key] for key in ("clicks", "visitors", "chats", "previews")} == {
        "clicks": 3,
        "visitors": 3,  # v1 on two days, v2 on one
        "chats": 1,
        "previews": 1,
    }
    assert [(one["phone"], one["clicks"], one["chats"]) for one in found["numbers"]] == [
        (A, 2, 1),
        (B, 1, 0),
    ]
    assert {(one["source"], one["clicks"]) for one in found["sources"]} == {
        ("ig", 1),
        ("kasir", 1),
        ("", 1),
    }
    assert found["days"] == [{"day": "2026-11-22", "clicks": 1}, {"day": "2026-11-23", "clicks": 2}]
    assert [one for one in found["hours"] if one["clicks"]] == [
        {"hour": 0, "clicks": 2},
        {"hour": 23, "clicks": 1},
    ]
    assert client.get(f"/api/rotators/{link['id']}").json()["click_count"] == 4


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_stretch_that_is_none_is_refused(world: World, days: int) -> None:
    link = world.client().post("/api/rotators", json=LINK).json()
    asked = {"since": NOW.isoformat(), "until": (NOW + timedelta(days=days)).isoformat()}

    answer = world.client().get(f"/api/rotators/{link['id']}/stats", params=asked)

    assert answer.status_code == 422


def test_a_deleted_link_takes_its_clicks_along(world: World) -> None:
    link = world.client().post("/api/rotators", json=LINK).json()
    with world.database.write() as connection:
        connection.execute(insert(LinkRotator), _row("lain"))
        add(connection, [clicked(NOW, 1), clicked(NOW, 2, rotator_id=2)])

    world.client().delete(f"/api/rotators/{link['id']}")

    with world.database.read() as connection:
        assert connection.execute(select(RotatorClick.rotator_id)).scalars().all() == [2]


def _row(slug: str) -> dict[str, Any]:
    return {
        "tenant_id": 1,
        "slug": slug,
        "target_numbers": [],
        "created_at": NOW,
        "updated_at": NOW,
    }
