"""The child process that compares formulas: sympy imported once, one fork per question.

Reads one JSON request a line and answers one JSON line. Each comparison runs in a fork with
limits of its own, and is killed when its time is up: what sampling had found by then stands.
Started as `python -m question_bank.formula.worker` by `judge.py`; ends when its input closes.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import select
import signal
import sys
import time
from typing import Any

from question_bank.formula import equivalence
from question_bank.formula.tree import Domain, Node, from_json

MEMORY_BYTES = 1 << 30
PROOF_SECONDS = 0.3  # of the clock


def main() -> None:
    """Serve requests until the input closes."""
    import sympy

    warm = Node("symbol", name="x")
    equivalence.proves_equal(warm, Node("neg", (warm,)), {"x": Domain(1, 9)})
    _reply({"ready": sympy.__version__})
    for line in sys.stdin:
        _reply(in_a_fork(json.loads(line)))


def _reply(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def in_a_fork(request: dict[str, Any]) -> dict[str, Any]:
    """Compare in a fork; after `request["seconds"]` of work kill it and keep its last line."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _child(request, write_end)
    os.close(write_end)
    started = time.monotonic()
    received = b""
    proof_ends = math.inf
    while _worked(child, started) < request["seconds"] and time.monotonic() < proof_ends:
        if not select.select([read_end], [], [], 0.05)[0]:
            continue
        piece = os.read(read_end, 65536)
        if not piece:
            break
        received += piece
        if b'"sampled"' in piece:  # the verdict is known: a proof would only confirm it
            proof_ends = time.monotonic() + PROOF_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read_end)
    lines = [line for line in received.split(b"\n")[:-1] if line]
    return json.loads(lines[-1]) if lines else {"undecided": True}


def _worked(child: int, started: float) -> float:
    """Seconds of CPU that the fork has used, so that a busy machine costs nobody a verdict.

    Waiting counts a fifth, so that nothing hangs. Without per-process clocks the wall decides.
    """
    waited = time.monotonic() - started
    if sys.platform != "linux":
        return waited
    with contextlib.suppress(OSError):
        # The clock of another process, as clock_getcpuclockid(3) makes it.
        return max(time.clock_gettime((~child << 3) | 2), waited / 5)
    return waited / 5  # it has just ended; what it wrote is still to be read


def _child(request: dict[str, Any], write_end: int) -> None:
    """Write what sampling says, then what sympy says; never return."""
    try:
        limit = (MEMORY_BYTES, MEMORY_BYTES)
        resource.setrlimit(resource.RLIMIT_AS, limit)
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        for answer in _answers(request):
            os.write(write_end, json.dumps(answer).encode() + b"\n")
    except BaseException:  # whatever happened, the parent keeps the last line that was written
        os._exit(1)
    os._exit(0)


def _answers(request: dict[str, Any]) -> Any:
    learner, key = from_json(request["learner"]), from_json(request["key"])
    domains = {
        name: Domain(low, high, integer)
        for name, (low, high, integer) in request["domains"].items()
    }
    difference = equivalence.first_difference(learner, key, domains)
    if difference is None:
        yield {"equal": True, "proof": "sampled"}
        if equivalence.proves_equal(learner, key, domains):
            yield {"equal": True, "proof": "simplified"}
        return
    if difference.learner is None and equivalence.proves_equal(learner, key, domains):
        yield {"equal": True, "proof": "simplified"}
        return
    answer: dict[str, Any] = {
        "equal": False,
        "proof": "counterexample",
        "point": {name: float(number) for name, number in difference.point.items()},
        "learner": difference.learner,
        "key": difference.key,
    }
    yield answer
    for index, mistake in enumerate(request["mistakes"]):
        if equivalence.first_difference(learner, from_json(mistake), domains) is None:
            yield {**answer, "mistake": index}
            return
    yield {**answer, "ratio": equivalence.constant_ratio(learner, key, domains)}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program that asked
    main()
