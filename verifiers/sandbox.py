"""The sandbox: run one job in a locked-down child of a resident process.

`Sandbox` owns one resident process (started at first use), forks a child from it for each job,
and replaces it when it dies. It never raises for what a submission does.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal

from verifiers import confine, view
from verifiers.attempt import attempt
from verifiers.outcome import Job, Outcome, OutcomeKind
from verifiers.resident import Resident, ResidentLost, Settings
from verifiers.zygote import WARM_UP

__all__ = ["Job", "Outcome", "OutcomeKind", "Sandbox"]

DEFAULT_ENTRY = "verifiers.inside:main"


class _Diverged(Exception):
    """The second run of a job sent other frames than the first."""


class _Delivery:
    """Passes frames on, each once: a second run of a job first repeats what was passed on."""

    def __init__(self, on_frame: Callable[[bytes], None] | None) -> None:
        self._on_frame = on_frame
        self._passed: list[bytes] = []
        self._position = 0

    def rewind(self) -> None:
        self._position = 0

    def __call__(self, body: bytes) -> None:
        if self._on_frame is None:
            return
        if self._position < len(self._passed):
            if self._passed[self._position] != body:
                raise _Diverged
        else:
            self._passed.append(body)
            self._on_frame(body)
        self._position += 1


class Sandbox:
    """A resident process that forks one locked-down child per job. Use as a context manager.

    `entry` names the function each child calls, `main(payload, send)`. `workers` jobs run at once;
    more callers wait. With `device="cuda"` children make a CUDA context and wait for a job each.
    `packages` are the distributions (with what they require) a submission may import, `warm_up`
    the modules imported before the first job, `extra_paths` further folders to import from,
    read-only. `prepare` names a function that children run before they get their job; it returns
    a function that is called with the job's memory in bytes. `namespaces=None` uses bwrap where
    it works.
    """

    def __init__(
        self,
        *,
        entry: str = DEFAULT_ENTRY,
        workers: int = 1,
        device: Literal["cpu", "cuda"] = "cpu",
        packages: tuple[str, ...] = view.PACKAGES,
        warm_up: tuple[str, ...] = WARM_UP,
        extra_paths: tuple[Path, ...] = (),
        prepare: str = "",
        namespaces: bool | None = None,
    ) -> None:
        if namespaces is None:
            namespaces = not confine.why_not_bwrap()
        cuda = device == "cuda"
        self._settings = Settings(
            entry,
            packages=packages,
            warm_up=warm_up,
            namespaces=namespaces,
            extra_paths=extra_paths,
            prepare=prepare or ("verifiers.gpu:prepare" if cuda else ""),
            workers=workers,
            cuda=cuda,
        )
        self._workers = workers
        self._free = workers
        self._resident: Resident | None = None
        self._starting = threading.Lock()
        self._turn = threading.Condition()

    def start(self) -> None:
        """Start the resident process now; otherwise the first job does. Takes some seconds."""
        self._current()

    def run(self, job: Job, on_frame: Callable[[bytes], None] | None = None) -> Outcome:
        """Run one job to its end. `on_frame` is called in this thread as frames arrive.

        A job whose resident process died is tried again, alone: if it was another job's doing,
        this one is judged after all, and if not, it is the guilty one.
        """
        frames = _Delivery(on_frame)
        try:
            with self._places(1):
                return self._try(job, frames)
        except ResidentLost:
            frames.rewind()
        try:
            with self._places(self._workers):  # alone
                return self._try(job, frames)
        except ResidentLost as error:
            return Outcome("crashed", (), "", 0.0, f"it took the resident process down: {error}")
        except _Diverged:
            detail = "the sandbox was restarted in the middle of this job; submit again"
            return Outcome("judge_error", (), "", 0.0, detail)

    def _try(self, job: Job, on_frame: Callable[[bytes], None]) -> Outcome:
        try:
            resident = self._current()
        except ResidentLost as error:
            return Outcome("judge_error", (), "", 0.0, f"the sandbox did not start: {error}")
        try:
            return attempt(resident, job, on_frame)
        except ResidentLost:
            self._discard(resident)
            raise

    def _current(self) -> Resident:
        with self._starting:
            if self._resident is not None and not self._resident.alive:
                self._resident.close()
                self._resident = None
            if self._resident is None:
                self._resident = Resident(self._settings)
            return self._resident

    def _discard(self, resident: Resident) -> None:
        with self._starting:
            if self._resident is resident:
                self._resident = None
        resident.close()

    @contextlib.contextmanager
    def _places(self, number: int) -> Iterator[None]:
        """Hold some of the workers' places, waiting until so many are free."""
        with self._turn:
            self._turn.wait_for(lambda: self._free >= number)
            self._free -= number
        try:
            yield
        finally:
            with self._turn:
                self._free += number
                self._turn.notify_all()

    def close(self) -> None:
        """End the resident process and every child."""
        with self._starting:
            resident, self._resident = self._resident, None
        if resident is not None:
            resident.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
