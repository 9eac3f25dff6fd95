"""WAHA's recorded answers, for every test of the client."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(scope="session")
def sample_bytes() -> Callable[[str], bytes]:
    return lambda name: (SAMPLES / f"{name}.json").read_bytes()


@pytest.fixture(scope="session")
def sample(sample_bytes: Callable[[str], bytes]) -> Callable[[str], Any]:
    return lambda name: orjson.loads(sample_bytes(name))
