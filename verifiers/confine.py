"""The view of the machine that the resident process gets: a bwrap command line, built and probed.

Everything is bound one by one and read-only: the interpreter and its standard library, the
packages that submissions may import, the `verifiers` package, system libraries. Nothing of the
user's, no drill, no reference, no network, no /proc. /tmp is the only place to write.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from verifiers import gpu

INNER = Path("/whetstone")  # where packages appear inside; host paths stay outside
PACKAGES = ("torch", "numpy", "safetensors", "jaxtyping")
CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
SYSTEM_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/nix/store")
# torch reads these two to choose its kernels; nothing else of /proc and /sys is visible.
KERNEL_FACTS = ("/proc/cpuinfo", "/sys/devices/system/cpu")
DEBIAN_PACKAGES = Path("/usr/lib/python3/dist-packages")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


@dataclass(frozen=True)
class Package:
    """One importable thing: its name inside, and the file or folder it is outside."""

    name: str
    source: Path


def interpreter() -> Path:
    return Path(sys.executable).resolve()


def _requirements(name: str, found: dict[str, importlib.metadata.Distribution]) -> None:
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in found:
        return
    try:
        found[key] = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return  # optional on this platform
    for line in found[key].requires or []:
        match = re.match(r"[A-Za-z0-9._-]+", line)
        if match and "extra ==" not in line:
            _requirements(match.group(), found)


@functools.lru_cache
def importable(names: tuple[str, ...] = PACKAGES) -> tuple[Package, ...]:
    """The named distributions and all they require, as top-level files and folders."""
    found: dict[str, importlib.metadata.Distribution] = {}
    for name in names:
        _requirements(name, found)
    sources: dict[str, Path] = {}
    for distribution in found.values():
        for file in distribution.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not top.endswith(".pth"):
                sources.setdefault(top, Path(str(distribution.locate_file(top))))
    return tuple(Package(name, source) for name, source in sorted(sources.items()))


Mount = list[str]  # one option of bwrap with its arguments; the last is the path inside


def _bind(path: str | Path, inside: str | Path | None = None) -> Mount:
    return ["--ro-bind", str(path), str(inside or path)]


def _system_folder(folder: str) -> list[Mount]:
    path = Path(folder)
    if path.is_symlink():
        return [["--symlink", str(path.readlink()), folder]]
    return [_bind(path)] if path.is_dir() else []


def _standard_library() -> list[Mount]:
    """The interpreter at its own path, without the packages installed into it."""
    base = Path(sys.base_prefix)
    mounts = [
        _bind(folder)
        for folder in (base / "lib", base / "lib64")
        if folder.is_dir() and not folder.is_symlink() and str(folder) not in SYSTEM_FOLDERS
    ]
    mounts.append(_bind(interpreter()))
    standard = Path(sysconfig.get_path("stdlib"))
    hidden = (standard / "site-packages", standard / "dist-packages", DEBIAN_PACKAGES)
    for folder in hidden:
        if folder.is_dir():
            mounts += [["--tmpfs", str(folder)], ["--remount-ro", str(folder)]]
    return mounts


def extra_folder(number: int) -> Path:
    """Where the view shows the folder that a caller added."""
    return INNER / "extra" / str(number)


def _view(packages: tuple[str, ...], extra: tuple[Path, ...], cuda: bool) -> list[Mount]:
    mounts = [mount for folder in SYSTEM_FOLDERS for mount in _system_folder(folder)]
    mounts += _standard_library()
    for package in importable(packages):
        mounts.append(_bind(package.source, INNER / "packages" / package.name))
    mounts.append(_bind(Path(__file__).parent, INNER / "verifiers"))
    for path in ("/etc/ld.so.cache", *(() if cuda else KERNEL_FACTS)):
        mounts.append(["--ro-bind-try", path, path])
    for device in DEVICES:
        mounts.append(["--dev-bind-try", device, device])
    mounts += [_bind(path, extra_folder(number)) for number, path in enumerate(extra)]
    return [*mounts, *(gpu.mounts() if cuda else []), ["--tmpfs", "/tmp"]]


def _parents(view: list[Mount]) -> list[Mount]:
    """Make the folders above every mount first: those bwrap makes are closed to other users."""
    links = {Path(mount[-1]) for mount in view if mount[0] == "--symlink"}
    folders = {parent for mount in view for parent in Path(mount[-1]).parents} - {Path("/")}
    return [
        ["--perms", "0755", "--dir", str(folder)]
        for folder in sorted(folders)
        if links.isdisjoint((folder, *folder.parents))
    ]


def _identity(root: bool) -> Mount:
    """Root needs no user namespace and gains from none: its children become other users."""
    return [] if root else ["--unshare-user", "--uid", "0", "--gid", "0"]


def bwrap_command(
    packages: tuple[str, ...] = PACKAGES,
    extra: tuple[Path, ...] = (),
    *,
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
    command = [bwrap, *_identity(os.geteuid() == 0), "--unshare-pid", "--unshare-net"]
    command += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--as-pid-1"]
    command += ["--new-session", "--hostname", "whetstone", "--cap-drop", "ALL"]
    for capability in CAPABILITIES:
        command += ["--cap-add", capability]
    if info_fd is not None:
        command += ["--info-fd", str(info_fd)]
    view = _view(packages, extra, cuda)
    for mount in [*_parents(view), *view]:
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
    return [str(interpreter()), "-I", "-S", "-X", "utf8", "-c", start]


@functools.lru_cache
def why_not_bwrap() -> str:
    """Empty where bwrap works here, else what stands in the way. Costs some 100 ms, once."""
    if sys.platform != "linux":
        return f"bwrap exists only on Linux, and this is {sys.platform}"
    if not hasattr(os, "pidfd_open"):
        return "this Python has no pidfd_open"
    program = "from verifiers.lockdown import rehearse; rehearse(); print('fine')"
    try:
        command = bwrap_command(()) + python_command(program, [INNER])
    except FileNotFoundError:
        return "bwrap is not installed (Debian and Ubuntu: apt install bubblewrap)"
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, env=environment(), timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"bwrap could not be run: {error}"
    if result.returncode == 0 and result.stdout == "fine\n":
        return ""
    lines = result.stderr.strip().splitlines() or [f"status {result.returncode}"]
    return f"bwrap failed: {lines[-1]}"


def readable_by_others(packages: tuple[str, ...], extra: tuple[Path, ...]) -> bool:
    """Whether a child that is another user could still import what the view holds."""
    sources = [Path(sys.base_prefix) / "lib", Path(os.__file__), Path(__file__).parent, *extra]
    sources += [package.source for package in importable(packages)]
    modes = [path.stat().st_mode for path in sources if path.exists()]
    return all(mode & 0o004 and (mode & 0o001 or not stat.S_ISDIR(mode)) for mode in modes)
