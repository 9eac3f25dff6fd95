"""Fields that depend on the moment of sending, in Indonesian words."""

from __future__ import annotations

from datetime import datetime

SYSTEM_FIELDS = frozenset({"salam_waktu", "tanggal", "hari", "jam"})

DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
MONTHS = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)


def system_values(now_local: datetime) -> dict[str, str]:
    """The time-aware fields at `now_local`, the wall clock of the recipient.

    `[salam_waktu]` is the word after "Selamat". A campaign may have values of its own under these
    names (an event has its own `[tanggal]`): put those over these, `{**system_values(now), **own}`.
    """
    return {
        "salam_waktu": _part_of_day(now_local.hour),
        "tanggal": f"{now_local.day} {MONTHS[now_local.month - 1]} {now_local.year}",
        "hari": DAYS[now_local.weekday()],
        "jam": f"{now_local:%H:%M}",
    }


def _part_of_day(hour: int) -> str:
    if 4 <= hour < 10:
        return "pagi"
    if 10 <= hour < 15:
        return "siang"
    if 15 <= hour < 18:
        return "sore"
    return "malam"
