"""What the calls that go wrong have in common and the calls that go right do not have."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

FEWEST = 2  # calls on either side, for a contrast to mean something
ASTRAY = 10, 5  # wrong calls, and right ones apart, for each right one that may lie beside them
MOST_NAMED = 8  # whole numbers above this are sizes, and one of them says nothing
HALF = (torch.float16, torch.bfloat16)


def contrast(wrong: Sequence[Mapping[str, Any]], right: Sequence[Mapping[str, Any]]) -> str | None:
    """The trait that tells the wrong calls from the right ones best, in a sentence.

    All wrong calls lie on one side of it, with hardly any right one beside them, and three or more
    right calls lie on the other.
    """
    if len(wrong) < FEWEST or len(right) < FEWEST:
        return None
    shown = [dict.fromkeys(traits(call)) for call in (*wrong, *right)]
    in_wrong = Counter(itertools.chain.from_iterable(shown[: len(wrong)]))
    in_right = Counter(itertools.chain.from_iterable(shown[len(wrong) :]))
    fewest, sentence = len(wrong) // ASTRAY[0] + 1, None
    for trait in dict.fromkeys(itertools.chain.from_iterable(shown)):
        if in_wrong[trait] == len(wrong):
            beside = in_right[trait]  # right calls on the side of the wrong ones
        elif not in_wrong[trait]:
            beside = len(right) - in_right[trait]
        else:
            continue
        others = len(right) - beside
        if beside < fewest and beside <= others // ASTRAY[1] and others > FEWEST:
            fewest = beside
            sentence = _sentence(trait, in_wrong[trait] > 0, len(wrong), beside, others)
    return sentence


def _sentence(trait: str, shared: bool, wrong: int, beside: int, others: int) -> str:
    total = wrong + beside
    if shared:
        share = f"all {total} of them" if not beside else f"{wrong} of {total}"
        return f"Only calls {trait} go wrong: {share}."
    rest = f"all {total} others" if not beside else f"of the {total} others {wrong}"
    return f"All {others} calls {trait} are right; {rest} go wrong."


def traits(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Everything said of a call's arguments, the plainest first."""
    numbers = {n: v for n, v in arguments.items() if type(v) in (int, float)}
    tensors = {n: t for n, v in arguments.items() if (t := _tensor(v)) is not None}
    for name, value in arguments.items():
        if isinstance(value, bool):
            yield f"with {name}={value}"
    for name, value in numbers.items():
        yield from _of_number(name, value)
    for name, tensor in tensors.items():
        if tensor.dtype == torch.bool:
            yield from _of_mask(name, tensor)
        else:
            yield from _of_values(name, tensor)
    for name, tensor in tensors.items():
        yield from _of_shape(name, tensor)
    yield from _of_pairs({name: tensor for name, tensor in tensors.items() if tensor.dim() > 1})
    for name, tensor in tensors.items():
        yield f"with {name} in {str(tensor.dtype).removeprefix('torch.')}"
        if tensor.dtype in HALF:
            yield f"with {name} in half precision"
        if not tensor.is_contiguous():
            yield f"with {name} not contiguous in memory"
        if tensor.requires_grad:
            yield f"that ask for a gradient of {name}"


def _tensor(value: Any) -> Tensor | None:
    if isinstance(value, np.ndarray) and value.dtype.kind in "bif":
        return torch.from_numpy(np.ascontiguousarray(value))
    return value if isinstance(value, Tensor) else None


def _of_number(name: str, value: float) -> Iterator[str]:
    if (isinstance(value, int) and 0 <= value <= MOST_NAMED) or value in (0, 1):
        yield f"with {name} = {value:g}"
    if value < 0:
        yield f"with a negative {name}"
    if value > 1:
        yield f"with {name} above 1"
    if 0 < value < 1:
        yield f"with {name} between 0 and 1"
    if isinstance(value, int) and value % 2:
        yield f"with an odd {name}"


def _of_mask(name: str, mask: Tensor) -> Iterator[str]:
    if mask.dim() and bool((~mask.any(-1)).any()):
        yield f"with a row of {name} that is all False"
    yield f"with a {name}"


def _of_values(name: str, tensor: Tensor) -> Iterator[str]:
    if not tensor.numel():
        yield f"with {name} empty"
        return
    values = tensor.detach()
    if bool((values == -math.inf).any()):
        yield f"with −inf in {name}"
    if bool((values == values.reshape(-1)[0]).all()) and values.numel() > 1:
        yield f"with all values of {name} equal"
    if values.is_floating_point() and bool((values.abs() > 80).any()):
        yield f"with values beyond 80 in {name}"
    if bool((values < 0).any()):
        yield f"with negative values in {name}"


def _of_shape(name: str, tensor: Tensor) -> Iterator[str]:
    for axes in (1, 2, 3):
        if tensor.dim() > axes:
            yield f"where {name} has more than {axes} {'axis' if axes == 1 else 'axes'}"
    for axis in (1, 2):
        if tensor.dim() >= axis:
            length = tensor.shape[-axis]
            where = f"the last axis of {name}" if axis == 1 else f"axis −2 of {name}"
            if length == 1:
                yield f"where {where} has length 1"
            if length > 1:
                yield f"where {where} is longer than 1"
            if length % 2:
                yield f"where {where} has an odd length"


def _of_pairs(tensors: Mapping[str, Tensor]) -> Iterator[str]:
    """Lengths that two inputs share or do not, for example of queries and keys."""
    names = list(tensors)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            if tensors[first].shape[-2] != tensors[second].shape[-2]:
                yield f"where {first} and {second} have different lengths in axis −2"
