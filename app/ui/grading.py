"""Grading that never keeps a page waiting: a formula is compared in a child process.

Most answers are graded at once. One that is not yet is asked for again under the same key until
it is there, from any run of the page.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError

from question_bank.catalogue import grade_answer
from question_bank.formula import shared_judge
from question_bank.grade import Grade
from question_bank.question import Answer, Shown

PATIENCE = 0.7  # seconds a page may wait
KEEP = 300

Key = tuple[str, int, str, Answer]


class Grader:
    """Grades in the background and keeps the latest grades. One for the whole server."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="grader")
        self._lock = threading.Lock()
        self._grades: OrderedDict[Key, Future[Grade]] = OrderedDict()

    def grade(self, shown: Shown, given: Answer, wait: float = PATIENCE) -> Grade | None:
        """The grade, or None where it is not there within `wait` seconds: ask again later."""
        key = (shown.question.id, shown.seed, str(shown.question.path), given)
        with self._lock:
            if key not in self._grades:
                self._grades[key] = self._pool.submit(grade_answer, shown, given)
            future = self._grades[key]
            self._grades.move_to_end(key)
            while len(self._grades) > KEEP:
                self._grades.popitem(last=False)
        try:
            grade = future.result(wait)
        except NotYetError:
            return None
        except Exception:
            self._forget(key)
            raise
        if not grade.understood:
            self._forget(key)  # the same text may be tried again
        return grade

    def warm_up(self, shown: Shown) -> None:
        """Start what grading this question needs, while the learner thinks."""
        if shown.question.kind == "formula":
            shared_judge().warm()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _forget(self, key: Key) -> None:
        with self._lock:
            self._grades.pop(key, None)
