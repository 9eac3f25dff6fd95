"""Menu answers: what people type to choose one of a few options."""

import pytest

from nodes.messaging.menu_answers import chosen, is_exit

OPTIONS = {"harga": "Daftar harga 💰", "ongkir": "Cek ongkir", "lacak": "Lacak pesanan"}
WORDS = {"harga": ["pricelist"], "lacak": ["resi"]}


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("1", "harga"),
        ("1.", "harga"),
        (" 1) ", "harga"),
        ("1️⃣", "harga"),
        ("no 2", "ongkir"),
        ("nomor 2 ya kak", "ongkir"),
        ("pilih yang 3", "lacak"),
        ("satu", "harga"),
        ("Dua", "ongkir"),
        ("yang kedua", "ongkir"),
        ("three", "lacak"),
        ("Daftar harga", "harga"),
        ("daftar hargaaa", "harga"),
        ("cek ongkr", "ongkir"),
        ("mau cek ongkir dong", "ongkir"),
        ("harga", "harga"),
        ("pesanan", "lacak"),
        ("pricelist", "harga"),
        ("resi saya mana", "lacak"),
        ("4", None),
        ("0", None),
        ("12", None),
        ("123", None),
        ("", None),
        ("🙏", None),
        ("apa saja", None),
        ("harga dan ongkir", None),  # several at once are no choice
        ("a", None),
        ("1 " + "x" * 300, None),
    ],
)
def test_an_answer_means(text, port):
    assert chosen(text, OPTIONS, WORDS) == port


@pytest.mark.parametrize(
    ("text", "port"),
    [("ya", "ya"), ("Ya kak", "ya"), ("iya", "ya"), ("tidak", "tidak"), ("tidak ya", "tidak")],
)
def test_a_short_answer_means_the_option_that_begins_with_it(text, port):
    options = {"ya": "Ya, berhenti", "tidak": "Tidak, tetap kirim"}

    assert chosen(text, options, {"ya": ["iya"]}) == port


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("selesai", True),
        ("Selesai kak", True),
        ("SELESAIII", True),
        ("admin", True),
        ("belum selesai", False),
        ("", False),
        ("biaya admin berapa", False),
    ],
)
def test_words_that_leave(text, leaves):
    assert is_exit(text, ["selesai", "admin"]) is leaves
