"""What a drill's `checks.py` is written with: checks that observe, and never assert.

A check is a generator function `(solution, draw)` that yields one `Case` per call. It runs on the
submission inside the sandbox and on the reference outside, with the same seed; the trusted process
compares what the two yield. Nothing here decides what is right.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from verifiers.draw import Draw
from verifiers.tree import type_name

Judge = Callable[[Any, Any], str | None]


@dataclass(frozen=True)
class Case:
    """One call and what came of it.

    `outcome` is a tree of plain data and tensors. `call` describes the call to the learner.
    `scale` is the size of the terms that went into the result, where the result itself does not
    show it; the allowance for rounding grows with it. `arguments` are those of the call by name,
    with the settings of a module that was called (only where calls are described): a diagnosis says
    what failing calls share.
    """

    call: str
    outcome: Any
    scale: float = 0.0
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A named observation.

    `judge(observed, expected)` replaces the comparison of outcomes where several answers are right
    or the result is a sample: it returns None, or one sentence that says what is wrong. `slack`
    multiplies the allowance for rounding.
    """

    name: str
    run: Callable[[Any, Draw], Iterator[Case]]
    judge: Judge | None = None
    slack: float = 1.0
    example: bool = False


def check(
    name: str, *, judge: Judge | None = None, slack: float = 1.0, example: bool = False
) -> Callable[[Callable[[Any, Draw], Iterator[Case]]], Check]:
    """Turn a generator function into a `Check`. `example` marks the statement's worked example."""

    def wrap(run: Callable[[Any, Draw], Iterator[Case]]) -> Check:
        return Check(name, run, judge, slack, example)

    return wrap


def checks_of(module: ModuleType) -> list[Check]:
    """The checks a module defines, in order."""
    return [value for value in vars(module).values() if isinstance(value, Check)]


# Observing one call


@dataclass(frozen=True)
class Raised:
    """An exception a submission raised: its type, the types above it, its text, and where."""

    kinds: tuple[str, ...]
    message: str
    line: int | None

    def as_tree(self) -> dict[str, Any]:
        return {"raised": list(self.kinds), "message": self.message, "line": self.line}


@dataclass
class _Inputs:
    """The tensors and arrays among the arguments, with a copy of each taken before the call."""

    values: dict[str, Tensor | np.ndarray] = field(default_factory=dict)
    copies: dict[str, Tensor | np.ndarray] = field(default_factory=dict)

    def add(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor):
            self.values[name], self.copies[name] = value, value.detach().clone()
        elif isinstance(value, np.ndarray):
            self.values[name], self.copies[name] = value, value.copy()
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                self.add(f"{name}[{index}]", item)

    def changed(self) -> list[str]:
        return [name for name, value in self.values.items() if not _same(value, self.copies[name])]

    def leaves(self) -> dict[str, Tensor]:
        return {
            name: value
            for name, value in self.values.items()
            if isinstance(value, Tensor) and value.requires_grad
        }


def observe(
    draw: Draw,
    solution: Callable[..., Any],
    *args: Any,
    names: Sequence[str] | None = None,
    scale: float = 0.0,
    also: dict[str, Tensor] | None = None,
    **kwargs: Any,
) -> Case:
    """Call the solution and record what it returned, the gradients and which inputs it changed.

    Every argument tensor that requires a gradient gets one, from a fixed weighting of all floating
    outputs; `also` names further leaves, for example a module's parameters. An exception is
    recorded, not raised.
    """
    labels = [*(names or draw.parameters), *(f"argument {i}" for i in range(len(args)))]
    named = dict(zip(labels, args, strict=False)) | kwargs
    inputs = _Inputs()
    for name, value in named.items():
        inputs.add(name, value)
    name = getattr(solution, "__name__", "the module")
    call = "" if draw.quiet else describe_call(name, named)
    outcome: dict[str, Any]
    try:
        returned = solution(*args, **kwargs)
        outcome = {"returned": returned}
        leaves = inputs.leaves() | (also or {})
        if leaves:
            outcome["gradients"] = gradients(returned, leaves)
    except Exception as error:
        outcome = raised(error).as_tree()
    outcome["inputs changed"] = inputs.changed()
    return Case(call, outcome, scale, {} if draw.quiet else _settings(solution) | named)


