"""Notify owner: a WhatsApp message to the shop's own number."""

from nodes.checks import message_text, person
from nodes.contract import Context, Go, Message, Params, Send, node
from nodes.form import form
from nodes.rendering import rendered


class NotifyOwner(Params):
    text: str = form(
        "Message",
        "Pesan",
        "What the owner reads. {{ steps.name.value }} puts in a value of this run.",
        "Yang dibaca pemilik. {{ steps.nama.nilai }} mengisi nilai dari run ini.",
        lang="jinja",
        widget="textarea",
        min_length=1,
        max_length=8_192,
    )
    pool: list[str] = form(
        "Devices",
        "Perangkat",
        "Which devices may send it; empty for all.",
        "Perangkat mana yang boleh mengirim; kosong berarti semua.",
        default_factory=list,
        widget="device-picker",
        max_length=100,
    )


@node(
    "notify-owner",
    title="Notify owner",
    title_id="Kabari pemilik",
    gives=("ok", "skipped", "unknown", "error"),
    effect="at_most_once",
    outputs={"message_id": "string", "device": "string", "reason": "string"},
    doc_id="""
    Mengirim pesan WhatsApp ke nomor pemilik di Pengaturan, misalnya ringkasan kampanye.
    Dikirim lewat perangkat pertama yang siap.
    `skipped`: nomor pemilik belum diisi, atau tidak ada perangkat yang siap; lihat `reason`.
    `unknown`: tidak pasti sampai. `error`: gagal.
    Hasil: `message_id`, `device`.
    """,
)
def notify_owner(params: NotifyOwner, ctx: Context) -> Send | Go:
    """Send a WhatsApp message to the owner's number from the settings, such as a summary.

    It goes through the first device that is ready.
    `skipped`: there is no owner's number, or no device is ready; `reason` says which.
    `unknown`: nobody can say whether it arrived. `error`: it failed.
    Outputs: `message_id`, `device`.
    """
    owner = ctx.ports.profile().get("owner_phone")
    if not owner:
        return Go("skipped", {"reason": "no_owner_phone"})
    device = next((found for found in ctx.ports.devices(params.pool) if found.ready), None)
    if device is None:
        return Go("skipped", {"reason": "no_device_ready"})
    text = message_text(rendered(params.text, ctx.scope))
    return Send(
        Message(kind="text", device=device.name, to=person(owner, "owner_phone"), text=text)
    )
