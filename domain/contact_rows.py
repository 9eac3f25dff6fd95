"""Rows of a contact file: which column is the phone, and what becomes of every single row."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from domain import phone as phones

SAMPLE_ROWS = 50
HEADER_WITHIN_ROWS = 10

Row = tuple[int, Sequence[str]]  # the number a spreadsheet shows beside it, from 1; its cells


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What each column (from 0) is for. Rows up to `header_row` are no data; 0 = no header."""

    phone: int
    name: int | None = None
    tags: int | None = None
    fields: tuple[tuple[int, str], ...] = ()
    header_row: int = 0


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """A mapping to confirm, and the column names to show ("Column 2" where there is none)."""

    columns: tuple[str, ...]
    mapping: ColumnMapping


@dataclass(frozen=True, slots=True)
class NoPhoneColumn:
    """No column looks like phone numbers."""

    columns: tuple[str, ...]
    hint: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A contact. `warnings`: landline, looks_made_up, extra_cells (kept, yet worth a look)."""

    row_number: int
    phone: phones.Phone
    name: str
    tags: tuple[str, ...]
    fields: dict[str, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """A person who stood in row `into_row` already; what this row adds may fill gaps there."""

    row_number: int
    into_row: int
    phone: phones.Phone
    name: str
    tags: tuple[str, ...]
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row without a usable number, as it stood in the file."""

    row_number: int
    reason: phones.Reason
    hint: str
    raw: tuple[str, ...]
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blank:
    """A row without any text."""

    row_number: int


RowResult = Accepted | Merged | Rejected | Blank


@dataclass(slots=True)
class Totals:
    """Counts of a file; `rows` always equals the sum of the others."""

    rows: int = 0
    accepted: int = 0
    merged: int = 0
    blank: int = 0
    rejected_by_reason: Counter[phones.Reason] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        return self.rejected_by_reason.total()

    def add(self, result: RowResult) -> None:
        self.rows += 1
        match result:
            case Accepted():
                self.accepted += 1
                self.warnings.update(result.warnings)
            case Merged():
                self.merged += 1
            case Rejected():
                self.rejected_by_reason[result.reason] += 1
            case Blank():
                self.blank += 1


def plan_rows(
    rows: Iterable[Row], mapping: ColumnMapping, region: str = "ID"
) -> Iterator[RowResult]:
    """Say for each data row, in order, what becomes of it: exactly one result a row.

    Whether an accepted contact is new is for the database to say. Holds one small entry per
    distinct number in memory, nothing else.
    """
    first_row_of: dict[str, int] = {}
    for row_number, cells in rows:
        if row_number <= mapping.header_row:
            continue
        yield _plan_row(row_number, cells, mapping, region, first_row_of)


def guess_columns(sample: Sequence[Row], region: str = "ID") -> ColumnGuess | NoPhoneColumn:
    """Find header, phone, name and tags in the first rows of a file; the rest become fields.

    A title above the header is skipped. A file without a header is understood by its cells.
    """
    rows = [row for row in sample[:SAMPLE_ROWS] if _has_text(row[1])]
    header = _find_header(rows, region)
    data = [cells for number, cells in rows if header is None or number > header[0]]
    width = max(
        (len(cells) for number, cells in rows if header is None or number >= header[0]), default=0
    )
    names = [_tidy(cell) for cell in header[1]] if header is not None else []
    names += [""] * (width - len(names))
    columns = tuple(name or f"Column {index + 1}" for index, name in enumerate(names))
    phone = _phone_column(names, data, region)
    if phone is None:
        shown = columns if header is not None or not rows else tuple(map(_tidy, rows[0][1]))
        return NoPhoneColumn(shown, _no_phone_hint(shown))
    name = _name_column(names, data, phone, has_header=header is not None)
    tags = _best(names, _tags_score, skip=(phone, name))
    rest = [
        index
        for index, title in enumerate(names)
        if index not in (phone, name, tags)
        and (title or any(_cell(cells, index) for cells in data))
        and _words(title) not in _ROW_COUNTERS
    ]
    fields = tuple(zip(rest, _field_keys([columns[index] for index in rest]), strict=True))
    return ColumnGuess(
        columns, ColumnMapping(phone, name, tags, fields, header[0] if header is not None else 0)
    )


