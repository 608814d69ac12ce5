"""The ways in which calls go wrong: the wrong function, axis, order of arguments or estimate, a
call left out, an input changed in place. Each operator yields what may stand in a node's place.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from verifiers.syntax import parameters, uses_torch, with_fields

SWAPPED_NAMES = {
    "mean": "sum",
    "sum": "mean",
    "amax": "amin",
    "amin": "amax",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "cos": "sin",
    "sin": "cos",
    "zeros_like": "ones_like",
    "zeros": "ones",
    "ones": "zeros",
    "tril": "triu",
    "triu": "tril",
    "floor": "ceil",
    "ceil": "floor",
    "all": "any",
    "any": "all",
    "repeat_interleave": "repeat",
    "rsqrt": "sqrt",
    "sqrt": "rsqrt",
    "cumsum": "cumprod",
    "append": "remove",
}
_SHAPING = (
    "clamp clip maximum minimum exp log sqrt rsqrt abs where relu sigmoid tanh softmax round floor "
    "ceil flip roll sort cumsum triu tril masked_fill cos sin square"
)
SHAPING = frozenset(_SHAPING.split())  # left out, these leave a value of the same shape
SYMMETRIC = frozenset(
    {"transpose", "swapaxes", "max", "min", "maximum", "minimum", "promote_types"}
)
HARMLESS_METHODS = frozenset({"contiguous", "append", "extend"})
AXES = frozenset({"dim", "axis"})
_AXIS_FIRST = (
    "sum mean amax amin max min argmax argmin softmax log_softmax logsumexp cumsum cumprod sort "
    "argsort unsqueeze squeeze std var prod all any gather scatter index_select unbind"
)
AXIS_FIRST = frozenset(_AXIS_FIRST.split())  # methods whose first argument is an axis
FLAGS = frozenset({"keepdim", "keepdims", "descending", "stable", "largest"})
ESTIMATES = frozenset({"var", "std"})  # unbiased in torch unless told otherwise
IN_PLACE = {ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_"}
IN_PLACE_METHODS = frozenset({"masked_fill", "clamp", "exp", "add", "sub", "mul", "div", "scatter"})


def wrong_call(node: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Attribute):
        other = SWAPPED_NAMES.get(node.func.attr)
        if other:
            yield with_fields(node, func=with_fields(node.func, attr=other))
        if node.func.attr not in HARMLESS_METHODS and not _is_library(node.func.value):
            yield copy.deepcopy(node.func.value)  # the method is left out
    if isinstance(node.func, ast.Name):
        other = SWAPPED_NAMES.get(node.func.id)
        if other:
            yield with_fields(node, func=ast.Name(other, ast.Load()))
        if node.func.id == "range":
            last = node.args[min(1, len(node.args) - 1)]
            shorter = ast.BinOp(copy.deepcopy(last), ast.Sub(), ast.Constant(1))
            longer = ast.BinOp(copy.deepcopy(last), ast.Add(), ast.Constant(1))
            position = min(1, len(node.args) - 1)
            for bound in (shorter, longer):
                yield with_fields(
                    node, args=[*node.args[:position], bound, *node.args[position + 1 :]]
                )
    for position, keyword in enumerate(node.keywords):
        if keyword.arg in AXES | FLAGS | {"unbiased", "correction", "ddof"}:
            yield with_fields(
                node, keywords=[k for i, k in enumerate(node.keywords) if i != position]
            )
    if len(node.args) == 2 and not node.keywords and _called(node) not in SYMMETRIC:
        yield with_fields(node, args=[copy.deepcopy(node.args[1]), copy.deepcopy(node.args[0])])


def wrong_axis(node: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """The first axis and the last but one, where another was named."""
    first = 1 if _called_on_library(node) else 0  # torch.sum(x, 1), x.sum(1)
    takes_axis = isinstance(node.func, ast.Attribute) and node.func.attr in AXIS_FIRST
    for position, argument in enumerate(node.args):
        if takes_axis and position == first:
            for axis in _other_axes(argument):
                yield with_fields(
                    node, args=[*node.args[:position], axis, *node.args[position + 1 :]]
                )
    for position, keyword in enumerate(node.keywords):
        if keyword.arg in AXES:
            for axis in _other_axes(keyword.value):
                changed = ast.keyword(keyword.arg, axis)
                rest = [k if i != position else changed for i, k in enumerate(node.keywords)]
                yield with_fields(node, keywords=rest)


def _other_axes(axis: ast.expr) -> Iterator[ast.expr]:
    for other in ("0", "-2", "-1"):
        if ast.unparse(axis) != other:
            yield ast.parse(other, mode="eval").body


def estimate(node: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """Biased for unbiased, and the other way round."""
    if _called(node) not in ESTIMATES:
        return
    told = {keyword.arg: keyword for keyword in node.keywords}
    given = told.get("unbiased") or told.get("correction") or told.get("ddof")
    if given is None:
        name = "ddof" if _library_of(node) == "np" else "correction"
        value = ast.Constant(1 if name == "ddof" else 0)
        yield with_fields(node, keywords=[*node.keywords, ast.keyword(name, value)])
    elif isinstance(given.value, ast.Constant):
        other = ast.Constant(not given.value.value)
        if given.arg != "unbiased":
            other = ast.Constant(0 if given.value.value else 1)
        changed = ast.keyword(given.arg, other)
        yield with_fields(node, keywords=[k if k is not given else changed for k in node.keywords])


def left_out(node: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """`torch.clamp(x, 0)` becomes `x`, and `max(x, 0)` either of its two."""
    if _called_on_library(node) and node.args and _called(node) in SHAPING:
        yield copy.deepcopy(node.args[0])
    if isinstance(node.func, ast.Name) and node.func.id in ("max", "min") and len(node.args) == 2:
        yield from copy.deepcopy(node.args)


def in_place(node: ast.BinOp | ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """The operation done in place, on a parameter of the function."""
    if not uses_torch(tree):
        return
    if isinstance(node, ast.BinOp):
        method, target, arguments = IN_PLACE.get(type(node.op)), node.left, [node.right]
    else:
        function = node.func
        name = getattr(function, "attr", "")
        method = f"{name}_" if name in IN_PLACE_METHODS else None
        target, arguments = getattr(function, "value", function), node.args
    if method and isinstance(target, ast.Name) and target.id in parameters(tree):
        inside = ast.Attribute(copy.deepcopy(target), method, ast.Load())
        keywords = [] if isinstance(node, ast.BinOp) else node.keywords
        yield ast.Call(inside, copy.deepcopy(arguments), copy.deepcopy(keywords))


def _called_on_library(node: ast.Call) -> bool:
    return bool(_library_of(node))


def _library_of(node: ast.Call) -> str:
    value = getattr(node.func, "value", None)
    return value.id if isinstance(value, ast.Name) and _is_library(value) else ""


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _is_library(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "np", "math", "nn", "F", "itertools")
