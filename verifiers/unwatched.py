"""Keep the watch for banned calls out of the engine's own work.

torch's hooks cost tens of microseconds a call and apply to whatever runs: drawing inputs, copying
them and writing results down would cost more than the solution itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def unwatched(work: Callable[P, R]) -> Callable[P, R]:
    """Run a function of ours, which calls nothing of the submission's, past torch's hooks."""

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
            return work(*args, **kwargs)

    return run
