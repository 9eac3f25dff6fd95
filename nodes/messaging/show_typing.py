"""Show typing: the chat says "typing" for as long as a person would need."""

from typing import Annotated

from domain.seeds import fraction
from nodes.checks import device_name, person
from nodes.contract import Context, Go, Message, Params, Send, node
from nodes.form import form, reads
from nodes.messaging.manners import TYPING_MAX_S, TYPING_MIN_S, typing_s


class ShowTyping(Params):
    probability: float = form(
        "How often",
        "Seberapa sering",
        "1 is always, 0.3 is three times in ten. Always is a pattern of its own.",
        "1 berarti selalu, 0.3 berarti tiga dari sepuluh. Selalu malah mudah dikenali.",
        default=1.0,
        widget="number",
        ge=0,
        le=1,
    )
    seconds: float | None = form(
        "Seconds",
        "Detik",
        "How long; empty to go by the length of the text.",
        "Berapa lama; kosong berarti menurut panjang teks.",
        default=None,
        widget="number",
        ge=TYPING_MIN_S,
        le=TYPING_MAX_S,
    )


@node(
    "show-typing",
    title="Show typing",
    title_id="Tampilkan mengetik",
    gives=("ok", "error"),
    effect="at_most_once",
    doc_id="""
    Chat menampilkan "sedang mengetik" selama 2 sampai 12 detik, menurut panjang teks.
    Bisa dibuat kadang-kadang saja, supaya lebih mirip orang.
    Untuk satu pesan cukup nyalakan pilihan mengetik di Kirim pesan.
    Keluar lewat `ok`, juga kalau tandanya tidak tampil.
    """,
)
def show_typing(
    params: ShowTyping,
    ctx: Context,
    *,
    device: Annotated[
        str,
        reads(
            "Device",
            "Perangkat",
            "The device that types, usually from Pick device.",
            "Perangkat yang mengetik, biasanya dari Pilih perangkat.",
            widget="device-picker",
        ),
    ],
    to: Annotated[
        str,
        reads(
            "To",
            "Kepada",
            "A number or a chat id.",
            "Nomor atau id chat.",
            widget="phone",
        ),
    ],
    text: Annotated[
        str | None,
        reads(
            "Text",
            "Teks",
            "The text that will follow; its length makes the time.",
            "Teks yang akan dikirim; panjangnya menentukan lamanya.",
            widget="textarea",
        ),
    ] = None,
) -> Send | Go:
    """The chat shows "typing" for 2 to 12 seconds, by the length of the text.

    It can be made to happen only now and then, which is more like a person.
    For a single message the typing switch of Send message is enough.
    Leaves by `ok`, also when the sign does not show.
    """
    sender, chat = device_name(device), person(to)
    if fraction(ctx.seed, ctx.identity, ctx.node_id, ctx.attempt) >= params.probability:
        return Go("ok")
    length_s = params.seconds if params.seconds is not None else typing_s(str(text or ""))
    return Send(Message(kind="typing", device=sender, to=chat, typing_s=length_s))
