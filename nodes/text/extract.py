"""Extract: pick parts out of a text with a pattern."""

from typing import Annotated

from pydantic import PrivateAttr, model_validator

from domain.keywords import Pattern, PatternError
from nodes.checks import kind_of
from nodes.contract import Context, Go, NodeError, Params, node
from nodes.form import form, reads


class Extract(Params):
    pattern: str = form(
        "Pattern",
        "Pola",
        r"An RE2 pattern with groups, such as (?P<code>\d{5}).",
        r"Pola RE2 dengan grup, misalnya (?P<kode>\d{5}).",
        widget="text",
        min_length=1,
        max_length=500,
    )
    _pattern: Pattern = PrivateAttr()

    @model_validator(mode="after")
    def compile_once(self) -> "Extract":
        try:
            self._pattern = Pattern(self.pattern)
        except PatternError as problem:
            raise ValueError(str(problem)) from problem
        return self

    @property
    def compiled(self) -> Pattern:
        return self._pattern


@node(
    "extract",
    title="Extract",
    title_id="Ambil bagian teks",
    gives=("matched", "unmatched", "error"),
    effect="pure",
    outputs={"groups": "object", "found": "string"},
    doc_id="""
    Mengambil bagian dari teks dengan pola, misalnya nomor pesanan atau kode pos.
    Keluar lewat `matched` kalau polanya ada, lewat `unmatched` kalau tidak.
    Hasil: `found`, bagian yang cocok, dan `groups`: tiap grup menurut nomor ("1") dan namanya.
    Huruf besar-kecil tidak berpengaruh; pola memakai RE2 (tanpa lookaround).
    """,
)
def extract(
    params: Extract,
    ctx: Context,
    *,
    text: Annotated[
        str | None,
        reads(
            "Text",
            "Teks",
            "Where to look, usually trigger.text or the text of an OCR step.",
            "Teks yang diperiksa, biasanya trigger.text atau hasil OCR.",
            widget="textarea",
        ),
    ],
) -> Go:
    """Pick a part out of a text with a pattern, such as an order number or a postcode.

    Leaves by `matched` when the pattern fits somewhere, by `unmatched` when it does not.
    Outputs: `found`, the part that fits, and `groups`: each group by number ("1") and by name.
    Small and capital letters make no difference; patterns are RE2 (no lookaround).
    """
    if text is None:
        return Go("unmatched")
    if not isinstance(text, str):
        raise NodeError(f"text should be text but is {kind_of(text)}.", code="bad_text")
    found = params.compiled.search(text)
    if found is None:
        return Go("unmatched")
    groups = {str(number): group for number, group in enumerate(found.groups, start=1)}
    groups.update(dict(found.named))
    return Go("matched", {"groups": groups, "found": found.text})
