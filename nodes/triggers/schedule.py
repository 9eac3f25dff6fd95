"""Schedule: the flow starts at a time, once or again and again."""

from pydantic import field_validator, model_validator

from domain.schedules import check, moment
from domain.zones import WIB, UnknownZone, zone_name, zone_of
from nodes.contract import Context, Go, Params, node
from nodes.form import Seconds, form
from nodes.triggers.event import given

_RRULE = r"^FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]+=[A-Z0-9,+-]+)*$"


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
    rrule: str | None = form(
        "Repeats (calendar rule)",
        "Berulang (aturan kalender)",
        "A rule as calendars write it: FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9;BYMINUTE=0 is the last "
        "Friday of each month at nine. A date and time beside it is the first time.",
        "Aturan seperti di kalender: FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9;BYMINUTE=0 berarti Jumat "
        "terakhir tiap bulan jam 9. Tanggal dan jam di sampingnya adalah yang pertama.",
        default=None,
        widget="text",
        max_length=200,
        pattern=_RRULE,
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
            moment(value, zone_of(WIB))
        return value

    @field_validator("cron")
    @classmethod
    def a_rhythm(cls, value: str | None) -> str | None:
        if value is not None:
            check({"cron": value})
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
        if self.cron is not None and (self.at is not None or self.rrule is not None):
            raise ValueError("give either a date and time, or a repeat")
        if self.at is None and self.cron is None and self.rrule is None:
            raise ValueError("give either a date and time, or a repeat")
        check({name: getattr(self, name) for name in ("at", "cron", "rrule", "zone")})
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
