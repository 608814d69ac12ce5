"""One call of a submission beside the reference's: what is right in it, and what is wrong."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from verifiers.checks import Check
from verifiers.compare import RELATIVE, compare, compare_case, largest_value, raised
from verifiers.tolerance import Allowance, outside, tolerance
from verifiers.tree import Array, OnDevice
from verifiers.workbench import Expected


@dataclass(frozen=True)
class Pair:
    """A result and the right one in float64, and the dtype asked for."""

    got: Tensor
    want: Tensor
    dtype: torch.dtype


@dataclass(frozen=True)
class Seen:
    """One call of the submission beside the reference's, as float64 numbers where it has any."""

    arguments: Mapping[str, Any]
    observed: Any
    native: Any
    exact: Any
    allowance: Allowance  # with the size of the largest value of this call

    @functools.cached_property
    def right(self) -> bool:
        return compare_case(self.observed, self.native, self.exact, self.allowance) is None

    @property
    def raised(self) -> bool:
        return raised(self.observed)

    @property
    def should_raise(self) -> bool:
        return raised(self.native)

    @functools.cached_property
    def values_right(self) -> bool:
        """Whether what was returned is right, whatever came of gradients and inputs."""
        if self.right:
            return True
        if self.raised or self.should_raise:
            return False
        got, native, want = map(returned, (self.observed, self.native, self.exact))
        return compare(got, native, want, self.allowance) is None

    @functools.cached_property
    def pair(self) -> Pair | None:
        """What was returned and what should have been, where both are numbers."""
        got, native, want = map(numbers_of, map(returned, (self.observed, self.native, self.exact)))
        if got is None or native is None or want is None:
            return None
        return Pair(got.double(), want.double(), native.dtype)

    @functools.cached_property
    def wrong(self) -> Tensor | None:
        """Where the values are wrong; None where shapes or kinds differ, or all is right."""
        if self.pair is None or self.pair.got.shape != self.pair.want.shape:
            return None
        got, want = self.pair.got, self.pair.want
        mask = outside(got, want, self._limit(want))
        return mask if bool(mask.any()) else None

    def _limit(self, want: Tensor) -> float | Tensor:
        native = returned(self.native)
        if not isinstance(native, OnDevice | Array):
            return RELATIVE * want.abs()
        exact = native.values.is_floating_point()
        return tolerance(native.values, want, self.allowance) if exact else 0.0


def seen_calls(check: Check, observed: Sequence[Any], expected: Expected) -> Iterator[Seen]:
    """The calls of one check that both sides made."""
    for index, outcome in enumerate(observed[: len(expected.exact)]):
        exact = expected.exact[index]
        scale = max(expected.scales[index], largest_value(exact))
        yield Seen(
            expected.arguments[index],
            outcome,
            expected.native[index],
            exact,
            Allowance(scale, check.slack),
        )


def returned(outcome: Any) -> Any:
    """What a call returned, of what was recorded of it."""
    return outcome.get("returned") if isinstance(outcome, dict) else outcome


def numbers_of(value: Any) -> Tensor | None:
    """The values of a tensor or array, a number, or a list of numbers."""
    if isinstance(value, OnDevice | Array):
        return value.values
    if type(value) in (int, float):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, list) and value and all(type(item) in (int, float) for item in value):
        return torch.tensor([float(item) for item in value], dtype=torch.float64)
    return None
