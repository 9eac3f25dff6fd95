"""Schedule: the flow starts at a time, once or again and again."""

from datetime import datetime

from pydantic import field_validator, model_validator

from domain.zones import WIB, UnknownZone, zone_name
from nodes.contract import Context, Go, Params, node
from nodes.form import Seconds, form
from nodes.triggers.event import given


class Schedule(Params):
    at: str | None = form(
        "Date and time",
        "Tanggal dan jam",
        "Once, such as 2026-12-24 09:00.",
        "Sekali saja, misalnya 2026-12-24 09:00.",
        default=None,
        widget="date-time",
        max_length=40,
    )
    cron: str | None = form(
        "Repeats",
        "Berulang",
        "Five fields: minute, hour, day, month, weekday. 0 9 * * 1 is each Monday at nine.",
        "Lima isian: menit, jam, tanggal, bulan, hari. 0 9 * * 1 berarti tiap Senin jam 9.",
        default=None,
        widget="text",
        max_length=100,
    )
    zone: str = form(
        "Time zone",
        "Zona waktu",
        "WIB, WITA, WIT or a name like Asia/Jakarta.",
        "WIB, WITA, WIT, atau nama seperti Asia/Jakarta.",
        default=WIB,
        widget="select",
        max_length=64,
    )
    max_late: Seconds = form(
        "Late at most",
        "Paling telat",
        "When the server was off: up to this late it still starts, later it waits for you.",
        "Kalau server sempat mati: sampai selama ini tetap jalan, lewat itu menunggu kamu.",
        default=3_600.0,
        widget="duration",
    )

    @field_validator("at")
    @classmethod
    def a_moment(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                datetime.fromisoformat(value.strip())
            except ValueError as problem:
                raise ValueError("write it like 2026-12-24 09:00") from problem
        return value

    @field_validator("cron")
    @classmethod
    def a_rhythm(cls, value: str | None) -> str | None:
        if value is not None:
            from croniter import croniter  # slow to import, only needed here

            if len(value.split()) != 5 or not croniter.is_valid(value):
                raise ValueError("five fields, such as 0 9 * * 1 for each Monday at nine")
        return value

    @field_validator("zone")
    @classmethod
    def a_zone(cls, value: str) -> str:
        try:
            return zone_name(value)
        except UnknownZone as problem:
            raise ValueError(str(problem)) from problem

    @model_validator(mode="after")
    def once_or_again(self) -> "Schedule":
        if (self.at is None) == (self.cron is None):
            raise ValueError("give either a date and time, or a repeat")
        return self


@node(
    "schedule",
    title="Schedule",
    title_id="Jadwal",
    gives=("next",),
    effect="pure",
    trigger=True,
    required_ports=("next",),
    outputs={"fired_at": "datetime"},
    doc_id="""
    Alur mulai pada tanggal dan jam tertentu, sekali atau berulang.
    Kalau server mati saat itu, alur tetap jalan selama belum terlalu telat; kalau sudah, alur
    menunggu keputusanmu.
    Keluar lewat `next`.
    Hasil (dibaca sebagai `trigger.fired_at`): `fired_at`, waktu yang dijadwalkan.
    """,
)
def schedule(params: Schedule, ctx: Context) -> Go:
    """The flow starts at a date and time, once or again and again.

    If the server was off then, it still starts while it is not too late; after that it waits for
    your decision.
    Leaves by `next`.
    Output (read as `trigger.fired_at`): `fired_at`, the time it was meant for.
    """
    return Go("next", given(ctx, ("fired_at",)))
