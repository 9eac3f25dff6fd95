"""Links over HTTP: who is led where, who is counted, and what everybody else sees."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from domain.click_codes import find
from runtime.links.book import lease
from services.devices.models import Device, DeviceLane
from services.kit.db import Database
from services.kit.edge import SECURITY_HEADERS
from services.rotators.attribution import match
from services.rotators.models import LinkRotator, RotatorClick
from tests.conftest import Shop, World
from tests.runtime.links.conftest import PHONES, MakeLink, add_link

PERSON = "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36"
AWAY = OperationalError("SELECT 1", {}, Exception("away"))


@pytest.fixture
def visitor(world: World) -> Iterator[TestClient]:
    """Somebody with a phone, who follows no redirects by himself."""
    client = TestClient(
        world.app, headers={"user-agent": PERSON}, follow_redirects=False, base_url="http://a.test"
    )
    yield client
    world.app.state.links.stop()


def click(client: TestClient, path: str = "/link/promo", **values: Any) -> str:
    answer = client.get(path, **values)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def phone_of(location: str) -> str:
    return urlsplit(location).path[1:]


def text_of(location: str) -> str:
    return parse_qs(urlsplit(location).query)["text"][0]


def drained(world: World) -> list[Any]:
    """The clicks, once they are in the database."""
    world.app.state.links.drain()
    with world.database.read() as connection:
        rows = connection.execute(select(RotatorClick.__table__).order_by(RotatorClick.id))
        return list(rows)


def count(world: World) -> int:
    with world.database.read() as connection:
        return int(connection.execute(select(LinkRotator.click_count)).scalar_one())


def test_a_visitor_is_led_to_the_next_number_and_the_click_says_everything(
    world: World, visitor: TestClient, link: MakeLink
) -> None:
    link()

    first = visitor.get(
        "/link/promo?utm_source=ig&utm_campaign=a%26b&fbclid=x1&src=kasir&x=1&gclid=%00%0A",
        headers={"Referer": "https://instagram.com/"},
    )
    second = click(visitor)

    assert (first.status_code, first.content) == (302, b"")
    assert first.headers["cache-control"] == "no-store"
    for name, value in SECURITY_HEADERS.items():
        assert first.headers[name] == value
    assert len(first.headers["x-request-id"]) == 16
    assert [phone_of(first.headers["location"]), phone_of(second)] == PHONES[:2]
    row, other = drained(world)
    assert text_of(first.headers["location"]) == f"Halo (#{row.code})"
    assert (row.redirected_to, row.is_counted, row.ip_address) == (PHONES[0], True, "testclient")
    assert (row.user_agent, row.referer) == (PERSON, "https://instagram.com/")
    assert row.source == {
        "utm_source": "ig",
        "utm_campaign": "a&b",
        "fbclid": "x1",
        "src": "kasir",
        "gclid": " ",
    }
    assert row.visitor == other.visitor
    assert row.code != other.code
    assert count(world) == 2


def test_the_first_message_finds_its_click(
    world: World, visitor: TestClient, link: MakeLink
) -> None:
    link(default_message="Halo 🙏\n100% & lebih [utm_source]")
    text = text_of(click(visitor, "/link/promo?utm_source=tik%20tok"))
    drained(world)

    with world.database.read() as connection:
        found = match(connection, 1, text)

    assert found is not None
    assert found.text == "Halo 🙏\n100% & lebih tik tok"
    assert found.click.redirected_to == PHONES[0]


@pytest.mark.parametrize(
    "agent",
    [
        "WhatsApp/2.24.9.78 A",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Slackbot-LinkExpanding 1.0",
        "curl/8.5.0",
        "",
    ],
)
def test_previews_get_a_page_and_do_not_count(
    world: World, visitor: TestClient, link: MakeLink, agent: str
) -> None:
    link(name='Promo <"Ayu">', default_message="Halo & apa kabar")

    answer = visitor.get("/link/promo", headers={"user-agent": agent})

    assert answer.status_code == 200
    assert '<meta property="og:title" content="Promo &lt;&quot;Ayu&quot;&gt;">' in answer.text
    assert 'og:description" content="Halo &amp; apa kabar"' in answer.text
    assert "wa.me" not in answer.text
    assert [row.is_counted for row in drained(world)] == [False]
    assert count(world) == 0
    assert phone_of(click(visitor)) == PHONES[0]  # nobody's turn was taken


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) [FBAN/FBIOS;FBAV/470.0]",
        "Mozilla/5.0 (Linux; Android 13) Instagram 333.0.0 Android",
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/120 Mobile",
    ],
)
def test_people_in_the_browsers_of_other_apps_count(
    world: World, visitor: TestClient, link: MakeLink, agent: str
) -> None:
    link()

    click(visitor, headers={"user-agent": agent})

    assert [row.is_counted for row in drained(world)] == [True]


def test_a_look_and_a_prefetch_do_not_count(
    world: World, visitor: TestClient, link: MakeLink
) -> None:
    link()

    head = visitor.head("/link/promo")
    click(visitor, headers={"Sec-Purpose": "prefetch;prerender"})

    assert (head.status_code, head.headers["location"]) == (302, f"https://wa.me/{PHONES[0]}")
    assert [row.is_counted for row in drained(world)] == [False]
    assert count(world) == 0


@pytest.mark.parametrize(
    ("accept", "word"),
    [("", "tidak ada"), ("id-ID,id;q=0.9", "tidak ada"), ("fr,en;q=0.5", "no such link")],
)
@pytest.mark.parametrize("slug", ["lain", "PROMO", "a/b", "", "%00", "..%2f", "é", "a" * 5_000])
def test_an_address_that_leads_nowhere_says_so_kindly(
    visitor: TestClient, link: MakeLink, slug: str, accept: str, word: str
) -> None:
    link()

    answer = visitor.get(f"/link/{slug}", headers={"Accept-Language": accept})

    assert answer.status_code == 404
    assert word in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_other_methods_are_refused(visitor: TestClient, link: MakeLink) -> None:
    link()

    answer = visitor.post("/link/promo")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


# Never: a window that would open once the clock of the test machine says so is no test.
CLOSED: dict[str, list[str]] = {"mon-fri": []}


def test_with_everybody_closed_the_page_tells_the_hours(
    world: World, visitor: TestClient, link: MakeLink
) -> None:
    targets = [{"phone": PHONES[0], "hours": CLOSED}]
    link(target_numbers=targets, closed_text="Kami <istirahat>", is_active=True)

    answer = visitor.get("/link/promo")

    assert (answer.status_code, "Kami &lt;istirahat&gt;" in answer.text) == (200, True)
    assert "Senin–Jumat" in answer.text
    assert drained(world) == []
    with world.database.write() as connection:
        connection.execute(update(LinkRotator).values(fallback_phone=PHONES[4]))
    world.app.state.links.book.refresh(60.0)
    assert phone_of(click(visitor)) == PHONES[4]


def test_a_link_that_is_switched_off_leads_nobody_on_to_its_fallback_either(
    world: World, visitor: TestClient, link: MakeLink
) -> None:
    link(fallback_phone=PHONES[4])
    assert click(visitor)
    drained(world)

    with world.database.write() as connection:
        connection.execute(update(LinkRotator).values(is_active=False))
    world.app.state.links.book.refresh(60.0)

    for answer in (visitor.get("/link/promo"), visitor.head("/link/promo")):
        assert (answer.status_code, "location" in answer.headers) == (200, False)
    assert len(drained(world)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"status": "DISCONNECTED"},
        {"health": "COLD_FROZEN"},
        {"pacing": {"per_day": 3}},
        {"deleted_at": "now"},
    ],
)
def test_a_number_leaves_with_its_device_and_comes_back(
    world: World, visitor: TestClient, link: MakeLink, shop: Shop, change: dict[str, Any]
) -> None:
    device = shop.device("toko", is_active_for_broadcast=False)
    link(target_numbers=[{"phone": PHONES[0], "device": "toko"}, {"phone": PHONES[1]}])
    before = Device.__table__.select().where(Device.id == device)
    book = world.app.state.links.book

    def led() -> set[str]:
        book.refresh(60.0)
        return {phone_of(click(visitor)) for _ in range(4)}

    assert led() == set(PHONES[:2])
    with world.database.write() as connection:
        old = dict(connection.execute(before).one()._mapping)
        now = world.clock.now()
        values = {name: now if value == "now" else value for name, value in change.items()}
        connection.execute(update(Device).where(Device.id == device).values(**values))
        today = now.astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()
        connection.execute(update(DeviceLane).values(day=today, sent_today=3))
    assert led() == {PHONES[1]}
    with world.database.write() as connection:
        back = {name: old[name] for name in change}
        connection.execute(update(Device).where(Device.id == device).values(**back))
    assert led() == set(PHONES[:2])


def test_a_visitor_who_comes_back_is_known_by_a_cookie_nobody_can_make(
    world: World, link: MakeLink, visitor: TestClient
) -> None:
    link(rotation_type="STICKY")

    met = {phone_of(click(visitor)) for _ in range(5)}
    cookie = visitor.cookies["alir_visitor"]
    names = {row.visitor for row in drained(world)}
    visitor.cookies.clear()
    forged = visitor.get("/link/promo", headers={"Cookie": f"alir_visitor={cookie[:-1]}z"})
    others = set()
    for _ in range(60):
        visitor.cookies.clear()
        others.add(phone_of(click(visitor)))

    assert len(met) == 1
    assert names == {cookie.split(".")[0]}
    assert "alir_visitor" in forged.headers["set-cookie"]
    assert "HttpOnly" in forged.headers["set-cookie"]
    assert others == set(PHONES)


def test_while_the_database_is_away_links_lead_on_and_clicks_are_counted_later(
    world: World, visitor: TestClient, link: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    link()
    link(slug="belum")
    desk = world.app.state.links
    click(visitor)

    def away(*_: Any, **__: Any) -> Any:
        raise AWAY

    with monkeypatch.context() as broken:
        for name in ("read", "write"):
            broken.setattr(Database, name, away)
        broken.setattr("runtime.links.book.FRESH_S", -1.0)  # every copy is old
        found = Counter(phone_of(click(visitor)) for _ in range(499))
        missing = visitor.get("/link/belum", headers={"Accept-Language": "en"})
        desk.tick()  # keeps trying, breaks nothing
    rows = drained(world)

    assert found + Counter(PHONES[:1]) == dict.fromkeys(PHONES, 100)
    assert (missing.status_code, missing.headers["retry-after"]) == (503, "5")
    assert len(rows) == 500
    assert Counter(row.redirected_to for row in rows) == dict.fromkeys(PHONES, 100)
    assert len({row.code for row in rows}) == 500


def test_a_full_disk_keeps_nobody_from_the_shop(
    world: World, visitor: TestClient, link: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    link()

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.app.state.links, "write", full)

    assert phone_of(click(visitor)) == PHONES[0]


def test_too_many_clicks_of_one_address_have_to_wait(
    make_world: Callable[..., World], link: MakeLink
) -> None:
    link()
    world = make_world()
    layer = next(one for one in world.app.user_middleware if one.cls.__name__ == "Door")
    layer.kwargs["per_minute"] = 3
    client = TestClient(world.app, headers={"user-agent": PERSON}, follow_redirects=False)

    statuses = [client.get("/link/promo").status_code for _ in range(5)]

    assert statuses == [302, 302, 302, 429, 429]
    world.app.state.links.stop()


OWN = """
flow: alir/1
kind: rotator
id: undian
name: Undian
mode: inline
triggers:
  klik: {type: link-click, with: {slug: undian}, next: siapa}
