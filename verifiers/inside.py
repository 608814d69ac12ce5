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
import marshal
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch

from verifiers.checks import Check, checks_of, raised
from verifiers.forbidden import Use, scan
from verifiers.run import Observation, run_checks, run_module
from verifiers.tree import encode
from verifiers.watch import Watch

Send = Callable[[bytes], None]
END_OF_TEXT = b"\0"  # which JSON never holds
DEEP = 20_000  # calls on the stack; the parser itself gives up before a tree needs as many


@dataclass(frozen=True)
class Task:
    """A submission and how to observe it, as it travels into the sandbox.

    `checks` is the drill's `checks.py`, compiled and marshalled: the judge compiles it once.
    """

    source: str
    checks: bytes
    entry: str
    seed: int
    device: str = "cpu"
    forbidden: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    example_only: bool = False

    def to_payload(self) -> bytes:
        plain = asdict(self)
        checks = plain.pop("checks")
        return json.dumps(plain).encode() + END_OF_TEXT + checks

    @classmethod
    def from_payload(cls, payload: bytes) -> Task:
        text, _, checks = payload.partition(END_OF_TEXT)
        data = json.loads(text) | {"checks": checks}
        for key in ("forbidden", "parameters"):
            data[key] = tuple(data[key])
        return cls(**data)


def main(payload: bytes, send: Send) -> None:
    """Judge nothing: run the task and send its frames, the last one being `end`."""
    task = Task.from_payload(payload)
    module = run_module(marshal.loads(task.checks), "checks")
    parsed = _parse(task, send)
    if parsed is None:
        return
    code, uses = parsed
    if uses:
        send(encode({"frame": "forbidden", "uses": [asdict(use) for use in uses]}))
        return
    watch = Watch(task.forbidden)
    with watch.active():
        solution = _load_entry(task, code, send)
        if solution is not None:
            _run(task, _wanted(module, task), solution, send)
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


def _parse(task: Task, send: Send) -> tuple[types.CodeType, list[Use]] | None:
    """The submission compiled, with the banned calls found by reading; None if it is no Python."""
    try:
        code = compile(task.source, "submission.py", "exec")
        if not task.forbidden:
            return code, []
        tree = ast.parse(task.source, "submission.py")
    except SyntaxError as error:
        text = (error.text or "").rstrip()
        details = {"message": error.msg, "line": error.lineno, "column": error.offset, "text": text}
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        message = str(error) or "nested too deeply to be parsed"
        details = {"message": message, "line": None, "column": None, "text": ""}
    else:
        with _deep_stack():
            return code, scan(tree, task.forbidden)
    send(encode({"frame": "syntax_error", **details}))
    return None


def _load_entry(task: Task, code: types.CodeType, send: Send) -> Any:
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
        exec(code, module.__dict__)
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
