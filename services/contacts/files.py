"""Contact files as rows: what kind a file is, how it is written, and which column is what."""

import io
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath
from types import TracebackType
from typing import BinaryIO, Self

from domain.contact_rows import (
    SAMPLE_ROWS,
    ColumnGuess,
    ColumnMapping,
    NoPhoneColumn,
    guess_columns,
    is_phone_title,
)
from services.contacts import text_files, workbook_files
from services.contacts.file_problem import FileProblem, FileReason
from services.contacts.text_files import Opener, Row

__all__ = ["FileProblem", "FileReason", "Rows", "open_rows"]

LARGEST_FILE_BYTES = 100 * 1024 * 1024
PREVIEW_ROWS = 20

_TEXT_ENDINGS = frozenset([".csv", ".tsv", ".txt", ""])
_WORKBOOK_ENDINGS = frozenset([".xlsx", ".xlsm"])
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_NO_TEXT = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")
_MARKUP = (b"<html", b"<!doctype", b"<?xml", b"<table", b"begin:vcard", b"{\\rtf")
_UPLOAD_OTHER = "Upload a CSV, TXT or Excel (.xlsx) file."
_FILL_IN = "Fill in a header and at least one row, and try again."


@dataclass(slots=True)
class Rows:
    """An open contact file. Iterate once for every row (the header too), then close it.

    Rows are (number as a spreadsheet shows it, cells). What doesn't apply is None: a workbook has
    a `sheet` and no `encoding`, a plain list has no `delimiter`. Iterating raises FileProblem, with
    the line, where a text file is broken.
    """

    rows: Generator[Row, None, None]
    guess: ColumnGuess | NoPhoneColumn
    preview: tuple[Row, ...]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        return self.rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.rows.close()


def open_rows(
    source: str | Path | bytes,
    filename: str,
    *,
    region: str = "ID",
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Rows:
    """Open a contact file and guess how it is written.

    `source` is a path or the content; `filename` is what the user called it, and only its ending
    counts. `delimiter` and `sheet` overrule the guesses, as a user may in the preview.

    Raises: FileProblem when the file as a whole is no use.
    """
    opener = _opener(source)
    with opener() as file:
        start = file.read(512)
        size_bytes = file.seek(0, io.SEEK_END)
    ending = PurePath(filename).suffix.casefold()
    if size_bytes > LARGEST_FILE_BYTES:
        hint = f"At most {LARGEST_FILE_BYTES // 2**20} MB. Split it into several files."
        raise FileProblem(FileReason.TOO_BIG, hint)
    if not start.strip():
        raise FileProblem(FileReason.EMPTY, _FILL_IN)
    _check_type(start, ending)
    if start.startswith(_ZIP):
        return _open_workbook(opener, region, sheet)
    if ending == ".txt" and delimiter is None:
        return _open_list(opener, region)
    return _open_delimited(opener, region, delimiter)


def _opener(source: str | Path | bytes) -> Opener:
    def open_file() -> BinaryIO:
        return io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb")

    return open_file


def _check_type(start: bytes, ending: str) -> None:
    if start.startswith(_OLD_EXCEL):
        hint = (
            "It is an old Excel file (.xls) or has a password. Open it in Excel and choose "
            '"Save as", type "Excel Workbook (.xlsx)", without a password.'
        )
        raise FileProblem(FileReason.WRONG_TYPE, hint)
    if start.startswith(_ZIP):
        return
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_NO_TEXT) or text.startswith(_MARKUP):
        raise FileProblem(FileReason.WRONG_TYPE, _UPLOAD_OTHER)
    if ending in _WORKBOOK_ENDINGS:
        hint = f"It is called {ending} but is no Excel workbook. {_UPLOAD_OTHER}"
        raise FileProblem(FileReason.WRONG_TYPE, hint)
    if ending not in _TEXT_ENDINGS:
        raise FileProblem(FileReason.WRONG_TYPE, _UPLOAD_OTHER)


def _open_delimited(opener: Opener, region: str, delimiter: str | None) -> Rows:
    encoding = text_files.sniff_encoding(opener)
    chosen = delimiter or text_files.sniff_delimiter(text_files.first_lines(opener, encoding))
    sample = _sample(text_files.delimited_rows(opener, encoding, chosen))
    guess = guess_columns(sample, region)
    _check_not_empty(sample, guess)
    return Rows(
        text_files.delimited_rows(opener, encoding, chosen),
        guess,
        tuple(sample[:PREVIEW_ROWS]),
        encoding=encoding,
        delimiter=chosen,
    )


def _open_list(opener: Opener, region: str) -> Rows:
    """A text file: a table if its first line names a phone column, else one person a line."""
    encoding = text_files.sniff_encoding(opener)
    lines = [line for line in text_files.first_lines(opener, encoding) if line.strip()]
    titles = lines[0].strip().split(text_files.sniff_delimiter(lines)) if lines else []
    if any(is_phone_title(title.strip(' "')) for title in titles):
        return _open_delimited(opener, region, None)
    sample = _sample(text_files.listed_rows(opener, encoding))
    guess = ColumnGuess(("Phone", "Name"), ColumnMapping(phone=0, name=1))
    _check_not_empty(sample, guess)
    rows = text_files.listed_rows(opener, encoding)
    return Rows(rows, guess, tuple(sample[:PREVIEW_ROWS]), encoding=encoding)


def _open_workbook(opener: Opener, region: str, wanted: str | None) -> Rows:
    workbook_files.check_workbook(opener)
    workbook = workbook_files.open_workbook(opener)
    sheet = workbook_files.choose_sheet(workbook, wanted)
    sample = _sample(workbook_files.sheet_rows(sheet))
    guess = guess_columns(sample, region)
    _check_not_empty(sample, guess)
    return Rows(
        workbook_files.sheet_rows(sheet),
        guess,
        tuple(sample[:PREVIEW_ROWS]),
        sheet=sheet.name,
        sheets=workbook_files.visible_sheets(workbook),
    )


def _sample(rows: Generator[Row, None, None]) -> list[Row]:
    with closing(rows):
        return list(islice(rows, SAMPLE_ROWS))


def _check_not_empty(sample: list[Row], guess: ColumnGuess | NoPhoneColumn) -> None:
    header_row = guess.mapping.header_row if isinstance(guess, ColumnGuess) else 0
    if len(sample) == SAMPLE_ROWS:
        return
    if not any(cell.strip() for number, cells in sample if number > header_row for cell in cells):
        raise FileProblem(FileReason.EMPTY, _FILL_IN)
