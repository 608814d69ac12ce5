"""What keeps a submission away from the rest of this machine, and what is missing here.

Plain data for `doctor`, the drill page and the README. Imports no torch; the one probe (does bwrap
work?) costs some tens of milliseconds, once per process.
"""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass

from verifiers import confine, syscalls


@dataclass(frozen=True)
class Protection:
    """One protection: a stable name, whether it is in force here, and a sentence that says so.

    `sentence` describes what holds, or what a submission could do without it. `remedy` says what
    to install or change, and is empty where nothing can be done or nothing needs to be.
    """

    name: str
    active: bool
    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class Isolation:
    """All protections of this machine."""

    protections: tuple[Protection, ...]

    @property
    def complete(self) -> bool:
        return all(protection.active for protection in self.protections)

    @property
    def missing(self) -> tuple[Protection, ...]:
        return tuple(item for item in self.protections if not item.active)

    @property
    def summary(self) -> str:
        """One sentence for a page: either all is well, or what is missing."""
        if self.complete:
            return "Submissions run in a sandbox: no network, no files of yours, hard limits."
        names = ", ".join(item.name for item in self.missing)
        return f"The sandbox is weaker on this machine. Missing: {names}. Run only code you trust."


def _from_bwrap(name: str, with_it: str, without: str) -> Protection:
    reason = confine.why_not_bwrap()
    if not reason:
        return Protection(name, True, with_it)
    remedy = reason if sys.platform == "linux" else "Use Linux, or a Linux container."
    return Protection(name, False, without, remedy)


def _files() -> Protection:
    return _from_bwrap(
        "files",
        "A submission sees the Python interpreter and the packages it may import, read-only, and "
        "an empty /tmp of its own. It sees no file of yours and no reference solution.",
        "A submission can read and write every file that you can, including your progress.",
    )


def _network() -> Protection:
    reason = syscalls.why_not_seccomp()
    found = _from_bwrap(
        "network",
        "A submission has no network of any kind.",
        "A submission may be able to use the network."
        if reason
        else "A submission cannot open sockets, but shares the network with everything else.",
    )
    if found.active and reason:
        sentence = "A submission has no network, but in a virtual machine it may reach the host."
        return Protection("network", False, sentence, reason)
    return found


def _processes() -> Protection:
    return _from_bwrap(
        "processes",
        "A submission sees no process but its own, and everything it starts ends with it.",
        "A submission runs among your other processes and can see them.",
    )


def _system_calls() -> Protection:
    name = "system calls"
    reason = syscalls.why_not_seccomp()
    if not reason:
        sentence = "A filter refuses system calls that no solution needs: sockets, new processes, "
        return Protection(name, True, sentence + "tracing, mounting, kernel features.")
    sentence = "No filter: a submission can start processes and use every call of the kernel."
    return Protection(name, False, sentence, reason if sys.platform == "linux" else "")


def _time() -> Protection:
    return Protection(
        "time and output",
        True,
        "Time, CPU time, open files and output are limited; what goes over is ended at once.",
    )


def _memory() -> Protection:
    if sys.platform == "linux":
        return Protection("memory", True, "Memory above the drill's limit is refused.")
    sentence = "The system does not enforce a memory limit: a submission can fill your memory."
    return Protection("memory", False, sentence)


ON_A_GPU = (
    "With CUDA a submission also sees the GPU's driver, /sys and its own /proc. PyTorch keeps the "
    "limit on GPU memory, which code that calls the driver itself can pass; other memory is "
    "watched from outside."
)


@functools.lru_cache
def isolation() -> Isolation:
    """Look at this machine once. On a GPU `ON_A_GPU` holds as well."""
    probes = (_files, _network, _processes, _system_calls, _time, _memory)
    return Isolation(tuple(probe() for probe in probes))
