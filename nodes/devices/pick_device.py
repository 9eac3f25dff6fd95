"""Pick device: which of the shop's numbers sends this message."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Annotated, Literal

from domain.rotation import MAX_OPTIONS, MAX_WEIGHT, Option, RotationError, Strategy, choose_at
from nodes.checks import from_scope, names, person
from nodes.contract import Context, Device, Go, NodeError, Params, Wait, node
from nodes.devices.turns import turn
from nodes.form import Seconds, form, reads

LOOK_AGAIN_S = 30.0
"""How often a step that waits for a device looks again, in unscaled seconds."""

_NO_CHANCE = Random(0)
"""None of the strategies of a device draws a lot; links have one that does."""


class PickDevice(Params):
    pool: list[str] = form(
        "Devices",
        "Perangkat",
        "The devices to choose from; empty for all of the shop.",
        "Perangkat yang dipakai; kosong berarti semua perangkat toko.",
        default_factory=list,
        widget="device-picker",
        max_length=MAX_OPTIONS,
    )
    strategy: Literal["round_robin", "weighted", "least_used", "sticky", "health"] = form(
        "How to choose",
        "Cara memilih",
        "In turn, by weight, the least used today, the one the person knows, or by health.",
        "Bergiliran, menurut bobot, paling sedikit dipakai hari ini, yang sudah dikenal, "
        "atau menurut kesehatan.",
        default="round_robin",
        widget="select",
        labels={
            "round_robin": ("In turn", "Bergiliran"),
            "weighted": ("By weight", "Menurut bobot"),
            "least_used": ("Least used today", "Paling sedikit dipakai hari ini"),
            "sticky": ("The one the person knows", "Yang sudah dikenal penerima"),
            "health": ("By health", "Menurut kesehatan"),
        },
    )
    wait_max: Seconds = form(
        "Wait for a device at most",
        "Tunggu perangkat paling lama",
        "When no device is ready, wait this long before leaving by none.",
        "Kalau tidak ada yang siap, tunggu selama ini sebelum keluar lewat none.",
        default=0.0,
        widget="duration",
    )


@node(
    "pick-device",
    title="Pick device",
    title_id="Pilih perangkat",
    gives=("ok", "none", "error"),
    effect="read",
    required_ports=("ok",),
    outputs={"device": "string", "reason": "string"},
    doc_id="""
    Memilih nomor pengirim dari perangkat yang siap.
    Perangkat yang terputus, dibatasi WhatsApp, atau sudah penuh hari ini tidak dipilih.
    Cara "yang sudah dikenal": orang yang sama selalu dari nomor yang sama selama nomor itu siap.
    `none`: tidak ada yang siap, juga setelah menunggu; `reason` menyebut sebabnya.
    Hasil: `device`, nama perangkat.
    """,
)
def pick_device(
    params: PickDevice,
    ctx: Context,
    *,
    phone: Annotated[
        str | None,
        reads(
            "Contact",
            "Kontak",
            "Who the message is for; empty for the contact of this step.",
            "Untuk siapa pesannya; kosong berarti kontak di langkah ini.",
            widget="phone",
        ),
    ] = None,
) -> Go | Wait:
    """Choose the sending number among the devices that are ready.

    A device that is disconnected, restricted by WhatsApp or full for today is not chosen.
    "The one the person knows": the same person always from the same number while that is ready.
    `none`: no device is ready, not after waiting either; `reason` says why.
    Output: `device`, the device's name.
    """
    wanted = names(params.pool, "pool")
    devices = ctx.ports.devices(wanted)
    if wanted and not devices:
        raise NodeError(
            f"There is no device called {wanted[0]!r}. Check the names on the devices page.",
            code="no_such_device",
        )
    chosen = _chosen(params, ctx, devices, phone) if any(d.ready for d in devices) else None
    if chosen is not None:
        return Go("ok", {"device": chosen})
    left_s = params.wait_max - ctx.waited_s
    if left_s > 0:
        return Wait(ctx.now + timedelta(seconds=min(left_s, LOOK_AGAIN_S)), then="none", again=True)
    why = next((d.why_not for d in devices if not d.ready and d.why_not), "no_device")
    return Go("none", {"reason": why})


def _chosen(
    params: PickDevice, ctx: Context, devices: Sequence[Device], phone: str | None
) -> str | None:
    strategy = Strategy(params.strategy)
    contact = _contact(ctx, phone) if strategy is Strategy.STICKY else ""
    knows = (ctx.ports.device_known_to(contact) or "") if contact else ""
    # A sticky choice needs no turn: it depends on the contact alone.
    index = 0 if contact else turn(ctx, "pick-device")
    try:
        found = choose_at(
            strategy,
            [_option(device) for device in devices],
            index,
            _NO_CHANCE,
            contact=contact,
            knows=knows,
        )
    except RotationError as problem:
        raise NodeError(str(problem), code="bad_pool") from problem
    return None if found is None else found.key


def _option(device: Device) -> Option:
    return Option(
        key=device.name,
        weight=min(max(device.weight, 0), MAX_WEIGHT),
        load=max(device.sent_today, 0),
        health=min(max(device.health, 0), 100),
        available=device.ready,
    )


def _contact(ctx: Context, phone: str | None) -> str:
    given = phone or from_scope(ctx.scope, "item", "contact", "phone")
    given = given or from_scope(ctx.scope, "contact", "phone")
    return person(given, "phone") if given else ""