def is_phone_title(title: str) -> bool:
    """Whether a column of this name holds phone numbers ("No HP"; not "No" alone)."""
    return _phone_score(_words(title)) > 1


def field_key(title: str) -> str:
    """The name of a column inside a message: "No. Invoice" -> "no_invoice"."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    return re.sub(r"\W+", "_", folded).strip("_") or "column"


def split_tags(cell: str) -> tuple[str, ...]:
    """The tags of a cell, each once: "VIP, Reseller; vip" -> ("VIP", "Reseller")."""
    found: dict[str, str] = {}
    for part in re.split(r"[,;|\n]", cell):
        tag = _tidy(part)
        if tag:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


# ---------------------------------------------------------------------------------------------
# One row


def _plan_row(
    row_number: int,
    cells: Sequence[str],
    mapping: ColumnMapping,
    region: str,
    first_row_of: dict[str, int],
) -> RowResult:
    if not _has_text(cells):
        return Blank(row_number)
    phone = phones.parse(_cell(cells, mapping.phone), region)
    if isinstance(phone, phones.Refusal):
        return Rejected(row_number, phone.reason, phone.hint, tuple(cells), phone.candidates)
    name = "" if mapping.name is None else _tidy(_cell(cells, mapping.name))
    tags = () if mapping.tags is None else split_tags(_cell(cells, mapping.tags))
    fields = {key: _cell(cells, index) for index, key in mapping.fields}
    is_lid = phone.kind is phones.PhoneKind.LID
    person = f"{phone.digits}@lid" if is_lid else phone.digits
    into_row = first_row_of.setdefault(person, row_number)
    if into_row != row_number:
        return Merged(row_number, into_row, phone, name, tags, fields)
    return Accepted(row_number, phone, name, tags, fields, _warnings(phone, cells, mapping))


def _warnings(phone: phones.Phone, cells: Sequence[str], mapping: ColumnMapping) -> tuple[str, ...]:
    warnings = []
    if phone.kind is phones.PhoneKind.LANDLINE:
        warnings.append("landline")
    if phone.looks_made_up:
        warnings.append("looks_made_up")
    # With a header, a cell beyond its last column mostly means an unquoted comma further left.
    known = {mapping.phone, mapping.name, mapping.tags, *(index for index, _ in mapping.fields)}
    last = max(index for index in known if index is not None)
    if mapping.header_row and any(cell.strip() for cell in cells[last + 1 :]):
        warnings.append("extra_cells")
    return tuple(warnings)


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index].strip() if index < len(cells) else ""


def _has_text(cells: Sequence[str]) -> bool:
    return any(cell and not cell.isspace() for cell in cells)


def _tidy(text: str) -> str:
    return " ".join(text.split())


# ---------------------------------------------------------------------------------------------
# Columns

_WHATSAPP = frozenset(["wa", "whatsapp", "watsap", "watsapp", "wasap"])
_MOBILE = frozenset(
    ["hp", "handphone", "ponsel", "seluler", "mobile", "cell", "cellphone", "msisdn", "mobilephone"]
)
_TELEPHONE = frozenset(["phone", "telp", "tlp", "telpon", "telepon", "tel", "telephone"])
_NUMBER = frozenset(
    ["nomor", "nomer", "number", "kontak", "contact", "no kontak", "nomor kontak", "contact number"]
)
_ROW_COUNTERS = frozenset(["no", "nr", "no urut", "nomor urut"])
_GROUPS = ["grup", "group", "groups", "kategori", "category", "segmen", "segment"]
_TAGS = frozenset(["tag", "tags", "label", "labels", *_GROUPS])
_NAMES = {
    "nama": 4,
    "nama lengkap": 4,
    "name": 4,
    "full name": 4,
    "fullname": 4,
    "nama pelanggan": 3,
    "nama kontak": 3,
    "customer name": 3,
    "contact name": 3,
    "nama panggilan": 3,
    "display name": 3,
    "first name": 3,
    "pelanggan": 2,
    "customer": 2,
    "panggilan": 2,
}


def _find_header(rows: Sequence[Row], region: str) -> Row | None:
    """The header, or None when the file starts with data."""
    before: Row | None = None
    for row in rows[:HEADER_WITHIN_ROWS]:
        cells = row[1]
        if any(_is_phone(cell, region) for cell in cells):
            return before if before is not None and _may_be_header(before[1], cells) else None
        filled = sum(bool(cell.strip()) for cell in cells)
        is_title = filled == 1 and any(len(other) > 1 for _, other in rows)
        if not is_title and any(map(is_phone_title, cells)):
            return row
        if not is_title and any(_name_score(_words(cell)) > 1 for cell in cells):
            return row
        before = None if is_title else row
    return rows[0] if rows and _may_be_header(rows[0][1], ()) else None


def _may_be_header(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row of unknown words names columns. When in doubt it is data: a row that is
    wrongly refused is seen, a row that is wrongly taken for a header is lost."""
    filled = [cell for cell in cells if cell.strip()]
    named = [cell for cell in filled if not any(char.isdigit() for char in cell)]
    return len(named) == len(filled) >= len([cell for cell in below if cell.strip()]) and all(
        _refusal(cell) is not phones.Reason.EMPTY for cell in filled
    )


