"""How a verdict comes about. Read this file to know what the engine does.

1. The submission, the drill's `checks.py` and a fresh seed go into the sandbox (`verifiers.inside`
   runs there). Meanwhile the same checks run here, on the reference (`verifiers.workbench`): once
   in the dtypes asked for and once in float64.
2. Each check's observations come back as plain data and are compared (`verifiers.result`), here.
3. How the process ended and what its checks gave make the verdict (`verifiers.conclude`).
4. A submission that differs is compared with the drill's known mistakes (`verifiers.diagnose`).
"""

from __future__ import annotations

import gc
import queue
import secrets
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import torch

from verifiers.conclude import Record, conclude
from verifiers.diagnose import diagnose as diagnosis_of
from verifiers.inside import Task
from verifiers.reports import FORGED, Report, read_report
from verifiers.result import compare_check, show_example
from verifiers.sandbox import Job, Outcome, Sandbox
from verifiers.spec import DrillSpec
from verifiers.tree import FrameError, decode, freeze
from verifiers.verdict import CheckResult, Diagnosis, Kind, Verdict
from verifiers.workbench import (
    Ahead,
    DrillError,
    Expected,
    Workbench,
    expectations,
    load_workbench,
)

MAX_SOURCE_BYTES = 256 * 1024
OnCheck = Callable[[CheckResult], None]


class Judge:
    """Judges submissions with a sandbox of its own. Use as a context manager, or call `close`."""

    def __init__(self, sandbox: Sandbox | None = None, *, look_ahead: bool = False) -> None:
        """`look_ahead` runs the reference for a drill's next fresh seed while nobody waits."""
        self.sandbox = sandbox or Sandbox()
        self._on_gpu: Sandbox | None = None  # made when first asked for
        self.look_ahead = look_ahead
        self._ahead: Ahead | None = None
        # The reference on the seed asked for last: an audit asks for one many times in a row.
        self._latest: tuple[Any, dict[str, Expected]] | None = None

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.sandbox.close()
        if self._on_gpu:
            self._on_gpu.close()

    def sandbox_for(self, device: str) -> Sandbox:
        """The sandbox whose children can use a device; that of the GPU sees it and nothing more."""
        if device == "cpu":
            return self.sandbox
        self._on_gpu = self._on_gpu or Sandbox(device="cuda")
        return self._on_gpu

    def warm_up(self) -> None:
        """Start the sandbox and run torch's slow first steps now, not in the first verdict.

        What is loaded by now stays: garbage is no more looked for among it, which took 80 ms each
        time.
        """
        torch.set_num_threads(1)
        self.sandbox.start()
        leaf = torch.ones(2, requires_grad=True)
        torch.autograd.grad((leaf * 2).sum(), leaf)
        freeze(leaf)
        gc.collect()
        gc.freeze()

    def judge(
        self,
        spec: DrillSpec,
        source: str | bytes,
        *,
        device: str = "cpu",
        seed: int | None = None,
        on_check: OnCheck | None = None,
        example_only: bool = False,
        diagnose: bool = True,
        to_the_end: bool = True,
    ) -> Verdict:
        """Judge one submission. Never raises for anything that the submission does.

        `on_check` hears of each check as soon as it is compared. `seed` is drawn afresh unless
        given. `example_only` runs just the statement's worked example. `diagnose=False` spares the
        search for what a failed submission misunderstood; without `to_the_end` the first check
        that fails is the last one.
        """
        started = time.perf_counter()
        used = secrets.randbits(32) if seed is None else seed

        def verdict(kind: Kind, message: str, **more: Any) -> Verdict:
            wall_ms = (time.perf_counter() - started) * 1000
            return Verdict(spec.id, kind, used, device, round(wall_ms, 2), message=message, **more)

        text, refusal = _read_source(source)
        if refusal:
            return verdict("syntax_error", refusal)
        try:
            bench = load_workbench(spec)
            used, expected = self._reference(bench, seed, used, device)
            run = _Run(bench, text, used, device, example_only, on_check, expected, to_the_end)
            record, outcome = run.execute(self.sandbox_for(device))
            kind, message = conclude(spec, record, outcome, len(run.checks))
        except Exception as error:
            return verdict("judge_error", f"the judge failed, not your code: {error!r}")
        wanted = diagnose and kind in ("failed", "runtime_error") and record.observed
        diagnosis = _diagnose(bench, record, used, device) if wanted else None
        if self.look_ahead and not (self._ahead and self._ahead.serves(bench, device)):
            self._ahead = Ahead(bench, device)  # only now: it would slow the diagnosis down
        results = tuple(record.results)
        return verdict(kind, message, checks=results, diagnosis=diagnosis, printed=outcome.printed)

    def finish_looking_ahead(self) -> None:
        """Wait until the reference has run for the next seed. For measurements."""
        if self._ahead:
            self._ahead.result()

    def _reference(
        self, bench: Workbench, seed: int | None, fresh: int, device: str
    ) -> tuple[int, dict[str, Expected]]:
        """The reference on the seed asked for, or on the one it has run on already, or afresh."""
        ahead = self._ahead
        if seed is not None or ahead is None or not ahead.serves(bench, device):
            latest = self._latest  # another thread may replace it
            if latest is None or latest[0] != (bench, fresh, device):
                latest = (bench, fresh, device), expectations(bench, fresh, device)
                self._latest = latest
            return fresh, latest[1]
        self._ahead = None
        return ahead.seed, ahead.result()


