"""The trusted side of comparing formulas: starts the child, sends trees, reads the outcome.

Only trees built by our parser are sent, as JSON. A child that dies or stays silent is replaced.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from question_bank.formula.tree import Domain, Node, to_json

SECONDS = 0.6  # of CPU: a comparison answers within this; sampling takes a few milliseconds
START_SECONDS = 60.0
ROOT = Path(__file__).parents[2]

Proof = Literal["simplified", "sampled", "counterexample", "undecided"]


@dataclass(frozen=True)
class Comparison:
    """Whether a learner's formula means the same as the key, and how that was found.

    Where it differs: `point` is a place with the two values there (`learner` None: no value),
    `mistake` the index of the known mistake it equals, `ratio` learner / key where constant.
    """

    equal: bool
    proof: Proof
    point: Mapping[str, float] = field(default_factory=dict)
    learner: float | None = None
    key: float | None = None
    mistake: int | None = None
    ratio: float | None = None


class FormulaJudge:
    """Owns one child process; may be called from several threads."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._buffer = b""

    def warm(self) -> None:
        """Start the child in the background, so that the first comparison need not wait."""
        threading.Thread(target=self._warm, daemon=True).start()

    def _warm(self) -> None:
        with self._lock:
            self._ready_child()

    def compare(
        self,
        learner: Node,
        key: Node,
        domains: Mapping[str, Domain],
        mistakes: Sequence[Node] = (),
    ) -> Comparison:
        """Compare two trees over the same symbols. Never raises for a learner's formula."""
        request = {
            "learner": to_json(learner),
            "key": to_json(key),
            "domains": {name: (d.low, d.high, d.integer) for name, d in domains.items()},
            "mistakes": [to_json(mistake) for mistake in mistakes],
            "seconds": self.seconds,
        }
        with self._lock:
            answer = self._ask(request)
        if answer is None or "equal" not in answer:
            return Comparison(equal=False, proof="undecided")
        return Comparison(**answer)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        child = self._ready_child()
        assert child.stdin is not None
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            answer = self._read(child, 5 * self.seconds + 2.0)
        except OSError:
            answer = None
        if answer is None:
            self._stop()
        return answer

    def _ready_child(self) -> subprocess.Popen[bytes]:
        """The running child, started if there is none. Waits until sympy is imported."""
        if self._child is None or self._child.poll() is not None:
            self._stop()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "question_bank.formula.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env={name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            )
            if self._read(self._child, START_SECONDS) is None:
                self._stop()
                raise RuntimeError("the process that compares formulas did not start")
        return self._child

    def _read(self, child: subprocess.Popen[bytes], seconds: float) -> dict[str, Any] | None:
        """One line from the child, or None where it ends or stays silent."""
        assert child.stdout is not None
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return None
                piece = os.read(child.stdout.fileno(), 65536)
                if not piece:
                    return None
                self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _stop(self) -> None:
        child, self._child, self._buffer = self._child, None, b""
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    def close(self) -> None:
        """End the child. Calling `compare` afterwards starts a new one."""
        with self._lock:
            self._stop()


@functools.cache
def shared_judge() -> FormulaJudge:
    """One judge for the whole program, closed when it exits."""
    judge = FormulaJudge()
    atexit.register(judge.close)
    return judge
