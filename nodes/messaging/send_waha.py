"""Send a WhatsApp text."""

from collections.abc import Mapping
from typing import Annotated, Any

from nodes.checks import device_name, from_scope, mapping, message_text, person
from nodes.contract import Context, Go, Message, NodeError, Params, Recipe, Send, node
from nodes.form import Seconds, form, reads
from nodes.messaging.manners import gap_s, typing_s

SAID_ALREADY = "said_already"


class SendWaha(Params):
    typing: bool = form(
        "Show typing first",
        "Tampilkan mengetik dulu",
        "The chat shows typing for as long as a person would need, 2 to 12 seconds.",
        "Chat menampilkan sedang mengetik selama orang biasa butuh, 2 sampai 12 detik.",
        default=False,
        widget="switch",
    )
    link_preview: bool = form(
        "Link preview",
        "Pratinjau tautan",
        "Show a picture and a title for the first link. Makes sending slower.",
        "Tampilkan gambar dan judul untuk tautan pertama. Pengiriman jadi lebih lambat.",
        default=False,
        widget="switch",
    )
    delay_min: Seconds | None = form(
        "Shortest pause",
        "Jeda terpendek",
        "Pause before the device's next broadcast message. Empty: as the campaign says.",
        "Jeda sebelum siaran berikutnya dari perangkat ini. Kosong: ikut kampanye.",
        default=None,
        widget="duration",
    )
    delay_max: Seconds | None = form(
        "Longest pause",
        "Jeda terpanjang",
        "The pause is drawn between the shortest and this one.",
        "Jeda diacak antara yang terpendek dan ini.",
        default=None,
        widget="duration",
    )
    once_every: Seconds | None = form(
        "Say it at most every",
        "Dikatakan paling sering tiap",
        "The same chat gets this message once in this time; empty for always.",
        "Chat yang sama mendapat pesan ini sekali dalam selang ini; kosong berarti selalu.",
        default=None,
        widget="duration",
    )


@node(
    "send-waha",
    title="Send message",
    title_id="Kirim pesan",
    gives=("ok", "skipped", "unknown", "error"),
    effect="at_most_once",
    outputs={"message_id": "string", "device": "string", "reason": "string"},
    doc_id="""
    Mengirim satu pesan teks lewat antrean perangkatnya, dengan jeda seperti orang biasa.
    `ok`: WhatsApp menerima pesannya. `skipped`: tidak dikirim, misalnya orangnya minta berhenti.
    `unknown`: tidak pasti sampai; tidak pernah dikirim ulang sendiri, lihat di laporan.
    `error`: gagal, misalnya nomornya tidak ada di WhatsApp.
    Hasil: `message_id`, `device`; pada `skipped` juga `reason`.
    Teks dengan sapaan waktu dari Spintax disusun ulang kalau antreannya lama.
    """,
)
def send_waha(
    params: SendWaha,
    ctx: Context,
    *,
    device: Annotated[
        str,
        reads(
            "Device",
            "Perangkat",
            "The device that sends, usually from Pick device.",
            "Perangkat pengirim, biasanya dari Pilih perangkat.",
            widget="device-picker",
        ),
    ],
    to: Annotated[
        str,
        reads(
            "To",
            "Kepada",
            "A number or a chat id, usually item.contact.phone or trigger.chat_id.",
            "Nomor atau id chat, biasanya item.contact.phone atau trigger.chat_id.",
            widget="phone",
        ),
    ],
    text: Annotated[
        str,
        reads(
            "Message",
            "Pesan",
            "The finished text, sent as it stands. Use Spintax to vary it.",
            "Teks jadi, dikirim apa adanya. Pakai Spintax supaya bervariasi.",
            widget="textarea",
        ),
    ],
    reply_to: Annotated[
        str | None,
        reads(
            "Reply to",
            "Balas pesan",
            "Id of the message that is quoted; empty for none.",
            "Id pesan yang dikutip; kosong kalau tidak ada.",
            widget="text",
        ),
    ] = None,
    recipe: Annotated[
        dict[str, Any] | None,
        reads(
            "Recipe",
            "Resep",
            "How the text was made. Found by itself when the text comes from a Spintax step.",
            "Cara teks dibuat. Ditemukan sendiri kalau teks dari langkah Spintax.",
            widget="hidden",
        ),
    ] = None,
) -> Send | Go:
    """Send one text message through its device's queue, with the pauses of a person.

    `ok`: WhatsApp took it. `skipped`: not sent, for example because the person asked to stop.
    `unknown`: nobody can say whether it arrived; it is never sent again by itself, see the report.
    `error`: it failed, for example because the number is not on WhatsApp.
    Outputs: `message_id`, `device`; at `skipped` also `reason`.
    A text with a greeting for the time of day (from Spintax) is made anew after a long queue.
    """
    body = message_text(text)
    spun = _spun(body, ctx)
    shortest, longest = gap_s(params.delay_min, params.delay_max, ctx)
    sender, chat = device_name(device), person(to)
    if params.once_every is not None and not ctx.ports.once(ctx.node_id, params.once_every):
        return Go("skipped", {"message_id": None, "device": sender, "reason": SAID_ALREADY})
    return Send(
        Message(
            kind="text",
            device=sender,
            to=chat,
            text=body,
            link_preview=params.link_preview,
            typing_s=typing_s(body) if params.typing else 0.0,
            gap_min_s=shortest,
            gap_max_s=longest,
            recipe=_recipe(spun.get("recipe") if recipe is None else recipe),
            path=str(spun.get("variant") or ""),
            reply_to=(reply_to or "").strip() or None,
        )
    )


def _spun(text: str, ctx: Context) -> Mapping[str, Any]:
    """What the step that made exactly this text gave, nothing when none did."""
    steps = from_scope(ctx.scope, "steps")
    if isinstance(steps, Mapping):
        for given in steps.values():
            if isinstance(given, Mapping) and "variant" in given and given.get("text") == text:
                return given
    return {}


def _recipe(given: Any) -> Recipe | None:
    if given is None:
        return None
    made = mapping(given, "recipe")
    source, values, seed = made.get("source"), made.get("values"), made.get("seed")
    if not isinstance(source, str) or not isinstance(values, Mapping) or not isinstance(seed, str):
        raise NodeError("recipe should be what a Spintax step gave.", code="bad_recipe")
    return Recipe(source=source, values=dict(values), seed=seed)
