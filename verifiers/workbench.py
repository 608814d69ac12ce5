"""A drill's own code at work in the trusted process: what its reference and mistakes do."""

from __future__ import annotations

import functools
import marshal
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from verifiers.checks import Case, Check, checks_of, parameter_names
from verifiers.draw import Draw
from verifiers.run import Observation, load_module, run_check
from verifiers.spec import DrillSpec
from verifiers.tree import freeze


class DrillError(Exception):
    """The drill itself is broken; never the learner's fault."""


class Expected:
    """One check on a known solution: its calls, their outcomes in their dtypes and in float64.

    Each run happens when it is first asked for. `seconds` is how long the first one took.
    """

    seconds = 0.0

    def __init__(self, bench: Workbench, check: Check, solution: Any, seed: int, device: str):
        self._check, self._solution = check, solution
        self._draw = functools.partial(bench.draw, check, seed, device)

    @functools.cached_property
    def _native_run(self) -> Observation:
        started = time.perf_counter()
        run = run_check(self._check, self._solution, self._draw())
        self.seconds = time.perf_counter() - started
        return run

    @functools.cached_property
    def _exact_run(self) -> Observation:
        return run_check(self._check, self._solution, self._draw(exact=True, quiet=True))

    @property
    def _native_cases(self) -> tuple[Case, ...]:
        return self._native_run.cases

    @functools.cached_property
    def native(self) -> tuple[Any, ...]:
        return tuple(freeze(case.outcome) for case in self._native_cases)

    @functools.cached_property
    def exact(self) -> tuple[Any, ...]:
        """Raises DrillError where the check runs otherwise in float64 than in its own dtypes."""
        run = self._exact_run
        if run.escaped or len(run.cases) != len(self.native):
            why = run.escaped or f"{len(run.cases)} cases, not {len(self.native)}"
            raise DrillError(f"check {run.check!r}, in float64: {why}")
        return tuple(freeze(case.outcome) for case in run.cases)

    @property
    def broken(self) -> str:
        """Why the check cannot be used at all: no case, or an exception of its own."""
        return self._native_run.escaped or ("" if self.native else "it observed nothing")

    @property
    def calls(self) -> tuple[str, ...]:
        return tuple(case.call for case in self._native_cases)

    @property
    def arguments(self) -> tuple[dict[str, Any], ...]:
        return tuple(case.arguments for case in self._native_cases)

    @property
    def scales(self) -> tuple[float, ...]:
        return tuple(case.scale for case in self._native_cases)


@dataclass(frozen=True)
class Workbench:
    """A drill's code, loaded once in the trusted process."""

    spec: DrillSpec
    checks_code: bytes  # compiled and marshalled, as the sandbox gets it
    checks: tuple[Check, ...]
    reference: Any
    mistakes: dict[str, Any]
    parameters: tuple[str, ...]

    def draw(self, check: Check, seed: int, device: str, **options: bool) -> Draw:
        """The inputs of one check on a seed; `exact` and `quiet` as in `Draw`."""
        return Draw(seed, check.name, device=device, parameters=self.parameters, **options)

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
    checks_text = spec.checks_path.read_text(encoding="utf-8")
    checks_code = marshal.dumps(compile(checks_text, "checks.py", "exec"))
    checks = checks_of(_load(spec.checks_path))
    reference = getattr(_load(spec.reference_path), spec.entry)
    mistakes = solutions_in(spec.mistakes_path)
    if not checks:
        raise DrillError(f"{spec.id}: checks.py defines no check")
    return Workbench(
        spec, checks_code, tuple(checks), reference, mistakes, parameter_names(reference)
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


def expectations(bench: Workbench, seed: int, device: str) -> dict[str, Expected]:
    return {
        check.name: bench.expect(check, bench.reference, seed, device) for check in bench.checks
    }


class Ahead:
    """The reference on a seed that nobody has seen yet, worked out in the background."""

    def __init__(self, bench: Workbench, device: str) -> None:
        self.bench, self.device, self.seed = bench, device, secrets.randbits(32)
        self._expected = expectations(bench, self.seed, device)
        self._thread = threading.Thread(target=self._work, name="look-ahead", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        for expected in self._expected.values():
            try:
                if expected.broken or not expected.exact:
                    return
            except DrillError:
                return  # the judgement will say so

    def serves(self, bench: Workbench, device: str) -> bool:
        """Whether this is for such a drill, as its files stand now, and such a device."""
        return self.bench is bench and self.device == device

    def result(self) -> dict[str, Expected]:
        self._thread.join()
        return self._expected
