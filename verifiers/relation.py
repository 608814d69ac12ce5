"""How a wrong result relates to the right one: a factor, a swap of axes, lost digits.

Every sentence states what the numbers show and nothing more.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from verifiers.seen import Pair

CLOSE = 1e-4  # how near two results must be to count as the same, relative to the largest value
ROOT = 1e-5  # how near the square of a factor must be to a whole number
FEW = 3  # different values that fit into any dtype
LARGEST_ROOT = 1024  # beyond it, any number is near the root of some whole number


def relation(got: Tensor, want: Tensor) -> str | None:
    """How a wrong result relates to the right one, in a sentence, if simply. Both in float64."""
    if not want.numel() or not got.numel():
        return None
    if got.shape != want.shape:
        return _other_shape(got, want)
    if not torch.isfinite(got).all() or not torch.isfinite(want).all() or same(got, want):
        return None
    found = next(filter(None, (find(got, want) for find in RELATIONS)), None)
    return found or _rearranged(got, want)


def same(a: Tensor, b: Tensor) -> bool:
    """Whether two results of one shape hold the same values, up to rounding."""
    if a.shape != b.shape or not b.numel():
        return False
    size = b.abs().max().item()
    return math.isfinite(size) and (a - b).abs().max().item() <= CLOSE * size


# One result


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
        exact = abs(square - round(square)) <= ROOT * square
        if value > 0 and 2 <= round(square) <= LARGEST_ROOT and exact:
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


def _rearranged(got: Tensor, want: Tensor) -> str | None:
    """The right values in other places, and in which."""
    if want.numel() < 3 or not same(got.reshape(-1).sort().values, want.reshape(-1).sort().values):
        return None
    found = _axes_permuted(got, want) or _moved(got, want)
    return found or "The result holds the right values, but not in their places."


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
    size = want.abs().max()
    for axis in reversed(range(want.dim())):
        if want.shape[axis] < 3 or want.numel() == want.shape[axis] or not size:
            continue
        where = "the last axis" if axis == want.dim() - 1 else f"axis {axis}"
        if _scaled_slices(got, want, axis):
            return (
                f"Each slice along {where} is right up to a factor of its own: look at what it is "
                "divided or multiplied by."
            )
        difference = (got - want).mean(axis, keepdim=True)
        if (got - want - difference).abs().max() <= 1e-5 * size:
            return f"Each slice along {where} is off by an amount of its own."
    return None


def _scaled_slices(got: Tensor, want: Tensor, axis: int) -> bool:
    """Whether slices are right up to a factor, most of them are wrong, and each says enough."""
    largest = want.abs().argmax(axis, keepdim=True)
    peak = want.gather(axis, largest)
    ratio = got.gather(axis, largest) / peak
    if not torch.isfinite(ratio).all() or not ratio.all():
        return False
    telling = ((want.abs() > 1e-2 * peak.abs()).sum(axis) > 1).all()  # one value fits any factor
    wrong = ((ratio - 1).abs() > CLOSE).double().mean() > 0.5
    near = (got - ratio * want).abs().max() <= CLOSE * want.abs().max()
    return bool(telling and wrong and near)


RELATIONS = (_factor, _offset, _constant, _transformed, _signs, _slices)


def _other_shape(got: Tensor, want: Tensor) -> str | None:
    moved = _axes_permuted(got, want)
    if moved or got.numel() != want.numel():
        return moved
    if same(got.reshape(-1), want.reshape(-1)):
        return "The values are right and in order; only the shape is wrong."
    return None


# Results of several calls


def lost_digits(pairs: Sequence[Pair]) -> str | None:
    """Values that are nearly right in every call, and whether a narrower dtype has rounded them."""
    if not pairs or not all(pair.dtype.is_floating_point for pair in pairs):
        return None
    error = max(map(_relative_error, pairs))
    for narrow in (torch.bfloat16, torch.float16, torch.float32):
        if error <= 4 * torch.finfo(narrow).eps and _passes_through(narrow, pairs):
            name = str(narrow).removeprefix("torch.")
            return (
                f"Every value is right to about {error:.0e} of the largest, and fits into {name}: "
                f"somewhere the result passes through {name}."
            )
    if error > CLOSE:
        return None
    near = f"Every value is right to about {error:.0e} of the largest, and no nearer"
    if error < 1e-5 and all(pair.dtype == torch.float64 for pair in pairs):
        return f"{near}: look for float32 on the way, or a small constant in the wrong place."
    return f"{near}: look for something small that is added or left out, or for digits lost."


def _relative_error(pair: Pair) -> float:
    """The largest error of a call over its largest value; equal infinities are no error."""
    got, want = pair.got, pair.want
    if got.shape != want.shape or not want.numel():
        return math.inf
    error = torch.where(got == want, 0.0, (got - want).abs()).max().item()
    size = want[torch.isfinite(want)].abs().max().item() if bool(want.isfinite().any()) else 0.0
    return error / size if size and math.isfinite(error) else math.inf


def _passes_through(narrow: torch.dtype, pairs: Sequence[Pair]) -> bool:
    """Whether every value has been rounded to a dtype; a few round numbers would fit by chance."""
    eps = torch.finfo(narrow).eps
    if not all(torch.finfo(pair.dtype).eps < eps and _fits(pair.got, narrow) for pair in pairs):
        return False
    values = torch.cat([pair.got.reshape(-1) for pair in pairs]).unique()
    return len(values) > FEW and not all(_fits(pair.want, narrow) for pair in pairs)


def _fits(values: Tensor, narrow: torch.dtype) -> bool:
    return torch.equal(values, values.to(narrow).double())
