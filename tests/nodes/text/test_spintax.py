from datetime import timedelta

import pytest

from domain.text import parse, seeded, system_values
from domain.zones import zone_of
from nodes.contract import NodeError, Stop
from nodes.text.spintax import Spintax, spintax
from tests.nodes.world import NOW, SARI, World, context


def spun(text, **more):
    return spintax(Spintax(text=text), context(**more)).values


def contact(**own):
    return {"item": {"contact": {**SARI, **own}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Halo [nama], dari [kota]", "Halo Sari, dari Solo"),
        ("[NAME] di [toko]", "Sari di Toko Maju"),
        ("[produk|barang]", "barang"),
        ("Kode [kode]", "Kode 9"),
        (r"\{a|b\} [id]", "{a|b} 1"),
    ],
)
def test_fills_fields_from_the_flow_the_contact_and_the_shop(text, expected):
    assert spun(text, scope={"vars": {"kode": 9, "kota": ""}})["text"] == expected


def test_a_variable_of_the_flow_goes_before_the_contact():
    assert spun("[kota]", scope={"vars": {"kota": "Bandung"}})["text"] == "Bandung"


@pytest.mark.parametrize("name", ["{a|b}", "[phone]", "{{7*7}}", "{% for %}"])
def test_a_hostile_name_arrives_literally(name):
    assert spun("Halo [nama]", scope=contact(name=name))["text"] == f"Halo {name}"


def test_makes_the_same_choices_for_the_same_person_and_campaign():
    text = "{a|b|c|d} {a|b|c|d} {a|b|c|d} {a|b|c|d}"
    first = spun(text)

    assert spun(text, attempt=3, run_id=99, mode="test") == first
    assert first["variant"].count(".") == 3
    assert len({spun(text, identity=f"62811{number}")["variant"] for number in range(30)}) > 15


def test_counts_what_is_missing_and_sends_all_the_same():
    values = spun("Halo [panggilan], [produk]")

    assert (values["text"], values["missing"]) == ("Halo , ", ["panggilan", "produk"])


def test_skips_a_recipient_without_a_value_when_told_to():
    params = Spintax(text="Halo [panggilan]", skip_missing=True)

    assert spintax(params, context()) == Stop("missing_value", "skipped")


@pytest.mark.parametrize(
    ("own", "greeting"),
    [({}, "pagi 09:30"), ({"zone": "WIT"}, "siang 11:30"), ({"city": "Makassar"}, "siang 10:30")],
)
def test_greets_by_the_recipients_own_clock(own, greeting):
    values = spun("[salam_waktu] [jam]", scope=contact(**own))

    assert values["text"] == greeting


def test_hands_on_a_recipe_that_makes_the_same_text_at_another_hour():
    values = spun("{Pagi|Hai} selamat [salam_waktu] [nama]", scope=contact(zone="WITA"))
    recipe = values["recipe"]
    later = (NOW + timedelta(hours=9)).astimezone(zone_of(recipe["values"]["zone"]))

    again = parse(recipe["source"]).render(
        {**system_values(later), **recipe["values"]}, seeded(recipe["seed"])
    )

    assert again == values["text"].replace("siang", "malam")


@pytest.mark.parametrize(
    ("text", "scope"),
    [("Halo [nama]", {}), ("[tanggal]", {"vars": {"tanggal": "1 Mei"}})],
)
def test_needs_no_recipe_for_a_text_that_does_not_depend_on_the_hour(text, scope):
    assert spun(text, scope=scope)["recipe"] is None


def test_takes_jakarta_when_the_profile_names_a_zone_nobody_knows():
    world = World(shop={"name": "Toko", "zone": "Mars/Base"})

    assert spintax(Spintax(text="[jam]"), context(world)).values["text"] == "09:30"


@pytest.mark.parametrize(
    ("text", "code"),
    [("{Halo|Hai", "text_unclosed_brace"), ("{}", "text_empty_group"), (" ", "empty_text")],
)
def test_says_where_a_broken_text_breaks(text, code):
    with pytest.raises(NodeError) as refused:
        spintax(Spintax(text=text), context())

    assert (refused.value.kind, refused.value.code) == ("bad_config", code)


@pytest.mark.parametrize(
    "fields",
    [
        {"kota": "Ternate"},
        {"Kota": "Kota Ternate"},
        {"KABUPATEN": "Kab. Merauke"},
        {"provinsi": "Maluku Utara"},
        {"Daerah": "papua"},
        {"zona": "wit"},
        {"Zona": "3", "kota": "entah", "provinsi": "Maluku"},
    ],
)
def test_greets_by_the_clock_of_a_place_in_an_indonesian_column(fields):
    values = spun("[salam_waktu] [jam]", scope=contact(fields=fields))

    assert values["text"] == "siang 11:30"
    assert values["recipe"]["values"]["zone"] == "Asia/Jayapura"


@pytest.mark.parametrize("own", [{"zone": "WIB"}, {"city": "Solo"}, {"province": "Jawa Tengah"}])
def test_what_the_contact_says_itself_goes_before_an_indonesian_column(own):
    values = spun("[salam_waktu] [jam]", scope=contact(**own, fields={"kota": "Ternate"}))

    assert values["text"] == "pagi 09:30"
