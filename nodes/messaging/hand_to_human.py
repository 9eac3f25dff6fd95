"""Hand to human: a person takes the chat, and the customer is told."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import field_validator

from domain.windows import WindowError, windows
from nodes.checks import device_name, from_scope, message_text, person
from nodes.contract import Context, Go, Message, Params, Send, node
from nodes.form import Seconds, form, reads
from nodes.messaging.manners import typing_s
from nodes.text.values import tenant_zone

TEXT = "Sebentar ya, tim kami segera membalas 🙏"
OUTSIDE_TEXT = "Terima kasih pesannya 🙏 Kami sedang tutup, dan membalas begitu buka lagi ya."
WHY = "handed_over"


class HandToHuman(Params):
    hours: dict[str, list[str]] | None = form(
        "Working hours",
        "Jam kerja",
        "When somebody is there, such as mon-sat: 08:00-17:00; empty for always.",
        "Kapan ada orang, misalnya mon-sat: 08:00-17:00; kosong berarti selalu.",
        default=None,
        widget="time-window",
        max_length=14,
    )
    text: str = form(
        "Message",
        "Pesan",
        "What the customer reads; empty to say nothing.",
        "Yang dibaca pelanggan; kosong berarti tidak bilang apa-apa.",
        default=TEXT,
        widget="textarea",
        max_length=4_096,
    )
    outside_text: str = form(
        "Message outside working hours",
        "Pesan di luar jam kerja",
        "What the customer reads when nobody is there; empty to say nothing.",
        "Yang dibaca pelanggan kalau sedang tutup; kosong berarti tidak bilang apa-apa.",
        default=OUTSIDE_TEXT,
        widget="textarea",
        max_length=4_096,
    )
    text_every: Seconds = form(
        "Say it at most every",
        "Dikatakan paling sering tiap",
        "The same chat reads the message once in this time.",
        "Chat yang sama membaca pesan ini sekali dalam selang ini.",
        default=6 * 3_600.0,
        widget="duration",
    )
    bot_off: Seconds = form(
        "Bot is quiet for",
        "Bot diam selama",
        "After this time the bot answers in this chat again by itself.",
        "Setelah selama ini bot menjawab lagi di chat ini.",
        default=12 * 3_600.0,
        widget="duration",
    )

    @field_validator("hours")
    @classmethod
    def hours_that_can_be(cls, value: Any) -> Any:
        if value is not None:
            try:
                windows(hours=value)
            except WindowError as problem:
                raise ValueError(str(problem)) from problem
        return value


Sender = Annotated[
    str | None,
    reads(
        "Device",
        "Perangkat",
        "The device that says so; empty for the one the message came to.",
        "Perangkat yang mengirim; kosong berarti yang menerima pesannya.",
        widget="device-picker",
    ),
]
Chat = Annotated[
    str | None,
    reads(
        "To",
        "Kepada",
        "Who reads it; empty for the chat of this run.",
        "Siapa yang membaca; kosong berarti chat dari run ini.",
        widget="phone",
    ),
]


def pretend(
    params: HandToHuman, ctx: Context, *, device: Sender = None, to: Chat = None
) -> Send | Go:
    """The same message; nobody's chat changes hands."""
    told = _message(params, ctx, device, to)
    return told or Go("ok" if _is_open(params, ctx) else "outside_hours", {"agent": None})


@node(
    "hand-to-human",
    title="Hand to human",
    title_id="Serahkan ke manusia",
    gives=("ok", "outside_hours", "error"),
    effect="at_most_once",
    simulate=pretend,
    outputs={"agent": "string"},
    doc_id="""
    Menyerahkan chat ini ke orang: pelanggan diberi tahu, chatnya ditandai, dan bot diam.
    Bot menjawab lagi setelah waktunya habis, atau saat kamu mengembalikannya.
    Di luar jam kerja: chatnya ditandai untuk nanti, tapi bot tetap menjawab (`outside_hours`).
    Pesannya dikirim sekali saja dalam beberapa jam.
    Hasil: `agent`, nama yang memegang chat ini, kalau ada.
    """,
)
def hand_to_human(
    params: HandToHuman, ctx: Context, *, device: Sender = None, to: Chat = None
) -> Send | Go:
    """Give this chat to a person: the customer is told, the chat is marked, the bot is quiet.

    The bot answers again when the time is up, or when you give the chat back.
    Outside working hours the chat is marked for later, and the bot goes on (`outside_hours`).
    The message is said once in several hours only.
    Output: `agent`, the name of whom the chat is assigned to, if anybody.
    """
    told = _message(params, ctx, device, to)
    if told is not None:
        return told
    if _is_open(params, ctx):
        handed = ctx.ports.hand_over(ctx.now + timedelta(seconds=params.bot_off), WHY)
        return Go("ok", {"agent": handed.get("agent")})
    # Until now: the chat asks for a person, and is the bot's as before.
    handed = ctx.ports.hand_over(ctx.now, WHY)
    return Go("outside_hours", {"agent": handed.get("agent")})


def _message(params: HandToHuman, ctx: Context, device: str | None, to: str | None) -> Send | None:
    """What the customer is told first; a bot that is quiet could not say it any more."""
    if ctx.told is not None:
        return None
    is_open = _is_open(params, ctx)
    text = (params.text if is_open else params.outside_text).strip()
    if not text:
        return None
    sender = device_name(device or from_scope(ctx.scope, "trigger", "device"))
    chat = person(to or from_scope(ctx.scope, "trigger", "chat_id"))
    if not ctx.ports.once(f"{ctx.node_id}:{'open' if is_open else 'closed'}", params.text_every):
        return None
    body = message_text(text)
    message = Message(kind="text", device=sender, to=chat, text=body, typing_s=typing_s(body))
    return Send(message, hear=True, keep={"is_open": is_open})


def _is_open(params: HandToHuman, ctx: Context) -> bool:
    """Whether somebody is there; a decision taken before the message was sent holds."""
    if "is_open" in ctx.kept:
        return bool(ctx.kept["is_open"])
    if not params.hours:
        return True
    opens: datetime = ctx.ports.quiet_until(
        ctx.now, {"hours": params.hours, "zone": tenant_zone(ctx)}
    )
    return opens <= ctx.now
