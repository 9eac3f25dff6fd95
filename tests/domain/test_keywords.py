"""Which messages meet which rules."""

import pytest

from domain.keywords import How, Match, Need, Pattern, Rule, RuleError, Rules, check, first_match
from domain.keywords.patterns import PatternSet

# The rules of a shop as its owner would write them (market notes: what must and must not match).
SHOP = Rules(
    [
        Rule("harga", ("harga", "pricelist"), How.FUZZY, unless=("harga mati",)),
        Rule("gratis-ongkir", ("gratis ongkir", "free ongkir"), priority=10),
        Rule("ongkir", (r"\bongkir\b(?:.*?\b(?P<code>\d{5})\b)?",), How.REGEX),
        Rule("order", (r"^(order|pesan)\s+(\d+)\s*x?\s*(.+)$",), How.REGEX),
        Rule("jam-buka", ("jam buka", "buka jam", "hari ini buka", "buka hari ini")),
        Rule("komplain", ("rusak", "belum sampai", "kecewa")),
        Rule("bukti-bayar", ("transfer berhasil", "Rp 199.000", "QRIS")),
        Rule("admin", ("admin", "cs", "orang", "manusia", "operator"), How.EXACT),
        Rule("menu", ("menu", "0", "kembali")),
    ]
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("harga", "harga"),
        ("hargaa brp kak", "harga"),
        ("HARGAAAA??", "harga"),
        ("brp harganya", "harga"),
        ("hrga berapa", "harga"),
        ("minta pricelist dong", "harga"),
        ("menghargai", None),
        ("tidak harga mati", None),
        ("warga sini", None),
        ("ongkir ke Bandung", "ongkir"),
        ("cek ongkir 40111", "ongkir"),
        ("gratis ongkir ya?", "gratis-ongkir"),
        ("order 2x kaos hitam", "order"),
        ("PESAN 3 kopi", "order"),
        ("pesan dari ibu", None),
        ("buka jam brp", "jam-buka"),
        ("hari ini buka?", "jam-buka"),
        ("buka link gagal", None),
        ("barang rusak", "komplain"),
        ("paketnya belum sampai kak", "komplain"),
        ("Kecewa 😡", "komplain"),
        ("Transfer Berhasil\nRp 199.000", "bukti-bayar"),
        ("bayar pakai qris", "bukti-bayar"),
        ("poster with the word transfer", None),
        ("admin", "admin"),
        ("CS!", "admin"),
        ("*operator*", "admin"),
        ("admin fee berapa", None),
        ("menu", "menu"),
        ("0", "menu"),
        ("kembali", "menu"),
        ("menunggu", None),
        ("", None),
    ],
)
def test_a_shops_rules_meet_what_they_mean_and_nothing_else(text, rule):
    match = SHOP.match(text)

    assert (match and match.rule.id) == rule


