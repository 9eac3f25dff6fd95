"""The resident loop of this process, for the tasks that ring it."""

from runtime.pump import Pump

_pump: Pump | None = None


def settle_in(pump: Pump) -> None:
    """Start the process's pump; there is one."""
    global _pump
    if _pump is not None:
        raise RuntimeError("this process has a resident loop already")
    _pump = pump
    pump.start()


def ring() -> None:
    if _pump is not None:
        _pump.ring()


def leave() -> None:
    """Stop the pump and wait for what it has in flight."""
    global _pump
    pump, _pump = _pump, None
    if pump is not None:
        pump.stop()
