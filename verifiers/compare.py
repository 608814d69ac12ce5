"""Compare what a submission did with what the reference does, allowing for rounding and no more.

Three trees meet here: `observed` from the submission, `native` from the reference in the same
dtype, `exact` from the reference in float64. Structure, shape, dtype and device must equal
`native`; values must lie near `exact`, as near as `verifiers.tolerance` says.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from verifiers.describe import describe_exception, describe_kind, dtype_name, number, short
from verifiers.tolerance import Allowance, outside, tolerance
from verifiers.tree import Array, OnDevice, Opaque

RELATIVE = 1e-9  # agreement of Python floats


@dataclass(frozen=True)
class Mismatch:
    """The first difference found: where in the tree, and what a learner should read."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


def compare(
    observed: Any,
    native: Any,
    exact: Any,
    allowance: Allowance | None = None,
    path: str = "",
) -> Mismatch | None:
    """The first mismatch between two decoded trees, or None where they agree."""
    allowance = allowance or Allowance()
    if isinstance(observed, Opaque):
        return Mismatch(path, f"expected {describe_kind(native)}, got {observed.what}")
    match native:
        case OnDevice() | Array():
            return _compare_tensors(observed, native, exact, allowance, path)
        case dict():
            return _compare_dicts(observed, native, exact, allowance, path)
        case list() | tuple():
            return _compare_sequences(observed, native, exact, allowance, path)
        case frozenset():
            return _compare_sets(observed, native, exact, allowance, path)
        case bool():
            return _compare_plain(unwrap_number(observed), native, path, bool)
        case int():
            return _compare_plain(unwrap_number(observed), native, path, int)
        case float():
            return _compare_floats(unwrap_number(observed), exact, allowance, path)
    return _compare_plain(observed, native, path, type(native))


def compare_case(observed: Any, native: Any, exact: Any, allowance: Allowance) -> Mismatch | None:
    """Compare the outcomes of one call, as `observe` records them or as a check made them."""
    largest = max(allowance.scale, largest_value(exact))
    allowance = dataclasses.replace(allowance, scale=largest)
    if raised(native) or (raised(observed) and isinstance(native, dict)):
        return _compare_raised(observed, native)
    if isinstance(native, dict) and "inputs changed" in native:
        return _compare_call(observed, native, exact, allowance)
    return compare(observed, native, exact, allowance)


def raised(outcome: Any) -> bool:
    """Whether an outcome says that the call raised an exception, in the form that it has to."""
    if not isinstance(outcome, dict) or not isinstance(outcome.get("raised"), list):
        return False
    kinds = outcome["raised"]
    return bool(kinds) and all(isinstance(kind, str) for kind in kinds)


def _compare_raised(observed: Any, native: dict) -> Mismatch | None:
    if not raised(native):
        return Mismatch("", f"raised {describe_exception(observed)}")
    wanted = native["raised"][0]
    if not raised(observed):
        got = describe_kind(observed.get("returned") if isinstance(observed, dict) else observed)
        return Mismatch("", f"expected it to raise {wanted}, but it returned {got}")
    if wanted not in observed["raised"]:
        return Mismatch(
            "", f"expected it to raise {wanted}, but it raised {describe_exception(observed)}"
        )
    return None


def _compare_call(
    observed: Any, native: dict, exact: dict, allowance: Allowance
) -> Mismatch | None:
    if not isinstance(observed, dict) or not isinstance(observed.get("inputs changed"), list):
        return Mismatch("", f"expected the outcome of a call, got {describe_kind(observed)}")
    found = compare(observed.get("returned"), native["returned"], exact["returned"], allowance)
    if found:
        return found
    gradients = observed.get("gradients")
    for name, wanted in native.get("gradients", {}).items():
        got = gradients.get(name) if isinstance(gradients, dict) else None
        if got is None and wanted is not None:
            return Mismatch(f"gradient of {name}", "no gradient arrives; the graph was cut")
        best = exact["gradients"][name]
        found = compare(got, wanted, best, allowance, f"gradient of {name}")
        if found:
            return found
    changed = [name for name in observed["inputs changed"] if name not in native["inputs changed"]]
    if changed:
        names = ", ".join(map(short, changed[:5]))
        return Mismatch("", f"the call changed its input {names} in place")
    if observed["inputs changed"] != native["inputs changed"]:
        return Mismatch("", f"expected the call to change {native['inputs changed']} in place")
    return None


def largest_value(tree: Any) -> float:
    """The largest finite magnitude among the floating values of a decoded tree."""
    match tree:
        case OnDevice() | Array():
            if not tree.values.is_floating_point():
                return 0.0
            finite = tree.values[torch.isfinite(tree.values)]
            return finite.double().abs().max().item() if finite.numel() else 0.0
        case bool():
            return 0.0
        case float():
            return abs(tree) if math.isfinite(tree) else 0.0
        case dict():
            return max(map(largest_value, tree.values()), default=0.0)
        case list() | tuple():
            return max(map(largest_value, tree), default=0.0)
    return 0.0


def unwrap_number(value: Any) -> Any:
    """A NumPy scalar as the Python number it stands for."""
    return value.values.item() if isinstance(value, Array) and value.scalar else value


# Plain values


def _compare_plain(observed: Any, expected: Any, path: str, kind: type) -> Mismatch | None:
    same_kind = type(observed) is kind or observed is expected
    if same_kind and observed == expected:
        return None
    return Mismatch(path, f"expected {describe_kind(expected)}, got {describe_kind(observed)}")