@pytest.mark.parametrize(
    ("how", "keyword", "text", "met"),
    [
        (How.EXACT, "info stok", "Info   STOK!!", True),
        (How.EXACT, "info stok", "info stok dong", False),
        (How.EXACT, "stop", "stop 🙏", True),
        (How.EXACT, "stop", "s\u200btop", True),
        (How.WHOLE_WORD, "café", "CAFE buka?", True),
        (How.WHOLE_WORD, "cafe", "Cafe\u0301 buka?", True),
        (How.WHOLE_WORD, "harga", "𝗛𝗔𝗥𝗚𝗔 berapa", True),
        (How.WHOLE_WORD, "harga", "Harga: berapa", True),
        (How.WHOLE_WORD, "harga", "pengharga", False),
        (How.WHOLE_WORD, "harga", "hargai", False),
        (How.WHOLE_WORD, "harga", "harganya, hargamu", True),
        (How.WHOLE_WORD, "cs", "csnya ada?", True),
        (How.WHOLE_WORD, "masa", "ada masalah", False),
        (How.WHOLE_WORD, "ha", "hanya satu", False),
        (How.WHOLE_WORD, "bu", "buku tulis", False),
        (How.WHOLE_WORD, "jumat", "hari jum'at", True),
        (How.WHOLE_WORD, "maaf", "maaaaf kak", True),
        (How.WHOLE_WORD, "off", "out of stock", False),
        (How.WHOLE_WORD, "off", "diskon offff", True),
        (How.WHOLE_WORD, "100", "1000", False),
        (How.WHOLE_WORD, "10", "100", False),
        (How.WHOLE_WORD, "info stok", "minta info  stok, kak", True),
        (How.WHOLE_WORD, "info stok", "stok info", False),
        (How.CONTAINS, "harga", "menghargai", True),
        (How.CONTAINS, "harga", "har ga", False),
        (How.CONTAINS, "👍", "oke 👍🏽", True),
        (How.CONTAINS, "❤", "suka ❤️", True),
        (How.EXACT, "👍", "👍 ", True),
        (How.EXACT, "👍", "oke 👍", False),
        (How.STARTS, "order", "Order 2 kaos", True),
        (How.STARTS, "order", "ordernya mana", True),
        (How.STARTS, "order", "mau order", False),
        (How.STARTS, "order", "orderan saya", False),
        (How.ENDS, "kak", "makasih kak!!", True),
        (How.ENDS, "kak", "kak makasih", False),
        (How.ENDS, "kak", "kakak", False),
        (How.FUZZY, "pengiriman", "kapan pngirimn", True),
        (How.FUZZY, "pengiriman", "pengirimannya", True),
        (How.FUZZY, "harga", "hagra", True),
        (How.FUZZY, "harga", "harg", True),
        (How.FUZZY, "harga", "marga", False),
        (How.FUZZY, "cod", "cid", False),
        (How.FUZZY, "cod", "COD bisa?", True),
        (How.FUZZY, "kode 40111", "kode 40112", False),
        (How.FUZZY, "jam buka", "jam bukka brp", True),
        (How.FUZZY, "jam buka", "buka jam", False),
        (How.REGEX, r"no\.? ?resi", "NO RESI saya", True),
        (How.REGEX, "^harga$", "  harga ", True),
    ],
)
def test_looks_for_a_keyword_in_the_way_the_rule_says(how, keyword, text, met):
    assert (first_match(text, [keyword], how) == keyword) is met


@pytest.mark.parametrize(
    ("need", "text", "met"),
    [
        (Need.ANY, "kirim ke Bandung", True),
        (Need.ALL, "kirim ke Bandung", False),
        (Need.ALL, "Bandung, ongkir berapa? bisa kirim?", True),
    ],
)
@pytest.mark.parametrize("how", [How.WHOLE_WORD, How.FUZZY, How.CONTAINS, How.REGEX])
def test_asks_for_any_or_for_all_keywords(how, need, text, met):
    rules = Rules([Rule("kirim", ("kirim", "ongkir", "bandung"), how, need)])

    assert bool(rules.match(text)) is met


def test_gives_all_matches_by_priority_and_stops_where_a_rule_says():
    rules = Rules(
        [
            Rule("low", ("kirim",), priority=-1),
            Rule("first", ("ongkir",), stop=False),
            Rule("second", ("ongkir", "kirim"), How.CONTAINS),
            Rule("high", (r"bandung|jakarta",), How.REGEX, priority=5, stop=False),
            Rule("never", ("resi",)),
        ]
    )
    text = "ongkir kirim ke Jakarta"

    assert [match.rule.id for match in rules.matches(text)] == ["high", "first", "second", "low"]
    assert [match.rule.id for match in rules.until_stop(text)] == ["high", "first", "second"]
    assert rules.match(text) == rules.matches(text)[0]


def test_says_which_keyword_was_found_and_what_a_pattern_caught():
    match = SHOP.match("cek ongkir 40111")
    order = SHOP.match("Pesan 2 x Kaos Hitam")

    assert match is not None
    assert match.named == (("code", "40111"),)
    assert order is not None
    assert order.groups == ("Pesan", "2", "Kaos Hitam")
    assert SHOP.match("minta price-list, pricelis") == Match(SHOP.rules[1], "pricelist", "pricelis")


