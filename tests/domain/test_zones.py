"""Zones: short names, places, and what nobody knows."""

from datetime import UTC, datetime

import pytest

from domain.zones import (
    WIB,
    WIT,
    WITA,
    UnknownZone,
    contact_zone,
    shown_time,
    zone_label,
    zone_name,
)


@pytest.mark.parametrize(
    ("name", "iana"),
    [("WIB", WIB), ("wita", WITA), (" WIT ", WIT), ("Europe/Berlin", "Europe/Berlin")],
)
def test_a_short_name_stands_for_its_zone(name, iana):
    assert zone_name(name) == iana


@pytest.mark.parametrize("name", ["", "WIBB", "../etc/passwd", "/etc/passwd", "Asia", "a\0b"])
def test_a_zone_that_does_not_exist_is_refused(name):
    with pytest.raises(UnknownZone, match="WIB, WITA, WIT"):
        zone_name(name)


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ({"city": "Jayapura"}, WIT),
        ({"city": "Kota Denpasar"}, WITA),
        ({"province": "Prov. Sulawesi Selatan"}, WITA),
        ({"province": "DKI JAKARTA"}, WIB),
        ({"province": "Kalimantan Tengah"}, WIB),
        ({"province": "Kalimantan Timur"}, WITA),
        ({"city": "Kab. Bandung", "province": "Bali"}, WIB),  # the city is nearer
        ({"city": "Atlantis", "province": "Papua"}, WIT),
        ({"zone": "WITA", "city": "Jakarta"}, WITA),  # what is stated wins
        ({"zone": "nowhere", "city": "Ambon"}, WIT),
        ({"city": "Singapura"}, WIB),
        ({}, WIB),
        ({"city": "Singapura", "otherwise": "Asia/Singapore"}, "Asia/Singapore"),
    ],
)
def test_a_contact_lives_in_the_zone_of_its_place(place, zone):
    assert contact_zone(**place) == zone


def test_zones_are_shown_by_the_name_people_use():
    assert [zone_label(zone) for zone in (WIB, WITA, WIT, "Asia/Pontianak", "Asia/Tokyo")] == [
        "WIB",
        "WITA",
        "WIT",
        "WIB",
        "Asia/Tokyo",
    ]


@pytest.mark.parametrize(
    ("zone", "language", "shown"),
    [
        (WIB, "id", "Sen, 24 Agu 00.05 WIB"),
        (WIT, "id", "Sen, 24 Agu 02.05 WIT"),
        (WIB, "en", "Mon, 24 Aug 00:05 WIB"),
        ("UTC", "en", "Sun, 23 Aug 17:05 UTC"),
    ],
)
def test_a_moment_is_shown_on_the_clock_of_its_place(zone, language, shown):
    assert shown_time(datetime(2026, 8, 23, 17, 5, tzinfo=UTC), zone, language) == shown
