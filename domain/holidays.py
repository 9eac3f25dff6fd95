"""Holidays: Indonesia's public holidays, for windows that close on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off. `tentative` until the government's joint decree for that year is known."""

    day: date
    name: str
    tentative: bool = False


def public_holidays(year: int) -> tuple[Holiday, ...]:
    """Indonesia's public holidays of a year in order; joint leave days are not among them.

    Fixed days and those that follow Easter are right for every year. Those that follow the moon
    or the Saka calendar are known for `LUNAR_YEARS` only, so other years lack them: a tenant's own
    list adds what is missing.
    Source: the joint ministerial decrees for 2025 and 2026; 2027 is calculated and tentative.
    """
    easter = easter_sunday(year)
    days = [
        Holiday(date(year, 1, 1), "Tahun Baru Masehi"),
        Holiday(easter - timedelta(days=2), "Wafat Yesus Kristus"),
        Holiday(easter, "Kebangkitan Yesus Kristus (Paskah)"),
        Holiday(date(year, 5, 1), "Hari Buruh Internasional"),
        Holiday(easter + timedelta(days=39), "Kenaikan Yesus Kristus"),
        Holiday(date(year, 6, 1), "Hari Lahir Pancasila"),
        Holiday(date(year, 8, 17), "Proklamasi Kemerdekaan"),
        Holiday(date(year, 12, 25), "Hari Raya Natal"),
    ]
    days += [
        Holiday(date(year, month, day), name, tentative=year in _TENTATIVE_YEARS)
        for month, day, name in _LUNAR.get(year, ())
    ]
    return tuple(sorted(days, key=lambda holiday: (holiday.day, holiday.name)))


def holiday_days(years: Iterable[int], own: Iterable[date] = ()) -> frozenset[date]:
    """The days off of these years together with a tenant's own ones."""
    return frozenset(holiday.day for year in years for holiday in public_holidays(year)) | set(own)


def easter_sunday(year: int) -> date:
    """Easter in the Gregorian calendar. Source: the anonymous Gregorian computus (1876)."""
    golden, century, rest = year % 19, year // 100, year % 100
    leaps, correction = century // 4, (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leaps - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


_LUNAR: dict[int, tuple[tuple[int, int, str], ...]] = {
    2025: (
        (1, 27, "Isra Mikraj"),
        (1, 29, "Tahun Baru Imlek 2576"),
        (3, 29, "Hari Suci Nyepi 1947"),
        (3, 31, "Hari Raya Idul Fitri 1446 H"),
        (4, 1, "Hari Raya Idul Fitri 1446 H"),
        (5, 12, "Hari Raya Waisak 2569"),
        (6, 6, "Hari Raya Idul Adha 1446 H"),
        (6, 27, "Tahun Baru Islam 1447 H"),
        (9, 5, "Maulid Nabi Muhammad"),
    ),
    2026: (
        (1, 16, "Isra Mikraj"),
        (2, 17, "Tahun Baru Imlek 2577"),
        (3, 19, "Hari Suci Nyepi 1948"),
        (3, 21, "Hari Raya Idul Fitri 1447 H"),
        (3, 22, "Hari Raya Idul Fitri 1447 H"),
        (5, 27, "Hari Raya Idul Adha 1447 H"),
        (5, 31, "Hari Raya Waisak 2570"),
        (6, 16, "Tahun Baru Islam 1448 H"),
        (8, 25, "Maulid Nabi Muhammad"),
    ),
    2027: (
        (1, 5, "Isra Mikraj"),
        (2, 6, "Tahun Baru Imlek 2578"),
        (3, 8, "Hari Suci Nyepi 1949"),
        (3, 10, "Hari Raya Idul Fitri 1448 H"),
        (3, 11, "Hari Raya Idul Fitri 1448 H"),
        (5, 16, "Hari Raya Idul Adha 1448 H"),
        (5, 20, "Hari Raya Waisak 2571"),
        (6, 6, "Tahun Baru Islam 1449 H"),
        (8, 15, "Maulid Nabi Muhammad"),
    ),
}

LUNAR_YEARS = tuple(_LUNAR)

_TENTATIVE_YEARS = frozenset({2027})
