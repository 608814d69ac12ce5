"""How fast a solution is beside the reference and the library's own kernel.

A drill that wants to be timed has a `timing.py` with `inputs(draw)`, the arguments of one call, and
optionally `library`, a function that takes the same arguments. Each contestant runs in a sandboxed
process of its own, on the same inputs, in turns. CUDA is timed with events, the CPU with
`time.perf_counter`; before every run a buffer larger than any L2 cache is written.

A time is taken inside the process that runs the submission: it is told to its author, and no
verdict depends on it.
"""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from verifiers.draw import Draw
from verifiers.run import load_module
from verifiers.sandbox import Job, Sandbox
from verifiers.spec import DrillSpec
from verifiers.tree import decode, encode

ENTRY = "verifiers.timing:main"
WARM_UP_RUNS = 3
MOST_RUNS = 50  # in one turn
FEWEST_RUNS = 5
TURN_SECONDS = 0.5
TURNS = 3
FLUSH_BYTES = {"cpu": 64 * 2**20, "cuda": 256 * 2**20}  # the largest L2 in use holds 126 MiB
TIME_LIMIT = 60.0  # seconds for one turn
MEMORY_MIB = 4096
LIBRARY = "library"


class CannotTime(Exception):
    """Why a drill or a submission cannot be timed, in a sentence."""


@dataclass(frozen=True)
class Times:
    """Milliseconds of one contestant: the median and the quartiles of its runs."""

    median_ms: float
    lower_ms: float
    upper_ms: float
    runs: int


@dataclass(frozen=True)
class Timing:
    """A submission beside the reference and, where the drill names one, a library kernel."""

    drill: str
    device: str
    submission: Times
    reference: Times
    library: Times | None

    @property
    def to_reference(self) -> float:
        """How many times as long as the reference the submission takes."""
        return self.submission.median_ms / self.reference.median_ms

    @property
    def to_library(self) -> float | None:
        return self.submission.median_ms / self.library.median_ms if self.library else None

    def to_dict(self) -> dict[str, Any]:
        ratios = {"to_reference": self.to_reference, "to_library": self.to_library}
        return dataclasses.asdict(self) | ratios


def time_submission(
    spec: DrillSpec, source: str, device: Literal["cpu", "cuda"] = "cpu", seed: int = 0
) -> Timing:
    """Time a submission that passes. Raises CannotTime."""
    if not spec.timing_path.exists():
        raise CannotTime(f"{spec.id} has no timing.py, so it is not timed")
    timing = spec.timing_path.read_text(encoding="utf-8")
    contestants = {"submission": source, "reference": spec.reference_path.read_text("utf-8")}
    if hasattr(load_module(timing, "timing", str(spec.timing_path)), LIBRARY):
        contestants[LIBRARY] = ""
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    with Sandbox(entry=ENTRY, device=device) as sandbox:
        for _ in range(TURNS):
            for name, code in contestants.items():
                task = {"timing": timing, "source": code, "entry": spec.entry}
                samples[name] += _turn(sandbox, name, task | {"device": device, "seed": seed})
    found = {name: _times(values) for name, values in samples.items()}
    return Timing(spec.id, device, found["submission"], found["reference"], found.get(LIBRARY))


def _turn(sandbox: Sandbox, name: str, task: dict[str, Any]) -> list[float]:
    job = Job(json.dumps(task).encode(), time_limit=TIME_LIMIT, memory_mib=MEMORY_MIB)
    outcome = sandbox.run(job)
    try:
        times = decode(outcome.frames[0]) if outcome.kind == "done" else None
    except (ValueError, IndexError):
        times = None
    timed = isinstance(times, list) and all(type(t) is float and 0 < t < math.inf for t in times)
    if not (timed and times):
        said = outcome.printed.strip().splitlines()[-1:] or [""]
        raise CannotTime(f"the {name} did not come to its end: {outcome.detail} {said[0]}".strip())
    return times


def _times(samples: Sequence[float]) -> Times:
    lower, median, upper = statistics.quantiles(samples, n=4)
    return Times(median, lower, upper, len(samples))


# Inside the sandbox


def main(payload: bytes, send: Callable[[bytes], None]) -> None:
    """Time one contestant for one turn."""
    task = json.loads(payload)
    timing = load_module(task["timing"], "timing", "timing.py")
    if task["source"]:
        module = load_module(task["source"], "submission", "submission.py")
        call = getattr(module, task["entry"])
    else:
        call = timing.library
    arguments = timing.inputs(Draw(task["seed"], "timing", device=task["device"], quiet=True))
    send(encode(measure(lambda: call(*arguments), task["device"])))


def measure(action: Callable[[], Any], device: str) -> list[float]:
    """Milliseconds of each of several runs, after some that do not count."""
    run = _on_cuda if device == "cuda" else _on_cpu
    flush = torch.empty(FLUSH_BYTES[device], dtype=torch.uint8, device=device)
    for _ in range(WARM_UP_RUNS):
        action()
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < FEWEST_RUNS or (
        len(times) < MOST_RUNS and time.perf_counter() - begun < TURN_SECONDS
    ):
        flush.zero_()
        times.append(run(action))
    return times


def _on_cpu(action: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


def _on_cuda(action: Callable[[], Any]) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    action()
    end.record()
    end.synchronize()
    return start.elapsed_time(end)
