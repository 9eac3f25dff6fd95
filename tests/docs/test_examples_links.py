"""What docs/links.md tells to type works and answers as it says."""

import pytest

from runtime.links.book import BLOCK_FIRST
from services.kit.config import Settings
from services.rotators.words import FIELDS, RotationType
from tests.conftest import Shop
from tests.docs.examples import Shell, text_of

PAGE = "links.md"


@pytest.mark.e2e
def test_every_example_works_as_written(shop: Shop, shell: Shell) -> None:
    shop.device("toko_1")

    shell.follow(PAGE)


def test_every_strategy_and_field_and_the_numbers_are_told() -> None:
    text = text_of(PAGE)
    fields = [f"[{name}]" for name in FIELDS if not name.startswith("utm_")]

    assert [word for word in RotationType if f"| `{word}`" not in text] == []
    assert [field for field in fields if f"`{field}`" not in text] == []
    assert f"({BLOCK_FIRST} at first" in text
    per_minute = Settings.model_fields["link_clicks_per_minute"].default
    assert f"`ALIR_LINK_CLICKS_PER_MINUTE`, {per_minute:,}" in text
