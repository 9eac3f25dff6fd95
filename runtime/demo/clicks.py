"""A hundred visitors click on the demo's link: where each was led, and what was counted."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

TIMEOUT_S = 15.0
AT_ONCE = 8
BROWSER = (
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Mobile Safari/537.36"
)
"""Whoever does not look like a browser is led on, but not counted."""
HOST = "wa.me"


@dataclass(frozen=True, slots=True)
class Led:
    """Visitors by the number they were led to, and those that were led nowhere."""

    per_number: Mapping[str, int]
    nowhere: int


def click(url: str, times: int) -> Led:
    """Click on a link from several places at once, following nothing."""
    with httpx.Client(
        headers={"User-Agent": BROWSER}, timeout=TIMEOUT_S, trust_env=False
    ) as browser:

        def once(_number: int) -> str:
            answer = browser.get(url)
            place = urlsplit(answer.headers.get("location", ""))
            is_led = answer.status_code == 302 and place.hostname == HOST
            return place.path.strip("/") if is_led else ""

        with ThreadPoolExecutor(AT_ONCE) as hands:
            led = Counter(hands.map(once, range(times)))
    nowhere = led.pop("", 0)
    return Led(dict(sorted(led.items())), nowhere)


def shares(per_ten: Mapping[str, int], times: int) -> dict[str, int]:
    """How many of so many visitors each number gets; `times` is a multiple of ten."""
    return {number: share * times // 10 for number, share in sorted(per_ten.items())}
