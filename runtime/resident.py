"""The resident loop of this process, for the tasks that ring it."""

from typing import Protocol


class Resident(Protocol):
    """A loop that works in threads of its own: the hot worker's pump, the slow worker's readers."""

    def start(self) -> None: ...

    def ring(self) -> None: ...

    def stop(self) -> None: ...


_pump: Resident | None = None


def settle_in(pump: Resident) -> None:
    """Start the process's loop; there is one."""
    global _pump
    if _pump is not None:
        raise RuntimeError("this process has a resident loop already")
    _pump = pump
    pump.start()


def ring() -> None:
    if _pump is not None:
        _pump.ring()


def leave() -> None:
    """Stop the loop and wait for what it has in flight."""
    global _pump
    pump, _pump = _pump, None
    if pump is not None:
        pump.stop()
