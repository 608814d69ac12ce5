"""What the sandboxed child does: read the submission, run the checks on it, send what was seen.

Nothing here knows an expected value. Each frame is one JSON-and-tensors tree (`verifiers.tree`).
Parsing and the scan for banned calls happen here too, before any of the submission runs, so that a
source made to break a parser breaks only this process.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch

from verifiers.checks import Check, checks_of, raised
from verifiers.forbidden import Use, scan
from verifiers.run import Observation, load_module, run_checks
from verifiers.tree import encode
from verifiers.unwatched import unwatched
from verifiers.watch import Watch

Send = Callable[[bytes], None]
DEEP = 20_000  # calls on the stack; the parser itself gives up before a tree needs as many


@dataclass(frozen=True)
class Task:
    """A submission and how to observe it, as it travels into the sandbox."""

    source: str
    checks_source: str
    entry: str
    seed: int
    device: str = "cpu"
    forbidden: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    example_only: bool = False

    def to_payload(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_payload(cls, payload: bytes) -> Task:
        data = json.loads(payload)
        for key in ("forbidden", "parameters"):
            data[key] = tuple(data[key])
        return cls(**data)


def main(payload: bytes, send: Send) -> None:
    """Judge nothing: run the task and send its frames, the last one being `end`."""
    task = Task.from_payload(payload)
    reader = load_module(task.checks_source, "checks", "checks.py")
    tree = _parse(task.source, send)
    if tree is None:
        return
    with _deep_stack():
        uses = scan(tree, task.forbidden)
    if uses:
        send(encode({"frame": "forbidden", "uses": [asdict(use) for use in uses]}))
        return
    watch = Watch(task.forbidden)
    with watch.active():
        solution = _load_entry(task, send)
        if solution is not None:
            _run(task, _wanted(reader, task), solution, send)
    banned = [asdict(Use(name, 0)) for name in watch.seen]
    if banned:
        send(encode({"frame": "forbidden", "uses": banned}))
    send(encode({"frame": "end"}))


@contextlib.contextmanager
def _deep_stack() -> Iterator[None]:
    """A sum of a thousand terms is a tree a thousand deep, and no mistake."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEP)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def _wanted(module: types.ModuleType, task: Task) -> list[Check]:
    checks = checks_of(module)
    return [check for check in checks if check.example] if task.example_only else checks


def _parse(source: str, send: Send) -> ast.Module | None:
    try:
        compile(source, "submission.py", "exec")
        return ast.parse(source, "submission.py")
    except SyntaxError as error:
        text = (error.text or "").rstrip()
        details = {"message": error.msg, "line": error.lineno, "column": error.offset, "text": text}
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        message = str(error) or "nested too deeply to be parsed"
        details = {"message": message, "line": None, "column": None, "text": ""}
    send(encode({"frame": "syntax_error", **details}))
    return None


def _load_entry(task: Task, send: Send) -> Any:
    """Execute the submission and return its entry; on failure send why and return None."""
    linecache.cache["submission.py"] = (
        len(task.source),
        None,
        task.source.splitlines(keepends=True),
        "submission.py",
    )
    module = types.ModuleType("submission")
    sys.modules["submission"] = module
    try:
        exec(compile(task.source, "submission.py", "exec"), module.__dict__)
    except Exception as error:
        _tell_if_memory(error, send)
        send(encode({"frame": "import_error", **raised(error).as_tree()}))
        return None
    except SystemExit:
        send(
            encode({"frame": "import_error", "raised": ["SystemExit"], "message": "", "line": None})
        )
        return None
    entry = vars(module).get(task.entry)
    if not callable(entry):
        send(encode({"frame": "no_entry", "defined": _defined(module)[:20]}))
        return None
    return entry


def _defined(module: types.ModuleType) -> list[str]:
    """The functions and classes that a submission defines."""
    return [
        name[:80]
        for name, value in vars(module).items()
        if isinstance(value, types.FunctionType | type) and value.__module__ == module.__name__
    ]


def _run(task: Task, checks: list[Check], solution: Any, send: Send) -> None:
    observations = run_checks(
        checks, solution, task.seed, device=task.device, parameters=task.parameters
    )
    try:
        for observation in observations:
            send(encode_observation(observation))
            if any(_is_memory(case.outcome) for case in observation.cases):
                return  # the verdict is settled, and filling memory again takes long
            torch.set_default_dtype(torch.float32)
    except SystemExit:
        send(encode({"frame": "exit"}))


@unwatched
def encode_observation(observation: Observation) -> bytes:
    """One check's cases as a frame. Calls are described by the trusted side, not here."""
    outcomes = [case.outcome for case in observation.cases]
    memory = any(_is_memory(outcome) for outcome in outcomes)
    return encode(
        {"frame": "check", "name": observation.check, "outcomes": outcomes, "memory": memory}
    )


def _is_memory(outcome: Any) -> bool:
    if not (isinstance(outcome, dict) and "raised" in outcome):
        return False
    message = str(outcome.get("message"))
    return "MemoryError" in outcome["raised"] or "can't allocate memory" in message


def _tell_if_memory(error: Exception, send: Send) -> None:
    if _is_memory(raised(error).as_tree()):
        send(encode({"frame": "memory"}))
