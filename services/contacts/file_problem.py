"""Why a whole contact file can't be read, in words its owner can act on."""

from enum import StrEnum

from services.kit.errors import Invalid


class FileReason(StrEnum):
    EMPTY = "empty"
    WRONG_TYPE = "wrong_type"
    TOO_BIG = "too_big"
    TOO_MANY_ROWS = "too_many_rows"
    UNREADABLE = "unreadable"
    BAD_ENCODING = "bad_encoding"
    NUL_BYTE = "nul_byte"
    LINE_TOO_LONG = "line_too_long"
    UNCLOSED_QUOTE = "unclosed_quote"
    NO_SUCH_SHEET = "no_such_sheet"


_MESSAGES = {
    FileReason.EMPTY: "The file has no rows.",
    FileReason.WRONG_TYPE: "This is not a contact file.",
    FileReason.TOO_BIG: "The file is too big.",
    FileReason.TOO_MANY_ROWS: "The file has too many rows.",
    FileReason.UNREADABLE: "The file is damaged.",
    FileReason.BAD_ENCODING: "The letters of this file can't be read.",
    FileReason.NUL_BYTE: "The file holds a byte that is no text.",
    FileReason.LINE_TOO_LONG: "A line of the file is too long.",
    FileReason.UNCLOSED_QUOTE: "A quotation mark is opened and not closed properly.",
    FileReason.NO_SUCH_SHEET: "The workbook has no such sheet.",
}


class FileProblem(Invalid):
    """A file that is refused as a whole; `line` (from 1) is where, if it is one place."""

    def __init__(self, reason: FileReason, hint: str, line: int | None = None) -> None:
        message = _MESSAGES[reason]
        where = "" if line is None else f" Line {line}."
        super().__init__(message + where, code=f"file_{reason}", hint=hint)
        self.reason = reason
        self.line = line
