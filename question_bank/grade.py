"""What grading returns: right or not, how much of it, what to say, and the parts one by one."""

from __future__ import annotations

from dataclasses import dataclass

from question_bank.messages import Note


@dataclass(frozen=True)
class Part:
    """One option, item, pair or key point of an answer, with why it is right or wrong.

    `chosen` is whether the learner picked it; `correct` whether it belongs to the right answer
    (options, key points) or was placed rightly (items, pairs).
    """

    label: str
    correct: bool
    explanation: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Grade:
    """The outcome of one answer.

    `score` runs from 0 to 1. `understood` is False where the answer could not be read: nothing
    is recorded then, `caret` shows the place, and the learner tries again. `read_as` says how a
    typed answer was understood, `answer` is the right answer in words.
    """

    correct: bool
    score: float
    note: Note
    understood: bool = True
    parts: tuple[Part, ...] = ()
    read_as: str = ""
    answer: str = ""
    caret: str = ""

    @property
    def message(self) -> str:
        """The verdict in one or two English sentences; `note.text(language)` for others."""
        return self.note.text()


def unreadable(note: Note, caret: str = "") -> Grade:
    """A grade for an answer that could not be understood."""
    return Grade(correct=False, score=0.0, note=note, understood=False, caret=caret)
