"""A slow worker of its own, for tests that kill it: it works until the process ends."""

import threading

from runtime.compose import build
from runtime.slow import Slow

if __name__ == "__main__":
    Slow(build()).start()
    threading.Event().wait()
