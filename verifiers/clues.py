"""What the observed values give away about a mistake that nobody has described yet.

Every call of every failing check is looked at beside the reference: gradients, then how the values
relate, where they are wrong, and what the calls that fail share. Nothing is claimed that the calls
of this submission do not show.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from verifiers.checks import Check
from verifiers.compare import (
    Allowance,
    compare,
    compare_case,
    describe_kind,
    largest_value,
    tolerance,
)
from verifiers.relation import (
    as_root,
    factor_of,
    input_places,
    places,
    relation,
    same,
)
from verifiers.traits import contrast
from verifiers.tree import Array, OnDevice

MOST = 3  # sentences; more would not be read
TIGHT = 0.75  # how much of a region must be wrong for it to be where the wrong values are


@dataclass(frozen=True)
class Seen:
    """One call of the submission beside the reference's, as float64 numbers where it has any."""

    check: str
    arguments: Mapping[str, Any]
    observed: Any
    native: Any
    exact: Any
    allowance: Allowance

    @functools.cached_property
    def right(self) -> bool:
        found = compare_case(self.observed, self.native, self.exact, self.allowance)
        return found is None

    @property
    def raised(self) -> bool:
        return isinstance(self.observed, dict) and "raised" in self.observed

    @functools.cached_property
    def values_right(self) -> bool:
        """Whether what was returned is right, whatever came of gradients and inputs."""
        if self.raised:
            return False
        scale = max(self.allowance.scale, largest_value(self.exact))
        allowance = Allowance(scale, self.allowance.slack)
        got, native, want = map(returned, (self.observed, self.native, self.exact))
        return compare(got, native, want, allowance) is None

    @functools.cached_property
    def pair(self) -> tuple[Tensor, Tensor, torch.dtype] | None:
        """What was returned and what should have been, in float64, and the dtype asked for."""
        got, native, want = map(_numbers, map(returned, (self.observed, self.native, self.exact)))
        if got is None or native is None or want is None:
            return None
        return got.double(), want.double(), native.dtype

    @functools.cached_property
    def wrong(self) -> Tensor | None:
        """Where the values are wrong; None where shapes or kinds differ, or all is right."""
        numbers, native = self.pair, _numbers(returned(self.native))
        if numbers is None or native is None or numbers[0].shape != numbers[1].shape:
            return None
        got, want, _ = numbers
        limit = tolerance(native, want, self.allowance) if native.is_floating_point() else 0.0
        near = (got - want).abs() <= limit
        mask = ~(near | (got == want) | (got.isnan() & want.isnan()))
        return mask if bool(mask.any()) else None


def returned(outcome: Any) -> Any:
    return outcome.get("returned") if isinstance(outcome, dict) else outcome


def _numbers(value: Any) -> Tensor | None:
    if isinstance(value, OnDevice | Array):
        return value.values
    if type(value) in (int, float):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, list) and value and all(type(item) in (int, float) for item in value):
        return torch.tensor([float(item) for item in value], dtype=torch.float64)
    return None


def seen_calls(check: Check, observed: Sequence[Any], expected: Any) -> Iterator[Seen]:
    """The calls of one check that both sides made."""
    for index, outcome in enumerate(observed[: len(expected.exact)]):
        yield Seen(
            check.name,
            expected.arguments[index],
            outcome,
            expected.native[index],
            expected.exact[index],
            Allowance(expected.scales[index], check.slack),
        )


def clues(calls: Sequence[Seen]) -> list[str]:
    """The most telling sentences about the calls of a submission's checks, right and wrong."""
    wrong = [call for call in calls if not call.right]
    if not wrong:
        return []
    valued = [call for call in wrong if not call.values_right]
    if valued:
        sentences = [*_value_clues([call for call in valued if not call.raised])]
        sentences += [*_contrast(valued, [call for call in calls if call.values_right])]
    else:
        sentences = [*_gradient_clues(wrong), *_changed_inputs(wrong)]
    return list(dict.fromkeys(sentences))[:MOST]


# Values


def _value_clues(wrong: Sequence[Seen]) -> Iterator[str]:
    if found := _varying_factor(wrong):
        yield found
    else:
        yield from _most_common([_relation(call) for call in wrong])
    if (found := _undefined(wrong)) or (found := _place(wrong)):
        yield found


def _most_common(found: Sequence[str | None]) -> Iterator[str]:
    """The first sentence of a kind that at least half of the calls show."""
    kinds = Counter(_kind_of(text) for text in found if text)
    for text in found:
        if text and 2 * kinds[_kind_of(text)] >= len(found):
            yield text
            return


def _kind_of(text: str) -> str:
    return re.sub(r"[0-9][0-9.e+-]*|√", "", text)


def _relation(call: Seen) -> str | None:
    if found := _parts(call) or _kind(call):
        return found
    if call.pair is None:
        return None
    got, want, dtype = call.pair
    if (name := _echoed(call, got)) and not same(got, want):
        return f"The result is {name} as it came in."
    if found := _term(call, got - want):
        return found
    return relation(got, want, dtype)


