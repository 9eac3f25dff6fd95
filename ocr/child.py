"""The process that decodes and reads: `python -m ocr.child`, started and stopped by the service.

It takes documents on standard input and answers on standard output (`ocr.wire`), one at a time.
Whatever a document does to it, the service lives on and starts another.
"""

import ctypes
import os
import resource
import signal
import sys
import traceback
from typing import Any, BinaryIO

from ocr import limits, problems, wire
from ocr.engines import load
from ocr.engines.contract import OcrEngine
from ocr.problems import Refused
from ocr.scan import scan
from ocr.settings import from_environment

_PR_SET_PDEATHSIG = 1


def main() -> int:
    if sys.platform == "linux":
        _die_with_the_service()
    questions = sys.stdin.buffer
    answers = _own_output()
    resource.setrlimit(resource.RLIMIT_AS, (limits.CHILD_MEMORY_BYTES_MAX,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        engine = load(from_environment())
    except Exception as error:
        traceback.print_exc()
        _say(answers, {"failed": f"{type(error).__name__}: {error}"[:300]})
        return 1
    _say(answers, {"ready": {"engine": engine.name, "model": engine.model}})
    while (content := wire.read(questions)) is not None:
        _say(answers, _answer(content, engine, answers))
        del content
        _give_memory_back()
    return 0


def _answer(content: bytes, engine: OcrEngine, answers: BinaryIO) -> dict[str, Any]:
    try:
        return {"answer": scan(content, engine, lambda page: _say(answers, {"page": page}))}
    except Refused as refused:
        return {"problem": refused.problem.document()}
    except MemoryError:
        return {"problem": problems.too_much_memory().problem.document()}
    except Exception as error:
        traceback.print_exc()
        if "alloc" in str(error).lower():  # how ONNX Runtime and OpenCV say it
            return {"problem": problems.too_much_memory().problem.document()}
        return {"problem": problems.engine_failed(type(error).__name__).problem.document()}


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


def _give_memory_back() -> None:
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


if __name__ == "__main__":
    sys.exit(main())
