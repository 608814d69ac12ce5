"""A look from outside at the memory of a child, where a limit on address space cannot hold.

CUDA reserves hundreds of GB of addresses, so such a limit would refuse it at once.
"""

from __future__ import annotations

import os
from pathlib import Path


class Watchdog:
    """Tells when a process holds `allowed` bytes more than it did when this was made."""

    def __init__(self, pidfd: int, allowed: int) -> None:
        self._statm = Path(f"/proc/{_pid_of(pidfd)}/statm")
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._allowed = self._resident() + allowed

    def exceeded(self) -> bool:
        return self._resident() > self._allowed

    def _resident(self) -> int:
        """Bytes in memory; zero for a process that is gone."""
        try:
            return int(self._statm.read_text().split()[1]) * self._page
        except (OSError, IndexError):
            return 0


def _pid_of(pidfd: int) -> int:
    """The process behind a handle, as it is numbered here; -1 when it is gone, or without /proc."""
    try:
        lines = Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines()
    except OSError:
        return -1
    return next(int(line.split()[1]) for line in lines if line.startswith("Pid:"))