def _echoed(call: Seen, got: Tensor) -> str | None:
    """The input that was returned unchanged."""
    for name, value in call.arguments.items():
        if not isinstance(value, Tensor) or value.numel() < 2 or value.shape != got.shape:
            continue
        if torch.equal(value.detach().double().cpu(), got):
            return name
    return None


def _term(call: Seen, difference: Tensor) -> str | None:
    """The input by which a result is too large or too small."""
    for name, value in call.arguments.items():
        if not isinstance(value, Tensor) or not 1 < value.numel() <= difference.numel():
            continue
        try:
            term = value.detach().double().cpu().expand(difference.shape)
        except RuntimeError:
            continue
        if value.is_floating_point() and not bool((term == term.reshape(-1)[0]).all()):
            if same(difference, term):
                return f"The result minus the right one is exactly {name}."
            if same(difference, -term):
                return f"The right result minus yours is exactly {name}."
    return None


def _kind(call: Seen) -> str | None:
    """Right numbers in the wrong kind of box."""
    got, native = returned(call.observed), returned(call.native)
    if call.pair is None or not same(call.pair[0], call.pair[1]):
        return None
    numbers, wanted = _numbers(got), _numbers(native)
    if type(got) is not type(native):
        kinds = describe_kind(got), describe_kind(native)
        return f"The value is right, but it is {kinds[0]} where {kinds[1]} is asked for."
    assert numbers is not None and wanted is not None
    if numbers.dtype != wanted.dtype:
        names = [str(t.dtype).removeprefix("torch.") for t in (numbers, wanted)]
        return f"The values are right, but their dtype is {names[0]} where {names[1]} is asked for."
    return None


def _parts(call: Seen) -> str | None:
    """Which of several results are right."""
    got, native, want = map(returned, (call.observed, call.native, call.exact))
    if isinstance(native, list | tuple) and isinstance(got, list | tuple):
        keys: list[Any] = list(range(len(native)))
        if len(got) != len(native):
            return None
    elif isinstance(native, dict) and isinstance(got, dict) and set(got) == set(native):
        keys = list(native)
    else:
        return None
    allowance = Allowance(max(call.allowance.scale, largest_value(want)), call.allowance.slack)
    bad = [k for k in keys if compare(got[k], native[k], want[k], allowance) is not None]
    if not 2 <= len(keys) <= 12 or len(bad) == len(keys):
        return None
    what = ", ".join(f"{k!r}" if isinstance(k, str) else f"number {k}" for k in bad)
    right = len(keys) - len(bad)
    return (
        f"Of the {len(keys)} results {right} {'is' if right == 1 else 'are'} right; wrong: {what}."
    )


def _varying_factor(wrong: Sequence[Seen]) -> str | None:
    """A factor that is not the same in every call: what it follows."""
    found: list[tuple[float, Mapping[str, Any]]] = []
    for call in wrong:
        factor = factor_of(call.pair[0], call.pair[1]) if call.pair else None
        if factor is not None:
            found.append((factor, call.arguments))
    if len(found) < 3 or len(found) < 0.8 * len(wrong):
        return None
    factors = [factor for factor, _ in found]
    if max(factors) - min(factors) <= 1e-3 * abs(max(factors, key=abs)):
        alone = all(call.pair and call.pair[1].numel() == 1 for call in wrong)
        text = f"{factors[0]:.4g}{as_root(factors[0])}"
        return f"Every one of these results is {text} times the right one." if alone else None
    names = set.intersection(*(set(_sizes(arguments)) for _, arguments in found))
    for name in sorted(names, key=lambda name: (len(name), name)):
        for form, function in FORMS.items():
            if all(_near(factor, function(_sizes(args)[name])) for factor, args in found):
                factor, args = found[0]
                return (
                    f"The result is right up to a factor of {form.format(name)}, "
                    f"for example {factor:.4g} where {name} is {_sizes(args)[name]:g}."
                )
    return None


