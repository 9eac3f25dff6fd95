"""The rules of message text, one table for each."""

import random

import pytest

from domain.text import (
    DEPTH_MAX,
    OPTIONS_MAX,
    SOURCE_MAX_BYTES,
    Kind,
    Severity,
    TextError,
    check,
    parse,
)
from tests.domain.test_text_samples import BAYAR, CART, EVENT, IZIN, JAWA, PROMO


class Always:
    """Chance that always gives the same number."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number


FIRST = Always(0.0)
LAST = Always(0.999999)
VALUES = {"name": "Budi", "toko": "Toko Maju"}


@pytest.mark.parametrize(
    ("source", "first", "last"),
    [
        ("", "", ""),
        ("Halo kak", "Halo kak", "Halo kak"),
        ("{Halo|Hai} kak", "Halo kak", "Hai kak"),
        ("{a|b|{c|{d|e}}}", "a", "e"),
        ("{{Hi|Hello}|Halo} kak", "Hi kak", "Halo kak"),
        ("{|Kak }Budi", "Budi", "Kak Budi"),
        ("{a}", "a", "a"),
        ("{|}", "", ""),
        ("{#1|#2} nomor", "#1 nomor", "#2 nomor"),
        ("{%5|%10} diskon", "%5 diskon", "%10 diskon"),
        ("{5%|10%}", "5%", "10%"),
        (r"\{a\|b\} \[name\] \\", r"{a|b} [name] \\"[:-1], r"{a|b} [name] \\"[:-1]),
        (r"{a\|b|c\}}", "a|b", "c}"),
        (r"C:\promo \n", r"C:\promo \n", r"C:\promo \n"),
        ("akhir\\", "akhir\\", "akhir\\"),
        ("Toko | Jakarta", "Toko | Jakarta", "Toko | Jakarta"),
        ("a ] b", "a ] b", "a ] b"),
        ("Halo [name]", "Halo Budi", "Halo Budi"),
        ("Halo [NAME], [Nama], [ nama ]", "Halo Budi, Budi, Budi", "Halo Budi, Budi, Budi"),
        ("Halo [panggilan|Kak]", "Halo Kak", "Halo Kak"),
        ("Halo [panggilan|]!", "Halo !", "Halo !"),
        (r"[panggilan|\{Kak\} \]\|]", "{Kak} ]|", "{Kak} ]|"),
        ("{[name]|[toko]}", "Budi", "Toko Maju"),
        ("{[panggilan|Kak]|Sis}", "Kak", "Sis"),
        ("baris 1\n{baris 2|baris dua}", "baris 1\nbaris 2", "baris 1\nbaris dua"),
    ],
)
def test_renders_the_choice_that_chance_picks(source, first, last):
    text = parse(source)

    assert (text.render(VALUES, FIRST), text.render(VALUES, LAST)) == (first, last)


@pytest.mark.parametrize(
    ("source", "weights", "texts"),
    [
        ("{3:a|b}", (3, 1), ("a", "b")),
        ("{99:a|1:b}", (99, 1), ("a", "b")),
        ("{3:|b}", (3, 1), ("", "b")),
        ("{09:00|10:30 WIB}", (1, 1), ("09:00", "10:30 WIB")),
        ("{2:09:00|23:59}", (2, 1), ("09:00", "23:59")),
        ("{24:00|25:30}", (1, 25), ("24:00", "30")),
        ("{3: 50 ribu|b}", (3, 1), (" 50 ribu", "b")),
        ("{ 3:a|b}", (1, 1), (" 3:a", "b")),
        ("{a 3:b|c}", (1, 1), ("a 3:b", "c")),
        ("{1:3:a|b}", (1, 1), ("3:a", "b")),
        ("{0:a|100:b}", (1, 1), ("0:a", "100:b")),
        ("{2024: baru|b}", (1, 1), ("2024: baru", "b")),
        ("{10:300 gram|b}", (10, 1), ("300 gram", "b")),
    ],
)
def test_reads_a_weight_unless_the_option_begins_with_a_time_of_day(source, weights, texts):
    (choice,) = parse(source).parts

    assert tuple(option.weight for option in choice.options) == weights
    assert (
        tuple("".join(words.text for words in option.parts) for option in choice.options) == texts
    )


def test_takes_a_weighted_option_as_often_as_its_weight_says():
    text = parse("{7:a|2:b|c}")
    rng = random.Random(5)

    drawn = [text.render({}, rng) for _ in range(10_000)]

    assert [round(drawn.count(letter) / 10_000, 1) for letter in "abc"] == [0.7, 0.2, 0.1]


def test_takes_options_without_weights_equally_often():
    text = parse("{a|b|c|d}")
    rng = random.Random(5)

    drawn = [text.render({}, rng) for _ in range(10_000)]

    assert all(2_300 < drawn.count(letter) < 2_700 for letter in "abcd")


@pytest.mark.parametrize(
    ("source", "line", "column", "kind"),
    [
        ("{Halo|Hai", 1, 1, "unclosed_brace"),
        ("Halo {Kak|{Sis|Bu}\n!", 1, 6, "unclosed_brace"),
        ("Halo}", 1, 5, "stray_brace"),
        ("baris 1\nbaris {2|dua}}", 2, 14, "stray_brace"),
        ("a {} b", 1, 3, "empty_group"),
        ("Halo {{ name }}", 1, 6, "template_syntax"),
        ("Halo {{name}}", 1, 6, "template_syntax"),
        ("{{ nama | title }}", 1, 1, "template_syntax"),
        ("{{7*7}}", 1, 1, "template_syntax"),
        ("{{}}", 1, 1, "template_syntax"),
        ("{{{{a}}}}", 1, 1, "template_syntax"),
        ("{Halo {{ name }}|Hai}", 1, 7, "template_syntax"),
        ("{% if a %}x{% endif %}", 1, 1, "template_syntax"),
        ("{% set x = a|b %}", 1, 1, "template_syntax"),
        ("{# catatan #}", 1, 1, "template_syntax"),
        ("{{ name", 1, 1, "unclosed_brace"),
        ("{cek https://x/a|b|lihat}", 1, 17, "bar_in_url"),
        ("{lihat|cek https://x.id/?a=1|b=2}", 1, 29, "bar_in_url"),
        ("{cek www.x.id/a|b|lihat}", 1, 16, "bar_in_url"),
        ("{cek https://x/[kode]|b|lihat}", 1, 22, "bar_in_url"),
        ("[nama|{Kak|Sis}]", 1, 1, "default_not_plain"),
        ("[nama|Kak|Sis]", 1, 1, "default_not_plain"),
        ("[nama|[toko]]", 1, 1, "default_not_plain"),
        ("{" * (DEPTH_MAX + 1) + "a|b" + "}" * (DEPTH_MAX + 1), 1, DEPTH_MAX + 1, "too_deep"),
        ("{" + "|" * OPTIONS_MAX + "}", 1, OPTIONS_MAX + 1, "too_many_options"),
        ("a" * (SOURCE_MAX_BYTES + 1), 1, 1, "source_too_long"),
        ("é" * (SOURCE_MAX_BYTES // 2 + 1), 1, 1, "source_too_long"),
    ],
)
def test_refuses_what_cannot_be_meant_and_says_where(source, line, column, kind):
    with pytest.raises(TextError) as refusal:
        parse(source)

    error = refusal.value
    assert (error.line, error.column, error.kind) == (line, column, kind)
    assert error.message
    assert error.hint
    assert f"line {line}, column {column}" in str(error)


@pytest.mark.parametrize(
    ("source", "kind", "column", "end_column"),
    [
        ("a {b} c", "one_choice", 3, 6),
        ("a {|} c", "empty_options", 3, 6),
        ("Halo [nama", "unclosed_bracket", 6, 7),
        ("{[nama|b}", "unclosed_bracket", 2, 3),
        ("stok [1/3]", "not_a_field", 6, 11),
        ("[] tugas", "not_a_field", 1, 3),
        ("{3:50 ribu|b}", "weight_or_time", 2, 6),
        ("{0:a|b}", "not_a_weight", 2, 4),
        ("{100:a|b}", "not_a_weight", 2, 6),
    ],
)
def test_warns_about_what_can_be_sent_but_looks_like_a_slip(source, kind, column, end_column):
    (problem,) = check(source)

    assert problem.severity is Severity.WARNING
    assert (problem.kind, problem.line) == (kind, 1)
    assert (problem.column, problem.end_column) == (column, end_column)
    assert problem.hint
    assert parse(source).source == source


@pytest.mark.parametrize(
    ("source", "variants"),
    [
        (r"{cek https://x/a\|b|lihat}", ["cek https://x/a|b", "lihat"]),
        ("{https://a.id/x|https://b.id/y}", ["https://a.id/x", "https://b.id/y"]),
        (
            "{Cek https://a.id/x|Lihat https://a.id/x}",
            ["Cek https://a.id/x", "Lihat https://a.id/x"],
        ),
        ("{cek https://x.id|lihat}", ["cek https://x.id", "lihat"]),
        ("{lihat|cek https://x/a}", ["lihat", "cek https://x/a"]),
        ("{cek https://x/a|}", ["cek https://x/a", ""]),
        ("{cek https://x/a |lihat}", ["cek https://x/a ", "lihat"]),
        ("https://x/a|b", ["https://x/a|b"]),
    ],
)
def test_keeps_a_link_whole_and_a_clear_bar_a_bar(source, variants):
    text = parse(source)

    numbers = [Always((index + 0.5) / len(variants)) for index in range(len(variants))]
    assert [text.render({}, number) for number in numbers] == variants


def test_lists_every_problem_in_the_order_of_the_text():
    problems = check("{a} {}\n[promo] [ [nama\n} {b", known_fields=["name"])

    assert [(found.line, found.column, found.kind) for found in problems] == [
        (1, 1, Kind.ONE_CHOICE),
        (1, 5, Kind.EMPTY_GROUP),
        (2, 1, Kind.UNKNOWN_FIELD),
        (2, 9, Kind.UNCLOSED_BRACKET),
        (2, 11, Kind.UNCLOSED_BRACKET),
        (3, 1, Kind.STRAY_BRACE),
        (3, 3, Kind.UNCLOSED_BRACE),
    ]


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("Halo [nmae]", "[name]"),
        ("Halo [namaa]", "[nama]"),
        ("[no_invoce]", "[no_invoice]"),
        ("[PROMO]", r"\[PROMO]"),
        ("[PROMO]", "[no_invoice]"),
    ],
)
def test_suggests_the_nearest_field_or_a_plain_bracket(source, hint):
    (problem,) = check(source, known_fields=["Nama", "No Invoice"])

    assert (problem.severity, problem.kind) == (Severity.ERROR, Kind.UNKNOWN_FIELD)
    assert hint in problem.hint
    with pytest.raises(TextError) as refusal:
        parse(source, known_fields=["Nama", "No Invoice"])
    assert refusal.value.kind is Kind.UNKNOWN_FIELD


def test_knows_the_time_aware_fields_without_being_told():
    assert check("Selamat [salam_waktu], [HARI] [tanggal] [jam]", known_fields=[]) == []


def test_names_fields_once_in_order_under_one_spelling():
    text = parse("[toko] {[NAMA]|[No Invoice]} [name|Kak] [no-invoice]")

    assert text.fields == ("toko", "name", "no_invoice")


@pytest.mark.parametrize(
    ("source", "time_aware"),
    [("Selamat [Salam_Waktu]", True), ("{a|[jam]}", True), ("Selamat [nama]", False)],
)
def test_tells_whether_the_text_depends_on_the_time(source, time_aware):
    assert parse(source).time_aware is time_aware


@pytest.mark.parametrize(
    ("source", "variants"),
    [
        ("", 1),
        ("{a}", 1),
        ("{|}", 2),
        ("{3:a|b}", 2),
        ("{a|{b|c}} {d|e}", 6),
        ("{a|b}" * 4_000, 2**4_000),
        (PROMO, 1_296),
        (CART, 288),
        (BAYAR, 256),
        (EVENT, 256),
        (JAWA, 384),
        (IZIN, 4),
    ],
)
def test_counts_variants_exactly(source, variants):
    assert parse(source).variants == variants


@pytest.mark.parametrize(
    ("source", "length"),
    [("", 0), ("{Halo|Hai} kak", 8), ("{a|{bb|ccc}}{d|}", 4), ("[nama|Kak] [toko]", 4)],
)
def test_measures_the_longest_variant(source, length):
    assert parse(source).longest_length == length


@pytest.mark.parametrize(
    "value", ["{a|b}", "[phone]", "{{7*7}}", "{% for %}", "\\{", "👨‍👩‍👧", "‮שלום", "x" * 5_000]
)
def test_puts_hostile_values_in_as_they_are(value):
    assert parse("{Halo [nama]|Hai [nama]}!").render({"name": value}, FIRST) == f"Halo {value}!"


@pytest.mark.parametrize("empty", [{}, {"name": ""}, {"name": "  "}, {"name": None}])
def test_counts_an_empty_field_without_a_default_as_missing(empty):
    rendered = parse("Halo [nama][nama], {[kota|sana]|x}").render_path(empty, FIRST)

    assert (rendered.text, rendered.missing) == ("Halo , sana", ("name",))


@pytest.mark.parametrize(
    "values", [{"name": "Budi"}, {"nama": "Budi"}, {"NAMA": "Budi"}, {"name": None, "Nama": "Budi"}]
)
def test_finds_a_value_under_any_spelling_of_its_field(values):
    assert parse("[Name]").render(values, FIRST) == "Budi"


def test_writes_values_that_are_no_text():
    assert parse("[jumlah] [kosong|nol]").render({"jumlah": 0, "kosong": None}, FIRST) == "0 nol"


def test_names_the_variant_by_the_options_taken():
    text = parse("{a|b} {c|{d|e}}")

    assert text.render_path({}, FIRST).path == (0, 0)
    assert text.render_path({}, LAST).path == (1, 1, 1)


def test_accepts_ten_thousand_options_and_the_greatest_depth():
    many = parse("{" + "|" * (OPTIONS_MAX - 1) + "}")
    deep = parse("{a|" * DEPTH_MAX + "b" + "}" * DEPTH_MAX)

    assert (many.variants, deep.variants) == (OPTIONS_MAX, DEPTH_MAX + 1)
    assert deep.render({}, LAST) == "b"


@pytest.mark.parametrize("piece", ["[a|", "[a|{", "[a|[", "{", "[", "\\", "{a|", "|", "[a b", "{{"])
def test_reads_the_largest_hostile_text_to_the_end(piece):
    source = (piece * SOURCE_MAX_BYTES)[:SOURCE_MAX_BYTES]

    assert all(problem.line == 1 for problem in check(source))
