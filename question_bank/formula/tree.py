"""The tree of a parsed formula, its limits, and its plain forms: JSON, text, one float.

A node is small and frozen. Numbers are exact fractions, so that 0.1 is one tenth and
comparisons need no tolerance for how a constant was typed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from question_bank.formula.tokens import FormulaError
from question_bank.messages import note

MAX_NODES = 200
MAX_CONSTANT = 1e60
MAX_EXPONENT = 64
MAX_DEGREE = 256

ARITY = {
    **dict.fromkeys(("sqrt", "exp", "log", "ln", "log2", "log10", "floor", "ceil", "abs"), (1, 1)),
    "min": (2, 6),
    "max": (2, 6),
}
CONSTANTS = {"pi": math.pi, "e": math.e}
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "^": 4}
FLOATS: Mapping[str, Any] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "floor": math.floor,
    "ceil": math.ceil,
    "abs": abs,
    "min": min,
    "max": max,
}


@dataclass(frozen=True)
class Node:
    """One node. `op` is number, symbol, constant, neg, + - * / ^, or a function's name.

    `value` holds an exact number, `name` a symbol or constant; `position` is where in the
    learner's text the node began, for the caret.
    """

    op: str
    args: tuple[Node, ...] = ()
    value: Fraction = Fraction(0)
    name: str = ""
    position: int = 0


@dataclass(frozen=True)
class Domain:
    """Where a symbol lives: an interval, and whether it takes whole numbers only."""

    low: float
    high: float
    integer: bool = True


def check_limits(root: Node) -> None:
    """Refuse trees that would be costly to evaluate. Raises FormulaError at the place."""
    if count_nodes(root) > MAX_NODES:
        raise FormulaError(note("formula_too_many_parts", limit=MAX_NODES), root.position)
    for node in walk(root):
        _check_constant(node)
        if node.op == "^":
            _check_exponent(node.args[1])
        if degree(node) > MAX_DEGREE:
            raise FormulaError(note("formula_exponent", limit=MAX_EXPONENT), node.position)


def walk(node: Node) -> list[Node]:
    """Every node, children before their parent."""
    return [item for child in node.args for item in walk(child)] + [node]


def count_nodes(node: Node) -> int:
    return 1 + sum(count_nodes(child) for child in node.args)


def symbols_of(node: Node) -> set[str]:
    """The names of the symbols a formula uses."""
    return {item.name for item in walk(node) if item.op == "symbol"}


def degree(node: Node) -> float:
    """How fast the value grows in its symbols, so that nested powers cannot pile up."""
    if node.op == "^":
        exponent = constant_value(node.args[1])
        return degree(node.args[0]) * (8 if exponent is None else max(1.0, abs(exponent)))
    if node.op in ("*", "/"):
        return sum(degree(child) for child in node.args)
    return max((degree(child) for child in node.args), default=1.0)


def constant_value(node: Node) -> float | None:
    """The value of a part without symbols; None with symbols; inf where it is too large."""
    if symbols_of(node):
        return None
    try:
        return evaluate(node, {})
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError):
        return math.nan


def _check_constant(node: Node) -> None:
    value = constant_value(node)
    if value is None:
        return
    if math.isnan(value):
        raise FormulaError(note("formula_undefined", part=show(node)), node.position)
    if abs(value) > MAX_CONSTANT:
        raise FormulaError(note("formula_number_too_large"), node.position)


def _check_exponent(exponent: Node) -> None:
    value = constant_value(exponent)
    if value is not None and not abs(value) <= MAX_EXPONENT:
        raise FormulaError(note("formula_exponent", limit=MAX_EXPONENT), exponent.position)
    if value is None and any(item.op == "^" and not _mild(item) for item in walk(exponent)):
        raise FormulaError(note("formula_tower"), exponent.position)


def _mild(power: Node) -> bool:
    """A reciprocal, root or square: harmless inside an exponent, as in s^(d*(d-2)^-1)."""
    exponent = constant_value(power.args[1])
    return exponent is not None and abs(exponent) <= 2


def evaluate(node: Node, values: Mapping[str, float]) -> float:
    """The value in floats. Raises ValueError, ZeroDivisionError or OverflowError."""
    if node.op == "number":
        return float(node.value)
    if node.op == "symbol":
        return values[node.name]
    if node.op == "constant":
        return CONSTANTS[node.name]
    args = [evaluate(child, values) for child in node.args]
    if node.op == "neg":
        return -args[0]
    if node.op in "+-*/^":
        return _binary(node.op, args[0], args[1])
    return float(FLOATS[node.op](*args))


def _binary(op: str, left: float, right: float) -> float:
    if op == "+":
        return left + right
    if op == "-":
        return left - right
    if op == "*":
        return left * right
    if op == "/":
        return left / right
    result = left**right
    if isinstance(result, complex):
        raise ValueError("a negative number has no real power of that kind")
    return float(result)


def to_json(node: Node) -> list[Any]:
    """Nested lists for the child process: no code, no pickle."""
    if node.op == "number":
        return ["number", str(node.value.numerator), str(node.value.denominator)]
    if node.op in ("symbol", "constant"):
        return [node.op, node.name]
    return [node.op, *(to_json(child) for child in node.args)]


def from_json(data: list[Any]) -> Node:
    """The inverse of `to_json`; positions are not kept."""
    op, *rest = data
    if op == "number":
        return Node("number", value=Fraction(int(rest[0]), int(rest[1])))
    if op in ("symbol", "constant"):
        return Node(op, name=rest[0])
    return Node(op, tuple(from_json(child) for child in rest))


def show(node: Node) -> str:
    """The formula as text, with as few parentheses as keep its meaning."""
    if node.op == "number":
        return str(node.value) if node.value.denominator == 1 else f"{float(node.value):g}"
    if node.op in ("symbol", "constant"):
        return node.name
    if node.op == "neg":
        return "-" + _wrap(node.args[0], 3)
    if node.op in PRECEDENCE:
        rank = PRECEDENCE[node.op]
        left = _wrap(node.args[0], rank + (node.op == "^"))
        right = _wrap(node.args[1], rank + (node.op in "-/"))
        return f"{left} {node.op} {right}" if rank < 3 else f"{left}{node.op}{right}"
    return f"{node.op}({', '.join(show(child) for child in node.args)})"


def _wrap(node: Node, rank: int) -> str:
    text = show(node)
    return f"({text})" if PRECEDENCE.get(node.op, 9) < rank else text
