"""Signs that engines mistake come out as the ones that were meant."""

import pytest

from ocr.lookalikes import mended


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("Total：Rp ５.000", "Total:Rp 5.000"),
        ("0rder", "Order"),
        ("No. 0pen now", "No. Open now"),
        ("05.30", "05.30"),
        ("0km and 0x1f", "0km and 0x1f"),
        ("A0bcd", "A0bcd"),
        ("½ kg", "½ kg"),
    ],
)
def test_only_mistakes_are_mended(read: str, meant: str) -> None:
    assert mended(read) == meant
