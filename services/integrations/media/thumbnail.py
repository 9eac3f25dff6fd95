"""A program that decodes one picture and writes a small copy: `thumbnail.py SOURCE TARGET`.

It imports nothing of the product, so that starting it is cheap.
"""

import os
import resource
import sys
import warnings

SIDE_PX = 320
MEMORY_BYTES = 1024 * 1024 * 1024
CPU_S = 8
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def main(source: str, target: str) -> int:
    """0 when the small copy stands at `target`; it appears there whole or not at all."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    from PIL import Image, ImageOps

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    beside = f"{target}.{os.getpid()}"
    try:
        with Image.open(source, formats=FORMATS) as picture:
            picture.draft("RGB", (SIDE_PX * 2, SIDE_PX * 2))
            picture.thumbnail((SIDE_PX, SIDE_PX))
            upright = ImageOps.exif_transpose(picture)
            has_alpha = upright.has_transparency_data
            small = upright.convert("RGBA" if has_alpha else "RGB")
        small.save(beside, "WEBP", quality=80)
        os.replace(beside, target)
    except (OSError, ValueError, SyntaxError, MemoryError, Warning):
        return 1
    finally:
        if os.path.exists(beside):
            os.unlink(beside)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
