"""Excel workbooks as rows, after a look at what they would unpack to."""

import re
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from services.contacts.file_problem import FileProblem, FileReason
from services.contacts.text_files import MOST_LINES, Opener, Row, without_text_mark

MOST_ENTRIES = 200
MOST_UNPACKED_BYTES = 100 * 1024 * 1024
LARGEST_RATIO = 100
SMALLEST_SUSPECT_BYTES = 1024 * 1024  # below this no ratio is a bomb
MOST_CELLS = 5_000_000
LARGEST_EXACT_FLOAT = 2**53
CHUNK_BYTES = 1 << 16

_SAVE_AGAIN = 'Open it in Excel and choose "Save as", type "Excel Workbook (.xlsx)" or "CSV UTF-8".'
_SPLIT = "Keep only the columns and rows of contacts, or split it into several files."

Cell = int | float | str | bool | time | date | datetime | timedelta


def check_workbook(open_file: Opener) -> None:
    """Refuse what would fill the memory, before anything is unpacked for good.

    Sizes are counted while unpacking, as a zip directory may say anything, and the outermost cells
    are noted: the reader keeps a full rectangle, so two cells in far corners are a bomb as well.

    Raises: FileProblem.
    Source: reliability and security study, S30: <= 200 entries, <= 100 MB, ratio <= 100.
    """
    with open_file() as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise FileProblem(FileReason.UNREADABLE, _SAVE_AGAIN) from error
        if "xl/workbook.xml" not in {entry.filename for entry in entries}:
            hint = "Upload a CSV, TXT or Excel (.xlsx) file."
            raise FileProblem(FileReason.WRONG_TYPE, hint)
        packed_bytes = sum(entry.compress_size for entry in entries)
        if len(entries) > MOST_ENTRIES:
            raise FileProblem(FileReason.TOO_BIG, _SPLIT)
        unpacked_bytes = 0
        for entry in entries:
            extent = _Extent()
            for piece in _unpacked(file, entry):
                unpacked_bytes += len(piece)
                _check_size(unpacked_bytes, packed_bytes)
                if entry.filename.startswith("xl/worksheets/"):
                    extent.add(piece)


def visible_sheets(workbook: CalamineWorkbook) -> tuple[str, ...]:
    return tuple(
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    )


def open_workbook(open_file: Opener) -> CalamineWorkbook:
    try:
        with open_file() as file:  # read whole at once: packed, it is small
            return CalamineWorkbook.from_filelike(file)
    except CalamineError as error:
        raise FileProblem(FileReason.UNREADABLE, _SAVE_AGAIN) from error


def choose_sheet(workbook: CalamineWorkbook, wanted: str | None) -> CalamineSheet:
    """The wanted sheet, or the first visible one with cells.

    Raises: FileProblem for a name that isn't there and for a workbook without cells.
    """
    names = visible_sheets(workbook)
    if wanted is not None and wanted not in names:
        raise FileProblem(FileReason.NO_SUCH_SHEET, f"Its sheets are: {', '.join(names)}.")
    for name in names if wanted is None else (wanted,):
        try:
            sheet = workbook.get_sheet_by_name(name)
        except CalamineError as error:
            raise FileProblem(FileReason.UNREADABLE, _SAVE_AGAIN) from error
        if sheet.height:
            return sheet
    raise FileProblem(FileReason.EMPTY, "Fill in a header and at least one row, and try again.")


def sheet_rows(sheet: CalamineSheet) -> Generator[Row, None, None]:
    """Each row with the number Excel shows beside it; every cell as text, numbers exact."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, [cell_text(cell) for cell in cells]


def cell_text(cell: Cell) -> str:
    """What a cell says: 6281234567890.0 -> "6281234567890", never in scientific notation.

    Beyond 2**53 a number cell has lost digits; it stays scientific, so that nobody takes it for
    a phone number.
    """
    if isinstance(cell, str):
        return without_text_mark(cell)
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) <= LARGEST_EXACT_FLOAT
        return str(int(cell)) if whole else repr(cell)
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    return str(cell)


def _check_size(unpacked_bytes: int, packed_bytes: int) -> None:
    ratio = unpacked_bytes / max(packed_bytes, 1)
    suspect = unpacked_bytes > SMALLEST_SUSPECT_BYTES and ratio > LARGEST_RATIO
    if suspect or unpacked_bytes > MOST_UNPACKED_BYTES:
        raise FileProblem(FileReason.TOO_BIG, _SPLIT)


_LOCAL_HEADER = struct.Struct("<4s22xHH")


def _unpacked(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of an entry in small pieces, whatever its declared size."""
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or entry.flag_bits & 1:
        raise FileProblem(FileReason.UNREADABLE, f"It may have a password. {_SAVE_AGAIN}")
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    file.seek(name_bytes + extra_bytes, 1)
    left = entry.compress_size
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while left > 0 and (packed := file.read(min(CHUNK_BYTES, left))):
        left -= len(packed)
        if entry.compress_type == zipfile.ZIP_STORED:
            yield packed
            continue
        if entry.compress_type != zipfile.ZIP_DEFLATED:
            raise FileProblem(FileReason.UNREADABLE, _SAVE_AGAIN)
        while packed:
            try:
                piece = inflate.decompress(packed, CHUNK_BYTES)
            except zlib.error as error:
                raise FileProblem(FileReason.UNREADABLE, _SAVE_AGAIN) from error
            yield piece
            packed = inflate.unconsumed_tail


_CELL_PLACE = re.compile(rb"""\sr=["']([A-Z]{0,3})(\d{1,7})["']""")
_LONGEST_PLACE_BYTES = 16


class _Extent:
    """The outermost row and column of one sheet, while it streams by."""

    def __init__(self) -> None:
        self.rows = 0
        self.columns = 0
        self.rest = b""

    def add(self, piece: bytes) -> None:
        text = self.rest + piece
        self.rest = text[-_LONGEST_PLACE_BYTES:]
        for letters, digits in set(_CELL_PLACE.findall(text)):
            self.rows = max(self.rows, int(digits))
            self.columns = max(self.columns, _column_number(letters))
        if self.rows > MOST_LINES:
            raise FileProblem(FileReason.TOO_MANY_ROWS, _SPLIT)
        if self.rows * self.columns > MOST_CELLS:
            raise FileProblem(FileReason.TOO_BIG, _SPLIT)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
