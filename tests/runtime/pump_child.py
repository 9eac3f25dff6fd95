"""A worker of its own, for tests that kill it: a pump that runs until the process ends."""

import threading

from runtime.compose import build
from runtime.pump import Pump

if __name__ == "__main__":
    Pump(build()).start()
    threading.Event().wait()
