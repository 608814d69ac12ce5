"""A factor between wrong results and right ones that is not the same in every call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from verifiers.relation import as_root, factor_of
from verifiers.seen import Seen

FEWEST = 3  # calls that agree; two would do so by chance
MOSTLY = 0.8  # of the calls
NEAR = 1e-3  # how near a factor has to be to what it follows


def varying_factor(wrong: Sequence[Seen]) -> str | None:
    """What the factor by which results are wrong follows, where it is not the same in every call.

    Nearly every call has to show it; the others may be too coarse, as in half precision.
    """
    found: list[float] = []
    sizes: list[dict[str, float]] = []
    for call in wrong:
        factor = factor_of(call.pair.got, call.pair.want) if call.pair else None
        if factor is not None:
            found.append(factor)
            sizes.append(_sizes(call.arguments))
    if len(found) < max(FEWEST, MOSTLY * len(wrong)):
        return None
    if max(found) - min(found) <= NEAR * abs(max(found, key=abs)):
        return _same_factor(wrong, found)
    note = f" ({len(found)} of the {len(wrong)} wrong calls)" if len(found) < len(wrong) else ""
    names = set.intersection(*map(set, sizes))
    for name in sorted(names, key=lambda name: (len(name), name)):
        for form, function in FORMS.items():
            pairs = zip(found, (function(size[name]) for size in sizes), strict=True)
            if all(abs(factor - value) <= NEAR * abs(value) for factor, value in pairs):
                return (
                    f"The result is right up to a factor of {form.format(name)}, "
                    f"for example {found[0]:.4g} where {name} is {sizes[0][name]:g}{note}."
                )
    return None


def _same_factor(wrong: Sequence[Seen], found: Sequence[float]) -> str | None:
    """One factor for plain numbers; that of larger results is told by `verifiers.relation`."""
    if len(found) < len(wrong) or any(call.pair and call.pair.want.numel() > 1 for call in wrong):
        return None
    return f"Every one of these results is {found[0]:.4g}{as_root(found[0])} times the right one."


FORMS: dict[str, Callable[[float], float]] = {
    "{}": lambda n: n,
    "1/{}": lambda n: 1 / n,
    "√({})": lambda n: math.sqrt(n),
    "1/√({})": lambda n: 1 / math.sqrt(n),
    "({})²": lambda n: n * n,
    "1/({})²": lambda n: 1 / (n * n),
    "2·({})": lambda n: 2 * n,
    "1/(2·{})": lambda n: 1 / (2 * n),
    "n/(n−1) with n = {}": lambda n: n / (n - 1),
    "(n−1)/n with n = {}": lambda n: (n - 1) / n,
}


def _sizes(arguments: Mapping[str, Any]) -> dict[str, float]:
    """Numbers above 0 among the arguments, and the lengths of axes above 1."""
    sizes: dict[str, float] = {}
    for name, value in arguments.items():
        if type(value) in (int, float) and value > 0 and value != 1:
            sizes[name] = float(value)
        elif isinstance(value, Tensor):
            for axis in range(1, value.dim() + 1):
                if value.shape[-axis] > 1:
                    where = "the last axis" if axis == 1 else f"axis −{axis}"
                    sizes[f"the length of {where} of {name}"] = float(value.shape[-axis])
    return sizes
