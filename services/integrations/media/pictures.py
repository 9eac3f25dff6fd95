"""Pictures: their size without decoding them, and small copies made in a process that may die."""

import subprocess
import sys
import threading
from pathlib import Path

from services.integrations.media.problem import MediaProblem

MAX_PIXELS = 25_000_000
MAX_SIDE_PX = 12_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
THUMBNAIL_S = 10.0
THUMBNAILS_AT_ONCE = 2
_CHILD = Path(__file__).with_name("thumbnail.py")
_turns = threading.BoundedSemaphore(THUMBNAILS_AT_ONCE)


def size_px(path: Path) -> tuple[int, int]:
    """Width and height as the header tells them; nothing is decoded.

    Raises: MediaProblem for a header that can't be read, and for a picture that would fill the
    memory of whoever decodes it: a PNG of 20 KB may hold 169 million pixels.
    """
    from PIL import Image

    # Pillow's own guard warns where we refuse, and refuses only far above our limit.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path, formats=FORMATS) as picture:
            width, height = picture.size
    except (OSError, ValueError, SyntaxError) as error:
        raise MediaProblem(
            "broken_picture",
            "This picture can't be read.",
            "Open it on your computer, save it again, and send that.",
        ) from error
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
        raise MediaProblem(
            "picture_too_large",
            f"This picture has {width} x {height} pixels.",
            f"Make it smaller: at most {MAX_PIXELS // 1_000_000} million pixels and "
            f"{MAX_SIDE_PX:,} on a side.",
        )
    return width, height


def make_thumbnail(source: Path, target: Path) -> bool:
    """Write a small copy of a picture; False when none can be made, or not in time.

    Decoding runs in a child with bounded memory and time: no picture can end this process.
    """
    with _turns:
        if target.exists():
            return target.stat().st_size > 0
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(_CHILD), str(source), str(target)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=THUMBNAIL_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0
