"""A learner's formula drawn as mathematics, so that they see how it was understood."""

from __future__ import annotations

from question_bank.formula import Node

RANK = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "^": 4}
ATOM = 5
NAMED = {"log": r"\log", "ln": r"\ln", "exp": r"\exp", "min": r"\min", "max": r"\max"}
NAMED |= {"log2": r"\log_2", "log10": r"\log_{10}"}
AROUND = {
    "sqrt": r"\sqrt{%s}",
    "abs": r"\left|%s\right|",
    "floor": r"\left\lfloor %s\right\rfloor",
    "ceil": r"\left\lceil %s\right\rceil",
}


def tex(node: Node) -> str:
    """LaTeX of a parsed formula. Only names and numbers of our own parser come into it."""
    if node.op == "number":
        whole = node.value.denominator == 1
        return str(node.value) if whole else f"{float(node.value):g}"
    if node.op in ("symbol", "constant"):
        return _name(node.name)
    if node.op in RANK:
        return _operation(node)
    inside = ", ".join(map(tex, node.args))
    if node.op in AROUND:
        return AROUND[node.op] % inside
    return rf"{NAMED.get(node.op, node.op)}\left({inside}\right)"


def _operation(node: Node) -> str:
    """An operator with as few parentheses as keep the meaning; a fraction bar needs none."""
    rank = RANK[node.op]
    if node.op == "neg":
        return "-" + _wrapped(node.args[0], rank)
    left, right = node.args
    if node.op == "/":
        return rf"\frac{{{tex(left)}}}{{{tex(right)}}}"
    if node.op == "^":
        return f"{{{_wrapped(left, ATOM)}}}^{{{tex(right)}}}"
    if node.op == "*":
        return rf"{_wrapped(left, rank)} \cdot {_wrapped(right, rank)}"
    return f"{_wrapped(left, rank)} {node.op} {_wrapped(right, rank + (node.op == '-'))}"


def _wrapped(node: Node, least: int) -> str:
    text = tex(node)
    return text if RANK.get(node.op, ATOM) >= least else rf"\left({text}\right)"


def _name(name: str) -> str:
    """`n_heads` as one letter with a subscript; a word of several letters upright."""
    head, _, tail = name.partition("_")
    head = rf"\{head}" if head == "pi" else head if len(head) == 1 else rf"\mathrm{{{head}}}"
    tail = tail.replace("_", r"\_")
    return rf"{head}_{{\mathrm{{{tail}}}}}" if tail else head
