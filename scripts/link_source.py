"""Makes the environment run this source tree: importable from everywhere, with an `alir` command.

A line in site-packages instead of an installed package: nothing to build, nothing to look up when
`alir` starts, and what runs is always the code that stands here.
"""

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A shell starts Python, because a "#!" line may hold neither a blank nor more than 127 characters.
COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from runtime.cli import main

sys.exit(main())
"""


def main() -> None:
    environment = Path(sys.prefix)
    Path(sysconfig.get_path("purelib"), "alir.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = environment / "bin" / "alir"
    command.write_text(COMMAND.format(python=environment / "bin" / "python"), encoding="utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    main()
