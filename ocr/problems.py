"""Everything a scan can be refused for, each with what is wrong and the way out."""

from dataclasses import asdict, dataclass
from typing import Any

from ocr import limits


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is not a text. What has a time to come back may be tried again."""

    status: int
    code: str
    message: str
    hint: str

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Refused(Exception):
    """A scan that ends without a text."""

    def __init__(self, problem: Problem, *, retry_after_s: int | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.retry_after_s = retry_after_s


def refuse(
    status: int, code: str, message: str, hint: str, *, retry_after_s: int | None = None
) -> Refused:
    return Refused(Problem(status, code, message, hint), retry_after_s=retry_after_s)


def too_large(size_bytes: int | None = None) -> Refused:
    most = limits.FILE_BYTES_MAX // limits.MEGABYTE
    has = "The file" if size_bytes is None else f"The file has {size_bytes:,} bytes and"
    return refuse(
        413,
        "too_large",
        f"{has} is larger than {most} MB.",
        "Send a smaller picture or fewer pages.",
    )


def too_many_pixels(
    width: int, height: int, place: str = "The image", most: int = limits.IMAGE_PIXELS_MAX
) -> Refused:
    return refuse(
        413,
        "too_many_pixels",
        f"{place} has {width} x {height} pixels; at most {most / 1_000_000:g} million are read.",
        "Make it smaller: text is readable from about 150 dots an inch.",
    )


def too_long_side(width: int, height: int, place: str = "The image") -> Refused:
    return refuse(
        413,
        "too_long_side",
        f"{place} has {width} x {height} pixels; a side may have {limits.SIDE_PIXELS_MAX:,}.",
        "Cut it into parts, or make it smaller.",
    )


def too_narrow(width: int, height: int, place: str = "The image") -> Refused:
    return refuse(
        422,
        "too_narrow",
        f"{place} has {width} x {height} pixels; one side may be {limits.SIDES_RATIO_MAX} times "
        "the other.",
        "Send the part that holds the text.",
    )


def too_many_pages(pages: int) -> Refused:
    return refuse(
        413,
        "too_many_pages",
        f"The document has {pages} pages; at most {limits.PAGES_MAX} are read.",
        "Split it and send the parts.",
    )


def too_many_lines(most: int, place: str = "The document") -> Refused:
    return refuse(
        413,
        "too_many_lines",
        f"{place} has more than {most:,} lines of text.",
        "Split it and send the parts.",
    )


def empty() -> Refused:
    return refuse(422, "empty_file", "The file is empty.", "Send it again; it may have been cut.")


def unsupported(what: str) -> Refused:
    return refuse(
        415,
        "unsupported_type",
        f"The content is {what}, whatever its name says.",
        "Send PNG, JPEG, WebP, GIF, BMP, TIFF or PDF.",
    )


def corrupt(what: str, place: str = "", reason: str = "") -> Refused:
    where = f", {place}" if place else ""
    why = f": {reason.strip().rstrip('.')[:200]}" if reason else ""
    return refuse(
        422,
        f"corrupt_{what.lower()}",
        f"The {what} is damaged or cut short{where}{why}.",
        "Open it on a computer, save it again and send that.",
    )


def needs_password() -> Refused:
    return refuse(
        422, "password_pdf", "The PDF is locked with a password.", "Send a copy without a password."
    )


def outside(path: str, why: str) -> Refused:
    return refuse(
        403,
        "outside_media_folder",
        f"{path!r} {why}.",
        "Name a file inside the media folder, relative to it, without links.",
    )


def not_found(path: str) -> Refused:
    return refuse(
        404,
        "file_not_found",
        f"There is no file {path!r} in the media folder.",
        "Check OCR_MEDIA_ROOT: both programs must see the same folder.",
    )


def not_a_file(path: str) -> Refused:
    return refuse(422, "not_a_file", f"{path!r} is not an ordinary file.", "Name a file.")


def unreadable(path: str) -> Refused:
    return refuse(
        403,
        "not_permitted",
        f"{path!r} may not be read by this program.",
        "Let the user that runs it read the media folder.",
    )


def bad_request(code: str, message: str, hint: str, status: int = 422) -> Refused:
    return refuse(status, code, message, hint)


def busy(waiting: int) -> Refused:
    return refuse(
        503,
        "busy",
        f"One scan is running and {waiting} are waiting.",
        "Try again after the seconds in Retry-After.",
        retry_after_s=5,
    )


def slow_body() -> Refused:
    return refuse(
        408,
        "slow_body",
        f"The request was not complete after {limits.BODY_LIMIT_S:g} s.",
        "Send it again, over a faster line or smaller.",
    )


def gone() -> Refused:
    """Nobody hears this one: the asker hung up while waiting."""
    return refuse(499, "gone", "The request was given up while it waited.", "Ask again.")


def starting() -> Refused:
    return refuse(
        503,
        "starting",
        "The reader is still starting.",
        "Try again after the seconds in Retry-After.",
        retry_after_s=5,
    )


def models_missing(what: str) -> Refused:
    return refuse(
        503,
        "models_missing",
        f"Models are missing: {what}.",
        "Run scripts/setup_ocr.sh, or point OCR_MODELS_DIR to the folder that holds them.",
        retry_after_s=30,
    )


def engine_broken(reason: str) -> Refused:
    return refuse(
        503,
        "engine_broken",
        f"The engine did not start: {reason}",
        "See the program's log; scripts/setup_ocr.sh makes its environment again.",
        retry_after_s=30,
    )


def engine_failed(error: str) -> Refused:
    return refuse(
        500,
        "engine_failed",
        f"The engine failed on this file ({error}).",
        "See the program's log; another picture of the same text may work.",
    )


def page_too_slow(page: int, limit_s: float) -> Refused:
    return refuse(
        504,
        "time_limit",
        f"Reading page {page} took more than {limit_s:.3g} s of processor time and was stopped.",
        "Send that page smaller, or the others without it.",
    )


def document_too_slow(page: int, limit_s: float) -> Refused:
    return refuse(
        504,
        "time_limit",
        f"Reading the document took more than {limit_s:g} s of processor time and was stopped at "
        f"page {page}.",
        "Send fewer pages or a smaller picture.",
    )


def starved(page: int, spent_s: float, passed_s: float) -> Refused:
    """No fault of the document: other programs had the processors, or the reader hung."""
    return refuse(
        504,
        "starved",
        f"Reading page {page} got {spent_s:.2g} s of processor time in {passed_s:.3g} s and was "
        "stopped.",
        "The machine is busy: try again after the seconds in Retry-After.",
        retry_after_s=15,
    )


def crashed(page: int) -> Refused:
    return refuse(
        422,
        "crashes_reader",
        f"Reading this file ended the reader twice, on page {page}.",
        "Open it on a computer, save it again and send that.",
    )


def too_much_memory(page: int, most_bytes: int) -> Refused:
    return refuse(
        413,
        "too_much_memory",
        f"Reading page {page} would take more than {most_bytes // limits.MEGABYTE} MB of memory.",
        "Send a smaller picture, or the pages as pictures.",
    )