nodes:
  siapa:
    type: condition
    with: {test: {"==": [{var: trigger.utm.source}, ig]}}
    next: {match: catat, else: tidak}
  catat:
    type: record-click
    with: {target: "6281200000077"}
    next: {ok: buka}
  buka:
    type: redirect
    with: {phone: "6281200000077", text: "Hai {{ steps.catat.code }}"}
  tidak: {type: respond, with: {status: 200, text: "Bukan dari {{ trigger.slug }}"}}
"""


def test_a_flow_of_the_tenant_answers_its_own_link(
    world: World, visitor: TestClient, shop: Shop
) -> None:
    shop.flow(OWN)

    location = click(visitor, "/link/undian?utm_source=ig")
    other = visitor.get("/link/undian")

    (row,) = drained(world)
    assert location == f"https://wa.me/6281200000077?text=Hai%20{row.code}"
    assert [code for code, _ in find(f"#{row.code}")] == [row.code]
    assert row.source == {"utm_source": "ig"}
    assert (other.status_code, other.text) == (200, "Bukan dari undian")
    assert other.headers["x-content-type-options"] == "nosniff"
    assert count(world) == 1


@pytest.mark.sql
def test_blocks_of_a_rotation_are_leased_once(any_database: Database) -> None:
    link_id = add_link(any_database, current_index=1_999_999_900)

    def leased(size: int) -> int:
        with any_database.write() as connection:
            return lease(connection, link_id, size)

    assert leased(50) == 1_999_999_900
    assert leased(100) == 0  # begins anew before the column is full
    assert leased(100) == 100
