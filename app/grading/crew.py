"""Judges at work side by side: what a crew is, and a crew of processes on this machine.

A worker has a judge, and so a sandbox, of its own. It gets a batch and gives back its results; it
sees neither the folder nor the results file.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

CONTEXT = multiprocessing.get_context("spawn")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class WorkerDied(Exception):
    """A worker ended before it gave back its batch."""


@dataclass(frozen=True)
class Item:
    """One submission on its way to a worker."""

    id: str
    learner: str
    drill: str
    source: bytes


Batch = list[Item]


class Worker(Protocol):
    """One judge. `give` it a batch, then `take` the results; one batch at a time."""

    def give(self, batch: Batch) -> None: ...

    def take(self) -> list[dict[str, Any]]: ...


class Crew(Protocol):
    """Where workers come from. `wait` returns those whose batch is done, or who have died."""

    size: int

    def hire(self) -> Worker: ...

    def wait(self, workers: Sequence[Any]) -> Sequence[Any]: ...


class Grader:
    """What every worker does: judge a batch. Made in the worker's own process."""

    def __init__(self) -> None:
        os.environ.update(ONE_THREAD)
        from verifiers.judge import Judge

        self._judge = Judge()
        self._judge.warm_up()

    def judge(self, batch: Batch) -> list[dict[str, Any]]:
        return [self._one(item) for item in batch]

    def _one(self, item: Item) -> dict[str, Any]:
        from drills.catalogue import get_drill

        verdict = self._judge.judge(get_drill(item.drill).spec, item.source)
        return {"id": item.id, "learner": item.learner, **verdict.to_dict()}


# Processes on this machine


class LocalWorker:
    """A process and the pipe to it."""

    def __init__(self) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_serve, args=(theirs,), daemon=True)
        with _interrupts_ignored():
            self.process.start()
        theirs.close()

    def give(self, batch: Batch) -> None:
        with contextlib.suppress(OSError):  # it died while it was idle: `take` will say so
            self.pipe.send(batch)

    def take(self) -> list[dict[str, Any]]:
        try:
            return self.pipe.recv()
        except (EOFError, OSError) as error:
            self.process.join()
            self.pipe.close()
            raise WorkerDied(f"exit status {self.process.exitcode}") from error


class LocalCrew:
    """Some processes on this machine."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._hired: list[LocalWorker] = []

    def hire(self) -> LocalWorker:
        self._hired = [worker for worker in self._hired if worker.process.is_alive()]
        self._hired.append(LocalWorker())
        return self._hired[-1]

    def wait(self, workers: Sequence[LocalWorker]) -> list[LocalWorker]:
        ready = wait([worker.pipe for worker in workers])
        return [worker for worker in workers if worker.pipe in ready]

    def close(self) -> None:
        for worker in self._hired:
            worker.process.kill()  # its sandbox ends when it does
        for worker in self._hired:
            worker.process.join()
            worker.pipe.close()


@contextlib.contextmanager
def local_crew(workers: int | None) -> Iterator[LocalCrew]:
    """Processes on this machine, as many as it has cores unless told, until this ends."""
    crew = LocalCrew(workers or os.cpu_count() or 1)
    try:
        yield crew
    finally:
        crew.close()


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """What starts in here never hears of Ctrl+C: that is for the driver to act on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(pipe: Connection) -> None:
    """A worker's life: judge what comes, until the driver is gone."""
    threading.Thread(target=_end_with_driver, daemon=True).start()
    grader = Grader()
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(grader.judge(pipe.recv()))


def _end_with_driver() -> None:
    """End at once when the driver does, however it ended: nobody will take the results."""
    driver = multiprocessing.parent_process()
    assert driver
    driver.join()
    os._exit(1)
