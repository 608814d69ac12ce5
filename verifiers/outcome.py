"""What goes into the sandbox and what comes out of it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OutcomeKind = Literal[
    "done", "time_limit", "memory_limit", "output_limit", "crashed", "judge_error"
]


@dataclass(frozen=True)
class Job:
    """What the child gets. `payload` is opaque bytes for `verifiers.inside.main`."""

    payload: bytes
    time_limit: float = 10.0  # seconds, wall and CPU
    memory_mib: int = 1024  # above the idle worker
    output_bytes: int = 64 * 1024  # stdout and stderr together
    frame_bytes: int = 64 * 1024 * 1024  # everything the child may send back
    max_frames: int = 4096


@dataclass(frozen=True)
class Outcome:
    """How the child ended. "done" only when its code returned and the child exited with 0."""

    kind: OutcomeKind
    frames: tuple[bytes, ...]  # complete frames received, in order
    printed: str  # what reached stdout and stderr, decoded, control sequences stripped
    wall_ms: float
    detail: str = ""  # for example "killed by SIGSEGV", "exited with status 3"
    cpu_ms: float = 0.0
