"""CUDA in the sandbox: what a view must hold for it, how a child is prepared, what was found.

The driver needs its device nodes (bound with device access), /sys and a /proc, and calls at
start-up that the filter refuses later; so a child makes its context first and locks down after.
No torch is imported here until `prepare` runs in a child.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

DRIVER_FOLDERS = (
    "/usr/local/nvidia",  # container images
    "/usr/local/cuda",
    "/run/opengl-driver",  # NixOS
    "/etc/OpenCL",
)
PASSED_ON = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Gpus:
    """The NVIDIA cards the driver reports: their names, and the driver's version."""

    names: tuple[str, ...]
    driver: str

    @property
    def sentence(self) -> str:
        if not self.names:
            return "No NVIDIA GPU was found; drills are judged on the CPU."
        return f"{', '.join(self.names)} (driver {self.driver})."


def found(root: Path = Path("/proc/driver/nvidia")) -> Gpus:
    """Ask the driver's own files, which takes no time; `torch.cuda` may still refuse to work."""
    names = []
    for path in sorted(root.glob("gpus/*/information")):
        lines = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
        names.append(lines.get("Model", "unknown model").strip())
    version = root / "version"
    words = version.read_text().split() if version.exists() else []
    numbers = [word for word in words if word[:1].isdigit() and "." in word]
    return Gpus(tuple(names), numbers[0] if numbers else "unknown")


def device_nodes(dev: Path = Path("/dev")) -> list[Path]:
    """The driver's device nodes, with those of Windows' subsystem for Linux."""
    nodes = [*dev.glob("nvidia*"), dev / "dxg"]
    return sorted(node for node in nodes if node.exists())


def mounts() -> list[list[str]]:
    """Options of bwrap that let CUDA work inside."""
    options = [["--proc", "/proc"], ["--ro-bind", "/sys", "/sys"]]
    options += [["--dev-bind", str(node), str(node)] for node in device_nodes()]
    options += [["--ro-bind", path, path] for path in DRIVER_FOLDERS if Path(path).is_dir()]
    return options


def environment() -> dict[str, str]:
    """Which cards to use, and no cache on disk, for there is none to write to."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed, "CUDA_CACHE_DISABLE": "1"}


def prepare() -> Callable[[int], None]:
    """Make a context and run the first kernels. Returns what caps memory when the job comes.

    The cap is PyTorch's own: a tensor beyond it raises `torch.OutOfMemoryError`. Code that calls
    the driver directly can pass it; memory of the machine itself is watched from outside.
    """
    import torch

    torch.cuda.init()
    a = torch.ones(64, 64, device="cuda")
    (a @ a).softmax(-1).sum().item()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    return functools.partial(_cap, torch.cuda.get_device_properties(0).total_memory)


def _cap(total: int, memory: int) -> None:
    import torch

    share = (torch.cuda.memory_reserved() + memory) / total
    torch.cuda.set_per_process_memory_fraction(min(1.0, share))
