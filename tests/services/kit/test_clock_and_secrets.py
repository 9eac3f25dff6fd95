"""Waits that shrink together, and secrets that only their keys open."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from services.kit.clock import Clock
from services.kit.secrets import SealBroken, Sealer, key_file


def test_waits_shrink_with_the_scale_and_the_time_of_day_does_not() -> None:
    clock = Clock(scale=20)

    assert clock.seconds(10) == 0.5
    assert clock.span(10).total_seconds() == 0.5
    assert clock.unscaled(0.5) == 10
    assert abs((clock.now() - Clock().now()).total_seconds()) < 5


@pytest.mark.parametrize("scale", [0, -1])
def test_a_scale_that_stops_time_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="TIME_SCALE"):
        Clock(scale=scale)


def test_a_sealed_secret_opens_with_its_key_and_after_the_key_has_changed() -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    sealed = Sealer([old]).seal("rahasia")

    assert "rahasia" not in sealed
    assert Sealer([new, old]).open(sealed) == "rahasia"
    with pytest.raises(SealBroken):
        Sealer([new]).open(sealed)


def test_a_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "var" / "seal.key"

    first = key_file(path)

    assert key_file(path) == first
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in path.parent.iterdir()] == ["seal.key"]
