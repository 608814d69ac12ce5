"""Find and read what a class has handed in. Nothing in it is trusted, and nothing odd is fatal."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from drills.catalogue import DrillNotFoundError, get_drill

LARGEST = 256 * 1024  # bytes, as the judge allows


class Unreadable(Exception):
    """A file that cannot be judged; the message says why."""


@dataclass(frozen=True)
class Submission:
    """One file to judge. `id` stays the same as long as learner, drill and code do."""

    id: str
    learner: str
    drill: str
    path: Path


@dataclass(frozen=True)
class Found:
    """What a folder holds: its learners, files to judge, and what is in the way, in words."""

    learners: tuple[str, ...]
    submissions: tuple[Submission, ...]
    problems: tuple[str, ...]


def find(folder: Path, output: Path | None = None) -> Found:
    """Every submission below a folder. What cannot be judged is reported and passed over.

    Passed over in silence: hidden entries, `__pycache__`, the results file, and files beside the
    learners' folders that are no submissions.
    """
    learners, submissions, problems = [], [], []
    for learner in _entries(folder):
        if learner.suffix != ".py" and learner.is_file() and not learner.is_symlink():
            continue
        try:
            files = [] if (problem := _learner_problem(learner)) else _entries(learner)
        except OSError as error:
            problem, files = f"cannot be read: {error.strerror}", []
        if problem:
            problems.append(f"{shown(learner.name)}: {problem}")
            continue
        learners.append(shown(learner.name))
        for path in files:
            if path == output:
                continue
            try:
                submissions.append(_submission(learner.name, path))
            except (Unreadable, DrillNotFoundError) as error:
                problems.append(f"{shown(learner.name)}/{shown(path.name)}: {error}")
    return Found(tuple(learners), tuple(submissions), tuple(problems))


def _entries(folder: Path) -> list[Path]:
    paths = sorted(folder.iterdir())
    return [path for path in paths if path.name[0] != "." and path.name != "__pycache__"]


def _learner_problem(path: Path) -> str:
    """Why an entry beside the learners' folders is none, or nothing."""
    if path.is_symlink():
        return "a link; only folders are looked into"
    if path.is_dir():
        return ""
    return "not a learner's folder; submissions lie one level deeper, DIR/<learner>/<drill_id>.py"


def _submission(learner: str, path: Path) -> Submission:
    if path.is_dir() and not path.is_symlink():
        raise Unreadable("a folder; submissions lie in the learner's folder itself")
    if path.suffix != ".py":
        raise Unreadable("not a .py file")
    drill = get_drill(path.stem).id
    return Submission(_id(learner, drill, read(path)), shown(learner), drill, path)


def _id(learner: str, drill: str, source: bytes) -> str:
    parts = (learner.encode("utf-8", "surrogateescape"), drill.encode())
    code = hashlib.sha256(source).hexdigest().encode()
    return hashlib.sha256(b"\0".join([*parts, code])).hexdigest()[:32]


def read(path: Path) -> bytes:
    """The bytes of an ordinary file of bearable size. Raises Unreadable, and never waits."""
    try:
        # Without O_NONBLOCK the opening of a named pipe waits for someone to write into it.
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(_why_not(path, error)) from error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise Unreadable("not a file")
        source = file.read(LARGEST + 1)
    if len(source) > LARGEST:
        raise Unreadable(f"larger than {LARGEST // 1024} KiB")
    return source


def _why_not(path: Path, error: OSError) -> str:
    if path.is_symlink():
        return "a link; only files are judged"
    try:
        ordinary = stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        ordinary = True
    return f"cannot be read: {error.strerror}" if ordinary else "not a file"


def read_again(submission: Submission) -> bytes:
    """The code of a submission found before. Raises Unreadable where it has changed since."""
    source = read(submission.path)
    if _id(submission.path.parent.name, submission.drill, source) != submission.id:
        raise Unreadable("it was changed while it waited; run again to judge what it is now")
    return source


def shown(name: str) -> str:
    """A file name as text for a terminal or JSON: what cannot be printed is escaped."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
