"""Indonesian and English are told apart by their common words."""

import pytest

from ocr.language import language_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Halo kak, apakah masih ada stok untuk ukuran L?", "id"),
        ("Total pembayaran Rp 185.000, terima kasih", "id"),
        ("Hi, is the blue mug still available?", "en"),
        ("Thank you for your order", "en"),
        ("BARANG DI TOKO KAMI, it is free", "id"),
        ("8810 2245 673", "unknown"),
        ("", "unknown"),
        ("yang the", "unknown"),
    ],
)
def test_the_language_with_more_common_words_wins(text: str, expected: str) -> None:
    assert language_of(text) == expected
