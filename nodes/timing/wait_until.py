"""Wait until: a moment, a time of day, or the hours in which writing is polite."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

from pydantic import field_validator, model_validator

from domain.windows import WindowError, windows
from domain.zones import UnknownZone, zone_name, zone_of
from nodes.contract import Context, Go, NodeError, Params, Wait, node
from nodes.form import MAX_WAIT_S, form
from nodes.text.values import recipient_zone, tenant_zone

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")


class WaitUntil(Params):
    at: str | None = form(
        "Date and time",
        "Tanggal dan jam",
        "A moment such as 2026-12-24 09:00; one that has passed does not wait.",
        "Misalnya 2026-12-24 09:00; yang sudah lewat tidak ditunggu.",
        default=None,
        widget="date-time",
        max_length=40,
    )
    time: str | None = form(
        "Time of day",
        "Jam",
        "The next time the clock shows this, such as 09:00.",
        "Kali berikutnya jam menunjukkan ini, misalnya 09:00.",
        default=None,
        widget="text",
        pattern=r"^([01]?\d|2[0-3])[:.][0-5]\d$",
    )
    hours: dict[str, list[str]] | None = form(
        "Working hours",
        "Jam kerja",
        "Days with their hours, such as mon-fri: 08:00-17:00. Days not named are closed.",
        "Hari dan jamnya, misalnya mon-fri: 08:00-17:00. Hari yang tidak disebut tutup.",
        default=None,
        widget="time-window",
        max_length=14,
    )
    quiet: str | None = form(
        "Quiet hours",
        "Jam tenang",
        "A daily pause such as 20:00-08:00.",
        "Waktu hening tiap hari, misalnya 20:00-08:00.",
        default=None,
        widget="time-window",
        max_length=20,
    )
    zone: str = form(
        "Whose clock",
        "Jam siapa",
        "tenant, contact, or a zone such as WIB, WITA, WIT or Asia/Jakarta.",
        "tenant (toko), contact (penerima), atau zona: WIB, WITA, WIT, Asia/Jakarta.",
        default="tenant",
        widget="select",
        labels={
            "tenant": ("The shop's", "Toko"),
            "contact": ("The recipient's", "Penerima"),
            "WIB": ("WIB", "WIB"),
            "WITA": ("WITA", "WITA"),
            "WIT": ("WIT", "WIT"),
        },
        max_length=64,
    )

    @field_validator("hours", "quiet")
    @classmethod
    def hours_that_can_be(cls, value: Any, info: Any) -> Any:
        if value is not None:
            try:
                windows(**{info.field_name: value})
            except WindowError as problem:
                raise ValueError(str(problem)) from problem
        return value

    @field_validator("zone")
    @classmethod
    def zone_that_exists(cls, value: str) -> str:
        if value not in ("tenant", "contact"):
            try:
                zone_name(value)
            except UnknownZone as problem:
                raise ValueError(str(problem)) from problem
        return value

    @model_validator(mode="after")
    def something_to_wait_for(self) -> "WaitUntil":
        if self.at is None and self.time is None and not self.hours and self.quiet is None:
            raise ValueError("give a date and time, a time of day, working hours or quiet hours")
        return self


@node(
    "wait-until",
    title="Wait until",
    title_id="Tunggu sampai",
    gives=("ok", "error"),
    effect="read",
    required_ports=("ok",),
    doc_id="""
    Menunggu sampai tanggal, jam, jam kerja, atau sampai jam tenang lewat.
    Beberapa syarat boleh digabung: jalan pada saat pertama semuanya terpenuhi.
    Kalau sekarang sudah boleh, langsung jalan.
    Jam dibaca di zona toko, atau di zona penerima (WIB, WITA, WIT).
    Keluar lewat `ok`.
    """,
)
def wait_until(params: WaitUntil, ctx: Context) -> Go | Wait:
    """Wait for a date, a time of day, working hours, or for the end of quiet hours.

    Several conditions may be combined: it goes on at the first moment that meets them all.
    If that is now, it goes on at once.
    Times are read on the shop's clock, or on the recipient's (WIB, WITA, WIT).
    Leaves by `ok`.
    """
    zone = _zone(params.zone, ctx)
    moment = ctx.now
    if params.at is not None:
        moment = max(moment, _moment(params.at, zone))
    if params.time is not None:
        moment = _next(params.time, moment, zone)
    if params.hours or params.quiet is not None:
        rule: dict[str, Any] = {"zone": zone}
        if params.hours:
            rule["hours"] = params.hours
        if params.quiet is not None:
            rule["quiet"] = params.quiet
        moment = ctx.ports.quiet_until(moment, rule)
    if (moment - ctx.now).total_seconds() > MAX_WAIT_S:
        raise NodeError("That is more than a year away.", code="too_far")
    return Go("ok") if moment <= ctx.now else Wait(moment)


def _zone(asked: str, ctx: Context) -> str:
    if asked == "tenant":
        return tenant_zone(ctx)
    return recipient_zone(ctx) if asked == "contact" else zone_name(asked)


def _moment(written: str, zone: str) -> datetime:
    """A date with or without a time and an offset; without one it is on the zone's clock."""
    try:
        found = datetime.fromisoformat(written.strip())
    except ValueError as problem:
        raise NodeError(
            f"{written[:40]!r} is no date and time; write it like 2026-12-24 09:00.",
            code="bad_at",
        ) from problem
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone_of(zone))
    return found.astimezone(UTC)


def _next(written: str, after: datetime, zone: str) -> datetime:
    hour, minute = map(int, _TIME.fullmatch(written).groups())  # type: ignore[union-attr]
    local = after.astimezone(zone_of(zone))
    wanted = datetime.combine(local.date(), time(hour, minute), tzinfo=local.tzinfo)
    if wanted < local:
        wanted = datetime.combine(
            local.date() + timedelta(days=1), time(hour, minute), tzinfo=local.tzinfo
        )
    return wanted.astimezone(UTC)
