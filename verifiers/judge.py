"""How a verdict comes about. Read this file to know what the engine does.

1. The submission, the drill's `checks.py` and a fresh seed go into the sandbox (`verifiers.inside`
   runs there). Meanwhile the same checks run here, on the reference: once in the dtypes asked for
   and once in float64.
2. Each check's observations come back as plain data and are compared (`verifiers.compare`), here.
3. A submission that differs is compared with the drill's known mistakes (`verifiers.diagnose`).
"""

from __future__ import annotations

import functools
import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import torch

from verifiers.checks import Case, Check, checks_of, parameter_names
from verifiers.compare import Allowance, compare_case, describe_exception, describe_kind, raised
from verifiers.draw import Draw
from verifiers.inside import Task
from verifiers.printed import shown
from verifiers.reports import FORGED, Report, Topic, read_report
from verifiers.run import Observation, load_module, run_check
from verifiers.sandbox import Job, Outcome, Sandbox
from verifiers.spec import DrillSpec
from verifiers.tree import Array, FrameError, OnDevice, decode, freeze
from verifiers.verdict import CheckResult, Diagnosis, Kind, Verdict

MAX_SOURCE_BYTES = 256 * 1024
MOST_DETAIL = 2000  # characters of what one check found
OnCheck = Callable[[CheckResult], None]


class DrillError(Exception):
    """The drill itself is broken; never the learner's fault."""


# The trusted side of a drill


class Expected:
    """One check on a known solution: its calls, their outcomes in their dtypes and in float64.

    Each run happens when it is first asked for; a mistake is often told apart by one of the two.
    """

    def __init__(self, bench: Workbench, check: Check, solution: Any, seed: int, device: str):
        self._observe = functools.partial(_observe, bench, check, solution, seed, device)

    @functools.cached_property
    def _native_run(self) -> Observation:
        return self._observe(exact=False)

    @functools.cached_property
    def _exact_run(self) -> Observation:
        return self._observe(exact=True)

    @property
    def _native_cases(self) -> tuple[Case, ...]:
        return self._native_run.cases

    @functools.cached_property
    def native(self) -> tuple[Any, ...]:
        return tuple(freeze(case.outcome) for case in self._native_cases)

    @functools.cached_property
    def exact(self) -> tuple[Any, ...]:
        return tuple(freeze(case.outcome) for case in self._exact_run.cases)

    @property
    def broken(self) -> str:
        """Why the check cannot be used at all: no case, or an exception of its own."""
        nothing = "" if self.native and self.exact else "it observed nothing"
        return self._native_run.escaped or self._exact_run.escaped or nothing

    @property
    def calls(self) -> tuple[str, ...]:
        return tuple(case.call for case in self._native_cases)

    @property
    def arguments(self) -> tuple[dict[str, Any], ...]:
        return tuple(case.arguments for case in self._native_cases)

    @property
    def scales(self) -> tuple[float, ...]:
        return tuple(case.scale for case in self._native_cases)


def _observe(
    bench: Workbench, check: Check, solution: Any, seed: int, device: str, *, exact: bool
) -> Observation:
    draw = Draw(
        seed, check.name, exact=exact, device=device, parameters=bench.parameters, quiet=exact
    )
    return run_check(check, solution, draw)


@dataclass(frozen=True)
class Workbench:
    """A drill's code, loaded once in the trusted process."""

    spec: DrillSpec
    checks_source: str
    checks: tuple[Check, ...]
    reference: Any
    mistakes: dict[str, Any]
    parameters: tuple[str, ...]

    def expect(self, check: Check, solution: Any, seed: int, device: str) -> Expected:
        """What a known solution does in one check, on this seed."""
        return Expected(self, check, solution, seed, device)


def load_workbench(spec: DrillSpec) -> Workbench:
    """Load a drill's checks, reference and mistakes; again only after a file has changed."""
    stamps = tuple(
        path.stat().st_mtime_ns if path.exists() else 0
        for path in (spec.checks_path, spec.reference_path, spec.mistakes_path)
    )
    return _load_workbench(spec, stamps)


@functools.lru_cache(maxsize=256)
def _load_workbench(spec: DrillSpec, stamps: tuple[int, ...]) -> Workbench:
    checks_source = spec.checks_path.read_text(encoding="utf-8")
    checks = checks_of(_load(spec.checks_path))
    reference = getattr(_load(spec.reference_path), spec.entry)
    mistakes = solutions_in(spec.mistakes_path)
    if not checks:
        raise DrillError(f"{spec.id}: checks.py defines no check")
    return Workbench(
        spec, checks_source, tuple(checks), reference, mistakes, parameter_names(reference)
    )


