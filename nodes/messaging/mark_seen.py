"""Mark seen: the customer's messages get their blue ticks."""

from typing import Annotated

from nodes.checks import device_name, person
from nodes.contract import Context, Message, Params, Send, node
from nodes.form import reads


class MarkSeen(Params):
    """Nothing to fill in: all messages of the chat up to now are marked."""


@node(
    "mark-seen",
    title="Mark seen",
    title_id="Tandai dibaca",
    gives=("ok", "error"),
    effect="at_most_once",
    doc_id="""
    Menandai pesan di chat ini sudah dibaca (centang biru).
    Biasanya dipakai sebelum Tampilkan mengetik dan Kirim pesan.
    Keluar lewat `ok`, juga kalau tandanya tidak sampai.
    """,
)
def mark_seen(
    params: MarkSeen,
    ctx: Context,
    *,
    device: Annotated[
        str,
        reads(
            "Device",
            "Perangkat",
            "The device that got the message, usually trigger.device.",
            "Perangkat yang menerima pesan, biasanya trigger.device.",
            widget="device-picker",
        ),
    ],
    chat: Annotated[
        str,
        reads(
            "Chat",
            "Chat",
            "The chat to mark, usually trigger.chat_id.",
            "Chat yang ditandai, biasanya trigger.chat_id.",
            widget="phone",
        ),
    ],
) -> Send:
    """Mark the messages of this chat as read (blue ticks).

    It usually stands before Show typing and Send message.
    Leaves by `ok`, also when the sign does not arrive.
    """
    return Send(Message(kind="seen", device=device_name(device), to=person(chat, "chat")))
