"""Holidays: the days the decrees name, and Easter for every year."""

from datetime import date

import pytest

from domain.holidays import LUNAR_YEARS, easter_sunday, holiday_days, public_holidays


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(1999, 4, 4), (2000, 4, 23), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)],
)
def test_easter_falls_on_its_sunday(year, month, day):
    assert easter_sunday(year) == date(year, month, day)
    assert easter_sunday(year).weekday() == 6


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 1),
        date(2026, 2, 17),
        date(2026, 3, 19),
        date(2026, 3, 21),
        date(2026, 4, 3),
        date(2026, 5, 14),
        date(2026, 8, 17),
        date(2026, 12, 25),
    ],
)
def test_a_public_holiday_of_2026_is_a_day_off(day):
    assert day in holiday_days([2026])


def test_a_tenants_own_day_is_a_day_off_too():
    own = date(2026, 7, 7)
    assert own in holiday_days([2026], [own])
    assert own not in holiday_days([2026])


@pytest.mark.parametrize("year", [2020, *LUNAR_YEARS, 2040])
def test_holidays_come_in_order_and_inside_their_year(year):
    days = [holiday.day for holiday in public_holidays(year)]
    assert days == sorted(days)
    assert {day.year for day in days} == {year}
    assert len(days) == (17 if year in LUNAR_YEARS else 8)


def test_what_no_decree_confirms_is_marked_tentative():
    tentative = {holiday.name for holiday in public_holidays(2027) if holiday.tentative}
    assert "Hari Raya Idul Fitri 1448 H" in tentative
    assert "Hari Raya Natal" not in tentative
    assert not any(holiday.tentative for holiday in public_holidays(2026))
