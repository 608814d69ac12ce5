"""Hand out batches, collect results, and go on when a worker dies. The same for every crew."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.errors import LearnerError
from app.grading.crew import Batch, Crew, Item, Worker, WorkerDied
from app.grading.submissions import Submission, Unreadable, read_again, shown
from verifiers.verdict import Verdict

BATCH = 20
ATTEMPTS = 3  # how often a submission is tried whose worker dies each time

Results = list[dict[str, Any]]
Report = Callable[[str], None]


def judge_all(
    submissions: Sequence[Submission], crew: Crew, report: Report
) -> Iterator[dict[str, Any]]:
    """Judge every submission once, each by one of the crew; results in the order they come.

    A worker that dies is replaced, and what it had is given out again, one by one, so that a
    submission that kills its worker keeps no other from its verdict. It is tried three times and
    then counts as a fault of the judge. Raises LearnerError when workers die and nothing else
    happens.
    """
    waiting = deque(_batches(submissions, crew.size))
    at_work: dict[Worker, list[Submission]] = {}
    deaths: dict[str, int] = {}  # by id of the submission that was alone with its worker
    in_vain = 0  # deaths since the last result
    idle: list[Worker] = []
    while waiting or at_work:
        while waiting and len(at_work) < crew.size:
            part = waiting.popleft()
            if items := _read(part, report):
                worker = idle.pop() if idle else crew.hire()
                worker.give(items)
                at_work[worker] = part
        if not at_work:
            continue
        for worker in crew.wait(list(at_work)):
            part = at_work.pop(worker)
            try:
                results = worker.take()
            except WorkerDied as death:
                in_vain += 1
                if in_vain > ATTEMPTS * crew.size:
                    raise LearnerError(
                        f"the workers keep dying: {death}. Every result so far is kept; run the "
                        "same command again to go on."
                    ) from death
                report(f"a worker died ({death}); what it had is judged again")
                results = list(_after_death(part, waiting, deaths))
            else:
                idle.append(worker)
            if results:
                in_vain = 0
            yield from results


def _batches(submissions: Sequence[Submission], workers: int) -> Iterator[list[Submission]]:
    """Batches small enough that every worker gets several, so that all end at about one time."""
    size = max(1, min(BATCH, len(submissions) // (4 * workers)))
    for start in range(0, len(submissions), size):
        yield list(submissions[start : start + size])


def _read(part: list[Submission], report: Report) -> Batch:
    items = []
    for submission in part:
        try:
            items.append(
                Item(submission.id, submission.learner, submission.drill, read_again(submission))
            )
        except Unreadable as error:
            report(f"passed over {submission.learner}/{shown(submission.path.name)}: {error}")
    return items


def _after_death(
    part: list[Submission], waiting: deque[list[Submission]], deaths: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """Give out again what a dead worker had, or give up on a submission tried often enough."""
    if len(part) == 1:
        (submission,) = part
        deaths[submission.id] = deaths.get(submission.id, 0) + 1
        if deaths[submission.id] == ATTEMPTS:
            yield _fault(submission)
            return
    waiting.extendleft([one] for one in reversed(part))


def _fault(submission: Submission) -> dict[str, Any]:
    message = f"the judge failed, not the submission: its worker died {ATTEMPTS} times"
    verdict = Verdict(submission.drill, "judge_error", 0, "cpu", 0.0, message=message)
    return {"id": submission.id, "learner": submission.learner, **verdict.to_dict()}