def _load(path: Path) -> ModuleType:
    return load_module(
        path.read_text(encoding="utf-8"), f"{path.parent.name}.{path.stem}", str(path)
    )


def solutions_in(path: Path) -> dict[str, Any]:
    """The public functions and classes that a file of mistakes or alternates defines, in order."""
    if not path.exists():
        return {}
    module = _load(path)
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", None) == module.__name__
    }


# Judging


@dataclass
class Record:
    """What is known of one submission while it is judged."""

    observed: dict[str, list[Any]] = field(default_factory=dict)  # check → outcomes
    results: list[CheckResult] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)  # frames that are not checks
    raised_first: bool = False  # the first failing check failed by an exception

    def report(self, topic: Topic) -> Report | None:
        return next((report for report in self.reports if report.topic == topic), None)


class Judge:
    """Judges submissions with a sandbox of its own. Use as a context manager, or call `close`."""

    def __init__(self, sandbox: Sandbox | None = None, *, look_ahead: bool = False) -> None:
        """`look_ahead` runs the reference for a drill's next fresh seed while nobody waits."""
        self.sandbox = sandbox or Sandbox()
        self._on_gpu: Sandbox | None = None  # made when first asked for
        self.look_ahead = look_ahead
        self._ahead: _Ahead | None = None

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
        """Start the sandbox and run torch's slow first steps now, not in the first verdict."""
        torch.set_num_threads(1)
        self.sandbox.start()
        leaf = torch.ones(2, requires_grad=True)
        torch.autograd.grad((leaf * 2).sum(), leaf)
        freeze(leaf)

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
    ) -> Verdict:
        """Judge one submission. Never raises for anything that the submission does.

        `on_check` hears of each check as soon as it is compared. `seed` is drawn afresh unless
        given. `example_only` runs just the statement's worked example.
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
            ahead = self._ahead
            if seed is None and ahead and ahead.bench is bench and ahead.device == device:
                self._ahead, used, expected = None, ahead.seed, ahead.result()
            else:
                expected = _expectations(bench, used, device)
            run = _Run(bench, text, used, device, example_only, on_check, expected)
            record, outcome = run.execute(self.sandbox_for(device))
            if self.look_ahead and self._ahead is None:
                self._ahead = _Ahead(bench, device)
            kind, message = _conclude(bench, record, outcome, len(run.checks))
        except Exception as error:
            return verdict("judge_error", f"the judge failed, not your code: {error!r}")
        diagnosis = None
        if diagnose and kind in ("failed", "runtime_error") and record.observed:
            diagnosis = _diagnose(bench, record, used, device)
        return verdict(
            kind,
            message,
            checks=tuple(record.results),
            diagnosis=diagnosis,
            printed=outcome.printed,
        )


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


def _expectations(bench: Workbench, seed: int, device: str) -> dict[str, Expected]:
    return {
        check.name: bench.expect(check, bench.reference, seed, device) for check in bench.checks
    }


class _Ahead:
    """The reference on a seed that nobody has seen yet, worked out in the background."""

    def __init__(self, bench: Workbench, device: str) -> None:
        self.bench, self.device, self.seed = bench, device, secrets.randbits(32)
        self._expected = _expectations(bench, self.seed, device)
        self._thread = threading.Thread(target=self._work, name="look-ahead", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        for expected in self._expected.values():
            if expected.broken:
                return  # the judgement will say so

    def result(self) -> dict[str, Expected]:
        self._thread.join()
        return self._expected


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
    ) -> None:
        self.bench, self.on_check, self.expected = bench, on_check, expected
        self.example_only = example_only
        spec = bench.spec
        self.checks = [check for check in bench.checks if check.example or not example_only]
        task = Task(
            text,
            bench.checks_source,
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

        def work() -> None:
            try:
                outcomes.append(sandbox.run(self.job, frames.put))
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
        record = Record()
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
                shown = _show_example(expected, frame["outcomes"])
                result = CheckResult(result.name, True, shown)
            record.results.append(result)
            if self.on_check:
                self.on_check(result)
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


def compare_check(
    check: Check, observed: list[Any], expected: Expected
) -> tuple[CheckResult, bool]:
    """The result of one check, and whether it failed by an exception."""
    if check.judge:
        return _judge_by_own_rule(check, observed, expected)
    for index, native in enumerate(expected.native):
        if index >= len(observed):
            return _failed(check, expected, index, "the check stopped before this call"), False
        allowance = Allowance(expected.scales[index], check.slack)
        found = compare_case(observed[index], native, expected.exact[index], allowance)
        if found:
            return _failed(check, expected, index, str(found)), raised(observed[index])
    if len(observed) > len(expected.native):
        return CheckResult(check.name, False, "the check observed more calls than it made"), False
    return CheckResult(check.name, True), False


def _failed(check: Check, expected: Expected, index: int, found: str) -> CheckResult:
    detail = shown(f"{expected.calls[index]}: {found}", MOST_DETAIL)
    return CheckResult(check.name, False, detail)


def _judge_by_own_rule(
    check: Check, observed: list[Any], expected: Expected
) -> tuple[CheckResult, bool]:
    assert check.judge
    for index, native in enumerate(expected.native):
        if index >= len(observed):
            return _failed(check, expected, index, "the check stopped before this call"), False
        outcome = observed[index]
        if raised(outcome) and not raised(native):
            return _failed(check, expected, index, f"raised {describe_exception(outcome)}"), True
        try:
            complaint = check.judge(outcome, native)
        except Exception:
            complaint = f"the result has a form that cannot be read: {_shape_of(outcome)}"
        if complaint:
            return _failed(check, expected, index, complaint), False
    return CheckResult(check.name, True), False


def _shape_of(outcome: Any) -> str:
    returned = outcome.get("returned") if isinstance(outcome, dict) else outcome
    return describe_kind(returned)


def _show_example(expected: Expected, observed: list[Any]) -> str:
    lines = []
    for call, outcome in zip(expected.calls, observed, strict=True):
        returned = outcome.get("returned") if isinstance(outcome, dict) else outcome
        lines.append(f"{call} → {show(returned)}")
    return "\n".join(lines)


def show(value: Any) -> str:
    """A decoded result as a learner would print it, shortened."""
    bare = _bare(value)
    if isinstance(bare, torch.Tensor):
        text = str(bare).replace("\n", "\n  ")
        return text if len(text) < 800 else describe_kind(value)
    text = repr(bare)
    return text if len(text) < 800 else text[:797] + "…"


def _bare(value: Any) -> Any:
    """A decoded tree with plain tensors in place of what says where they came from."""
    match value:
        case OnDevice(values) | Array(values):
            return values
        case dict():
            return {key: _bare(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(map(_bare, value))
    return value


# From results to a verdict


def _conclude(bench: Workbench, record: Record, outcome: Outcome, wanted: int) -> tuple[Kind, str]:
    """The verdict and one sentence on it. What ended the process comes before what it returned."""
    if report := record.report("syntax_error"):
        return "syntax_error", report.text
    if report := record.report("forbidden"):
        return "forbidden", f"this drill asks you to do without {report.text}"
    limits = bench.spec
    match outcome.kind:
        case "time_limit":
            return (
                "time_limit",
                f"still running after {limits.time_limit:g} s; look for a loop that never ends",
            )
        case "output_limit":
            return "output_limit", "printed or returned far more than a solution needs to"
        case "judge_error":
            return "judge_error", f"the judge failed, not your code: {outcome.detail}"
    if outcome.kind == "memory_limit" or record.report("memory"):
        return "memory_limit", f"needed more than {limits.memory_mib} MiB of memory"
    if outcome.kind == "crashed":
        return "crashed", f"the process ended before the checks did: {outcome.detail}"
    if report := record.report("no_entry"):
        text = f"no `{limits.entry}` is defined; the submission defines {report.text}"
        return "runtime_error", text
    if report := record.report("import_error"):
        return "runtime_error", report.text
    if record.report("exit"):
        return "runtime_error", "the code called sys.exit(); return a result instead"
    return _conclude_checks(record, wanted)


def _conclude_checks(record: Record, wanted: int) -> tuple[Kind, str]:
    if record.report("forged"):
        return "failed", "the submission sent something that is not a result"
    failing = [result for result in record.results if not result.passed]
    if failing:
        kind: Kind = "runtime_error" if record.raised_first else "failed"
        return kind, f"{len(failing)} of {wanted} checks failed, first: {failing[0].name}"
    if len(record.results) < wanted or not record.report("end"):
        return "crashed", "the process ended before all checks had run"
    return "passed", f"all {wanted} checks passed"


def _diagnose(bench: Workbench, record: Record, seed: int, device: str) -> Diagnosis | None:
    from verifiers.diagnose import diagnose

    try:
        return diagnose(bench, record, seed, device)
    except Exception:
        return None  # a diagnosis is a help; its failure must not cost the verdict
