"""The printed form of a link: its address as a QR code."""

from io import BytesIO
from urllib.parse import quote

import segno

BORDER = 4
"""Empty modules around the code; with fewer, readers fail."""
DOTS_PER_INCH = 300
MM_PER_INCH = 25.4
SIZE_MM_LEAST, SIZE_MM_MOST, SIZE_MM = 15, 300, 50


def address(base_url: str, slug: str, src: str | None) -> str:
    """The address to print; `src` names where it hangs and comes back with each click."""
    return f"{base_url}/link/{slug}" + (f"?src={quote(src, safe='')}" if src else "")


def png(text: str, size_mm: int) -> bytes:
    """A picture of about that size when printed at 300 dots an inch; modules are whole dots."""
    code = segno.make(text, micro=False, error="m")
    modules = code.symbol_size(border=BORDER)[0]
    scale = max(1, round(size_mm / MM_PER_INCH * DOTS_PER_INCH / modules))
    out = BytesIO()
    code.save(out, kind="png", scale=scale, border=BORDER, dpi=DOTS_PER_INCH)
    return out.getvalue()


def svg(text: str, size_mm: int) -> bytes:
    """A drawing of exactly that size."""
    code = segno.make(text, micro=False, error="m")
    scale = size_mm / code.symbol_size(border=BORDER)[0]
    out = BytesIO()
    code.save(
        out,
        kind="svg",
        scale=scale,
        border=BORDER,
        unit="mm",
        light="#fff",
        svgclass=None,
        lineclass=None,
    )
    return out.getvalue()
