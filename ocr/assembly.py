"""Puts the pages that were read together to the answer of POST /scan."""

from collections.abc import Sequence
from typing import Any

from ocr.language import language_of


def assembled(
    pages: Sequence[dict[str, Any]], engine: str, model: str, seconds: float
) -> dict[str, Any]:
    """`ocr.answers.ScanOut` from what `ocr.scan.scan_page` gave for each page, in order."""
    text = "\n\n".join(one["page"]["text"] for one in pages if one["page"]["text"])
    lines = [line for one in pages for line in one["lines"]]
    return {
        "text": text,
        "language": language_of(text),
        "confidence": round(_confidence(lines), 4),
        "lines": lines,
        "pages": [one["page"] for one in pages],
        "engine": engine,
        "model": model,
        "milliseconds": round(seconds * 1000),
    }


def _confidence(lines: Sequence[dict[str, Any]]) -> float:
    """Mean over all letters; 0 where there are none."""
    letters = sum(len(line["text"]) for line in lines)
    return (
        sum(line["confidence"] * len(line["text"]) for line in lines) / letters if letters else 0.0
    )
