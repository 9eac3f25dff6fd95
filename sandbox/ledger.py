"""The oracle: an append-only record of everything that was really delivered.

A row is written to the file in the same step as the delivery, so that it survives the sandbox
being killed. Rows are read back from the file; memory holds their offsets and the totals.
"""

import hashlib
import os
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from sandbox.limits import LEDGER_PAGE_MAX, LEDGER_ROWS_MAX

Row = dict[str, Any]


class LedgerFull(Exception):
    """No further delivery can be recorded; reset the sandbox."""


def text_hash(text: str) -> str:
    """Hexadecimal, 32 characters."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _key(*parts: str) -> int:
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest(), "big")


class Totals:
    """Sums over ledger rows, kept up to date row by row."""

    def __init__(self) -> None:
        self.delivered = 0
        self.suppressed = 0
        self.suppressed_other_text = 0
        self.duplicates = 0
        self.engine_duplicates = 0
        self.by_session: dict[str, int] = {}
        self.min_gap_s: dict[str, float] = {}
        self.min_delivery_gap_s: dict[str, float] = {}
        self.max_in_flight: dict[str, int] = {}
        self._last_arrival: dict[str, float] = {}
        self._last_delivery: dict[str, float] = {}
        self._pairs: set[int] = set()
        self._texts: set[int] = set()

    def is_repeat(self, person: str, content_hash: str) -> bool:
        return _key(person, content_hash) in self._pairs

    def add(self, row: Row) -> None:
        session = row["session"]
        self.max_in_flight[session] = max(self.max_in_flight.get(session, 0), row["in_flight"])
        if row["outcome"] == "suppressed":
            self.suppressed += 1
            self.suppressed_other_text += bool(row["other_text"])
            return
        self.delivered += 1
        self.by_session[session] = self.by_session.get(session, 0) + 1
        self._texts.add(_key(row["content_hash"]))
        if row["engine_duplicate"]:
            self.engine_duplicates += 1
            return
        self.duplicates += bool(row["duplicate"])
        self._pairs.add(_key(row["person"], row["content_hash"]))
        _shrink(self.min_gap_s, self._last_arrival, session, row["arrived_mono"])
        _shrink(self.min_delivery_gap_s, self._last_delivery, session, row["delivered_mono"])

    def summary(self) -> dict[str, Any]:
        return {
            "delivered": self.delivered,
            "duplicates": self.duplicates,
            "engine_duplicates": self.engine_duplicates,
            "suppressed": self.suppressed,
            "suppressed_other_text": self.suppressed_other_text,
            "distinct_texts": len(self._texts),
            "by_session": dict(self.by_session),
            "min_gap_s": {name: round(gap, 6) for name, gap in self.min_gap_s.items()},
            "min_delivery_gap_s": {
                name: round(gap, 6) for name, gap in self.min_delivery_gap_s.items()
            },
            "max_in_flight": dict(self.max_in_flight),
        }


def _shrink(gaps: dict[str, float], last: dict[str, float], session: str, at: float) -> None:
    before = last.get(session)
    if before is not None:
        gap = abs(at - before)
        if gap < gaps.get(session, float("inf")):
            gaps[session] = gap
    if before is None or at > before:
        last[session] = at


class Journal:
    """A file of JSON lines that is only appended to; `None` keeps it for this process only."""

    def __init__(self, path: Path | None) -> None:
        self._temporary = tempfile.TemporaryFile() if path is None else None  # noqa: SIM115
        if self._temporary is not None:
            self._file = self._temporary.fileno()
        else:
            assert path is not None
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self.offsets = array("Q", [0])
        self._load_offsets()

    def _load_offsets(self) -> None:
        end = os.fstat(self._file).st_size
        position = 0
        carry = b""
        while position < end:
            chunk = os.pread(self._file, 4 * 1024 * 1024, position)
            position += len(chunk)
            lines = (carry + chunk).split(b"\n")
            carry = lines.pop()
            for line in lines:
                self.offsets.append(self.offsets[-1] + len(line) + 1)
        if carry:  # the writer was killed inside a line: that row was never answered for
            os.ftruncate(self._file, self.offsets[-1])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def append(self, row: Row) -> None:
        line = orjson.dumps(row) + b"\n"
        at = self.offsets[-1]
        written = os.pwrite(self._file, line, at)
        if written != len(line):
            raise OSError(f"short write to the journal: {written} of {len(line)} bytes")
        self.offsets.append(at + written)

    def read(self, first: int, count: int) -> list[Row]:
        """Rows number `first` (from 0) and after, at most `count`."""
        last = min(first + count, len(self))
        if first >= last:
            return []
        begin, end = self.offsets[first], self.offsets[last]
        return [
            orjson.loads(line)
            for line in os.pread(self._file, end - begin, begin).split(b"\n")[:-1]
        ]

    def __iter__(self) -> Iterator[Row]:
        for first in range(0, len(self), 5_000):
            yield from self.read(first, 5_000)

    def clear(self) -> None:
        os.ftruncate(self._file, 0)
        self.offsets = array("Q", [0])

    def close(self) -> None:
        if self._temporary is not None:
            self._temporary.close()
        elif self._file >= 0:
            os.close(self._file)
        self._file = -1


class Ledger:
    """Deliveries in order, with what a test needs to judge them."""

    def __init__(self, path: Path | None) -> None:
        self.journal = Journal(path)
        self.totals = Totals()
        self._ids: dict[int, str] = {}
        self.calls = 0
        self.calls_by_session: dict[str, int] = {}
        self.in_flight: dict[str, int] = {}
        self.max_in_flight: dict[str, int] = {}
        for row in self.journal:
            self._count(row)

    def _count(self, row: Row) -> None:
        self.totals.add(row)
        if row["outcome"] == "delivered":
            self._ids.setdefault(
                _key(row["session"], row["person"], row["id"]), row["content_hash"]
            )

    def enter(self, session: str) -> int:
        """A send call arrives; answers how many of this session are open now, this one included."""
        self.calls += 1
        self.calls_by_session[session] = self.calls_by_session.get(session, 0) + 1
        now = self.in_flight.get(session, 0) + 1
        self.in_flight[session] = now
        if now > self.max_in_flight.get(session, 0):
            self.max_in_flight[session] = now
        return now

    def leave(self, session: str) -> None:
        self.in_flight[session] -= 1

    def content_under(self, session: str, person: str, message_id: str) -> str | None:
        """The content hash already delivered under this id to this person, if any."""
        return self._ids.get(_key(session, person, message_id))

    def append(self, row: Row) -> Row:
        """Number and write a row. Raises LedgerFull, OSError when the disk refuses."""
        if len(self.journal) >= LEDGER_ROWS_MAX:
            raise LedgerFull(f"the ledger holds {LEDGER_ROWS_MAX} rows; POST /sandbox/reset")
        row["duplicate"] = row["outcome"] == "delivered" and self.totals.is_repeat(
            row["person"], row["content_hash"]
        )
        numbered = {"seq": len(self.journal) + 1, **row}
        self.journal.append(numbered)
        self._count(numbered)
        return numbered

    def rows(self, since: int, limit: int) -> list[Row]:
        """Rows with a number above `since`, oldest first."""
        return self.journal.read(max(since, 0), max(0, min(limit, LEDGER_PAGE_MAX)))

    def summary(self, since: int = 0) -> dict[str, Any]:
        """Totals of all rows, or of those above `since`. `calls` always counts from the start.

        `duplicates` counts second deliveries of one content to one person that callers caused;
        those that the simulated engine made by itself are `engine_duplicates`.
        """
        if since <= 0:
            totals = self.totals
        else:
            totals = Totals()
            for first in range(since, len(self.journal), LEDGER_PAGE_MAX):
                for row in self.journal.read(first, LEDGER_PAGE_MAX):
                    row["duplicate"] = totals.is_repeat(row["person"], row["content_hash"])
                    totals.add(row)
        result = totals.summary()
        if since <= 0:
            result["max_in_flight"] |= self.max_in_flight
        return {
            "calls": self.calls,
            "calls_by_session": dict(self.calls_by_session),
            "last_seq": len(self.journal),
            **result,
        }

    def reset(self) -> None:
        self.journal.clear()
        self.totals = Totals()
        self._ids.clear()
        self.calls = 0
        self.calls_by_session.clear()
        self.max_in_flight.clear()

    def close(self) -> None:
        self.journal.close()
