"""A reader without an engine: does what its document says, over the same wire as the real one."""

import json
import os
import sys
from typing import Any

from ocr import wire

MARK = os.environ.get("DIED_ONCE", "")


def say(document: dict[str, Any]) -> None:
    sys.stdout.buffer.write(wire.packed(json.dumps(document).encode()))
    sys.stdout.buffer.flush()


def main() -> None:
    if os.environ.get("FAILS") == "true":
        say({"failed": "no luck"})
        return
    say({"ready": {}})
    while (content := wire.read(sys.stdin.buffer)) is not None:
        match content:
            case b"hang":
                say({"page": 3})
                sys.stdin.buffer.read()
            case b"die":
                say({"page": 2})
                os._exit(9)
            case b"die once" if not os.path.exists(MARK):
                open(MARK, "w").close()
                os._exit(9)
            case b"refuse":
                say({"problem": {"status": 422, "code": "no", "message": "No.", "hint": "Ask."}})
            case _:
                say({"page": 1})
                say({"answer": {"text": content.decode()}})


if __name__ == "__main__":
    main()
