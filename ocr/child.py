"""The process that decodes and reads: `python -m ocr.child`, started and stopped by the service.

It is told a file and a page on standard input and answers on standard output (`ocr.wire`), one page
at a time. Whatever a document does to it, the service lives on and starts another.
"""

import ctypes
import json
import logging
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from ocr import effort, limits, memory, problems, wire
from ocr.engines import load
from ocr.engines.contract import OcrEngine
from ocr.problems import Refused
from ocr.scan import scan_page
from ocr.settings import from_environment

_PR_SET_PDEATHSIG = 1
CHATTY = ("paddlex", "ppocr", "RapidOCR")
"""Loggers of the engines that tell, in colours, each model they open."""
OUT_OF_MEMORY = ("alloc", "insufficient memory")
"""How ONNX Runtime and OpenCV say it."""


def main() -> int:
    if sys.platform == "linux":
        _die_with_the_service()
    questions = sys.stdin.buffer
    answers = _own_output()
    settings = from_environment()
    _limit(resource.RLIMIT_DATA, settings.reader_bytes_max + limits.READER_HEAP_EXTRA_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    for name in CHATTY:
        logging.getLogger(name).addFilter(_is_a_warning)
    try:
        engine = load(settings)
    except Exception as error:
        traceback.print_exc()
        _say(answers, {"failed": f"{type(error).__name__}: {error}"[:300]})
        return 1
    # Only now: a start that steps back takes minutes on a busy machine, and all wait for it.
    effort.step_back()
    _say(answers, {"ready": {"engine": engine.name, "model": engine.model}})
    while (question := wire.read(questions)) is not None:
        asked = json.loads(question)
        said = _answer(Path(asked["file"]), int(asked["page"]), engine, settings.reader_bytes_max)
        memory.give_back()
        _say(answers, {**said, "holds_bytes": memory.resident_bytes(os.getpid())})
    return 0


def _answer(file: Path, page: int, engine: OcrEngine, bytes_max: int) -> dict[str, Any]:
    try:
        return {"answer": scan_page(file, page, engine)}
    except Refused as refused:
        return {"problem": refused.problem.document()}
    except MemoryError:
        return {"problem": problems.too_much_memory(page, bytes_max).problem.document()}
    except Exception as error:
        traceback.print_exc()
        if any(word in str(error).lower() for word in OUT_OF_MEMORY):
            return {"problem": problems.too_much_memory(page, bytes_max).problem.document()}
        return {"problem": problems.engine_failed(type(error).__name__).problem.document()}


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


def _is_a_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _own_output() -> BinaryIO:
    """Standard output for answers only: what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _say(answers: BinaryIO, document: dict[str, Any]) -> None:
    answers.write(wire.packed_json(document))
    answers.flush()


def _die_with_the_service() -> None:
    """A reader that outlives its service would keep half a gigabyte for nobody."""
    service = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != service:
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
