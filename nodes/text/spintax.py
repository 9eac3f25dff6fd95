"""Spintax: one message out of a text with choices and fields, the same one every time."""

from typing import Any

from domain.text import TextError, parse, seeded
from nodes.checks import wanted
from nodes.contract import Context, Go, NodeError, Params, Stop, node
from nodes.form import form
from nodes.text.values import clock_values, field_values, recipient_zone

BETWEEN_SEED_PARTS = "\x1f"
"""What `seeded` puts between its parts, so that one text can stand for all of them."""


class Spintax(Params):
    text: str = form(
        "Message",
        "Pesan",
        "{Hi|Hello} picks one, [name] is filled in, [name|friend] has a default.",
        "{Hai|Halo} dipilih satu, [nama] diisi, [nama|Kak] punya cadangan.",
        lang="text",
        widget="message",
        min_length=1,
        max_length=65_536,
    )
    skip_missing: bool = form(
        "Skip when a value is missing",
        "Lewati kalau data kosong",
        "A recipient whose field is empty and has no default gets no message.",
        "Penerima yang datanya kosong dan tanpa cadangan tidak dikirimi.",
        default=False,
        widget="switch",
    )


@node(
    "spintax",
    title="Spintax",
    title_id="Spintax",
    gives=("ok", "error"),
    effect="pure",
    required_ports=("ok",),
    outputs={"text": "string", "variant": "string", "missing": "array", "recipe": "object"},
    doc_id="""
    Menyusun satu pesan dari teks bervariasi, misalnya {Halo|Hai} [nama|Kak].
    Orang yang sama di kampanye yang sama selalu dapat variasi yang sama, juga saat dicoba.
    Isian dicari di variabel alur, lalu kontak, lalu profil toko ([toko]).
    [salam_waktu], [hari], [tanggal], dan [jam] mengikuti jam penerima saat pesan dikirim.
    Hasil: `text`, `variant` (pilihan yang terambil), `missing` (isian yang kosong), dan `recipe`
    (supaya sapaan waktu tetap benar kalau antreannya lama).
    """,
)
def spintax(params: Spintax, ctx: Context) -> Go | Stop:
    """Make one message out of a text with variations, for example {Hi|Hello} [name|friend].

    The same person in the same campaign always gets the same variation, in tests as well.
    Fields are looked for in the flow's variables, then in the contact, then in the shop ([toko]).
    [salam_waktu], [hari], [tanggal] and [jam] follow the recipient's clock when it is sent.
    Outputs: `text`, `variant` (the choices made), `missing` (fields without a value), and
    `recipe` (so that a greeting for the time of day stays right after a long queue).
    """
    try:
        text = parse(wanted(params.text, "text"))
    except TextError as problem:
        raise NodeError(
            str(problem),
            code=f"text_{problem.kind.value}",
            detail={"line": problem.line, "column": problem.column},
        ) from problem
    own = field_values(text.fields, ctx)
    moving = {key: value for key, value in clock_values(text.fields, ctx).items() if key not in own}
    parts = (ctx.seed, ctx.identity, ctx.node_id)
    made = text.render_path({**moving, **own}, seeded(*parts))
    if made.missing and (params.skip_missing or ctx.skip_missing):
        return Stop(reason="missing_value", status="skipped")
    recipe: dict[str, Any] | None = None
    if moving:
        recipe = {
            "source": text.source,
            "values": {"zone": recipient_zone(ctx), **own},
            "seed": BETWEEN_SEED_PARTS.join(parts),
        }
    return Go(
        "ok",
        {
            "text": made.text,
            "variant": ".".join(map(str, made.path)),
            "missing": list(made.missing),
            "recipe": recipe,
        },
    )
