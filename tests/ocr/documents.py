"""Documents that a test needs and no library has to make: small PDFs and PNGs, byte by byte."""

import struct
import zlib
from collections.abc import Sequence


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A grey PNG; its data are `rows` compressed, whatever the header promises."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def blank_png(width: int, height: int) -> bytes:
    return png(width, height, (b"\0" + b"\xff" * width) * height)


def pdf(
    contents: Sequence[bytes],
    *,
    box: str = "0 0 595 842",
    trailer: str = "",
    coded: bool = False,
    resources: str = "",
    more: Sequence[bytes] = (),
) -> bytes:
    """One page a content stream, with Helvetica as /F1. `coded`: the streams are deflated. `more`:
    further objects, numbered after the pages and their streams."""
    count = len(contents)
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(count))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {count}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    coding = "/Filter/FlateDecode" if coded else ""
    for at, content in enumerate(contents):
        page = f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {5 + 2 * at} 0 R"
        bodies.append(f"{page}/Resources<</Font<</F1 3 0 R>>{resources}>>>>".encode())
        head = f"<</Length {len(content)}{coding}>>stream\n".encode()
        bodies.append(head + content + b"\nendstream")
    bodies += more
    whole, places = b"%PDF-1.4\n", []
    parts = [whole]
    length = len(whole)
    for number, body in enumerate(bodies, start=1):
        places.append(length)
        part = f"{number} 0 obj".encode() + body + b"endobj\n"
        parts.append(part)
        length += len(part)
    lines = "".join(f"{place:010d} 00000 n \n" for place in places)
    table = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{lines}"
    end = f"trailer<</Size {len(bodies) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{length}\n%%EOF\n"
    return b"".join(parts) + (table + end).encode()


def text_pdf(*pages: str) -> bytes:
    """Each page one text, a row for each of its lines."""
    contents = []
    for page in pages:
        rows = "".join(f"({row})Tj 0 -20 Td " for row in page.splitlines())
        contents.append(f"BT /F1 14 Tf 60 780 Td {rows}ET".encode())
    return pdf(contents)


def picture_pdf(width: int, height: int, *, pages: int, pictures: int) -> bytes:
    """Each page shows that many black pictures in full colour; they pack to almost nothing."""
    row = bytes(3 * width)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = f"/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB"
    head += f"/BitsPerComponent 8/Filter/FlateDecode/Length {len(data)}"
    first = 4 + 2 * pages
    names = " ".join(f"/I{at} {first + at} 0 R" for at in range(pictures))
    shown = b"".join(b"q 595 0 0 842 0 0 cm /I%d Do Q " % at for at in range(pictures))
    picture = f"<</Type/XObject{head}>>stream\n".encode() + data + b"\nendstream"
    return pdf([shown] * pages, resources=f"/XObject<<{names}>>", more=[picture] * pictures)


def locked_pdf() -> bytes:
    """Its check values belong to no password anybody could guess, least of all the empty one."""
    value = "5a" * 32
    guard = f"<</Filter/Standard/V 1/R 2/P -4/O<{value}>/U<{value}>>>"
    return pdf([b""], trailer=f"/Encrypt {guard}/ID[<00><00>]")


def bursting_pdf(unpacked_bytes: int) -> bytes:
    """A small file whose one stream unpacks to that much, made of one deflated block repeated."""
    block = 1 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = packer.compress(b"0 0 m " * (block // 6)) + packer.flush(zlib.Z_FULL_FLUSH)
    stream = b"\x78\xda" + one * (unpacked_bytes // block) + b"\x03\x00"
    return pdf([stream], coded=True)
