"""What the resident process sees of the machine: files bound one by one, read-only.

The interpreter and its standard library, the packages that submissions may import, the `verifiers`
package, system libraries. Nothing of the user's, no drill, no reference. /tmp is the only place to
write.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
import stat
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from verifiers import gpu

INNER = Path("/whetstone")  # where packages appear inside; host paths stay outside
PACKAGES = ("torch", "numpy", "safetensors", "jaxtyping")
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
    for name, distribution in found.items():
        files = distribution.files or ()
        tops = {file.parts[0] for file in files} or {name.replace("-", "_")}
        for top in tops:
            source = Path(str(distribution.locate_file(top)))
            if top not in ("..", "__pycache__") and source.suffix != ".pth" and source.exists():
                sources.setdefault(top, source)
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


def mounts(packages: tuple[str, ...], extra: tuple[Path, ...], cuda: bool) -> list[Mount]:
    """Options of bwrap that make the view, in order."""
    view = [mount for folder in SYSTEM_FOLDERS for mount in _system_folder(folder)]
    view += _standard_library()
    for package in importable(packages):
        view.append(_bind(package.source, INNER / "packages" / package.name))
    view.append(_bind(Path(__file__).parent, INNER / "verifiers"))
    for path in ("/etc/ld.so.cache", *(() if cuda else KERNEL_FACTS)):
        view.append(["--ro-bind-try", path, path])
    for device in DEVICES:
        view.append(["--dev-bind-try", device, device])
    view += [_bind(path, extra_folder(number)) for number, path in enumerate(extra)]
    view += [*(gpu.mounts() if cuda else []), ["--tmpfs", "/tmp"]]
    return [*_parents(view), *view]


def _parents(view: list[Mount]) -> list[Mount]:
    """Make the folders above every mount first: those bwrap makes are closed to other users."""
    links = {Path(mount[-1]) for mount in view if mount[0] == "--symlink"}
    folders = {parent for mount in view for parent in Path(mount[-1]).parents} - {Path("/")}
    return [
        ["--perms", "0755", "--dir", str(folder)]
        for folder in sorted(folders)
        if links.isdisjoint((folder, *folder.parents))
    ]


def readable_by_others(packages: tuple[str, ...], extra: tuple[Path, ...]) -> bool:
    """Whether a child that is another user could still import what the view holds."""
    sources = [Path(sys.base_prefix) / "lib", Path(os.__file__), Path(__file__).parent, *extra]
    sources += [package.source for package in importable(packages)]
    modes = [path.stat().st_mode for path in sources if path.exists()]
    return all(mode & 0o004 and (mode & 0o001 or not stat.S_ISDIR(mode)) for mode in modes)
