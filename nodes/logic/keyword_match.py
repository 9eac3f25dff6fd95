"""Keyword match: a message that holds a keyword goes one way, any other goes the other."""

from typing import Annotated

from pydantic import PrivateAttr, model_validator

from domain.keywords import How, Need, Rule, RuleError, Rules
from nodes.checks import kind_of
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form, reads

MAX_KEYWORDS = 200


class KeywordMatch(Params):
    keywords: list[str] = form(
        "Keywords",
        "Kata kunci",
        "The first one that fits wins.",
        "Yang pertama cocok yang dipakai.",
        widget="list",
        min_length=1,
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
    _rules: Rules = PrivateAttr()

    @model_validator(mode="after")
    def compile_once(self) -> "KeywordMatch":
        try:
            self._rules = Rules(
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
    def rules(self) -> Rules:
        return self._rules


@node(
    "keyword-match",
    title="Keyword match",
    title_id="Kata kunci",
    gives=("matched", "unmatched", "error"),
    effect="pure",
    outputs={"keyword": "string", "found": "string"},
    doc_id="""
    Mencari kata kunci di sebuah pesan.
    Keluar lewat `matched` kalau ada yang cocok, lewat `unmatched` kalau tidak.
    "Kata utuh": "harganya" cocok untuk "harga", "menghargai" tidak.
    Hasil pada `matched`: `keyword`, dan `found`, yang tertulis di pesan.
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
    """Look for keywords in a message.

    Leaves by `matched` when one fits, by `unmatched` when none does.
    "A whole word": "harganya" counts for "harga", "menghargai" does not.
    Outputs at `matched`: `keyword`, and `found`, as it stood in the message.
    """
    if text is None:  # a picture without a caption
        return Go("unmatched")
    if not isinstance(text, str):
        raise NodeError(f"text should be text but is {kind_of(text)}.", code="bad_text")
    match = params.rules.match(text)
    if match is None:
        return Go("unmatched")
    return Go("matched", {"keyword": match.keyword, "found": match.found})
