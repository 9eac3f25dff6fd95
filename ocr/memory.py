"""How much memory a process holds, and giving back what it no longer needs."""

import ctypes
import os
from pathlib import Path

_M_MMAP_THRESHOLD = -3
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int) -> int:
    """What a process holds now; 0 when it has ended or the system doesn't tell (no /proc)."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_bytes().split()
    except OSError:
        return 0
    return int(fields[1]) * _PAGE_BYTES if fields else 0


def give_back() -> None:
    """Hand free memory to the system; without it, the heap keeps its peak."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)


def give_back_blocks_above(size_bytes: int) -> None:
    """From now on every larger block is the system's again as soon as it is free."""
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        choose(_M_MMAP_THRESHOLD, size_bytes)
