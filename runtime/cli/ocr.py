"""`alir ocr FILE`: print the text of an image or a PDF."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from runtime.cli.up_state import running
from services.integrations.media.store import MAX_BYTES
from services.integrations.ocr import client
from services.integrations.ocr.types import OcrError, Scan
from services.kit.config import Settings
from services.kit.errors import Invalid, ProductError, TooLarge, Unavailable

OK, WRONG_USAGE = 0, 2
TIMEOUT_S = 60.0


def read(file: Path, as_json: bool = False) -> int:
    """Read a file and print its text; 0, or 2 without a file.

    Raises: ProductError when it can't be read, or nothing reads images here.
    """
    if not file.is_file():
        sys.stderr.write(f"alir: there is no file {file}.\n")
        return WRONG_USAGE
    if file.stat().st_size > MAX_BYTES:
        raise TooLarge(
            f"{file} has more than {MAX_BYTES // 1024 // 1024} MB.",
            hint="Make it smaller, or split it.",
        )
    try:
        scan = client.scan_file(reader_url(Settings()), file, TIMEOUT_S)
    except OcrError as error:
        raise _told(error) from error
    except OSError as error:
        raise Invalid(f"{file} can't be read: {error.strerror}.") from error
    if as_json:
        sys.stdout.write(json.dumps(_document(file, scan), ensure_ascii=False) + "\n")
    elif scan.text.strip():
        sys.stdout.write(scan.text.rstrip("\n") + "\n")
    else:
        sys.stderr.write(f"alir: there is no text in {file}.\n")
    return OK


def reader_url(settings: Settings) -> str:
    """Where the installation that runs has its reader, else where the settings say."""
    here = running(settings.var)
    return (here.ocr_url if here else "") or settings.ocr_url


def _document(file: Path, scan: Scan) -> dict[str, object]:
    return {"file": str(file), **asdict(scan), "confidence": round(scan.confidence, 4)}


def _told(error: OcrError) -> ProductError:
    kind = Unavailable if error.temporary else Invalid
    return kind(error.message, code=error.code, hint=error.hint)
