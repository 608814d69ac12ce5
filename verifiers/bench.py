"""How fast the engine is, told as ratios within one run.

Three ways to judge the same submission: through the whole engine, which had time to run the
reference ahead, as it has between a learner's submissions; in a fresh `python` that imports torch;
and by calling the checks in this process, which no engine can beat (the floor).
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verifiers.judge import Judge
from verifiers.run import load_module, run_checks
from verifiers.spec import DrillSpec
from verifiers.workbench import load_workbench

FRESH_REPEATS = 3
Progress = Callable[[str], None]
ROOT = Path(__file__).resolve().parent.parent

FRESH = """
import sys, pathlib
from verifiers.run import load_module, run_checks
from verifiers.checks import checks_of
checks = load_module(pathlib.Path(sys.argv[1]).read_text(), "checks", "checks.py")
entry = getattr(load_module(sys.stdin.read(), "submission", "submission.py"), sys.argv[2])
for observation in run_checks(checks_of(checks), entry, 0):
    pass
"""


@dataclass(frozen=True)
class Row:
    """One drill: milliseconds through the engine, in a fresh interpreter, and at the floor."""

    drill: str
    engine_p50: float
    engine_p95: float
    fresh: float
    floor: float


@dataclass(frozen=True)
class BenchReport:
    rows: tuple[Row, ...]
    workers: int
    per_second: float
    throughput_drill: str
    child_mib: float
    resident_mib: float
    growth_over: int
    growth_mib: float

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def bench(
    drills: Sequence[tuple[DrillSpec, str]],
    *,
    repeats: int,
    submissions: int,
    workers: int | None,
    progress: Progress,
) -> BenchReport:
    """Measure every drill, then the throughput and memory with the first of them."""
    workers = workers or os.cpu_count() or 1
    spec, source = drills[0]
    progress(f"throughput with {workers} judges")
    per_second = throughput(spec, source, submissions, workers)
    with Judge(look_ahead=True) as judge:
        judge.warm_up()
        rows = []
        for drill, text in drills:
            progress(drill.id)
            rows.append(measure(judge, drill, text, repeats))
        progress("memory")
        before = tree_mib()
        child, resident = memory_in_flight(judge, spec)
        for _ in range(submissions):
            judge.judge(spec, source)
        growth = tree_mib() - before
    return BenchReport(
        tuple(rows), workers, per_second, spec.id, child, resident, submissions, growth
    )


def measure(judge: Judge, spec: DrillSpec, source: str, repeats: int) -> Row:
    judge.judge(spec, source)  # loads the drill
    engine = []
    for _ in range(repeats):
        judge.finish_looking_ahead()
        engine.append(timed(lambda: judge.judge(spec, source)))
    engine.sort()
    workbench = load_workbench(spec)
    entry = getattr(load_module(source, "submission", "submission.py"), spec.entry)

    def in_process() -> None:
        for _ in run_checks(workbench.checks, entry, 0, parameters=workbench.parameters):
            pass

    floor = statistics.median(timed(in_process) for _ in range(repeats))
    fresh = statistics.median(
        timed(lambda: fresh_python(spec, source)) for _ in range(FRESH_REPEATS)
    )
    p95 = engine[min(len(engine) - 1, int(0.95 * len(engine)))]
    return Row(spec.id, statistics.median(engine), p95, fresh, floor)


def timed(action: Callable[[], Any]) -> float:
    """Milliseconds that an action takes."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def fresh_python(spec: DrillSpec, source: str) -> None:
    subprocess.run(
        [sys.executable, "-c", FRESH, str(spec.checks_path), spec.entry],
        input=source.encode(),
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def throughput(spec: DrillSpec, source: str, submissions: int, workers: int) -> float:
    """Submissions a second of several judges, each in a process of its own."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(workers + 1)
    share = [submissions // workers + (i < submissions % workers) for i in range(workers)]
    processes = [context.Process(target=_work, args=(spec, source, n, gate)) for n in share]
    for process in processes:
        process.start()
    gate.wait()
    started = time.perf_counter()
    for process in processes:
        process.join()
    elapsed = time.perf_counter() - started
    if any(process.exitcode for process in processes):
        raise RuntimeError("a judge failed during the throughput benchmark")
    return submissions / elapsed


def _work(spec: DrillSpec, source: str, submissions: int, gate: Any) -> None:
    with Judge() as judge:
        judge.warm_up()
        judge.judge(spec, source)
        gate.wait()
        for _ in range(submissions):
            verdict = judge.judge(spec, source, diagnose=False)
            if not verdict.passed:
                sys.exit(f"{verdict.verdict}: {verdict.message}")


# Memory, from /proc


def memory_in_flight(judge: Judge, spec: DrillSpec) -> tuple[float, float]:
    """MiB private to a waiting submission, and of the resident process it was forked from."""
    import threading

    known = set(descendants())
    waiting = "import time\ntime.sleep(1.5)\n"
    thread = threading.Thread(target=judge.judge, args=(spec, waiting))
    thread.start()
    time.sleep(0.8)
    fresh = [pid for pid in descendants() if pid not in known]
    child = sum(private_mib(pid) for pid in fresh)
    thread.join()
    resident = max((proportional_mib(pid) for pid in known), default=0.0)
    return child, resident


def descendants(pid: int | None = None) -> Iterator[int]:
    """All processes below one, this one unless given."""
    pid = pid or os.getpid()
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in tasks.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from descendants(child)


def private_mib(pid: int) -> float:
    return _smaps(pid, ("Private_Dirty:",))


def proportional_mib(pid: int) -> float:
    return _smaps(pid, ("Pss:",))


def tree_mib() -> float:
    """Proportional memory of this process and everything below it."""
    return proportional_mib(os.getpid()) + sum(proportional_mib(pid) for pid in descendants())


def _smaps(pid: int, keys: tuple[str, ...]) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(keys)) / 1024
