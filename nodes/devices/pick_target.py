"""Pick target: which number the next visitor of a link gets."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.rotation import MAX_WEIGHT, Option, RotationError, Strategy, choose_at
from domain.seeds import generator
from domain.windows import WindowError, allowed, windows
from domain.zones import WIB, UnknownZone
from nodes.checks import from_scope, person
from nodes.contract import Context, Device, Go, NodeError, Params, node
from nodes.devices.turns import turn
from nodes.form import form, reads

MAX_TARGETS = 100


class Target(BaseModel):
    """A number that takes visitors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone: str = Field(
        title="Number",
        description="The WhatsApp number of the agent.",
        min_length=1,
        max_length=40,
        json_schema_extra={
            "title_id": "Nomor",
            "description_id": "Nomor WhatsApp agen.",
            "x-widget": "phone",
        },
    )
    weight: int = Field(
        default=1,
        title="Weight",
        description="Twice the weight gets twice the visitors; 0 gets none.",
        ge=0,
        le=MAX_WEIGHT,
        json_schema_extra={
            "title_id": "Bobot",
            "description_id": "Bobot dua kali berarti pengunjung dua kali; 0 berarti tidak ada.",
            "x-widget": "number",
        },
    )
    device: str | None = Field(
        default=None,
        title="Device",
        description="The device with this number, when it is one of the shop.",
        json_schema_extra={
            "title_id": "Perangkat",
            "description_id": "Perangkat dengan nomor ini, kalau milik toko.",
            "x-widget": "device-picker",
        },
    )
    hours: dict[str, list[str]] | None = Field(
        default=None,
        title="Hours",
        description="When this number takes visitors, e.g. mon-fri: 08:00-17:00; empty: always.",
        json_schema_extra={
            "title_id": "Jam",
            "description_id": "Kapan nomor ini menerima, mis. mon-fri: 08:00-17:00; kosong selalu.",
            "x-widget": "time-window",
        },
    )
    label: str = Field(
        default="",
        title="Name",
        description="Who answers here; [agen] in the message.",
        max_length=100,
        json_schema_extra={
            "title_id": "Nama",
            "description_id": "Siapa yang menjawab; [agen] di pesan.",
            "x-widget": "text",
        },
    )


class PickTarget(Params):
    targets: list[Target] = form(
        "Numbers",
        "Nomor",
        "The numbers that share the visitors.",
        "Nomor-nomor yang berbagi pengunjung.",
        widget="targets",
        min_length=1,
        max_length=MAX_TARGETS,
    )
    strategy: Literal["sequential", "random", "weighted", "sticky", "least_loaded"] = form(
        "How to choose",
        "Cara memilih",
        "In turn, by chance, by weight, always the same for a visitor, or the least busy.",
        "Bergiliran, acak, menurut bobot, selalu sama untuk satu pengunjung, atau paling sepi.",
        default="sequential",
        widget="select",
        labels={
            "sequential": ("In turn", "Bergiliran"),
            "random": ("By chance", "Acak"),
            "weighted": ("By weight", "Menurut bobot"),
            "sticky": ("Same for a visitor", "Sama untuk satu pengunjung"),
            "least_loaded": ("Least busy", "Paling sepi"),
        },
    )
    skip_unhealthy: bool = form(
        "Skip devices that are down",
        "Lewati perangkat yang mati",
        "A number whose device is not ready gets no visitors.",
        "Nomor yang perangkatnya tidak siap tidak dapat pengunjung.",
        default=True,
        widget="switch",
    )


@node(
    "pick-target",
    title="Pick target",
    title_id="Pilih tujuan",
    gives=("ok", "none", "error"),
    effect="read",
    required_ports=("ok",),
    outputs={"phone": "string", "device": "string", "label": "string"},
    doc_id="""
    Membagi pengunjung tautan ke beberapa nomor.
    Bergiliran, acak, menurut bobot, paling sepi, atau selalu sama untuk satu pengunjung.
    Nomor di luar jamnya dilewati; nomor yang perangkatnya mati juga, kecuali dimatikan di pilihan.
    `none`: semua nomor sedang tidak siap.
    Hasil: `phone`, `device` kalau nomornya milik toko, dan `label` kalau diberi nama.
    """,
)
def pick_target(
    params: PickTarget,
    ctx: Context,
    *,
    visitor: Annotated[
        str | None,
        reads(
            "Visitor",
            "Pengunjung",
            "Who comes, for sticky; empty for trigger.visitor.",
            "Siapa yang datang, untuk pilihan selalu sama; kosong berarti trigger.visitor.",
            widget="hidden",
        ),
    ] = None,
) -> Go:
    """Share the visitors of a link among several numbers.

    In turn, by chance, by weight, to the least busy, or always the same for a visitor.
    A number is passed over outside of its hours (on the shop's wall clock), and while its device
    is down, unless that is switched off.
    `none`: no number is ready.
    Outputs: `phone`, `device` when the number is one of the shop's, and `label` when it has one.
    """
    owned = [target.device for target in params.targets if target.device]
    devices = {device.name: device for device in ctx.ports.devices(owned)} if owned else {}
    phones = [person(target.phone, "phone") for target in params.targets]
    strategy = Strategy(params.strategy)
    sticky = strategy is Strategy.STICKY
    who = str(visitor or from_scope(ctx.scope, "trigger", "visitor") or "") if sticky else ""
    chance = strategy is Strategy.RANDOM
    index = 0 if who or chance else turn(ctx, "pick-target")
    try:
        found = choose_at(
            strategy,
            _options(params, phones, devices, _open(params, ctx)),
            index,
            generator(ctx.seed, ctx.identity, ctx.node_id),
            contact=who,
        )
    except RotationError as problem:
        raise NodeError(str(problem), code="bad_targets") from problem
    if found is None:
        return Go("none")
    target = params.targets[phones.index(found.key)]
    values = {"phone": found.key, "device": target.device}
    return Go("ok", {**values, "label": target.label} if target.label else values)


def _open(params: PickTarget, ctx: Context) -> list[bool]:
    """For each number, whether it is within its hours. Raises: NodeError for hours nobody reads."""
    if not any(target.hours for target in params.targets):
        return [True] * len(params.targets)
    zone = str(ctx.ports.profile().get("zone") or WIB)
    try:
        return [
            not target.hours or allowed(ctx.now, windows(target.hours, zone=zone))
            for target in params.targets
        ]
    except (WindowError, UnknownZone) as problem:
        raise NodeError(f"hours: {problem}", code="bad_hours") from problem


def _options(
    params: PickTarget, phones: Sequence[str], devices: dict[str, Device], is_open: Sequence[bool]
) -> list[Option]:
    options = []
    for target, phone, within in zip(params.targets, phones, is_open, strict=True):
        device = devices.get(target.device or "")
        down = target.device is not None and (device is None or not device.ready)
        options.append(
            Option(
                key=phone,
                weight=target.weight,
                load=0 if device is None else max(device.sent_today, 0),
                available=within and not (down and params.skip_unhealthy),
            )
        )
    return options
