"""The doctor's look at the media folder, at who shares it, and at the reader of images."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import redis

from runtime import compose, media_witness
from runtime.cli.findings import Finding, ok, problem, warning
from runtime.cli.ocr import reader_url
from runtime.cli.up_state import running
from runtime.media_witness import Seen
from runtime.processes.supervisor import OCR_PYTHON
from services.integrations.media import shared, store
from services.integrations.ocr import client
from services.integrations.ocr.types import OcrError
from services.kit.config import Settings

OCR_LOOK_S = 2.0
PROBE_S = 10.0
ANOTHER_PROGRAM = ("not_the_reader", "connection_lost", "bad_answer")
"""What a program that is no reader of images makes of our question."""
ROLES = {"Media folder: API": ("api",), "Media folder: workers": ("worker", "slow")}
SHARE_IT = (
    "Mount the same volume in all of them, and set ALIR_MEDIA_ROOT of all (OCR_MEDIA_ROOT of the "
    "reader) to where it is."
)


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


# --------------------------------------------------------------------------- the reader


def reader(settings: Settings) -> Finding:
    """Whether images can be read; nothing needs it but flows that do."""
    what = "Reader of images"
    url = reader_url(settings)
    try:
        health = client.health(url, OCR_LOOK_S)
    except OcrError as error:
        return _no_reader(what, settings, url, error)
    if not health.ready:
        return warning(what, health.said, f"See the log of what runs at {url}.")
    return ok(what, f"{url} answers ({health.engine})")


def _no_reader(what: str, settings: Settings, url: str, error: OcrError) -> Finding:
    if error.code in ANOTHER_PROGRAM:
        port = urlsplit(url).port or 80
        return problem(
            what,
            f"Another program has port {port}: what answers at {url} is not the reader of images.",
            f"Stop it, start with --ocr-port {port + 1}, or set ALIR_OCR_URL to the reader's own "
            "address.",
        )
    here = running(settings.var)
    if here is not None and here.ocr_url:
        return problem(
            what,
            f"It has stopped: {error.message}",
            f"`alir up` starts its own again by itself: see {settings.var}/up.log. Stop and start "
            "`alir up` if it used one that was there before.",
        )
    if not _is_ours(settings):
        return warning(what, error.message, "Start it, or mend ALIR_OCR_URL. Pictures wait for it.")
    if not OCR_PYTHON.exists():
        return warning(
            what,
            "It is not set up: flows can't read pictures.",
            "Run `make setup-ocr`, then `alir up`. Nothing else needs it.",
        )
    return warning(what, "It does not run: pictures wait.", "Start it with `alir up`.")


def _is_ours(settings: Settings) -> bool:
    return bool(settings.ocr_url == Settings.model_fields["ocr_url"].default)


# --------------------------------------------------------------------------- who shares the folder


def shared_folder(settings: Settings) -> Iterator[Finding]:
    """Whether the API, the workers and the reader see the files that stand in this folder."""
    root = settings.media
    if not root.is_dir():
        return  # the line about the folder says it already
    try:
        ours = shared.mark(root)
        probed = _probed(settings)
    except OSError as error:
        yield problem(
            "Media folder",
            f"{root} can't be tried: {error.strerror or error}.",
            "Let this user write there; see ALIR_MEDIA_ROOT.",
        )
        return
    if probed is not None:
        yield probed
    yield from _processes(settings, ours)


def _probed(settings: Settings) -> Finding | None:
    """A picture nobody else knows is put there; the reader has to find and read it.

    None while there is no reader: the line about it says so. Raises: OSError.
    """
    what = "Media folder: reader"
    url = reader_url(settings)
    try:
        if not client.health(url, OCR_LOOK_S).ready:
            return None
    except OcrError:
        return None
    try:
        with shared.probe(settings.media) as path:
            client.scan_shared(url, path, PROBE_S)
    except OcrError as error:
        if error.code in client.NOT_SHARED:
            return warning(
                what,
                f"The reader at {url} does not see the files of {settings.media.absolute()} "
                f"({error.code}): each is sent to it, which is slower.",
                f"{SHARE_IT} Every program must be allowed to read it.",
            )
        if error.temporary:
            return warning(
                what, f"Not tried: {error.message}", "It is busy or starting; look again soon."
            )
        return problem(
            what,
            f"The reader at {url} can't read a plain picture: {error.message}",
            error.hint or "See its log.",
        )
    return ok(what, f"the reader at {url} read a picture that was put there")


def _processes(settings: Settings, ours: str) -> Iterator[Finding]:
    """What the running processes told of their folder, beside ours."""
    connection = compose.redis_client(settings)
    try:
        told = media_witness.told(connection)
    except (redis.RedisError, OSError):
        return  # the line about Redis says it already
    finally:
        connection.close()
    for what, roles in ROLES.items():
        yield seen_by(what, [one for one in told if one.role in roles], ours, str(settings.media))


def seen_by(what: str, seen: Sequence[Seen], ours: str, root: str) -> Finding:
    """Whether all of these processes see our folder."""
    if not seen:
        return warning(
            what,
            "Nobody told what it sees in the last minutes.",
            "Start it (`alir up`, or its service), or look again a minute after it started.",
        )
    for one in seen:
        who = f"{one.role} {one.process}"
        if one.problem:
            return problem(
                what, f"{who} can't use {one.root}: {one.problem}.", "Let it read and write there."
            )
        if one.mark != ours:
            return problem(
                what, f"{who} sees another folder as {one.root} than we as {root}.", SHARE_IT
            )
    return ok(what, f"{', '.join(f'{one.role} {one.process}' for one in seen)} see this folder")
