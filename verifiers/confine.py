"""How the resident process is shut in: bwrap's command line, and whether bwrap works here.

As root bwrap makes no user namespace, and children become users that nobody is. As an ordinary
user, or as a root that may not (in many containers), it makes one, and children are nobody in it.
"""

from __future__ import annotations

import functools
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from verifiers import gpu, view

CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
USERS = 64  # children take turns at this many user numbers
FIRST_USER = 0x70000000  # above every number that distributions and container tools hand out
USER_RANGE = 2**28 - USERS
ID_MAPS = ("/proc/self/uid_map", "/proc/self/gid_map")


def bwrap_command(
    packages: tuple[str, ...] = view.PACKAGES,
    extra: tuple[Path, ...] = (),
    *,
    as_root: bool | None = None,
    cuda: bool = False,
    info_fd: int | None = None,
) -> list[str]:
    """The command line up to the program to run. Raises FileNotFoundError without bwrap.

    `extra` are more folders to show, `cuda` shows the GPU and what its driver needs, `info_fd` is
    where bwrap writes which process it started.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise FileNotFoundError("bwrap")
    if as_root is None:
        as_root = probe().as_root
    command = [bwrap, *([] if as_root else ["--unshare-user", "--uid", "0", "--gid", "0"])]
    command += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--as-pid-1", "--new-session", "--hostname", "whetstone"]
    command += ["--cap-drop", "ALL"]
    for capability in CAPABILITIES:
        command += ["--cap-add", capability]
    if info_fd is not None:
        command += ["--info-fd", str(info_fd)]
    for mount in view.mounts(packages, extra, cuda):
        command += mount
    return [*command, "--chdir", "/tmp", "--remount-ro", "/"]


def environment(cuda: bool = False) -> dict[str, str]:
    """All that the resident process inherits. One thread before a fork; more hang (see OpenMP)."""
    return {
        **(gpu.environment() if cuda else {}),
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
        "HF_HUB_OFFLINE": "1",
    }


def python_command(program: str, search_path: list[Path]) -> list[str]:
    """Run a line of Python, isolated from the user's Python settings and packages."""
    start = f"import sys; sys.path += {[str(path) for path in search_path]!r}; {program}"
    return [str(view.interpreter()), "-I", "-S", "-X", "utf8", "-c", start]


# Whether it works here


@dataclass(frozen=True)
class Probe:
    """What came of trying. `as_root`: without a user namespace. `reason`: why not, or empty."""

    as_root: bool
    reason: str = ""


@functools.lru_cache
def probe() -> Probe:
    """Try bwrap with everything a job needs but torch. Costs some 100 ms, once."""
    if sys.platform != "linux":
        return Probe(False, f"bwrap exists only on Linux, and this is {sys.platform}")
    if not hasattr(os, "pidfd_open"):
        return Probe(False, "this Python has no pidfd_open")
    if shutil.which("bwrap") is None:
        return Probe(False, "bwrap is not installed (Debian and Ubuntu: apt install bubblewrap)")
    reason = ""
    for as_root in (True, False) if os.geteuid() == 0 else (False,):
        reason = _try(as_root)
        if not reason:
            return Probe(as_root)
    return Probe(False, reason)


def why_not_bwrap() -> str:
    """Empty where bwrap works here, else what stands in the way."""
    return probe().reason


def _try(as_root: bool) -> str:
    program = "from verifiers.lockdown import rehearse; rehearse(); print('fine')"
    command = bwrap_command((), as_root=as_root) + python_command(program, [view.INNER])
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, env=environment(), timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"bwrap could not be run: {error}"
    if result.returncode == 0 and result.stdout == "fine\n":
        return ""
    lines = result.stderr.strip().splitlines() or [f"status {result.returncode}"]
    return f"bwrap failed: {lines[-1]}{_hint()}"


def _hint(settings: Path = Path("/proc/sys")) -> str:
    """Settings of the kernel that forbid what bwrap needs."""
    restricted = settings / "kernel/apparmor_restrict_unprivileged_userns"
    if restricted.exists() and restricted.read_text().strip() == "1":
        return " (Ubuntu restricts user namespaces: give /usr/bin/bwrap an AppArmor profile)"
    most = settings / "user/max_user_namespaces"
    if most.exists() and most.read_text().strip() == "0":
        return " (user namespaces are switched off: sysctl user.max_user_namespaces)"
    return ""


def unused_users(packages: tuple[str, ...], extra: tuple[Path, ...]) -> int:
    """The first of `USERS` user numbers that nobody has; zero where children must stay as they are.

    As root a child would escape the limit on threads, from which root is exempt.
    """
    if not probe().as_root or not view.readable_by_others(packages, extra):
        return 0
    first = FIRST_USER + secrets.randbelow(USER_RANGE)
    return first if all(_mapped(path, first) for path in ID_MAPS) else 0


def _mapped(path: str, number: int) -> bool:
    """Whether a user number exists here; in a container often only some do."""
    for line in Path(path).read_text().splitlines():
        inside, _, count = map(int, line.split())
        if inside <= number and number + USERS <= inside + count:
            return True
    return False
