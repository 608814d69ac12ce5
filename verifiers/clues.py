"""What the observed values give away about a mistake that nobody has described yet.

Every call of every failing check is looked at beside the reference: gradients, then how the values
relate, where they are wrong, and what the calls that fail share. Nothing is claimed that the calls
of this submission do not show.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from verifiers.checks import Check
from verifiers.compare import compare
from verifiers.describe import describe_kind, dtype_name
from verifiers.factors import varying_factor
from verifiers.places import undefined, wrong_place
from verifiers.relation import lost_digits, relation, same
from verifiers.seen import Seen, numbers_of, returned
from verifiers.traits import contrast

MOST = 3  # sentences; more would not be read
MOST_PARTS = 12  # of a result, to be told one by one


def clues(calls: Sequence[Seen], rest_right: bool = True) -> list[str]:
    """The most telling sentences about the calls of a submission's checks, right and wrong.

    `rest_right` says that everything else the submission did was seen and is right.
    """
    wrong = [call for call in calls if not call.right]
    if not wrong:
        return []
    valued = [call for call in wrong if not call.values_right]
    if valued:
        sentences = [*_value_clues(valued)]
        if rest_right:
            sentences += _contrast(wrong, [call for call in calls if call.right])
    else:
        sentences = [*_gradient_clues(wrong), *_changed_inputs(wrong)]
    return list(dict.fromkeys(sentences))[:MOST]


# Values


def _value_clues(wrong: Sequence[Seen]) -> Iterator[str]:
    pairs = [call.pair for call in wrong if call.pair]
    if len(pairs) == len(wrong) and (found := lost_digits(pairs)):
        yield found
        return
    wrong = [call for call in wrong if not call.raised]
    if found := varying_factor(wrong):
        yield found
    else:
        yield from _most_common(map(_relation, wrong), len(wrong))
    if found := undefined(wrong) or wrong_place(wrong):
        yield found


def _most_common(sentences: Iterator[str | None], total: int) -> Iterator[str]:
    """The first sentence of a kind that half of the calls show, two at least, and how many do."""
    found: list[str] = []
    silent = 0
    for sentence in sentences:
        found += [sentence] if sentence else []
        silent += not sentence
        if 2 * silent > total:
            return
    kinds = Counter(map(_kind_of, found))
    for text in found:
        count = kinds[_kind_of(text)]
        if 2 * count >= total and count >= min(2, total):
            same_numbers = found.count(text) == count
            notes = [f"{count} of the {total} wrong calls"] if count < total else []
            notes += [] if same_numbers else ["the numbers differ from call to call"]
            yield f"{text[:-1]} ({'; '.join(notes)})." if notes else text
            return


def _kind_of(text: str) -> str:
    """A sentence without its numbers; those in names of dtypes stay."""
    return re.sub(r"( = )?(1/)?√?(?<![a-z0-9])-?[0-9][0-9.e+-]*", "", text)


def _relation(call: Seen) -> str | None:
    if found := _parts(call) or _kind(call):
        return found
    if call.pair is None:
        return None
    got, want = call.pair.got, call.pair.want
    if (name := _echoed(call, got)) and not same(got, want):
        return f"The result is {name} as it came in."
    if got.shape == want.shape and (found := _term(call, got - want)):
        return found
    return relation(got, want)


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
                return f"The result minus the right one is {name}."
            if same(difference, -term):
                return f"The right result minus yours is {name}."
    return None


def _kind(call: Seen) -> str | None:
    """Right numbers in the wrong kind of box."""
    got, native = returned(call.observed), returned(call.native)
    if call.pair is None or not same(call.pair.got, call.pair.want):
        return None
    numbers, wanted = numbers_of(got), numbers_of(native)
    if type(got) is not type(native):
        kinds = describe_kind(got), describe_kind(native)
        return f"The value is right, but it is {kinds[0]} where {kinds[1]} is asked for."
    assert numbers is not None and wanted is not None
    if numbers.dtype != wanted.dtype:
        names = dtype_name(numbers), dtype_name(wanted)
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
    if not 2 <= len(keys) <= MOST_PARTS:
        return None
    bad = [k for k in keys if compare(got[k], native[k], want[k], call.allowance) is not None]
    if not 0 < len(bad) < len(keys):
        return None
    what = ", ".join(f"{k!r}" if isinstance(k, str) else f"number {k}" for k in bad)
    right = len(keys) - len(bad)
    return (
        f"Of the {len(keys)} results {right} {'is' if right == 1 else 'are'} right; wrong: {what}."
    )


# Gradients and inputs


def _gradient_clues(wrong: Sequence[Seen]) -> Iterator[str]:
    """Which gradients are missing, zero or wrong where the values are right."""
    states: dict[str, set[str]] = {}
    for call in wrong:
        for name, state in _gradient_states(call):
            states.setdefault(name, set()).add(state)
    parts = []
    for state, text in GRADIENTS.items():
        always = [name for name, found in states.items() if found == {state}]
        at_times = [name for name, found in states.items() if state in found != {state}]
        parts += [text.format(_listed(always))] if always else []
        parts += [f"in some calls {text.format(_listed(at_times))}"] if at_times else []
    if not parts:
        return
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
    observed = call.observed.get("gradients") or {}
    for name, native in (call.native.get("gradients") or {}).items():
        if native is None:
            continue
        got, exact = observed.get(name), call.exact["gradients"][name]
        if got is None:
            yield name, "missing"
        elif compare(got, native, exact, call.allowance) is None:
            yield name, "right"
        else:
            yield name, _gradient_state(numbers_of(got), numbers_of(exact))


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
    called = [call.arguments for call in wrong]
    shared = set.intersection(*map(set, called))  # calls without these are of another kind
    refusals = any(call.should_raise for call in wrong)
    others = [
        call.arguments
        for call in right
        if shared <= set(call.arguments) and (refusals or not call.should_raise)
        if not _empty(call)
    ]
    if all(called) and (found := contrast(called, others)):
        yield found


def _empty(call: Seen) -> bool:
    """Whether nothing could have been wrong."""
    return call.pair is not None and not call.pair.want.numel()


def contrast_of_checks(checks: Sequence[Check], failing: Sequence[str]) -> str:
    """What the one or two failing checks are about, where all others pass."""
    if not 0 < len(failing) <= 2 or len(failing) == len(checks):
        return ""
    only = " and ".join(f"“{name}”" for name in failing)
    advice = " ".join(
        inspect.cleandoc(check.run.__doc__ or "") for check in checks if check.name in failing
    )
    verb = "fails" if len(failing) == 1 else "fail"
    return f"Everything else is right; only {only} {verb}. {advice}".strip()
