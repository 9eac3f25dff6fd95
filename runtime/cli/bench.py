"""`alir bench`: the measurements of the source tree, run on this machine."""

import subprocess
import sys
from pathlib import Path

from services.kit.errors import Unavailable

ROOT = Path(__file__).resolve().parent.parent.parent


class NoSourceTree(Unavailable):
    """The measurements are no part of an installed package."""

    code = "no_source_tree"


def run(as_json: bool = False, root: Path = ROOT) -> int:
    """Run them; their exit code is ours. Raises: NoSourceTree."""
    if not (root / "bench" / "__main__.py").is_file():
        raise NoSourceTree(
            "The measurements are not part of the installed package.",
            hint="Clone the repository and run `make bench` there.",
        )
    options = ["--json"] if as_json else []
    done = subprocess.run([sys.executable, "-m", "bench", *options], cwd=root, check=False)
    return done.returncode
