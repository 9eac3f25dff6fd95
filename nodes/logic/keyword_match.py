"""Keyword match: a message that holds a keyword goes one way, any other goes the other."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import PrivateAttr, model_validator

from domain.keywords import How, Need, Rule, RuleError, Rules
from domain.text import Text, TextError, parse, seeded
from nodes.checks import kind_of
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form, reads
from nodes.text.values import clock_values, field_values

MAX_KEYWORDS = 200
OTHERS_MOST = 20


class KeywordMatch(Params):
    rules: Literal["own", "tenant"] = form(
        "Whose rules",
        "Aturan",
        "The keywords of this step, or the rules of your shop with their answers.",
        "Kata kunci langkah ini, atau aturan balasan tokomu beserta jawabannya.",
        default="own",
        widget="select",
        labels={"own": ("Of this step", "Langkah ini"), "tenant": ("Of the shop", "Milik toko")},
    )
    keywords: list[str] = form(
        "Keywords",
        "Kata kunci",
        "The first one that fits wins; not needed for the rules of the shop.",
        "Yang pertama cocok yang dipakai; tidak perlu untuk aturan toko.",
        default_factory=list,
        widget="list",
        max_length=MAX_KEYWORDS,
    )
    how: How = form(
        "How to compare",
        "Cara mencocokkan",
        "Small and capital letters and repeated letters make no difference.",
        "Huruf besar-kecil dan huruf berulang tidak berpengaruh.",
        default=How.WHOLE_WORD,
        widget="select",
        labels={
            "exact": ("The whole message", "Seluruh pesan"),
            "whole_word": ("A whole word", "Kata utuh"),
            "contains": ("Anywhere", "Di mana saja"),
            "starts": ("At the beginning", "Di awal"),
            "ends": ("At the end", "Di akhir"),
            "fuzzy": ("With a slip or two", "Boleh salah ketik"),
            "regex": ("A pattern (RE2)", "Pola (RE2)"),
        },
    )
    need: Need = form(
        "How many",
        "Berapa yang perlu",
        "One keyword is enough, or all must be there.",
        "Cukup satu kata kunci, atau harus semua.",
        default=Need.ANY,
        widget="select",
        labels={"any": ("Any of them", "Salah satu"), "all": ("All of them", "Semua")},
    )
    unless: list[str] = form(
        "Unless",
        "Kecuali",
        "A message with one of these words does not match.",
        "Pesan dengan salah satu kata ini tidak cocok.",
        default_factory=list,
        widget="list",
        max_length=MAX_KEYWORDS,
    )
    _compiled: Rules = PrivateAttr()

    @model_validator(mode="after")
    def compile_once(self) -> "KeywordMatch":
        if self.rules == "tenant":
            if self.keywords or self.unless:
                raise ValueError(
                    "keywords and unless belong to rules of this step (rules: own); the rules of "
                    "the shop have their own."
                )
            return self
        if not self.keywords:
            raise ValueError("Write at least one keyword, or use the rules of the shop.")
        try:
            self._compiled = Rules(
                [
                    Rule(
                        id="own",
                        keywords=tuple(self.keywords),
                        how=self.how,
                        need=self.need,
                        unless=tuple(self.unless),
                    )
                ]
            )
        except RuleError as problem:
            raise ValueError(f"{problem.message} {problem.hint}".strip()) from problem
        return self

    @property
    def compiled(self) -> Rules:
        return self._compiled


@node(
    "keyword-match",
    title="Keyword match",
    title_id="Kata kunci",
    gives=("matched", "unmatched", "error"),
    effect="read",
    outputs={
        "rule": "string",
        "keyword": "string",
        "found": "string",
        "reply": "string",
        "media": "string",
        "action": "string",
        "replies": "array",
        "others": "array",
    },
    doc_id="""
    Mencari kata kunci di sebuah pesan: milik langkah ini, atau aturan balasan toko.
    Keluar lewat `matched` kalau ada yang menjawab, lewat `unmatched` kalau tidak.
    "Kata utuh": "harganya" cocok untuk "harga", "menghargai" tidak.
    Hasil: `keyword`, dan `found`, yang tertulis di pesan. Dengan aturan toko juga `rule`
    (namanya), `reply` (jawaban yang sudah disusun), `media`, dan `action` (reply atau handover);
    `replies` memuat semua aturan yang menjawab, berurutan.
    `others`: aturan lain yang cocok, dan kenapa tidak menjawab.
    """,
)
def keyword_match(
    params: KeywordMatch,
    ctx: Context,
    *,
    text: Annotated[
        str | None,
        reads(
            "Text",
            "Teks",
            "The message to look into, usually trigger.text; none matches nothing.",
            "Pesan yang diperiksa, biasanya trigger.text; kosong berarti tidak cocok.",
            widget="textarea",
        ),
    ],
) -> Go:
    """Look for keywords in a message: those of this step, or the shop's rules.

    Leaves by `matched` when one answers, by `unmatched` when none does.
    "A whole word": "harganya" counts for "harga", "menghargai" does not.
    Outputs: `keyword`, and `found`, as it stood in the message. With the shop's rules also `rule`
    (its name), `reply` (the answer, made out of its text), `media`, and `action` (reply or
    handover); `replies` holds all rules that answer, in their order.
    `others`: the other rules that match, and why they keep quiet.
    """
    if text is None:  # a picture without a caption
        return Go("unmatched", {"others": []} if params.rules == "tenant" else {})
    if not isinstance(text, str):
        raise NodeError(f"text should be text but is {kind_of(text)}.", code="bad_text")
    if params.rules == "tenant":
        return _of_the_shop(ctx, text)
    match = params.compiled.match(text)
    if match is None:
        return Go("unmatched")
    return Go("matched", {"keyword": match.keyword, "found": match.found})


def _of_the_shop(ctx: Context, text: str) -> Go:
    rulings = ctx.ports.reply_rules(text)
    applied = [ruling for ruling in rulings if ruling["why_not"] is None]
    others = [
        {"rule": ruling["name"], "keyword": ruling["keyword"], "why_not": ruling["why_not"]}
        for ruling in rulings
        if ruling["why_not"] is not None
    ][:OTHERS_MOST]
    if not applied:
        return Go("unmatched", {"others": others})
    replies = _replies(applied, ctx)
    first = applied[0]
    return Go(
        "matched",
        {
            **replies[0],
            "keyword": first["keyword"],
            "found": first["found"],
            "replies": replies,
            "others": others,
        },
    )


def _replies(applied: Sequence[Mapping[str, Any]], ctx: Context) -> list[dict[str, Any]]:
    """What the rules answer, with their choices made and their fields filled in."""
    return [
        {
            "rule": ruling["name"],
            "reply": _answer(str(ruling["reply"] or ""), ruling, ctx),
            "media": ruling["media"],
            "action": ruling["action"],
        }
        for ruling in applied
    ]


def _answer(source: str, ruling: Mapping[str, Any], ctx: Context) -> str:
    if not source:
        return ""
    text = _read(source, ruling)
    values = {**clock_values(text.fields, ctx), **field_values(text.fields, ctx)}
    chance = seeded(ctx.seed, ctx.identity, ctx.node_id, str(ruling["id"]))
    return text.render(values, chance)


def _read(source: str, ruling: Mapping[str, Any]) -> Text:
    try:
        return parse(source)
    except TextError as problem:
        raise NodeError(
            f"The answer of the rule {ruling['name']} can't be read: {problem}",
            code=f"text_{problem.kind.value}",
            detail={"rule": ruling["id"], "line": problem.line, "column": problem.column},
        ) from problem
