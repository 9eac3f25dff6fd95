"""Keyword rules: what a message costs a shop with ten rules, and one with ten thousand.

Rules of every kind in one tenant: whole words, parts of words, slips, beginnings, whole messages,
and as many patterns as are allowed. A cost is the whole of `RuleBooks.applying`: the look whether
the rules are still the same, the match, hours, days and what was used before. Prints JSON.
"""

import argparse
import json
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, insert

from bench.measure import machine, spread
from domain.keywords.rules import PATTERNS_MAX
from runtime.migrate import migrate
from services.accounts.models import Tenant
from services.auto_replies import repository
from services.auto_replies.models import AutoReply
from services.auto_replies.rules import RuleBooks
from services.kit.db import Database

FEW, MANY = 10, 10_000
MESSAGES = 2_000
KINDS = (
    *("WHOLE_WORD", "WHOLE_WORD", "WHOLE_WORD", "WHOLE_WORD", "CONTAINS"),
    *("CONTAINS", "FUZZY", "STARTS_WITH", "EXACT", "REGEX"),
)
SYLLABLES = [consonant + vowel for consonant in "bklmnprst" for vowel in "aiu"]
TALK = ("kak", "mau", "tanya", "dong", "apa", "masih", "ada", "buat", "besok", "kirim", "ke", "cod")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    print(json.dumps(report(options.parse_args().runs)))


def report(runs: int) -> dict[str, Any]:
    """Medians in microseconds a message, and how much more the many cost than the few."""
    folder = Path(tempfile.mkdtemp(prefix="alir-bench-"))
    database = Database(f"sqlite:///{folder / 'rules.db'}")
    try:
        migrate(database)
        words = {count: _fill(database, tenant, count) for tenant, count in _shops()}
        compiled_s, costs = _measure(database, words, runs)
    finally:
        database.close()
        shutil.rmtree(folder, ignore_errors=True)
    ratios = [many / few for few, many in zip(costs[FEW], costs[MANY], strict=True)]
    return {
        "what": f"a message for {FEW} and for {MANY:,} keyword rules",
        f"us_a_message_{FEW}_rules": spread(costs[FEW]),
        f"us_a_message_{MANY}_rules": spread(costs[MANY]),
        "times_as_much": spread(ratios, 2),
        "compiling_s": spread([compiled_s], 2),
        **machine(),
    }


def _shops() -> list[tuple[int, int]]:
    return [(1, FEW), (2, MANY)]


def _measure(
    database: Database, words: dict[int, list[str]], runs: int
) -> tuple[float, dict[int, list[float]]]:
    books = RuleBooks()
    costs: dict[int, list[float]] = {FEW: [], MANY: []}
    now = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    with database.read() as connection:
        began = time.perf_counter()
        books.applying(connection, 2, "halo", 1, None, now, "Asia/Jakarta")
        compiled_s = time.perf_counter() - began
        for _ in range(runs):
            for tenant, count in _shops():
                talk = _messages(words[count])
                began = time.perf_counter()
                hits = sum(_answered(books, connection, tenant, text, now) for text in talk)
                costs[count].append((time.perf_counter() - began) / len(talk) * 1e6)
                if not hits:
                    raise AssertionError("no message met a rule")
    return compiled_s, costs


def _answered(
    books: RuleBooks, connection: Connection, tenant: int, text: str, now: datetime
) -> bool:
    found = books.applying(connection, tenant, text, 1, None, now, "Asia/Jakarta")
    return bool(found.applied)


def _fill(database: Database, tenant: int, count: int) -> list[str]:
    """A shop with so many rules; returns its keywords."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    chance = Random(count)
    words = [_word(chance) for _ in range(count)]
    rows = [_row(tenant, number, word, now) for number, word in enumerate(words)]
    with database.write() as connection:
        connection.execute(
            insert(Tenant),
            {
                "id": tenant,
                "name": "Toko",
                "zone": "Asia/Jakarta",
                "profile": {},
                "is_active": True,
                "created_at": now,
            },
        )
        connection.execute(insert(AutoReply), rows)
        repository.changed(connection, tenant)
    return words


def _row(tenant: int, number: int, word: str, now: datetime) -> dict[str, Any]:
    kind = KINDS[number % len(KINDS)]
    if kind == "REGEX" and number // len(KINDS) >= PATTERNS_MAX:
        kind = "WHOLE_WORD"
    return {
        "tenant_id": tenant,
        "name": word,
        "keyword": rf"^(order|pesan)\s+{word}\s+(\d+)" if kind == "REGEX" else word,
        "keywords": [],
        "unless": [],
        "need": "any",
        "match_type": kind,
        "response_text": "Halo [nama|Kak], ini jawabannya.",
        "devices": [],
        "schedule": {"hours": {"mon-fri": ["08:00-17:00"]}} if number % 3 == 0 else {},
        "cooldown_s": 600 if number % 4 == 0 else 0,
        "once": "no",
        "goes_on": False,
        "action": "reply",
        "is_active": True,
        "priority": number % 100,
        "created_at": now,
        "updated_at": now,
    }


def _word(chance: Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(3, 5)))


def _messages(words: list[str]) -> list[str]:
    """What customers write; every third message holds a keyword."""
    chance = Random(7)
    found = []
    for number in range(MESSAGES):
        said = [chance.choice(TALK) for _ in range(chance.randint(2, 12))]
        if number % 3 == 0:
            said[chance.randrange(len(said))] = chance.choice(words)
        found.append(" ".join(said))
    return found


if __name__ == "__main__":
    main()
