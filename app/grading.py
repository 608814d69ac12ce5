"""Judge a folder of submissions, DIR/<learner>/<drill_id>.py, on several cores.

Each worker is a process with a judge and so a sandbox of its own. Results go into one file of JSON
lines, written only here, and each has an id made from learner, drill and code: what the file holds
already is not judged again, so that a run which was killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drills.catalogue import DrillNotFoundError, get_drill
from verifiers.spec import DrillSpec

BATCH = 20
RESTARTS = 5  # how often a pool whose worker was killed is made anew
LARGEST = 256 * 1024  # bytes, as the judge allows

_judge: Any = None  # in a worker: its judge


@dataclass(frozen=True)
class Submission:
    """One file to judge. `id` stays the same as long as learner, drill and code do."""

    id: str
    learner: str
    drill: str
    path: Path


@dataclass(frozen=True)
class Found:
    """What a folder holds: files to judge, and what is in the way, in words."""

    submissions: tuple[Submission, ...]
    problems: tuple[str, ...]


def find(folder: Path) -> Found:
    """Every submission below a folder. Nothing odd is fatal: it is reported and passed over."""
    submissions, problems = [], []
    for learner in sorted(folder.iterdir()):
        if not learner.is_dir():
            if learner.suffix == ".py":
                problems.append(f"{learner.name!r} lies beside the learners' folders, not in one")
            continue
        for path in sorted(learner.iterdir()):
            problem = _problem(path)
            name = f"{learner.name!r}/{path.name!r}"
            if problem:
                problems.append(f"{name}: {problem}")
            else:
                submissions.append(_submission(learner.name, path))
    return Found(tuple(submissions), tuple(problems))


def _problem(path: Path) -> str:
    if path.is_symlink():
        return "a link; only files are judged"
    if not path.is_file():
        return "not a file"
    if path.suffix != ".py":
        return "not a .py file"
    try:
        get_drill(path.stem)
    except DrillNotFoundError as error:
        return str(error)
    if path.stat().st_size > LARGEST:
        return f"larger than {LARGEST // 1024} KiB"
    if not os.access(path, os.R_OK):
        return "cannot be read"
    return ""


def _submission(learner: str, path: Path) -> Submission:
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    who = learner.encode("utf-8", "surrogateescape")
    parts = b"\0".join([who, path.stem.encode(), content.encode()])
    return Submission(hashlib.sha256(parts).hexdigest()[:32], _printable(learner), path.stem, path)


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# Results


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """The results a file holds, by id. A last line cut short by a kill is passed over."""
    results: dict[str, dict[str, Any]] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                result = json.loads(line)
                results[result["id"]] = result
            except (json.JSONDecodeError, KeyError, TypeError):
                continue
    return {id: result for id, result in results.items() if result["verdict"] != "judge_error"}


def grade(
    submissions: Sequence[Submission], output: Path, workers: int
) -> Iterator[dict[str, Any]]:
    """Judge what `output` does not hold yet; append and yield each result as it comes."""
    done = read_results(output)
    waiting = {item.id: item for item in submissions if item.id not in done}
    with output.open("a+", encoding="utf-8") as file:
        _end_the_last_line(output, file)
        for result in _judge_all(waiting, workers):
            file.write(json.dumps(result) + "\n")
            file.flush()
            yield result


def _end_the_last_line(output: Path, file: Any) -> None:
    with output.open("rb") as existing:
        existing.seek(0, os.SEEK_END)
        if existing.tell():
            existing.seek(-1, os.SEEK_END)
            if existing.read(1) != b"\n":
                file.write("\n")


def _judge_all(waiting: dict[str, Submission], workers: int) -> Iterator[dict[str, Any]]:
    """Judge in batches. A killed worker breaks its pool: a new one takes what is left."""
    for _ in range(RESTARTS):
        try:
            yield from _judge_in_pool(waiting, workers)
            return
        except BrokenProcessPool:
            continue
    raise RuntimeError(f"workers were killed {RESTARTS} times; run again to go on")


def _judge_in_pool(waiting: dict[str, Submission], workers: int) -> Iterator[dict[str, Any]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start) as pool:
        items = list(waiting.values())
        batches: list[Future[list[dict[str, Any]]]] = [
            pool.submit(_judge_batch, items[start : start + BATCH])
            for start in range(0, len(items), BATCH)
        ]
        for future in as_completed(batches):
            for result in future.result():
                del waiting[result["id"]]
                yield result


def _start() -> None:
    global _judge
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from verifiers.judge import Judge

    _judge = Judge()
    _judge.warm_up()


def _judge_batch(batch: list[Submission]) -> list[dict[str, Any]]:
    return [_judge_one(item, get_drill(item.drill).spec) for item in batch]


def _judge_one(item: Submission, spec: DrillSpec) -> dict[str, Any]:
    verdict = _judge.judge(spec, item.path.read_bytes())
    return {"id": item.id, "learner": item.learner, **verdict.to_dict()}


# The summary


def summary(results: Iterable[dict[str, Any]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Passed and judged, by drill and by learner."""
    tables: dict[str, dict[str, list[int]]] = {
        "drill": defaultdict(lambda: [0, 0]),
        "learner": defaultdict(lambda: [0, 0]),
    }
    for result in results:
        for kind, table in tables.items():
            table[result[kind]][0] += result["verdict"] == "passed"
            table[result[kind]][1] += 1
    return {
        kind: {name: (passed, judged) for name, (passed, judged) in sorted(table.items())}
        for kind, table in tables.items()
    }
