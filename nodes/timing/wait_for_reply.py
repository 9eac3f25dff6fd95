"""Wait for reply: stand still until this person writes, or until time is up."""

from datetime import timedelta
from typing import Annotated

from nodes.checks import device_name, person
from nodes.contract import Context, Params, Wait, node
from nodes.form import Seconds, form, reads

_SUFFIXES = ("@c.us", "@s.whatsapp.net")


class WaitForReply(Params):
    timeout: Seconds = form(
        "Wait at most",
        "Tunggu paling lama",
        "After this time without a message it leaves by timeout.",
        "Kalau tidak ada pesan selama ini, keluar lewat timeout.",
        default=86_400.0,
        widget="duration",
    )


def reply_key(chat: str, device: str | None = None) -> str:
    """What a run waits for: a message of this chat, through this device or through any.

    `chat` is a phone in digits, a LID or a chat id; both spellings of a phone give one key. Whoever
    takes in a message looks for the runs under both keys of each identity that it knows.
    """
    for suffix in _SUFFIXES:
        chat = chat.removesuffix(suffix)
    return f"reply:{device or '*'}:{chat}"


@node(
    "wait-for-reply",
    title="Wait for reply",
    title_id="Tunggu balasan",
    gives=("replied", "timeout", "error"),
    effect="pure",
    outputs={"text": "string", "media": "object"},
    doc_id="""
    Menunggu pesan berikutnya dari orang ini, berhari-hari pun bisa.
    `replied`: ada balasan. `timeout`: waktunya habis tanpa balasan.
    Tetap berlaku walau server dimatikan dan dinyalakan lagi.
    Hasil pada `replied`: `text` dan `media` dari pesannya.
    """,
)
def wait_for_reply(
    params: WaitForReply,
    ctx: Context,
    *,
    chat: Annotated[
        str,
        reads(
            "Who",
            "Dari siapa",
            "The person or chat to wait for, such as item.contact.phone or trigger.chat_id.",
            "Orang atau chat yang ditunggu, misalnya item.contact.phone atau trigger.chat_id.",
            widget="phone",
        ),
    ],
    device: Annotated[
        str | None,
        reads(
            "Device",
            "Perangkat",
            "Only messages to this device; empty for any.",
            "Hanya pesan ke perangkat ini; kosong berarti perangkat mana saja.",
            widget="device-picker",
        ),
    ] = None,
) -> Wait:
    """Wait for the next message of this person, for days if need be.

    `replied`: a message came. `timeout`: time was up without one.
    It holds across a restart of the server.
    Outputs at `replied`: `text` and `media` of the message.
    """
    return Wait(
        ctx.now + timedelta(seconds=params.timeout),
        then="timeout",
        key=reply_key(person(chat, "chat"), device_name(device) if device else None),
        on_event="replied",
    )
