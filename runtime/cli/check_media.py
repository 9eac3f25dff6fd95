"""The doctor's look at the folder of media files, and at the program that reads images."""

from runtime.cli.findings import Finding, ok, problem, warning
from runtime.processes.supervisor import OCR_PYTHON
from services.integrations.media import store
from services.integrations.ocr import client
from services.integrations.ocr.types import OcrError
from services.kit.config import Settings

OCR_LOOK_S = 2.0


def folder(settings: Settings) -> Finding:
    """Whether files can be kept, and read by those who share the folder."""
    what = "Media files"
    root = settings.media
    if not settings.media_root and not root.exists():
        return ok(what, f"{root} will be made with the first file")
    found = store.check(root)
    if found:
        return problem(
            what,
            " ".join(found),
            "Let Alir write there and every program read it; see ALIR_MEDIA_ROOT.",
        )
    return ok(what, f"{root} can be read and written")


def reader(settings: Settings) -> Finding:
    """Whether images can be read; nothing needs it but flows that do."""
    what = "Reader of images"
    is_ours = settings.ocr_url == Settings.model_fields["ocr_url"].default
    try:
        health = client.health(settings.ocr_url, OCR_LOOK_S)
    except OcrError as error:
        if is_ours and not OCR_PYTHON.exists():
            return ok(what, "not set up; `make setup-ocr` adds it")
        if is_ours:
            return ok(what, "does not run now; `alir up` starts it")
        return warning(what, error.message, "Start it, or mend ALIR_OCR_URL. Pictures wait for it.")
    if not health.ready:
        return warning(what, health.said, f"See the log of what runs at {settings.ocr_url}.")
    return ok(what, f"{settings.ocr_url} answers ({health.engine})")