def _compare_floats(
    observed: Any, expected: float, allowance: Allowance, path: str
) -> Mismatch | None:
    if type(observed) not in ((float,) if allowance.strict else (int, float)):
        return Mismatch(path, f"expected a number, got {describe_kind(observed)}")
    if observed == expected or (math.isnan(expected) and observed != observed):
        return None
    try:
        difference = abs(observed - expected)
    except OverflowError:
        difference = math.inf
    limit = allowance.slack * RELATIVE * max(abs(expected), 1e-3 * allowance.scale)
    if difference <= limit and math.isfinite(limit):
        return None
    return Mismatch(path, f"expected {expected!r}, got {short(observed)}")


# Containers


def _compare_dicts(
    observed: Any, native: dict, exact: dict, allowance: Allowance, path: str
) -> Mismatch | None:
    got = _by_typed_key(observed) if isinstance(observed, dict) else {}
    want, best = _by_typed_key(native), _by_typed_key(exact)
    if not isinstance(observed, dict) or got.keys() != want.keys():
        return Mismatch(path, f"expected {describe_kind(native)}, got {describe_kind(observed)}")
    for key, (name, value) in want.items():
        found = compare(got[key][1], value, best[key][1], allowance, _join(path, name))
        if found:
            return found
    return None


def _compare_sequences(
    observed: Any, native: Any, exact: Any, allowance: Allowance, path: str
) -> Mismatch | None:
    if not isinstance(observed, list | tuple) or len(observed) != len(native):
        return Mismatch(path, f"expected {describe_kind(native)}, got {describe_kind(observed)}")
    for index, item in enumerate(observed):
        found = compare(item, native[index], exact[index], allowance, f"{path}[{index}]")
        if found:
            return found
    return None


def _by_typed_key(tree: dict) -> dict[Any, tuple[Any, Any]]:
    return {_typed(key): (key, value) for key, value in tree.items()}


def _typed(key: Any) -> Any:
    """A dict's key with its type: to Python True, 1 and 1.0 are one and the same."""
    if isinstance(key, tuple | frozenset):
        return type(key), type(key)(map(_typed, key))
    return type(key), "nan" if key != key else key


def _compare_sets(
    observed: Any, native: frozenset, exact: frozenset, allowance: Allowance, path: str
) -> Mismatch | None:
    """Sets are alike where their items, each in its place by size, are alike."""
    alike = isinstance(observed, frozenset) and len(observed) == len(native)
    if alike:
        items = (sorted(each, key=_rank) for each in (observed, native, exact))
        alike = all(
            compare(got, want, best, allowance) is None
            for got, want, best in zip(*items, strict=True)
        )
    if alike:
        return None
    missing = sorted(native - observed, key=_rank) if isinstance(observed, frozenset) else []
    lacks = f" without {short(missing[0])}" if missing else ""
    return Mismatch(path, f"expected {describe_kind(native)}, got {describe_kind(observed)}{lacks}")


def _rank(item: Any) -> Any:
    """Where an item stands in a set, such that rounding hardly ever moves it."""
    if isinstance(item, int | float):
        return (1, 0) if item != item else (0, item)
    if isinstance(item, tuple):
        return (2, len(item), tuple(map(_rank, item)))
    return (3, repr(item))


def _join(path: str, key: Any) -> str:
    return f"{path} → {key}" if path else str(key)


# Tensors and arrays


def _compare_tensors(
    observed: Any, native: Any, exact: Any, allowance: Allowance, path: str
) -> Mismatch | None:
    kind = _tensor_kind_mismatch(observed, native)
    if kind:
        return Mismatch(path, kind)
    got, want = observed.values, exact.values
    if not native.values.is_floating_point():
        wrong = got != native.values
        return _report(wrong, got, native.values, path) if bool(wrong.any()) else None
    limit = tolerance(native.values, want, allowance)
    return _report_where(outside(got, want, limit), got, want, path)


def _tensor_kind_mismatch(observed: Any, native: Any) -> str | None:
    if type(observed) is not type(native):
        return f"expected {describe_kind(native)}, got {describe_kind(observed)}"
    if observed.values.shape != native.values.shape:
        return f"expected shape {tuple(native.values.shape)}, got {tuple(observed.values.shape)}"
    if observed.values.dtype != native.values.dtype:
        return f"expected dtype {dtype_name(native.values)}, got {dtype_name(observed.values)}"
    if isinstance(native, OnDevice) and observed.device != native.device:
        return f"expected the result on {native.device}, got it on {observed.device}"
    return None


def _report_where(wrong: Tensor, got: Tensor, want: Tensor, path: str) -> Mismatch | None:
    return _report(wrong, got, want, path) if bool(wrong.any()) else None


def _report(wrong: Tensor, got: Tensor, want: Tensor, path: str) -> Mismatch:
    first = int(wrong.reshape(-1).nonzero()[0])
    index = [int(i) for i in np.unravel_index(first, tuple(wrong.shape))] if wrong.dim() else []
    place = f"at {index} " if index else ""
    count, total = int(wrong.sum()), wrong.numel()
    expected, found = want.reshape(-1)[first].item(), got.reshape(-1)[first].item()
    share = f"; {count} of {total} values differ" if total > 1 else ""
    return Mismatch(path, f"{place}expected {number(expected)}, got {number(found)}{share}")