def _refusal(cell: str) -> phones.Reason | None:
    found = phones.parse(cell)
    return found.reason if isinstance(found, phones.Refusal) else None


def _is_phone(cell: str, region: str) -> bool:
    return isinstance(phones.parse(cell, region), phones.Phone)


def _phone_column(names: Sequence[str], data: Sequence[Sequence[str]], region: str) -> int | None:
    best: tuple[bool, int, float, int] | None = None
    for index, title in enumerate(names):
        filled = [cell for cells in data if (cell := _cell(cells, index))]
        share = sum(_is_phone(cell, region) for cell in filled) / len(filled) if filled else 0.0
        score = _phone_score(_words(title))
        if score > 1 or share >= 0.5:
            best = max(best or (False, 0, 0.0, -index), (share > 0, score, share, -index))
    return None if best is None else -best[3]


def _phone_score(words: str) -> int:
    """How surely a header means the number to write to; 0 = not at all."""
    if words in _ROW_COUNTERS:
        return 1
    if words in _NUMBER:
        return 2
    parts = set(words.split())
    if parts & {"nama", "name", "kode", "code", "merk", "merek", "tipe", "type", "label"}:
        return 0
    joined = re.sub(r"^(?:nomor|nomer|no)|(?:number|numbers|aktif|no)$", "", words.replace(" ", ""))
    parts.add(joined)
    for score, family in ((5, _WHATSAPP), (4, _MOBILE), (3, _TELEPHONE)):
        if parts & family:
            return score
    return 0


def _name_column(
    names: Sequence[str], data: Sequence[Sequence[str]], phone: int, *, has_header: bool
) -> int | None:
    if has_header:
        return _best(names, _name_score, skip=(phone,))
    for index in range(len(names)):
        filled = [cell for cells in data if (cell := _cell(cells, index))]
        wordy = [cell for cell in filled if not any(char.isdigit() for char in cell)]
        if index != phone and filled and len(wordy) * 2 > len(filled):
            return index
    return None


def _name_score(words: str) -> int:
    return _NAMES.get(words, 1 if {"nama", "name"} & set(words.split()) else 0)


def _tags_score(words: str) -> int:
    return int(words in _TAGS)


def _best(
    names: Sequence[str], score: Callable[[str], int], skip: Sequence[int | None]
) -> int | None:
    scored = [
        (score(_words(name)), -index) for index, name in enumerate(names) if index not in skip
    ]
    best, place = max(scored, default=(0, 0))
    return -place if best else None


def _words(title: str) -> str:
    """ "No. WA/HP" -> "no wa hp"; "phoneNumber" -> "phone number"."""
    plain = unicodedata.normalize("NFKC", title)
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).casefold()
    return " ".join(re.findall(r"[^\W_]+", plain))


def _field_keys(titles: Sequence[str]) -> list[str]:
    """A key for each title, none twice and none that is the phone's or the name's own."""
    taken = {"phone", "name", "nama", "tags"}
    keys = []
    for title in titles:
        base = key = field_key(title)
        again = 2
        while key in taken:
            key = f"{base}_{again}"
            again += 1
        taken.add(key)
        keys.append(key)
    return keys


def _no_phone_hint(columns: Sequence[str]) -> str:
    found = ", ".join(f'"{column[:40]}"' for column in columns[:20]) or "none"
    return (
        f"No column with phone numbers was found. Columns found: {found}. "
        'Name the phone column "No HP" and upload the file again.'
    )
