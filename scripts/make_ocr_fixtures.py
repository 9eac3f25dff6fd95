"""Draws pictures with known text, to measure engines by.

`python -m scripts.make_ocr_fixtures FOLDER [--small]` writes the pictures and `truth.json`, a list
of {file, group, language, text}. The same fonts and the same Pillow give the same pictures.
`--small` makes only the few that the tests keep.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scripts.ocr_fixture_texts import (
    CHAT_EN,
    CHAT_ID,
    CHAT_SHORT_EN,
    CHAT_SHORT_ID,
    LETTER_EN,
    LETTER_ID,
    RECEIPT_EN,
    RECEIPT_ID,
    TRANSFER_ROWS,
)

FONTS = Path("/usr/share/fonts/truetype")
SANS = "dejavu/DejaVuSans.ttf"
SANS_BOLD = "dejavu/DejaVuSans-Bold.ttf"
MONO = "dejavu/DejaVuSansMono.ttf"
SERIF = "liberation/LiberationSerif-Regular.ttf"
ARIAL = "liberation/LiberationSans-Regular.ttf"
ARIAL_BOLD = "liberation/LiberationSans-Bold.ttf"
Colour = str | tuple[int, int, int]


@dataclass
class Sheet:
    """A picture that remembers what was written on it, row by row."""

    width: int
    height: int
    paper: Colour = "white"
    rows: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width, self.height), self.paper)
        self.draw = ImageDraw.Draw(self.image)

    def write(self, x: float, y: float, text: str, font: str, size: int, ink: Colour) -> float:
        """One row from x to the right; its width."""
        face = typeface(font, size)
        self.draw.text((x, y), text, fill=ink, font=face)
        self.rows.append(text)
        return face.getlength(text)

    def centre(self, y: float, text: str, font: str, size: int, ink: Colour) -> None:
        self.write((self.width - width_of(text, font, size)) / 2, y, text, font, size, ink)

    def pair(
        self, x: float, y: float, left: str, right: str, font: str, size: int, ink: Colour
    ) -> None:
        """Two texts on one row, one at each edge."""
        face = typeface(font, size)
        self.draw.text((x, y), left, fill=ink, font=face)
        self.draw.text((self.width - x - face.getlength(right), y), right, fill=ink, font=face)
        self.rows.append(f"{left} {right}")


@dataclass(frozen=True)
class Case:
    """One picture to be made."""

    name: str
    group: str
    language: str
    make: Callable[[], Sheet]
    after: Callable[[Image.Image], Image.Image] = lambda image: image
    suffix: str = "png"
    quality: int = 90
    small: bool = False


def typeface(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / font), size)


def width_of(text: str, font: str, size: int) -> float:
    return typeface(font, size).getlength(text)


def wrapped(text: str, font: str, size: int, width: float) -> list[str]:
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if width_of(longer, font, size) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


# --- Chats

LIGHT = {"paper": (236, 229, 221), "bar": (0, 128, 105), "in": "white", "out": (217, 253, 211)}
LIGHT |= {"ink": (17, 27, 33), "faint": (102, 119, 129), "title": "white"}
DARK = {"paper": (11, 20, 26), "bar": (32, 44, 51), "in": (32, 44, 51), "out": (0, 92, 75)}
DARK |= {"ink": (233, 237, 239), "faint": (160, 176, 186), "title": (233, 237, 239)}
Talk = tuple[tuple[str, str, str], ...]


def chat(talk: Talk, name: str, look: dict[str, Colour], width: int = 720) -> Sheet:
    unit = width / 720
    size, small = round(28 * unit), round(20 * unit)
    inner = 0.66 * width
    heights = [len(wrapped(text, SANS, size, inner)) for _, text, _ in talk]
    height = round(unit * 150 + sum(rows * 40 * unit + 78 * unit for rows in heights))
    sheet = Sheet(width, height, look["paper"])
    sheet.draw.rectangle((0, 0, width, 110 * unit), fill=look["bar"])
    sheet.write(40 * unit, 34 * unit, name, SANS_BOLD, round(32 * unit), look["title"])
    y = 135 * unit
    for side, text, time in talk:
        rows = wrapped(text, SANS, size, inner)
        time_width = width_of(time, SANS, small)
        widest = max([time_width, *(width_of(row, SANS, size) for row in rows)])
        x = 40 * unit if side == "in" else width - 40 * unit - widest
        below = y + len(rows) * 40 * unit + 46 * unit
        frame = (x - 18 * unit, y - 6 * unit, x + widest + 18 * unit, below)
        sheet.draw.rounded_rectangle(frame, 14 * unit, fill=look[side])
        for row in rows:
            sheet.write(x, y + 4 * unit, row, SANS, size, look["ink"])
            y += 40 * unit
        sheet.write(x + widest - time_width, y + 10 * unit, time, SANS, small, look["faint"])
        y = below + 26 * unit
    return sheet


# --- Receipts


def receipt(parts: tuple, width: int = 640) -> Sheet:
    head, facts, articles, sums, paid, foot = parts
    rows = len(head) + len(facts) + len(articles) + len(sums) + len(paid) + len(foot)
    sheet = Sheet(width, rows * 42 + 250)
    ink, margin, y = (30, 30, 30), 44, 40.0
    for at, row in enumerate(head):
        font, size = (SANS_BOLD, 32) if at == 0 else (MONO, 22)
        sheet.centre(y, row, font, size, ink)
        y += 52 if at == 0 else 38
    for block in (facts, articles, sums, paid):
        sheet.draw.line((margin, y + 10, width - margin, y + 10), fill=ink, width=2)
        y += 26
        for left, right in block:
            sheet.pair(margin, y, left, right, MONO, 24, ink)
            y += 40
    sheet.draw.line((margin, y + 10, width - margin, y + 10), fill=ink, width=2)
    y += 34
    for row in foot:
        sheet.centre(y, row, MONO, 22, ink)
        y += 38
    return sheet


# --- Posters

POSTER_ID = (
    ("PROMO AKHIR TAHUN", 74, "bold", (255, 221, 87)),
    ("Diskon 50%", 108, "bold", "white"),
    ("Semua Sepatu dan Tas", 48, "plain", "white"),
    ("Berlaku 1 sampai 31 Desember 2026", 38, "plain", (255, 221, 87)),
    ("Gratis ongkir ke seluruh Indonesia", 38, "plain", "white"),
    ("Pesan sekarang: 0812 3456 7890", 42, "bold", "white"),
)
POSTER_EN = (
    ("GRAND OPENING", 84, "bold", (120, 20, 40)),
    ("Saturday, 5 December", 56, "bold", (20, 30, 60)),
    ("Free coffee for the first 100 guests", 40, "plain", (20, 30, 60)),
    ("Live music from 7 pm", 46, "plain", (120, 20, 40)),
    ("18 Harbour Street, next to the library", 36, "plain", (20, 30, 60)),
)


def poster(
    rows: tuple[tuple[str, int, str, Colour], ...],
    top: tuple[int, int, int],
    bottom: tuple[int, int, int],
) -> Sheet:
    sheet = Sheet(900, 1200)
    share = np.linspace(0, 1, sheet.height)[:, None]
    column = np.array(top) * (1 - share) + np.array(bottom) * share
    shade = np.repeat(column[:, None, :], sheet.width, axis=1).astype(np.uint8)
    sheet.image.paste(Image.fromarray(shade))
    y = 110.0
    for text, size, weight, ink in rows:
        sheet.centre(y, text, ARIAL_BOLD if weight == "bold" else ARIAL, size, ink)
        y += size + 95
    return sheet


# --- A4 pages


def letter(text: str, font: str, dpi: int) -> Sheet:
    unit = dpi / 150
    sheet = Sheet(round(1240 * unit), round(1754 * unit))
    size, margin, y = round(24 * unit), 120 * unit, 130 * unit
    for paragraph in _paragraphs(text):
        for row in wrapped(paragraph, font, size, sheet.width - 2 * margin):
            sheet.write(margin, y, row, font, size, (20, 20, 20))
            y += 34 * unit
        y += 20 * unit
    return sheet


def _paragraphs(text: str) -> list[str]:
    return [" ".join(block.split()) for block in text.strip().split("|")]


# --- A transfer proof


def transfer(width: int = 720) -> Sheet:
    unit = width / 720
    sheet = Sheet(width, round(1240 * unit), (245, 247, 250))
    middle = width / 2
    ring = (middle - 50 * unit, 60 * unit, middle + 50 * unit, 160 * unit)
    sheet.draw.ellipse(ring, fill=(24, 160, 88))
    tick = [(middle - 24 * unit, 112 * unit), (middle - 6 * unit, 130 * unit)]
    tick.append((middle + 26 * unit, 92 * unit))
    sheet.draw.line(tick, fill="white", width=round(9 * unit))
    sheet.centre(190 * unit, "Transfer Berhasil", ARIAL_BOLD, round(40 * unit), (20, 30, 40))
    sheet.centre(260 * unit, "Rp 350.000", ARIAL_BOLD, round(52 * unit), (24, 120, 70))
    y = 360 * unit
    for left, right in TRANSFER_ROWS:
        sheet.pair(50 * unit, y, left, right, ARIAL, round(28 * unit), (40, 50, 60))
        sheet.draw.line(
            (50 * unit, y + 52 * unit, width - 50 * unit, y + 52 * unit), fill=(215, 220, 226)
        )
        y += 76 * unit
    closing = "Simpan bukti ini sebagai tanda terima yang sah."
    sheet.centre(y + 24 * unit, closing, ARIAL, round(24 * unit), (90, 100, 110))
    return sheet


# --- What happens to pictures on their way


def tilted(degrees: float, paper: Colour = "white") -> Callable[[Image.Image], Image.Image]:
    def turn(image: Image.Image) -> Image.Image:
        return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)

    return turn


def noisy(strength: float, seed: int) -> Callable[[Image.Image], Image.Image]:
    def sprinkle(image: Image.Image) -> Image.Image:
        rng = np.random.default_rng(seed)
        pixels = np.asarray(image).astype(np.float32)
        pixels += rng.normal(0, strength, pixels.shape[:2])[:, :, None]
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))

    return sprinkle


def shrunk(width: int, blur: float = 0.0) -> Callable[[Image.Image], Image.Image]:
    def shrink(image: Image.Image) -> Image.Image:
        size = (width, round(image.height * width / image.width))
        smaller = image.resize(size, Image.Resampling.LANCZOS)
        return smaller.filter(ImageFilter.GaussianBlur(blur)) if blur else smaller

    return shrink


def both(*steps: Callable[[Image.Image], Image.Image]) -> Callable[[Image.Image], Image.Image]:
    def run(image: Image.Image) -> Image.Image:
        for step in steps:
            image = step(image)
        return image

    return run


def turned(image: Image.Image) -> Image.Image:
    """A quarter clockwise, as a phone held wrong makes it."""
    return image.transpose(Image.Transpose.ROTATE_270)


CASES = (
    Case("chat-light-id", "chat light", "id", lambda: chat(CHAT_ID, "Dewi Lestari", LIGHT)),
    Case("chat-light-en", "chat light", "en", lambda: chat(CHAT_EN, "Corner Shop", LIGHT)),
    Case("chat-dark-id", "chat dark", "id", lambda: chat(CHAT_ID, "Dewi Lestari", DARK)),
    Case("chat-dark-en", "chat dark", "en", lambda: chat(CHAT_EN, "Corner Shop", DARK)),
    Case(
        "chat-lowres-id",
        "low resolution",
        "id",
        lambda: chat(CHAT_ID, "Dewi Lestari", LIGHT),
        shrunk(396),
        "jpg",
        30,
    ),
    Case(
        "receipt-lowres-en",
        "low resolution",
        "en",
        lambda: receipt(RECEIPT_EN),
        shrunk(456, 0.5),
        "jpg",
        25,
    ),
    Case("receipt-id", "receipt", "id", lambda: receipt(RECEIPT_ID)),
    Case("receipt-en", "receipt", "en", lambda: receipt(RECEIPT_EN)),
    Case(
        "receipt-tilted-id",
        "receipt tilted 3 degrees",
        "id",
        lambda: receipt(RECEIPT_ID),
        both(tilted(-3), noisy(8, 1)),
        "jpg",
        85,
    ),
    Case(
        "receipt-tilted-en",
        "receipt tilted 3 degrees",
        "en",
        lambda: receipt(RECEIPT_EN),
        both(tilted(3), noisy(8, 2)),
        "jpg",
        85,
    ),
    Case("receipt-turned-id", "receipt turned 90", "id", lambda: receipt(RECEIPT_ID), turned),
    Case("receipt-turned-en", "receipt turned 90", "en", lambda: receipt(RECEIPT_EN), turned),
    Case(
        "poster-id",
        "poster",
        "id",
        lambda: poster(POSTER_ID, (160, 24, 60), (70, 10, 90)),
    ),
    Case(
        "poster-en",
        "poster",
        "en",
        lambda: poster(POSTER_EN, (255, 240, 214), (240, 200, 160)),
        suffix="jpg",
    ),
    Case("a4-serif-id", "A4", "id", lambda: letter(LETTER_ID, SERIF, 150)),
    Case("a4-sans-en", "A4", "en", lambda: letter(LETTER_EN, ARIAL, 150)),
    Case(
        "a4-scan-id",
        "A4 scan",
        "id",
        lambda: letter(LETTER_ID, SERIF, 150),
        both(tilted(0.8), noisy(10, 3)),
        "jpg",
        75,
    ),
    Case(
        "a4-scan-100dpi-en",
        "A4 scan",
        "en",
        lambda: letter(LETTER_EN, ARIAL, 100),
        noisy(6, 4),
        "jpg",
        40,
    ),
    Case("transfer-id", "transfer proof", "id", transfer),
    Case(
        "small-chat-dark-id",
        "chat dark",
        "id",
        lambda: chat(CHAT_SHORT_ID, "Toko Sari", DARK, 480),
        small=True,
    ),
    Case(
        "small-chat-light-en",
        "chat light",
        "en",
        lambda: chat(CHAT_SHORT_EN, "Corner Shop", LIGHT, 480),
        suffix="jpg",
        quality=60,
        small=True,
    ),
    Case(
        "small-receipt-turned-id",
        "receipt turned 90",
        "id",
        lambda: receipt(RECEIPT_ID),
        both(shrunk(520), turned),
        small=True,
    ),
    Case(
        "small-transfer-id",
        "transfer proof",
        "id",
        lambda: transfer(480),
        tilted(-3, (245, 247, 250)),
        suffix="jpg",
        quality=80,
        small=True,
    ),
)


def make(folder: Path, *, small: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    truth = []
    for case in CASES:
        if case.small != small:
            continue
        sheet = case.make()
        file = f"{case.name}.{case.suffix}"
        image = case.after(sheet.image)
        if case.suffix == "png":
            image.quantize(64, dither=Image.Dither.NONE).save(folder / file, optimize=True)
        else:
            image.save(folder / file, quality=case.quality)
        truth.append(
            {
                "file": file,
                "group": case.group,
                "language": case.language,
                "text": "\n".join(sheet.rows),
            }
        )
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    (folder / "truth.json").write_text(f"{text}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    make(options.folder, small=options.small)


if __name__ == "__main__":
    main()
