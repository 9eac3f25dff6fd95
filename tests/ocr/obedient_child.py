"""A reader without an engine: does what its document says, over the same wire as the real one."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from ocr import wire

MARK = os.environ.get("DIED_ONCE", "")
ASKED = os.environ.get("ASKED", os.devnull)
"""A file that takes one line for each page it is asked for."""


def say(document: dict[str, Any]) -> None:
    sys.stdout.buffer.write(wire.packed(json.dumps(document).encode()))
    sys.stdout.buffer.flush()


def problem(status: int, code: str) -> None:
    say({"problem": {"status": status, "code": code, "message": "No.", "hint": "Ask."}})


def read(text: str, page: int, count: int, **more: Any) -> None:
    described = {"number": page, "text": text}
    lines = [{"page": page, "text": text, "confidence": 1.0}]
    say({"answer": {"count": count, "page": described, "lines": lines}, **more})


def spin(seconds: float) -> None:
    """Use up so much processor time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def main() -> None:
    if os.environ.get("FAILS") == "true":
        say({"failed": "no luck"})
        return
    if os.environ.get("STARTS") == "slowly":
        spin(0.4)
    if os.environ.get("STARTS") == "never":
        sys.stdin.buffer.read()
    say({"ready": {}})
    done = 0
    while (question := wire.read(sys.stdin.buffer)) is not None:
        asked = json.loads(question)
        text, page = Path(asked["file"]).read_text(), int(asked["page"])
        with open(ASKED, "a") as log:
            log.write(f"{text} {page}\n")
        what, _, count = text.partition(" of ")
        match what:
            case "hang" if page == int(count or 1):
                sys.stdin.buffer.read()
            case "spin" if page == int(count or 1):
                while True:
                    pass
            case "die" if page == int(count or 1):
                os._exit(9)
            case "die once" if not os.path.exists(MARK):
                open(MARK, "w").close()
                os._exit(9)
            case "swell" if done or count:
                bytearray(b"x" * (300 << 20))
                sys.stdin.buffer.read()
            case "lack memory" if done or count:
                problem(413, "too_much_memory")
            case "keep memory":
                read(str(os.getpid()), page, 1, holds_bytes=1 << 40)
            case "refuse":
                problem(422, "no")
            case "many lines":
                lines = [{"page": page, "text": "a", "confidence": 1.0}] * 4_000
                say({"answer": {"count": 3, "page": {"text": "a"}, "lines": lines}})
            case _:
                read(what, page, int(count or 1))
        done += 1


if __name__ == "__main__":
    main()
