"""How long the command line takes to say what it can do; prints JSON."""

import json
import subprocess
import sys
import time
from pathlib import Path

from bench.measure import machine, spread

TARGET_S = 0.3
RUNS = 7


def seconds_for(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    helping = [str(Path(sys.executable).with_name("alir")), "--help"]
    bare = [sys.executable, "-c", "pass"]
    seconds_for(helping)
    print(
        json.dumps(
            {
                "help_s": spread([seconds_for(helping) for _ in range(RUNS)], 3),
                "bare_python_s": spread([seconds_for(bare) for _ in range(RUNS)], 3),
                "target_s": TARGET_S,
                **machine(),
            }
        )
    )


if __name__ == "__main__":
    main()
