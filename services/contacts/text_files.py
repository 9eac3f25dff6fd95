"""Text files as rows, one line at a time: CSV of any spelling, and plain lists of numbers."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import BinaryIO

from services.contacts.file_problem import FileProblem, FileReason

Opener = Callable[[], BinaryIO]
Row = tuple[int, list[str]]

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE_CHARS = 131_072  # and the csv module's longest cell
MOST_LINES = 1_048_576  # what a spreadsheet holds
MOST_LINES_IN_ONE_RECORD = 100
SAMPLE_LINES = 50
CHUNK_BYTES = 1 << 18

_SAVE_AS_UTF8 = 'In Excel choose "Save as", type "CSV UTF-8", and upload that file.'
_UNDEFINED_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def sniff_encoding(open_file: Opener) -> str:
    """The encoding of a text file: by its mark, else UTF-8 if all of it is, else CP1252.

    Reads the whole file in pieces, so that a letter in the last row can't break an import that
    is under way; checks its number of lines too.
    Raises: FileProblem for bytes that are no text and for too many lines.
    """
    fits_cp1252, lines = True, 0
    with closing(open_file()) as file:
        marked = _encoding_by_mark(file.read(4))
        decoder: codecs.IncrementalDecoder | None
        decoder = codecs.getincrementaldecoder(marked or "utf-8")()
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            if marked is None and b"\0" in chunk:
                raise _nul_byte(lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1)
            lines += chunk.count(b"\n")
            decoder = decoder if decoder is not None and _decodes(decoder, chunk) else None
            fits_cp1252 = fits_cp1252 and not _UNDEFINED_IN_CP1252.search(chunk)
    if lines > MOST_LINES:
        hint = f"Split it into files of at most {MOST_LINES:,} rows."
        raise FileProblem(FileReason.TOO_MANY_ROWS, hint)
    if decoder is not None and _decodes(decoder, b"", final=True):
        return marked or "utf-8"
    if marked is None and fits_cp1252:
        return "cp1252"
    raise FileProblem(FileReason.BAD_ENCODING, _SAVE_AS_UTF8)


def sniff_delimiter(lines: Sequence[str]) -> str:
    """The sign that cuts the most lines into the same number of cells; a comma when none does."""
    announced = _ANNOUNCED_DELIMITER.fullmatch(lines[0]) if lines else None
    if announced is not None:
        return announced[1]
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells]
        except csv.Error:  # a quotation mark that never closes: reading the rows names its line
            continue
        usual = max(set(widths), key=widths.count, default=1)
        share = widths.count(usual) / len(widths) if widths else 0.0
        if usual > 1 and share >= 0.5 and (share, usual) > best_score:
            best, best_score = delimiter, (share, usual)
    return best


def first_lines(open_file: Opener, encoding: str) -> list[str]:
    with closing(_lines(open_file, encoding)) as lines:
        return list(islice(lines, SAMPLE_LINES))


# "sep=;" in the first line, as Excel writes and hides it
_ANNOUNCED_DELIMITER = re.compile(r"\"?sep=([,;\t|])\"?[,;\t|]*\s*", re.IGNORECASE)


def delimited_rows(open_file: Opener, encoding: str, delimiter: str) -> Generator[Row, None, None]:
    """Each record with its number, as a spreadsheet would number it; blank lines count.

    Raises: FileProblem, with the line, for what can't be cut into cells safely.
    """
    record: list[str] = []
    record_line = 1
    with closing(_lines(open_file, encoding)) as lines:
        reader = csv.reader(_remembered(lines, record), delimiter=delimiter)
        number = 0
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise _line_too_long(reader.line_num) from error
            except _TooManyLines as error:
                raise _unclosed_quote(record_line) from error
            if cells is None:
                return
            if len(record) > 1 and not _is_well_quoted(record, delimiter):
                raise _unclosed_quote(record_line)
            number += 1
            if number > 1 or not _ANNOUNCED_DELIMITER.fullmatch(record[0]):
                yield number, [without_text_mark(cell) for cell in cells]
            record.clear()
            record_line = reader.line_num + 1


def listed_rows(open_file: Opener, encoding: str) -> Generator[Row, None, None]:
    """A plain list, one person a line: [number, name]. The name may stand on either side.

    Several numbers on one line, parted by commas, become rows of their own.
    """
    number = 0
    with closing(_lines(open_file, encoding)) as lines:
        for line in lines:
            for cells in _people(without_text_mark(line.strip())):
                number += 1
                yield number, cells


def without_text_mark(cell: str) -> str:
    """Without the one apostrophe that marks text in a spreadsheet (and that our exports add)."""
    return cell[1:] if cell[:1] == "'" else cell


_LIST_NUMBER = re.compile(r"\d{1,3}[.)]\s+(?=\S)")
_NUMBER_THEN_NAME = re.compile(
    r"([+(]?\d[\d\s().+-]*\d)[\s,;:|-]*(?:\s|[,;:|])[\s,;:|-]*([^\d\s].*)"
)
_NAME_THEN_NUMBER = re.compile(r"([^\d+(].*?)[\s,;:|-]+([+(]?\d[\d\s().-]{6,}\d)")
_ONLY_NUMBER = re.compile(r"[\s+(]*\d[\d\s().-]{7,}")
LONGEST_LISTED_CHARS = 300


def _people(line: str) -> list[list[str]]:
    if len(line) > LONGEST_LISTED_CHARS and "," not in line and ";" not in line:
        return [[line, ""]]
    line = _LIST_NUMBER.sub("", line, count=1) if _LIST_NUMBER.match(line) else line
    pieces = [piece for piece in re.split(r"[,;]", line) if piece.strip()]
    if len(pieces) > 1 and all(_ONLY_NUMBER.fullmatch(piece) for piece in pieces):
        return [[piece.strip(), ""] for piece in pieces]
    if len(line) > LONGEST_LISTED_CHARS:
        return [[line, ""]]
    if found := _NUMBER_THEN_NAME.fullmatch(line):
        return [[found[1], found[2].strip()]]
    if found := _NAME_THEN_NUMBER.fullmatch(line):
        return [[found[2], found[1].strip()]]
    return [[line, ""]]


def _lines(open_file: Opener, encoding: str) -> Generator[str, None, None]:
    number = 0
    with io.TextIOWrapper(open_file(), encoding, newline="") as text:
        while line := text.readline(LONGEST_LINE_CHARS + 1):
            number += 1
            if len(line) > LONGEST_LINE_CHARS:
                raise _line_too_long(number)
            if "\0" in line:
                raise _nul_byte(number)
            yield line.removeprefix("\ufeff") if number == 1 else line


class _TooManyLines(Exception):
    """One record runs on and on, so its quotation mark is never closed."""


def _remembered(lines: Iterator[str], record: list[str]) -> Iterator[str]:
    for line in lines:
        if len(record) == MOST_LINES_IN_ONE_RECORD:
            raise _TooManyLines
        record.append(line)
        yield line


def _is_well_quoted(record: list[str], delimiter: str) -> bool:
    """Whether a record over several lines was meant as one.

    A forgotten quotation mark swallows the rows after it up to the next mark or the end of the
    file. The lenient reader takes that for one long cell; the strict one doesn't.
    """
    try:
        return len(list(csv.reader(record, delimiter=delimiter, strict=True))) == 1
    except csv.Error:
        return False


def _encoding_by_mark(start: bytes) -> str | None:
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileProblem(FileReason.BAD_ENCODING, _SAVE_AS_UTF8)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    return "utf-16-be" if start.startswith(codecs.BOM_UTF16_BE) else None


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _nul_byte(line: int) -> FileProblem:
    return FileProblem(FileReason.NUL_BYTE, f"The file may be damaged. {_SAVE_AS_UTF8}", line)


def _line_too_long(line: int) -> FileProblem:
    hint = f"A line may have {LONGEST_LINE_CHARS:,} characters. Is this a list of contacts?"
    return FileProblem(FileReason.LINE_TOO_LONG, hint, line)


def _unclosed_quote(line: int) -> FileProblem:
    hint = 'Look for a single " in this line, remove it, and upload the file again.'
    return FileProblem(FileReason.UNCLOSED_QUOTE, hint, line)
