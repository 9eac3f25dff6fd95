"""Message: a customer writes."""

from typing import Literal

from nodes.contract import Context, Go, Params, node
from nodes.form import form
from nodes.triggers.event import given

OUTPUTS = {
    "text": "string",
    "type": "string",
    "media": "object",
    "chat_id": "string",
    "device": "string",
    "contact": "object",
    "quoted": "object",
}

Kind = Literal[
    "text",
    "image",
    "video",
    "audio",
    "voice",
    "document",
    "sticker",
    "location",
    "contact",
    "poll",
    "other",
]


class MessageTrigger(Params):
    devices: list[str] = form(
        "Devices",
        "Perangkat",
        "Only messages to these devices; empty for all.",
        "Hanya pesan ke perangkat ini; kosong berarti semua.",
        default_factory=list,
        widget="device-picker",
        max_length=100,
    )
    types: list[Kind] = form(
        "Kinds",
        "Jenis",
        "Only these kinds of message; empty for all.",
        "Hanya jenis pesan ini; kosong berarti semua.",
        default_factory=list,
        widget="select",
        max_length=11,
    )
    chats: Literal["private", "groups", "all"] = form(
        "Chats",
        "Chat",
        "Chats with one person, groups, or both.",
        "Chat pribadi, grup, atau keduanya.",
        default="private",
        widget="select",
        labels={
            "private": ("With one person", "Pribadi"),
            "groups": ("Groups", "Grup"),
            "all": ("Both", "Keduanya"),
        },
    )


@node(
    "message",
    title="Message",
    title_id="Pesan masuk",
    gives=("next",),
    effect="pure",
    trigger=True,
    required_ports=("next",),
    outputs=OUTPUTS,
    doc_id="""
    Alur mulai saat pelanggan menulis.
    Pesanmu sendiri, status, dan chat yang sedang ditangani orang tidak memulai alur.
    Beberapa pesan beruntun bisa dijadikan satu lewat `debounce` di pemicu.
    Keluar lewat `next`.
    Hasil (dibaca sebagai `trigger.text` dan seterusnya): `text`, `type`, `media`, `chat_id`,
    `device`, `contact`, dan `quoted`.
    """,
)
def message(params: MessageTrigger, ctx: Context) -> Go:
    """The flow starts when a customer writes.

    Your own messages, statuses, and chats that a person has taken over start nothing.
    Several messages in a row can be taken as one through `debounce` at the trigger.
    Leaves by `next`.
    Outputs (read as `trigger.text` and so on): `text`, `type`, `media`, `chat_id`, `device`,
    `contact` and `quoted`.
    """
    return Go("next", given(ctx, OUTPUTS))
