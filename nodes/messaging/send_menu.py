"""Send menu: a question with numbered options, answered in plain text."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, model_validator

from nodes.checks import device_name, from_scope, message_text, person
from nodes.contract import Context, Go, Message, NodeError, Params, Send, Wait, node
from nodes.form import PORT_PATTERN, Seconds, form, reads
from nodes.messaging.manners import typing_s
from nodes.messaging.menu_answers import OPTIONS_MOST, chosen, is_exit
from nodes.timing.wait_for_reply import reply_key

TAKEN_PORTS = frozenset({"invalid", "timeout", "error"})

Port = Annotated[str, Field(pattern=PORT_PATTERN)]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Word = Annotated[str, Field(min_length=1, max_length=100)]


class SendMenu(Params):
    options: dict[Port, Label] = form(
        "Options",
        "Pilihan",
        "A short name (the port) and what the customer reads, in this order.",
        "Nama pendek (port) dan yang dibaca pelanggan, sesuai urutan.",
        widget="key-value",
        min_length=1,
        max_length=OPTIONS_MOST,
    )
    words: dict[Port, list[Word]] = form(
        "Further words",
        "Kata lain",
        "Words that mean an option too, such as pricelist for the prices.",
        "Kata lain untuk satu pilihan, misalnya pricelist untuk harga.",
        default_factory=dict,
        widget="key-value",
        max_length=OPTIONS_MOST,
    )
    invalid_text: str = form(
        "When it is none of them",
        "Kalau jawabannya tidak dikenal",
        "Said before the menu is shown again.",
        "Dikatakan sebelum menu dikirim lagi.",
        default="Maaf, pilihannya belum ada. Balas dengan angkanya ya.",
        widget="textarea",
        min_length=1,
        max_length=1_000,
    )
    tries: int = form(
        "Ask at most",
        "Tanya paling banyak",
        "How often the menu is shown in all, before it leaves by invalid.",
        "Berapa kali menu dikirim seluruhnya sebelum keluar lewat invalid.",
        default=3,
        widget="number",
        ge=1,
        le=5,
    )
    exit_words: list[Word] = form(
        "Words that leave",
        "Kata keluar",
        "A customer who answers with one of these is not asked again.",
        "Pelanggan yang menjawab dengan salah satu kata ini tidak ditanya lagi.",
        default_factory=lambda: ["selesai", "keluar", "batal", "admin", "cs"],
        widget="list",
        max_length=20,
    )
    timeout: Seconds = form(
        "Wait at most",
        "Tunggu paling lama",
        "After this time without an answer it leaves by timeout.",
        "Kalau tidak dijawab selama ini, keluar lewat timeout.",
        default=3_600.0,
        widget="duration",
    )
    typing: bool = form(
        "Show typing first",
        "Tampilkan mengetik dulu",
        "The chat shows typing for as long as a person would need, 2 to 12 seconds.",
        "Chat menampilkan sedang mengetik selama orang biasa butuh, 2 sampai 12 detik.",
        default=False,
        widget="switch",
    )

    @model_validator(mode="after")
    def options_that_can_be_told_apart(self) -> "SendMenu":
        taken = sorted(TAKEN_PORTS & set(self.options))
        if taken:
            raise ValueError(f"an option can't be called {taken[0]}; the menu has such a port")
        strange = sorted(set(self.words) - set(self.options))
        if strange:
            raise ValueError(f"there are further words for {strange[0]}, which is no option")
        return self


@node(
    "send-menu",
    title="Send menu",
    title_id="Kirim menu",
    gives=("invalid", "timeout", "error"),
    effect="at_most_once",
    ports_from=lambda params: tuple(params.options),
    outputs={"choice": "string", "label": "string", "text": "string", "reason": "string"},
    doc_id="""
    Mengirim pertanyaan dengan pilihan bernomor, lalu menunggu jawabannya.
    Dijawab "1", "1.", "satu", atau nama pilihannya: sama saja, salah ketik sedikit tidak apa-apa.
    Tiap pilihan punya port sendiri. Jawaban lain: ditanya lagi, paling banyak dua kali lagi.
    `invalid`: tetap tidak dikenal (`reason`: not_understood), atau minta keluar (exit).
    `timeout`: tidak dijawab. `error`: menunya tidak terkirim.
    Hasil: `choice` (port), `label`, dan `text`, jawabannya apa adanya.
    """,
)
def send_menu(
    params: SendMenu,
    ctx: Context,
    *,
    device: Annotated[
        str,
        reads(
            "Device",
            "Perangkat",
            "The device that asks, usually trigger.device.",
            "Perangkat yang bertanya, biasanya trigger.device.",
            widget="device-picker",
        ),
    ],
    to: Annotated[
        str,
        reads(
            "To",
            "Kepada",
            "A number or a chat id, usually trigger.chat_id.",
            "Nomor atau id chat, biasanya trigger.chat_id.",
            widget="phone",
        ),
    ],
    text: Annotated[
        str,
        reads(
            "Question",
            "Pertanyaan",
            "Stands above the options, as it is.",
            "Ditulis di atas pilihan, apa adanya.",
            widget="textarea",
        ),
    ],
) -> Send | Wait | Go:
    """Ask a question with numbered options, then wait for the answer.

    "1", "1.", "satu" and the words of the option mean the same; a slip or two is forgiven.
    Each option has a port of its own. Any other answer: it is asked again, twice by default.
    `invalid`: still not understood (`reason`: not_understood), or they want to leave (exit).
    `timeout`: nobody answered. `error`: the menu could not be sent.
    Outputs: `choice` (the port), `label`, and `text`, the answer as it was written.
    """
    sender, chat = device_name(device), person(to)
    gaps = (ctx.gap_min_s, ctx.gap_max_s)
    asked = int(ctx.kept.get("asked", 0))
    if ctx.told is None:
        return _ask(params, sender, chat, text, asked, gaps)
    if not ctx.kept.get("waits"):
        if ctx.told.get("port") == "skipped":
            raise NodeError(
                "The menu was not sent.",
                kind="blocked",
                code=str(ctx.told.get("reason") or "skipped"),
            )
        return Wait(
            ctx.now + timedelta(seconds=params.timeout),
            then="timeout",
            key=reply_key(chat, sender),
            hear=True,
            keep={"asked": asked, "waits": True},
        )
    answer = _answer(ctx.told)
    port = chosen(answer, params.options, params.words)
    if port is not None:
        return Go(
            port, {"choice": port, "label": params.options[port], "text": answer, "reason": None}
        )
    is_leaving = is_exit(answer, params.exit_words)
    if is_leaving or asked >= params.tries:
        reason = "exit" if is_leaving else "not_understood"
        return Go("invalid", {"choice": None, "label": None, "text": answer, "reason": reason})
    return _ask(params, sender, chat, f"{params.invalid_text}\n\n{text}", asked, gaps)


def menu_text(question: str, options: dict[str, str]) -> str:
    """The question with its options below, numbered from 1."""
    lines = [f"{number}. {label}" for number, label in enumerate(options.values(), start=1)]
    return question.rstrip() + "\n\n" + "\n".join(lines)


def _ask(
    params: SendMenu, device: str, to: str, question: str, asked: int, gaps: tuple[float, float]
) -> Send:
    body = message_text(menu_text(message_text(question), params.options))
    message = Message(
        kind="text",
        device=device,
        to=to,
        text=body,
        typing_s=typing_s(body) if params.typing else 0.0,
        gap_min_s=gaps[0],
        gap_max_s=gaps[1],
    )
    return Send(message, hear=True, keep={"asked": asked + 1})


def _answer(told: Any) -> str:
    found = from_scope(told, "text")
    return found if isinstance(found, str) else ""