def _settings(solution: Any) -> dict[str, Any]:
    """The plain numbers a module was built with, for example its number of heads."""
    if not isinstance(solution, torch.nn.Module):
        return {}
    plain = (item for item in vars(solution).items() if type(item[1]) in (bool, int, float))
    return {name: value for name, value in plain if not name.startswith("_") and name != "training"}


def gradients(returned: Any, leaves: dict[str, Tensor]) -> dict[str, Tensor | None]:
    """The gradient of a weighted sum of all floating outputs with respect to each leaf.

    The weights are fixed and irregular, so that no two output elements are interchangeable. Where
    an output has no gradient at all, every entry is None. Elements that are not finite are left out
    of the sum, as a masked logit of −inf has no gradient.
    """
    total: Tensor | None = None
    for output in _floating(returned):
        if output.requires_grad:
            index = torch.arange(output.numel(), dtype=torch.float64, device=output.device)
            weights = (torch.cos(1.7 * index + 0.5) + 0.25).to(output.dtype).reshape(output.shape)
            finite = torch.isfinite(output.detach())
            term = torch.where(finite, output, torch.zeros_like(output)).mul(weights).sum()
            total = term if total is None else total + term
    if total is None:
        return dict.fromkeys(leaves)
    found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return dict(zip(leaves, found, strict=True))


def raised(error: BaseException) -> Raised:
    """Describe an exception, with the line of the submission it came from."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "submission.py":
            line = trace.tb_lineno
        trace = trace.tb_next
    kinds = tuple(_exception_name(kind) for kind in type(error).__mro__ if kind is not object)
    return Raised(kinds, _text(error), line)


def _exception_name(kind: type) -> str:
    """A type's name; with its module where it only shares the name of a built-in exception."""
    name = type_name(kind)
    namesake = getattr(builtins, name, kind)
    return name if namesake is kind else f"{kind.__module__}.{name}"


def _text(error: BaseException) -> str:
    try:
        return str.__getitem__(str(error), slice(500))
    except Exception:
        return "(its message could not be read)"


def _floating(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _floating(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _floating(item)


def _same(a: Tensor | np.ndarray, b: Tensor | np.ndarray) -> bool:
    x, y = torch.as_tensor(a).detach(), torch.as_tensor(b)
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if torch.equal(x, y):
        return True
    return x.is_floating_point() and bool(((x == y) | (x.isnan() & y.isnan())).all())


# Describing a call


def describe_call(name: str, arguments: dict[str, Any]) -> str:
    """`softmax_temperature(logits=float32 (3, 5), temperature=0.5)`."""
    inner = ", ".join(f"{key}={describe(value)}" for key, value in arguments.items())
    return f"{name}({inner})"


def describe(value: Any) -> str:
    """A value in few words: small tensors in full, large ones by dtype and shape."""
    if isinstance(value, Tensor | np.ndarray):
        dtype = str(value.dtype).removeprefix("torch.")
        if 0 < _count(value) <= 6:
            return f"{dtype} {_rounded(value.tolist())}"
        return f"{dtype} {tuple(value.shape)}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _count(value: Tensor | np.ndarray) -> int:
    return value.size if isinstance(value, np.ndarray) else value.numel()


def _rounded(values: Any) -> str:
    if isinstance(values, list):
        return f"[{', '.join(_rounded(v) for v in values)}]"
    return f"{values:.4g}" if isinstance(values, float) else str(values)


def parameter_names(entry: Any) -> tuple[str, ...]:
    """The parameter names of a function, for reports."""
    try:
        return tuple(inspect.signature(entry).parameters)
    except (TypeError, ValueError):
        return ()
