"""How many message texts a second one process renders from a typical template; prints JSON."""

import argparse
import json
import time
from datetime import UTC, datetime

from bench.measure import machine, spread
from domain.text import parse, seeded, system_values
from domain.zones import WIB, zone_of

TEMPLATE = (
    "{Halo|Hai|Assalamualaikum} {Kak|Bapak/Ibu|Sis} [nama]\n"
    "{{Kami|Tim [toko]} {sedang|lagi} ada {promo|diskon} {spesial|terbatas}"
    "|Khusus {pelanggan setia|member} [toko], {ada|kami siapkan} potongan [diskon|10]%}.\n"
    "{Balas YA untuk detail|Ketik INFO ya}. Balas STOP untuk berhenti."
)
TARGET = 100_000


def renders_per_s(seconds: float) -> float:
    """Parsed once, then rendered for one recipient after the other, each with its own seed."""
    text = parse(TEMPLATE)
    clock = system_values(datetime(2026, 1, 1, tzinfo=UTC).astimezone(zone_of(WIB)))
    values = {**clock, "nama": "Sari", "toko": "Toko Melati"}
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(500):
            text.render(values, seeded("bench", str(done), "pesan"))
            done += 1
    return done / (time.perf_counter() - began)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=2.0)
    given = options.parse_args()
    rates = [renders_per_s(given.seconds) for _ in range(3)]
    print(json.dumps({"renders_per_s": spread(rates, 0), "target": TARGET, **machine()}))


if __name__ == "__main__":
    main()
