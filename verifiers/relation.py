"""How a wrong result relates to the right one: a factor, a swap of axes, a place, lost digits.

Every sentence states what the numbers show and nothing more.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

CLOSE = 1e-4  # how near two results must be to count as the same, relative to the largest value
Wrong = Tensor  # of bool, in the shape of the result: True where a value is wrong


def relation(got: Tensor, want: Tensor, dtype: torch.dtype = torch.float64) -> str | None:
    """How a wrong result relates to the right one, in a sentence, if simply.

    Both in float64; `dtype` is the one that the result came in.
    """
    if not want.numel() or not got.numel():
        return None
    if got.shape != want.shape:
        return _other_shape(got, want)
    if torch.equal(got, want) or not torch.isfinite(got).all() or not torch.isfinite(want).all():
        return None
    if (found := lost_digits(got, want, dtype)) or same(got, want):
        return found
    return next(filter(None, (find(got, want) for find in RELATIONS)), None)


def same(a: Tensor, b: Tensor) -> bool:
    """Whether two results of one shape hold the same values, up to rounding."""
    if a.shape != b.shape or not b.numel() or not (a.isfinite().all() and b.isfinite().all()):
        return False
    return bool((a - b).abs().max() <= CLOSE * b.abs().max())


# One result


def lost_digits(got: Tensor, want: Tensor, dtype: torch.dtype) -> str | None:
    """Values that are nearly right, and whether a narrower dtype has rounded them."""
    error = ((got - want).abs().max() / want.abs().max().clamp_min(1e-300)).item()
    for narrow in (torch.bfloat16, torch.float16, torch.float32):
        finfo = torch.finfo(narrow)
        if finfo.eps <= torch.finfo(dtype).eps or error > 4 * finfo.eps:
            continue
        if torch.equal(got, got.to(narrow).double()) and not _fits(want, narrow):
            name = str(narrow).removeprefix("torch.")
            return (
                f"The values are right to about {error:.0e}, and each of them fits into {name}: "
                f"somewhere the result passes through {name}."
            )
    if not same(got, want):
        return None
    near = f"The values are right to about {error:.0e}"
    if dtype == torch.float64 and error < 1e-5:
        return f"{near}, which is float32 precision or a small constant in the wrong place."
    return f"{near}: something small is added, or left out."


def _fits(values: Tensor, narrow: torch.dtype) -> bool:
    return torch.equal(values, values.to(narrow).double())


def factor_of(got: Tensor, want: Tensor) -> float | None:
    """The one number that turns the right result into this one, or None."""
    if got.shape != want.shape or not torch.isfinite(got).all() or not torch.isfinite(want).all():
        return None
    size = want.abs().max() if want.numel() else torch.tensor(0.0)
    if not size:
        return None
    ratio = (got / want)[want.abs() > 1e-3 * size]
    middle = ratio.median().item()
    if abs(middle) < 1e-9 or abs(middle - 1) < 1e-3:
        return None
    return middle if (got - middle * want).abs().max() <= CLOSE * abs(middle) * size else None


def _factor(got: Tensor, want: Tensor) -> str | None:
    factor = factor_of(got, want) if want.numel() > 1 else None
    if factor is None:
        return None
    if abs(factor + 1) < CLOSE:
        return "The result has the wrong sign everywhere; the values are right otherwise."
    return f"The result is right up to a constant factor of {factor:.4g}{as_root(factor)}."


def as_root(factor: float) -> str:
    """` = √8` where the factor is a root or a ratio of small integers."""
    for value, template in ((factor, "{}"), (1 / factor, "1/{}")):
        square = value * value
        if value > 0 and 2 <= round(square) <= 4096 and abs(square - round(square)) < 1e-3 * square:
            root = math.isqrt(round(square))
            inner = str(root) if root * root == round(square) else f"√{round(square)}"
            known = template == "{}" and inner == f"{factor:.4g}"
            return "" if known else f" = {template.format(inner)}"
    return ""


def _offset(got: Tensor, want: Tensor) -> str | None:
    difference = got - want
    middle = difference.median()
    if want.numel() < 3 or (difference - middle).abs().max() > 1e-5 * want.abs().max():
        return None
    return f"Every value is off by the same amount, {middle.item():.4g}."


def _constant(got: Tensor, want: Tensor) -> str | None:
    if want.numel() < 3 or not bool((got == got.reshape(-1)[0]).all()) or bool((want == 0).all()):
        return None
    return f"Every value of the result is {got.reshape(-1)[0].item():.4g}."


def _axes_permuted(got: Tensor, want: Tensor) -> str | None:
    if not 2 <= got.dim() <= 5:
        return None
    for order in itertools.permutations(range(got.dim())):
        moved = got.permute(order)
        if order == tuple(range(got.dim())) or not same(moved, want):
            continue
        swapped = [axis for axis, source in enumerate(order) if axis != source]
        if swapped == [got.dim() - 2, got.dim() - 1]:
            return "The result is the transpose of the right one: its last two axes are swapped."
        if len(swapped) == 2:
            return f"The axes {swapped[0]} and {swapped[1]} of the result are swapped."
        return f"The axes of the result are in another order: permute{order} makes it right."
    return None


def _moved(got: Tensor, want: Tensor) -> str | None:
    """The right values, shifted or in reverse along an axis."""
    for axis, length in enumerate(want.shape):
        if length < 3:
            continue
        if same(got.flip(axis), want):
            return f"The result is reversed along axis {axis}."
        for step in (1, -1):
            if same(got.roll(-step, axis), want):
                way = "later" if step == 1 else "earlier"
                return f"Along axis {axis} every value stands one place {way} than it should."
    return None


def _reordered(got: Tensor, want: Tensor) -> str | None:
    flat, right = got.reshape(-1), want.reshape(-1)
    if want.numel() < 4 or not same(flat.sort().values, right.sort().values):
        return None
    return "The result holds the right values, but not in their places."


def _transformed(got: Tensor, want: Tensor) -> str | None:
    if want.numel() < 3:
        return None
    for name, function in TRANSFORMS.items():
        if same(got, function(want)):
            return f"The result is {name}."
    return None


TRANSFORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "the square of the right one": torch.square,
    "the square root of the right one": torch.sqrt,
    "the logarithm of the right one": torch.log,
    "the exponential of the right one": torch.exp,
    "1 over the right one": torch.reciprocal,
    "1 minus the right one": lambda right: 1 - right,
    "the magnitude of the right one; signs are lost": torch.abs,
}


def _signs(got: Tensor, want: Tensor) -> str | None:
    if want.numel() < 3 or not same(got.abs(), want.abs()):
        return None
    return "The magnitudes are right; some signs are not."


def _slices(got: Tensor, want: Tensor) -> str | None:
    """A factor or an offset of its own for every slice along an axis."""
    for axis in reversed(range(want.dim())):
        if want.shape[axis] < 3 or want.numel() == want.shape[axis]:
            continue
        size = want.abs().max()
        if not size:
            return None
        largest = want.abs().argmax(axis, keepdim=True)
        ratio = got.gather(axis, largest) / want.gather(axis, largest)
        difference = (got - want).mean(axis, keepdim=True)
        where = "the last axis" if axis == want.dim() - 1 else f"axis {axis}"
        if torch.isfinite(ratio).all() and (got - ratio * want).abs().max() <= CLOSE * size:
            return (
                f"Each slice along {where} is right up to a factor of its own: what it is divided "
                "or multiplied by is wrong."
            )
        if (got - want - difference).abs().max() <= 1e-5 * size:
            return f"Each slice along {where} is off by an amount of its own."
    return None


RELATIONS = (
    _factor,
    _offset,
    _constant,
    _axes_permuted,
    _moved,
    _transformed,
    _signs,
    _slices,
    _reordered,
)


def _other_shape(got: Tensor, want: Tensor) -> str | None:
    moved = _axes_permuted(got, want)
    if moved or got.numel() != want.numel():
        return moved
    if same(got.reshape(-1), want.reshape(-1)):
        return "The values are right and in order; only the shape is wrong."
    return None


# Where a result is wrong


def places(wrong: Wrong, want: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Names of regions of a result, with a mask of each, to hold against where it is wrong."""
    for axis, length in enumerate(want.shape):
        index = torch.arange(length).reshape([-1 if a == axis else 1 for a in range(want.dim())])
        where = "the last axis" if axis == want.dim() - 1 else f"axis {axis - want.dim()}"
        yield f"at the first index of {where}", (index == 0).expand(want.shape)
        yield f"at the last index of {where}", (index == length - 1).expand(want.shape)
        yield f"after the first index of {where}", (index > 0).expand(want.shape)
        yield f"before the last index of {where}", (index < length - 1).expand(want.shape)
        if length > 2:
            yield f"at the odd indices of {where}", (index % 2 == 1).expand(want.shape)
            yield f"at the even indices of {where}", (index % 2 == 0).expand(want.shape)
            yield f"in the first half of {where}", (index < length // 2).expand(want.shape)
            yield f"in the second half of {where}", (index >= length // 2).expand(want.shape)
    yield "where the right value is 0", want == 0
    yield "where the right value is negative", want < 0
    yield "where the right value is positive", want > 0


def input_places(name: str, value: Tensor, shape: torch.Size) -> Iterator[tuple[str, Tensor]]:
    """Regions of a result given by an input that it can be held against, value by value or row."""
    if value.dtype == torch.bool:
        yield from _held(f"where {name} is True", value, shape)
        yield from _held(f"where {name} is False", ~value, shape)
        if value.dim():
            empty, full = ~value.any(-1, keepdim=True), value.all(-1, keepdim=True)
            yield from _held(f"in rows where {name} is all False", empty, shape)
            yield from _held(f"in rows where {name} is not all False", ~empty, shape)
            yield from _held(f"in rows where {name} is not all True", ~full, shape)
        return
    yield from _held(f"where {name} is negative", value < 0, shape)
    yield from _held(f"where {name} is positive", value > 0, shape)
    yield from _held(f"where {name} is 0", value == 0, shape)
    if not value.is_floating_point() or not value.dim() or not value.shape[-1]:
        return
    yield from _held(f"where {name} is −inf", value == -math.inf, shape)
    lost = (value == -math.inf).any(-1, keepdim=True)
    yield from _held(f"in rows where {name} holds a −inf", lost, shape)
    ties = (value == value.amax(-1, keepdim=True)).sum(-1, keepdim=True) > 1
    yield from _held(f"in rows where {name} has its maximum more than once", ties, shape)


def _held(name: str, region: Tensor, shape: torch.Size) -> Iterator[tuple[str, Tensor]]:
    if region.dim() <= len(shape):
        try:
            yield name, region.expand(shape)
        except RuntimeError:
            return
