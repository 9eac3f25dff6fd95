"""The poster that a customer of the demo photographs: drawn when it is needed."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

SIZE = (900, 640)
LINES = (("TOKO MELATI", 64), ("DISKON GAJIAN 20%", 72), ("sampai akhir bulan", 44))
PAPER, INK = "#fff6e0", "#3a2412"
TURNED = 2.0
"""Degrees: nobody holds a phone straight."""


def draw() -> bytes:
    """A PNG of the poster."""
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((24, 24, SIZE[0] - 24, SIZE[1] - 24), outline=INK, width=6)
    top = 110.0
    for line, size in LINES:
        font = ImageFont.load_default(size)
        width = pen.textlength(line, font=font)
        pen.text(((SIZE[0] - width) / 2, top), line, fill=INK, font=font)
        top += size + 70
    turned = picture.rotate(
        TURNED, expand=True, fillcolor="#8d8d8d", resample=Image.Resampling.BICUBIC
    )
    written = BytesIO()
    turned.save(written, "PNG")
    return written.getvalue()
