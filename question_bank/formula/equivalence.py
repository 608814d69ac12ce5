"""Whether two formulas mean the same: by sampling each symbol's domain, then by sympy.

Runs inside the child process only. Sampling is exact enough to decide (40 digits, exact
constants): one point where they differ settles "different". When every point agrees, sympy is
asked for a proof; if it finds none in time the agreement of all points stands.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath

from question_bank.formula.tree import Domain, Node, symbols_of

RANDOM_POINTS = 20
DIGITS = 40
AGREE = mpmath.mpf(10) ** -25
SMALL = (2, 3, 4, 5, 7, 8, 11, 13)
MAX_POWER_BITS = 1e6

Point = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """A point where two formulas differ; `learner` is None where it has no value there."""

    point: Point
    learner: float | None
    key: float


class UndefinedError(ValueError):
    """A formula has no real value at a point: a zero divisor, or the root of a negative."""


def first_difference(learner: Node, key: Node, domains: Mapping[str, Domain]) -> Difference | None:
    """The first sampled point where the two disagree. Points without a key are passed over.

    A point where only the learner's has no value is reported last: it may be a removable gap,
    as that of (p-1)(p+1)/(p-1) at p = 1, which sympy can tell.
    """
    gap: Difference | None = None
    with mpmath.workdps(DIGITS):
        for point in points(domains):
            try:
                right = value(key, point)
            except UndefinedError:
                continue
            try:
                ours = value(learner, point)
            except UndefinedError:
                gap = gap or Difference(point, None, _float(right))
                continue
            if abs(ours - right) > AGREE * max(abs(ours), abs(right)):
                return Difference(point, _float(ours), _float(right))
    return gap


def constant_ratio(learner: Node, key: Node, domains: Mapping[str, Domain]) -> float | None:
    """learner / key where that is the same at every point, else None."""
    ratios = []
    with mpmath.workdps(DIGITS):
        for point in points(domains):
            try:
                top, bottom = value(learner, point), value(key, point)
            except UndefinedError:
                return None
            if bottom:
                ratios.append(top / bottom)
        if not ratios or not ratios[0]:
            return None
        spread = max(abs(ratio - ratios[0]) for ratio in ratios)
        return _float(ratios[0]) if spread <= AGREE * abs(ratios[0]) else None


def points(domains: Mapping[str, Domain]) -> Iterator[Point]:
    """Where to compare: readable points first, then those that tell rounding and limits apart.

    Small different numbers; powers of two, so that each symbol divides another, both ways; equal
    numbers; both ends of the domains; random ones.
    """
    rng = random.Random(20240607)
    names = sorted(domains)
    last = len(names) - 1
    for shift in range(4):
        yield {name: _small(domains[name], i + shift) for i, name in enumerate(names)}
    for power in (1, 2, 3):
        yield {name: _near(domains[name], 2 ** (i + power)) for i, name in enumerate(names)}
        yield {name: _near(domains[name], 2 ** (last - i + power)) for i, name in enumerate(names)}
        yield {name: _near(domains[name], 2**power) for name in names}
    for name in names:  # each in turn at an end, the others in the middle
        for end in (domains[name].low, domains[name].high):
            others = {other: _draw(domains[other], rng) for other in names}
            yield {**others, name: mpmath.mpf(end)}
    for _ in range(RANDOM_POINTS):
        yield {name: _draw(domains[name], rng) for name in names}


def _near(domain: Domain, wanted: int) -> Any:
    return mpmath.mpf(min(max(wanted, domain.low), domain.high))


def _small(domain: Domain, index: int) -> Any:
    wanted = SMALL[index % len(SMALL)]
    if domain.low <= wanted <= domain.high:
        return mpmath.mpf(wanted)
    steps = int(domain.high - domain.low) if domain.integer else 8
    offset = wanted % (steps + 1)
    return mpmath.mpf(
        domain.low + offset
        if domain.integer
        else domain.low + (domain.high - domain.low) * (offset + 0.5) / 9
    )


def _draw(domain: Domain, rng: random.Random) -> Any:
    """Log-uniform over wide positive ranges, so that small values are tried as well."""
    if domain.low > 0 and domain.high / domain.low > 100:
        drawn = math.exp(rng.uniform(math.log(domain.low), math.log(domain.high)))
    else:
        drawn = rng.uniform(domain.low, domain.high)
    return mpmath.mpf(min(max(round(drawn), domain.low), domain.high) if domain.integer else drawn)


def value(node: Node, point: Point) -> Any:
    """The value of a formula at a point, as mpf. Raises UndefinedError."""
    if node.op == "number":
        return mpmath.mpf(node.value.numerator) / node.value.denominator
    if node.op == "symbol":
        return point[node.name]
    if node.op == "constant":
        return +mpmath.pi if node.name == "pi" else +mpmath.e
    args = [value(child, point) for child in node.args]
    result = _apply(node.op, args)
    if not mpmath.isfinite(result):
        raise UndefinedError(node.op)
    return result


def _apply(op: str, args: list[Any]) -> Any:
    if op in OPERATIONS:
        return OPERATIONS[op](*args)
    if op == "/" and not args[1]:
        raise UndefinedError("division by zero")
    if op == "/":
        return args[0] / args[1]
    if op == "^":
        return _power(args[0], args[1])
    if op == "sqrt":
        return _root(args[0])
    if op == "exp":
        return _power(+mpmath.e, args[0])
    if args[0] <= 0:
        raise UndefinedError("logarithm of a number that is not positive")
    logarithm = mpmath.log(args[0])
    return logarithm / mpmath.log({"log2": 2, "log10": 10}[op]) if op[-1].isdigit() else logarithm


def _root(argument: Any) -> Any:
    if argument < 0:
        raise UndefinedError("root of a negative number")
    return mpmath.sqrt(argument)


def _power(base: Any, exponent: Any) -> Any:
    if base == 0 and exponent < 0:
        raise UndefinedError("zero to a negative power")
    if base < 0 and exponent != mpmath.floor(exponent):
        raise UndefinedError("negative base, broken exponent")
    if base and abs(exponent * mpmath.log(abs(base), 2)) > MAX_POWER_BITS:
        raise UndefinedError("too large")
    return base**exponent


def _integer_part(function: Any) -> Any:
    """floor or ceil that first snaps values a rounding error away from a whole number."""

    def apply(argument: Any) -> Any:
        nearest = mpmath.nint(argument)
        close = abs(argument - nearest) <= AGREE * max(1, abs(nearest))
        return nearest if close else function(argument)

    return apply


OPERATIONS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "neg": lambda a: -a,
    "abs": abs,
    "min": min,
    "max": max,
    "floor": _integer_part(mpmath.floor),
    "ceil": _integer_part(mpmath.ceil),
}


def _float(number: Any) -> float:
    return float(number)


def proves_equal(left: Node, right: Node, domains: Mapping[str, Domain]) -> bool:
    """Whether sympy reduces the difference to zero. May take long: the caller kills it."""
    import sympy

    symbols = {
        name: sympy.Symbol(f"x{i}", real=True, positive=domain.low > 0, integer=domain.integer)
        if domain.low > 0
        else sympy.Symbol(f"x{i}", real=True, integer=domain.integer or None)
        for i, (name, domain) in enumerate(sorted(domains.items()))
        if name in symbols_of(left) | symbols_of(right)
    }
    difference = _to_sympy(left, symbols) - _to_sympy(right, symbols)
    attempts = (sympy.expand, lambda x: sympy.cancel(sympy.together(x)), sympy.simplify)
    return any(attempt(difference) == 0 for attempt in attempts)


def _to_sympy(node: Node, symbols: Mapping[str, Any]) -> Any:
    """A sympy expression built node by node; no text is ever parsed."""
    import sympy

    if node.op == "number":
        return sympy.Rational(node.value.numerator, node.value.denominator)
    if node.op == "symbol":
        return symbols[node.name]
    if node.op == "constant":
        return sympy.pi if node.name == "pi" else sympy.E
    args = [_to_sympy(child, symbols) for child in node.args]
    return _sympy_operation(node.op)(*args)


def _sympy_operation(op: str) -> Any:
    import sympy

    return {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "^": lambda a, b: a**b,
        "neg": lambda a: -a,
        "sqrt": sympy.sqrt,
        "exp": sympy.exp,
        "log": sympy.log,
        "ln": sympy.log,
        "log2": lambda a: sympy.log(a) / sympy.log(2),
        "log10": lambda a: sympy.log(a) / sympy.log(10),
        "abs": sympy.Abs,
        "floor": sympy.floor,
        "ceil": sympy.ceiling,
        "min": sympy.Min,
        "max": sympy.Max,
    }[op]
