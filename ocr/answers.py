"""What /scan and /health answer."""

from typing import Literal

from pydantic import BaseModel, Field

from ocr.language import Language


class LineOut(BaseModel):
    """One line of text and where it stands."""

    page: int = Field(description="Number of its page, from 1.")
    text: str
    box: list[list[float]] = Field(
        description="Four corners [x, y] in pixels of its page: top left, top right, bottom "
        "right, bottom left as one reads it."
    )
    confidence: float = Field(description="0 to 1; 1 for a PDF's text layer.")


class PageOut(BaseModel):
    """One page. PDF pages are measured in pixels at 200 dots an inch."""

    number: int
    width: int
    height: int
    source: Literal["engine", "text-layer"]
    turned_degrees: int = Field(description="How far clockwise it lay turned: 0, 90, 180, 270.")
    text: str


class ScanOut(BaseModel):
    """The text of a document."""

    text: str = Field(description="All lines in reading order, an empty line between pages.")
    language: Language = Field(description="A guess from common words.")
    confidence: float = Field(description="Mean over all letters; 0 without text.")
    lines: list[LineOut]
    pages: list[PageOut]
    engine: str
    model: str
    milliseconds: int = Field(description="Time to decode and read, without waiting.")


class HealthOut(BaseModel):
    """How the program is."""

    service: Literal["ocr"] = Field(description="Tells this program from another at its port.")
    status: Literal["ready", "starting", "models_missing", "engine_broken"]
    detail: str
    engine: str
    model: str
    reader_pid: int = Field(description="0 while no reader is ready.")
    running_and_waiting: int
    queue_max: int


class ProblemOut(BaseModel):
    """Why there is no text."""

    status: int
    code: str = Field(description="Stable; docs/ocr.md lists them.")
    message: str
    hint: str