def _read_source(source: str | bytes) -> tuple[str, str]:
    """The text of a submission, or why it cannot be read."""
    if len(source) > MAX_SOURCE_BYTES:
        return (
            "",
            f"the file is larger than {MAX_SOURCE_BYTES // 1024} KiB; submit only the solution",
        )
    if isinstance(source, str):
        try:
            source.encode()
        except UnicodeEncodeError:
            return "", "the text holds half of a surrogate pair; retype the odd character"
        return source, ""
    try:
        return source.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        return "", f"line {line} is not UTF-8 text; save the file as UTF-8 and submit again"


class _Settled(Exception):
    """The verdict is known; the rest of the checks need not run."""


class _Run:
    """One submission on its way through the sandbox and the comparison."""

    def __init__(
        self,
        bench: Workbench,
        text: str,
        seed: int,
        device: str,
        example_only: bool,
        on_check: OnCheck | None,
        expected: dict[str, Expected],
        to_the_end: bool = True,
    ) -> None:
        self.bench, self.on_check, self.expected = bench, on_check, expected
        self.example_only, self.to_the_end = example_only, to_the_end
        self.settled = False  # nobody wants to see more
        spec = bench.spec
        self.checks = [check for check in bench.checks if check.example or not example_only]
        task = Task(
            text,
            bench.checks_code,
            spec.entry,
            seed,
            device,
            spec.forbidden,
            bench.parameters,
            example_only,
        )
        self.job = Job(
            task.to_payload(),
            time_limit=spec.time_limit,
            memory_mib=spec.memory_mib,
            output_bytes=spec.output_bytes,
        )

    def execute(self, sandbox: Sandbox) -> tuple[Record, Outcome]:
        """Run the job in a thread; compare each check as its frame arrives."""
        frames: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        outcomes: list[Outcome | Exception] = []

        def take(frame: bytes) -> None:
            if self.settled:
                raise _Settled  # ends the child
            frames.put(frame)

        def work() -> None:
            try:
                outcomes.append(sandbox.run(self.job, take))
            except _Settled:
                outcomes.append(Outcome("done", (), "", 0.0))
            except Exception as error:
                outcomes.append(error)
            finally:
                frames.put(None)

        thread = threading.Thread(target=work, name="sandbox-job", daemon=True)
        thread.start()
        try:
            record = self._compare(frames)
        finally:
            thread.join()
        outcome = outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return record, outcome

    def _compare(self, frames: queue.SimpleQueue[bytes | None]) -> Record:
        record = Record(self.expected)
        for check in self.checks:
            # The reference runs here while the submission runs in the sandbox.
            expected = self.expected[check.name]
            if expected.broken:
                raise DrillError(f"{self.bench.spec.id}, check {check.name!r}: {expected.broken}")
            frame = self._next_check(frames, record)
            if frame is None:
                return record
            if frame.get("name") != check.name or not isinstance(frame.get("outcomes"), list):
                record.reports.append(FORGED)
                continue
            record.observed[check.name] = frame["outcomes"]
            result, raised = compare_check(check, frame["outcomes"], expected)
            if not result.passed and all(earlier.passed for earlier in record.results):
                record.raised_first = raised
            if check.example and self.example_only and result.passed:
                shown = show_example(expected, frame["outcomes"])
                result = CheckResult(result.name, True, shown)
            record.results.append(result)
            if self.on_check:
                self.on_check(result)
            if not (result.passed or self.to_the_end):
                self.settled = True
                return record
        while self._next_check(frames, record) is not None:
            record.reports.append(FORGED)
        return record

    def _next_check(
        self, frames: queue.SimpleQueue[bytes | None], record: Record
    ) -> dict[str, Any] | None:
        """The next frame of a check; other frames are kept. None when no more will come."""
        while (data := frames.get()) is not None:
            try:
                frame = decode(data)
            except FrameError:
                frame = None
            if isinstance(frame, dict) and frame.get("frame") == "check":
                if frame.get("memory") is True:
                    record.reports.append(Report("memory"))
                return frame
            record.reports.append(read_report(frame))
        frames.put(None)  # so that asking again does not wait
        return None


def _diagnose(bench: Workbench, record: Record, seed: int, device: str) -> Diagnosis | None:
    try:
        return diagnosis_of(bench, record, seed, device)
    except Exception:
        return None  # a diagnosis is a help; its failure must not cost the verdict