FORMS = {
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


def _near(factor: float, form: float) -> bool:
    return abs(factor - form) <= 1e-3 * abs(form)


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


def _undefined(wrong: Sequence[Seen]) -> str | None:
    """nan or inf where there should be numbers, and where."""
    for name, test in (("nan", torch.isnan), ("inf", torch.isinf)):
        masks = [
            (call, test(call.pair[0]) & torch.isfinite(call.pair[1]))
            for call in wrong
            if call.pair and call.pair[0].shape == call.pair[1].shape
        ]
        bad = [(call, mask) for call, mask in masks if bool(mask.any())]
        if bad:
            where = _common_place(bad)
            return f"Some values are {name}, {where}." if where else f"Some values are {name}."
    return None


def _place(wrong: Sequence[Seen]) -> str | None:
    """Where in a result the wrong values lie, if not everywhere; by an option if need be."""
    masks = [(call, mask) for call in wrong if (mask := call.wrong) is not None]
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


def _common_place(masks: Sequence[tuple[Seen, Tensor]]) -> str | None:
    """The region that holds all that is wrong in every call and the least that is right."""
    fits: dict[str, list[tuple[int, int, bool]]] = {}
    for call, mask in masks:
        for name, region in _regions(call, mask):
            inside = int((mask & region).sum())
            if inside == int(mask.sum()):
                fits.setdefault(name, []).append((inside, int(region.sum()), bool(region.all())))
    best, chosen = TIGHT, None
    for name, found in fits.items():
        inside, size = sum(f[0] for f in found), sum(f[1] for f in found)
        some_right = not all(whole for _, _, whole in found)
        if len(found) == len(masks) and some_right and inside >= best * size:
            best, chosen = inside / size + 1e-9, name
    return chosen


def _regions(call: Seen, mask: Tensor) -> Iterator[tuple[str, Tensor]]:
    assert call.pair
    for name, value in call.arguments.items():
        if isinstance(value, Tensor) and value.numel():
            yield from input_places(name, value.detach().cpu(), mask.shape)
    yield from places(mask, call.pair[1])


# Gradients and inputs


def _gradient_clues(wrong: Sequence[Seen]) -> Iterator[str]:
    """Which gradients are missing, zero or wrong where the values are right."""
    states: dict[str, set[str]] = {}
    for call in wrong:
        for name, state in _gradient_states(call):
            states.setdefault(name, set()).add(state)
    bad = {name: found - {"right"} for name, found in states.items() if found - {"right"}}
    if not bad:
        return
    parts = []
    for state, text in GRADIENTS.items():
        if names := [name for name in bad if state in bad[name]]:
            parts.append(text.format(_listed(names)))
    yield f"The values are right, but {_listed(parts)}."
    right = [name for name, found in states.items() if found == {"right"}]
    if right:
        start = "gradient of {} is" if len(right) == 1 else "gradients of {} are"
        yield f"The {start.format(_listed(right))} right."


GRADIENTS = {
    "missing": "no gradient arrives at {}: the graph is cut on the way",
    "zero": "the gradient of {} is 0 everywhere",
    "nan": "there is nan in the gradient of {}",
    "wrong": "the gradient of {} is wrong",
}


def _gradient_states(call: Seen) -> Iterator[tuple[str, str]]:
    if not isinstance(call.native, dict) or not isinstance(call.observed, dict):
        return
    scale = max(call.allowance.scale, largest_value(call.exact))
    observed = call.observed.get("gradients") or {}
    for name, native in (call.native.get("gradients") or {}).items():
        if native is None:
            continue
        got, exact = observed.get(name), call.exact["gradients"][name]
        if got is None:
            yield name, "missing"
        elif compare(got, native, exact, Allowance(scale, call.allowance.slack)) is None:
            yield name, "right"
        else:
            yield name, _gradient_state(_numbers(got), _numbers(exact))


def _gradient_state(got: Tensor | None, want: Tensor | None) -> str:
    if got is None or want is None:
        return "wrong"
    if bool(got.isnan().any()):
        return "nan"
    return "zero" if not bool(got.any()) and bool(want.any()) else "wrong"


def _changed_inputs(wrong: Sequence[Seen]) -> Iterator[str]:
    changed: dict[str, None] = {}
    for call in wrong:
        if isinstance(call.native, dict) and isinstance(call.observed, dict):
            wanted = call.native.get("inputs changed", ())
            changed |= dict.fromkeys(
                str(name) for name in call.observed.get("inputs changed", ()) if name not in wanted
            )
    if changed:
        names = _listed(list(changed))
        yield f"You change the caller's {names} in place. Make a new tensor instead."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# What failing calls share


def _contrast(wrong: Sequence[Seen], right: Sequence[Seen]) -> Iterator[str]:
    called = [call.arguments for call in wrong if call.arguments]
    others = [call.arguments for call in right if call.arguments and not _empty(call)]
    if len(called) == len(wrong) and (found := contrast(called, others)):
        yield found


def _empty(call: Seen) -> bool:
    """Whether nothing could have been wrong."""
    return call.pair is not None and not call.pair[1].numel()


def contrast_of_checks(
    checks: Sequence[Check], passing: Sequence[str], failing: Sequence[str]
) -> str:
    """What the one or two failing checks are about, where the others pass."""
    if not passing or not 0 < len(failing) <= 2:
        return ""
    only = " and ".join(f"“{name}”" for name in failing)
    advice = " ".join(
        inspect.cleandoc(check.run.__doc__ or "") for check in checks if check.name in failing
    )
    verb = "fails" if len(failing) == 1 else "fail"
    return f"Everything else is right; only {only} {verb}. {advice}".strip()