def test_takes_rules_as_mappings_too():
    rules = Rules([{"id": "a", "keywords": ["harga"], "how": "EXACT"}])

    assert rules.match("Harga!") is not None


@pytest.mark.parametrize("word", ["hargai mati", "harga matilah"])
def test_a_veto_is_a_whole_word_too(word):
    rules = Rules([Rule("harga", ("harga", "hargai"), How.CONTAINS, unless=("harga mati",))])

    assert bool(rules.match(word)) is (word == "hargai mati")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("r", ()), "no keywords"),
        (Rule("r", ("harga", " ")), "empty"),
        (Rule("r", ("harga",), unless=("",)), "empty"),
        (Rule("r", ("a" * 257,)), "longer than 256"),
        (Rule("r", ("a" * 257,), How.REGEX), "longer than 256"),
        (Rule("r", ("(?=a)b",), How.REGEX), "refused"),
        (Rule("r", (r"(a)\1",), How.REGEX), "refused"),
        (Rule("r", ("a{2000}",), How.REGEX), "refused"),
        (Rule("r", ("(",), How.REGEX), "refused"),
        (Rule("r", ("((a{50}){50}){50}",), How.REGEX), "refused"),
        (Rule("r", ("a",) * 501, How.REGEX), "at most 500"),
    ],
)
def test_refuses_a_rule_that_can_never_work(rule, message):
    with pytest.raises(RuleError, match=message) as refusal:
        Rules([rule])

    assert refusal.value.rule_id == "r"
    assert refusal.value.hint
    assert any(message in found.message for found in check([rule]))


def test_says_what_patterns_lack():
    (error,) = check([Rule("r", (r"(?<!x)a",), How.REGEX)])

    for missing in ("look-ahead", "look-behind", "back-references", "1,000"):
        assert missing in error.hint


def test_lists_every_bad_rule():
    bad = [Rule("a", ("(",), How.REGEX), Rule("b", ("",)), Rule("c", ("fine",)), Rule("d", ())]

    assert {error.rule_id for error in check(bad)} == {"a", "b", "d"}


@pytest.mark.parametrize(
    ("keywords", "how", "text", "keyword"),
    [
        (["harga", "info stok"], How.CONTAINS, "HARGA berapa?", "harga"),
        (["harga", "info stok"], "whole_word", "  info   stok ", "info stok"),
        (["harga", "info stok"], How.WHOLE_WORD, "pengharga", None),
        (["Stok", "Harga"], How.WHOLE_WORD, "harga stok", "Stok"),
        ([], How.WHOLE_WORD, "harga", None),
        (["harga"], How.WHOLE_WORD, "", None),
    ],
)
def test_gives_the_first_keyword_of_a_list_that_fits(keywords, how, text, keyword):
    assert first_match(text, keywords, how) == keyword


PATTERNS = (r"^pesan \d+", r"kirim.*bandung", r"(?i)PROMO", r"\bcod\b", r"[0-9]{5}", r"a|b|c$")


@pytest.mark.parametrize(
    "text", ["pesan 2", "kirim ke Bandung, COD 40111", "promo apa", "xyz", "", "é" * 9000]
)
def test_many_patterns_at_once_find_what_each_finds_alone(text):
    patterns = [Pattern(source) for source in PATTERNS]

    alone = [place for place, one in enumerate(patterns) if one.search(text) is not None]

    assert sorted(PatternSet(patterns).which(text)) == alone


def test_patterns_that_are_too_large_together_are_looked_for_one_by_one():
    large = [Pattern(rf"[a-z]{{0,900}}(x[0-9]{{200}}){{4}}{number}") for number in range(200)]

    assert len(PatternSet(large).which("nothing of all this")) == len(large)


def test_no_pattern_is_no_work():
    assert list(PatternSet([]).which("halo")) == []
