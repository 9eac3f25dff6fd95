"""Send a picture, a video, a document or a sound."""

from typing import Annotated, Any

from nodes.checks import device_name, media_reference, message_text, person
from nodes.contract import Context, Media, Message, Params, Send, node
from nodes.form import Seconds, form, reads
from nodes.messaging.manners import gap_s


class SendMedia(Params):
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
    filename: str | None = form(
        "File name",
        "Nama berkas",
        "What a document is called in the chat; empty for its own name.",
        "Nama dokumen di chat; kosong berarti nama aslinya.",
        default=None,
        widget="text",
        max_length=120,
    )


@node(
    "send-media",
    title="Send media",
    title_id="Kirim media",
    gives=("ok", "skipped", "unknown", "error"),
    effect="at_most_once",
    outputs={"message_id": "string", "device": "string", "reason": "string"},
    doc_id="""
    Mengirim gambar, video, dokumen, atau suara, dengan keterangan kalau perlu.
    Pilih berkas dari pustaka media, atau teruskan media dari pesan masuk.
    Jalannya sama dengan Kirim pesan: lewat antrean perangkat, dengan jeda.
    `ok`, `skipped`, `unknown`, dan `error` berarti sama seperti di Kirim pesan.
    Hasil: `message_id`, `device`; pada `skipped` juga `reason`.
    """,
)
def send_media(
    params: SendMedia,
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
    media: Annotated[
        Any,
        reads(
            "File",
            "Berkas",
            "A file of the media library, an address, or the media of a message.",
            "Berkas dari pustaka media, alamat, atau media dari pesan masuk.",
            widget="media",
        ),
    ],
    caption: Annotated[
        str | None,
        reads(
            "Caption",
            "Keterangan",
            "Text below the picture, sent as it stands; may be empty.",
            "Teks di bawah gambar, dikirim apa adanya; boleh kosong.",
            widget="textarea",
        ),
    ] = None,
) -> Send:
    """Send a picture, a video, a document or a sound, with a caption if you like.

    Choose a file of the media library, or pass on the media of a message that came in.
    It goes the way of Send message: through the device's queue, with its pauses.
    `ok`, `skipped`, `unknown` and `error` mean what they mean there.
    Outputs: `message_id`, `device`; at `skipped` also `reason`.
    """
    found = ctx.ports.media(media_reference(media))
    if params.filename is not None and params.filename.strip():
        found = Media(found.url, found.mimetype, params.filename.strip())
    shortest, longest = gap_s(params.delay_min, params.delay_max, ctx)
    return Send(
        Message(
            kind="media",
            device=device_name(device),
            to=person(to),
            text=message_text(caption, "caption") if caption else "",
            media=found,
            gap_min_s=shortest,
            gap_max_s=longest,
        )
    )
