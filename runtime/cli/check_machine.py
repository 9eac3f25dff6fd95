"""The doctor's look at this machine: Python, disk, folder, clock and ports."""

import errno
import shutil
import socket
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runtime.cli.database import FolderNotWritable, make_folder
from runtime.cli.findings import Finding, ok, problem, warning
from services.kit.config import Settings

PYTHON_LEAST = (3, 11)
DISK_LEAST_BYTES = 200 * 1024 * 1024
DISK_WARNING_BYTES = 1024 * 1024 * 1024
BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows a time before this."""
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
SOCKET_NAME_MOST = 100
"""Bytes: a unix socket's path may have 107."""


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    shown = ".".join(map(str, version))
    if version[:2] < PYTHON_LEAST:
        return problem("Python", f"{shown} is too old.", "Install Python 3.11 or newer.")
    return ok("Python", shown)


def disk(settings: Settings, free_bytes: int | None = None) -> Finding:
    folder = next(
        path
        for path in (settings.var.absolute(), *settings.var.absolute().parents)
        if path.exists()
    )
    free = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    shown = f"{free / 1024**3:.1f} GB free for {settings.var}"
    mend = "Delete what is not needed, or put the folder elsewhere with ALIR_VAR."
    if free < DISK_LEAST_BYTES:
        return problem("Disk", f"Only {shown}: nothing can be saved soon.", mend)
    if free < DISK_WARNING_BYTES:
        return warning("Disk", f"Only {shown}.", mend)
    return ok("Disk", shown)


def folder(settings: Settings) -> Finding:
    try:
        made = make_folder(settings)
    except FolderNotWritable as error:
        return problem("Folder", error.message, error.hint)
    return ok("Folder", f"{made.absolute()} can be written")


def clock(settings: Settings, now: datetime | None = None) -> Finding:
    """The time is plausible and the zones of Indonesia are known."""
    moment = now or datetime.now(UTC)
    if moment < BUILT:
        return problem(
            "Clock",
            f"This machine believes it is {moment:%Y-%m-%d %H:%M} UTC.",
            "Set the clock, and switch on time synchronisation (timedatectl set-ntp true).",
        )
    try:
        local = moment.astimezone(ZoneInfo(ZONES[0]))
        for name in ZONES[1:]:
            ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        return problem("Clock", f"Time zones are missing ({error}).", "Install the package tzdata.")
    if settings.time_scale != 1:
        return warning(
            "Clock",
            f"{local:%Y-%m-%d %H:%M} WIB, but waits are {settings.time_scale:g} times shorter.",
            "Remove ALIR_TIME_SCALE before real people are written to.",
        )
    return ok("Clock", f"{local:%Y-%m-%d %H:%M} WIB; zones of Indonesia are known")


def embedded(settings: Settings) -> Finding:
    """The programs that come with Alir, when no Redis is set."""
    from runtime.processes import embedded_redis
    from services.kit.errors import Unavailable

    what = "Embedded Redis"
    if settings.redis_url:
        return ok(what, "not used: ALIR_REDIS_URL is set")
    try:
        embedded_redis.command(settings.var / "valkey")
    except Unavailable as error:
        return problem(what, error.message, error.hint)
    if len(str(embedded_redis.socket(settings.var / "valkey"))) > SOCKET_NAME_MOST:
        return problem(
            what, f"{settings.var.absolute()} is too long a name.", "Choose a shorter ALIR_VAR."
        )
    if embedded_redis.search_module() is None:
        return warning(
            what,
            "installed, without RediSearch on this platform.",
            "Nothing breaks: knowledge is searched in memory. For large ones set ALIR_REDIS_URL "
            "to a Redis Stack.",
        )
    return ok(what, "installed, with RediSearch")


def port(number: int, what: str, ours: str, option: str) -> Finding:
    """Free, ours, or somebody else's; `ours` is the address of what runs in the var folder."""
    title = f"Port {number}"
    if ours.endswith(f":{number}"):
        return ok(title, f"{what} of Alir runs there")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", number))
        except OSError as error:
            said = "This user may not use it"
            if error.errno == errno.EADDRINUSE:
                said = "Another program uses it"
            return problem(
                title,
                f"{said}, so {what} can't start.",
                f"Stop that program, or start with {option} {number + 1}.",
            )
    return ok(title, f"free for {what}")
