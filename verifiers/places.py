"""Where in their results wrong calls are wrong: an end of an axis, rows of an input, infinities."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from verifiers.seen import Pair, Seen

FEWEST = 6  # wrong values that lie in one place; fewer would do so by chance
PART = 0.9  # of all values; a place that holds more of them is no place
TIGHT = 0.75  # how much of a region must be wrong for it to be where the wrong values are
INFINITIES = {"inf": math.inf, "−inf": -math.inf}
Masks = Sequence[tuple[Seen, Tensor]]  # calls, and which of their values are wrong


def undefined(wrong: Sequence[Seen]) -> str | None:
    """nan or infinities where there should be numbers, and where."""
    pairs = [(call, call.pair) for call in wrong if call.pair and _one_shape(call.pair)]
    bad = [(call, mask) for call, pair in pairs if bool((mask := _new_nan(pair)).any())]
    if bad:
        return _some("nan", bad)
    wanted = [name for name in INFINITIES if any(_is(name, pair.want).any() for _, pair in pairs)]
    for name in wanted:
        if found := _too_many([pair for _, pair in pairs], name):
            return found
    new = [name for name in INFINITIES if name not in wanted]
    new = [name for name in new if any(_is(name, pair.got).any() for _, pair in pairs)]
    masks = [(call, _any_of(new, pair.got)) for call, pair in pairs]
    bad = [(call, mask) for call, mask in masks if bool(mask.any())]
    return _some(" or ".join(new), bad) if bad else None


def _is(name: str, values: Tensor) -> Tensor:
    return values == INFINITIES[name]


def _one_shape(pair: Pair) -> bool:
    return pair.got.shape == pair.want.shape


def _new_nan(pair: Pair) -> Tensor:
    return pair.got.isnan() & ~pair.want.isnan()


def _some(name: str, bad: Masks) -> str:
    where = _common_place(bad)
    return f"Some values are {name}, {where}." if where else f"Some values are {name}."


def _any_of(names: Sequence[str], values: Tensor) -> Tensor:
    found = torch.zeros_like(values, dtype=torch.bool)
    for name in names:
        found |= _is(name, values)
    return found


def _too_many(pairs: Sequence[Pair], name: str) -> str | None:
    """Whether right results hold an infinity in fewer places, or in more."""
    both = [(_is(name, pair.got), _is(name, pair.want)) for pair in pairs]
    extra = any(bool((got & ~want).any()) for got, want in both)
    lacking = any(bool((want & ~got).any()) for got, want in both)
    if extra == lacking:
        return None
    much = "many values are {}, and none that should be is missing"
    little = "few values are {}, and none is that should not be"
    return f"Too {(much if extra else little).format(name)}."


def wrong_place(wrong: Sequence[Seen]) -> str | None:
    """Where in a result the wrong values lie, if not everywhere; by an option if need be."""
    masks = [(call, mask) for call in wrong if (mask := call.wrong) is not None]
    if len(masks) < len(wrong):
        return None
    if where := _common_place(masks):
        return f"The values are wrong only {where}."
    options = dict.fromkeys(
        (name, value)
        for call, _ in masks
        for name, value in call.arguments.items()
        if isinstance(value, bool)
    )
    for name, value in options:
        some = [pair for pair in masks if pair[0].arguments.get(name) is value]
        if len(some) > 1 and (where := _common_place(some)):
            return f"With {name}={value} the values are wrong only {where}."
    return None


def _common_place(masks: Masks) -> str | None:
    """The region that holds all that is wrong in every call and the least that is right."""
    fits: dict[str, list[tuple[int, int]]] = {}  # by region, how many are wrong in it, of how many
    for index, (call, mask) in enumerate(masks):
        if index and all(len(found) < index for found in fits.values()):
            return None
        count = int(mask.sum())
        for name, region in _regions(call, mask):
            if index and len(fits.get(name, ())) < index:
                continue  # it has not held all so far
            inside = int((mask & region).sum())
            if inside == count:
                fits.setdefault(name, []).append((inside, int(region.sum())))
    everything = sum(mask.numel() for _, mask in masks)
    best, chosen = TIGHT, None
    for name, found in fits.items():
        inside, size = map(sum, zip(*found, strict=True))
        enough = inside >= max(FEWEST, best * size)
        if len(found) == len(masks) and size <= PART * everything and enough:
            best, chosen = inside / size + 1e-9, name
    return chosen


def _regions(call: Seen, mask: Tensor) -> Iterator[tuple[str, Tensor]]:
    assert call.pair
    for name, value in call.arguments.items():
        if isinstance(value, Tensor) and value.numel():
            yield from _input_places(name, value.detach().cpu(), mask.shape)
    yield from _places(call.pair.want)


# Regions of a result


def _places(want: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Names of regions of a result, with a mask of each, to hold against where it is wrong."""
    for axis, length in enumerate(want.shape):
        index = torch.arange(length).reshape([-1 if a == axis else 1 for a in range(want.dim())])
        where = "the last axis" if axis == want.dim() - 1 else f"axis −{want.dim() - axis}"
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


def _input_places(name: str, value: Tensor, shape: torch.Size) -> Iterator[tuple[str, Tensor]]:
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
