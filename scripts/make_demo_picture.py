"""Runs the real demo and draws what it printed as docs/img/demo.svg."""

import io
import os
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "img" / "demo.svg"
WIDTH = 88
# Rich's own frame without its web font: a picture in a README asks nobody else for anything.
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
 font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Recorder(Console):
    """Prints paths as they look from the folder of the repository."""

    def print(self, *objects: Any, **options: Any) -> None:
        here = f"{Path.cwd()}/"
        shown = [one.replace(here, "") if isinstance(one, str) else one for one in objects]
        super().print(*shown, **options)


class Frames:
    """Stands in for rich's Live: prints the moment a worker is killed, and the end."""

    def __init__(self, *, console: Console, **_: Any) -> None:
        self._console = console
        self._last: Any = None
        self._killed = False

    def __enter__(self) -> Self:
        return self

    def update(self, frame: Any) -> None:
        note = frame.renderables[-1]
        if isinstance(note, Text) and note.plain and not self._killed:
            self._killed = True
            self._console.print(frame)
            self._console.print()
        self._last = frame

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._console.print(self._last)


def main() -> int:
    recorder = Recorder(record=True, width=WIDTH, highlight=False, file=io.StringIO())
    with tempfile.TemporaryDirectory(prefix="alir-") as folder:
        os.chdir(folder)
        os.environ["ALIR_VAR"] = "var"
        sys.path.insert(0, str(ROOT))
        from runtime.demo import run as demo

        demo.Console = lambda **_: recorder  # type: ignore[assignment, misc]
        demo.Live = Frames  # type: ignore[assignment, misc]
        recorder.print("[bold green]$[/] make demo")
        code = demo.run()
        lines = recorder.export_svg(title="make demo", theme=DIMMED_MONOKAI, code_format=SVG)
    if code:
        sys.stderr.write("The demo did not hold what it promises; no picture was made.\n")
        return code
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(lines, encoding="utf-8")
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
