"""The ways in which numeric code goes wrong, as changes to a syntax tree.

A scale dropped or inverted, operands swapped, an index or a slice off by one, the wrong axis, a
mean for a sum, a biased estimate for an unbiased one, a strict comparison for another, a branch
never taken, a parameter ignored, a clamp or the subtraction of a maximum forgotten, an input
changed in place, the graph cut, precision lost. Each operator yields what may stand in a node's
place; None removes it.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

SWAPPED_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult, ast.Div),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
}
SWAPPED_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
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


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _binary(node: ast.BinOp, tree: ast.Module) -> Iterator[ast.AST]:
    for operator in SWAPPED_OPERATORS.get(type(node.op), ()):
        yield _with(node, op=operator())
    if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.FloorDiv | ast.Pow):
        yield _with(node, left=copy.deepcopy(node.right), right=copy.deepcopy(node.left))
    if not isinstance(node.op, ast.BitAnd | ast.BitOr):
        yield copy.deepcopy(node.left)
        yield copy.deepcopy(node.right)
    else:
        other = ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd()
        yield _with(node, op=other)
        yield copy.deepcopy(node.left)
        yield copy.deepcopy(node.right)


def _comparison(node: ast.Compare, tree: ast.Module) -> Iterator[ast.AST]:
    for position, operator in enumerate(node.ops):
        swapped = SWAPPED_COMPARISONS.get(type(operator))
        if swapped:
            operators = [*node.ops]
            operators[position] = swapped()
            yield _with(node, ops=operators)


def _boolean(node: ast.BoolOp, tree: ast.Module) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for value in node.values:
        yield copy.deepcopy(value)


def _unary(node: ast.UnaryOp, tree: ast.Module) -> Iterator[ast.AST]:
    yield copy.deepcopy(node.operand)


def _constant(node: ast.Constant, tree: ast.Module) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    elif isinstance(node.value, float) and node.value not in (float("inf"),):
        yield ast.Constant(node.value * 1.5 if node.value else 0.5)


def _call(node: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Attribute):
        other = SWAPPED_NAMES.get(node.func.attr)
        if other:
            yield _with(node, func=_with(node.func, attr=other))
        if node.func.attr not in HARMLESS_METHODS and not _is_library(node.func.value):
            yield copy.deepcopy(node.func.value)  # the method is left out
    if isinstance(node.func, ast.Name):
        other = SWAPPED_NAMES.get(node.func.id)
        if other:
            yield _with(node, func=ast.Name(other, ast.Load()))
        if node.func.id == "range":
            last = node.args[min(1, len(node.args) - 1)]
            shorter = ast.BinOp(copy.deepcopy(last), ast.Sub(), ast.Constant(1))
            longer = ast.BinOp(copy.deepcopy(last), ast.Add(), ast.Constant(1))
            position = min(1, len(node.args) - 1)
            for bound in (shorter, longer):
                yield _with(node, args=[*node.args[:position], bound, *node.args[position + 1 :]])
    for position, keyword in enumerate(node.keywords):
        if keyword.arg in AXES | FLAGS | {"unbiased", "correction", "ddof"}:
            yield _with(node, keywords=[k for i, k in enumerate(node.keywords) if i != position])
    if len(node.args) == 2 and not node.keywords and _called(node) not in SYMMETRIC:
        yield _with(node, args=[copy.deepcopy(node.args[1]), copy.deepcopy(node.args[0])])


def _wrong_axis(node: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """The first axis and the last but one, where another was named."""
    first = 1 if _called_on_library(node) else 0  # torch.sum(x, 1), x.sum(1)
    takes_axis = isinstance(node.func, ast.Attribute) and node.func.attr in AXIS_FIRST
    for position, argument in enumerate(node.args):
        if takes_axis and position == first:
            for axis in _other_axes(argument):
                yield _with(node, args=[*node.args[:position], axis, *node.args[position + 1 :]])
    for position, keyword in enumerate(node.keywords):
        if keyword.arg in AXES:
            for axis in _other_axes(keyword.value):
                changed = ast.keyword(keyword.arg, axis)
                rest = [k if i != position else changed for i, k in enumerate(node.keywords)]
                yield _with(node, keywords=rest)


def _other_axes(axis: ast.expr) -> Iterator[ast.expr]:
    for other in ("0", "-2", "-1"):
        if ast.unparse(axis) != other:
            yield ast.parse(other, mode="eval").body


def _estimate(node: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """Biased for unbiased, and the other way round."""
    if _called(node) not in ESTIMATES:
        return
    told = {keyword.arg: keyword for keyword in node.keywords}
    given = told.get("unbiased") or told.get("correction") or told.get("ddof")
    if given is None:
        name = "ddof" if _library_of(node) == "np" else "correction"
        value = ast.Constant(1 if name == "ddof" else 0)
        yield _with(node, keywords=[*node.keywords, ast.keyword(name, value)])
    elif isinstance(given.value, ast.Constant):
        other = ast.Constant(not given.value.value)
        if given.arg != "unbiased":
            other = ast.Constant(0 if given.value.value else 1)
        changed = ast.keyword(given.arg, other)
        yield _with(node, keywords=[k if k is not given else changed for k in node.keywords])


def _left_out(node: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """`torch.clamp(x, 0)` becomes `x`, and `max(x, 0)` either of its two."""
    if _called_on_library(node) and node.args and _called(node) in SHAPING:
        yield copy.deepcopy(node.args[0])
    if isinstance(node.func, ast.Name) and node.func.id in ("max", "min") and len(node.args) == 2:
        yield from copy.deepcopy(node.args)


def _called_on_library(node: ast.Call) -> bool:
    return bool(_library_of(node))


def _library_of(node: ast.Call) -> str:
    value = getattr(node.func, "value", None)
    return value.id if isinstance(value, ast.Name) and _is_library(value) else ""


def _in_place(node: ast.BinOp | ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """The operation done in place, on a parameter of the function."""
    if not _uses_torch(tree):
        return
    if isinstance(node, ast.BinOp):
        method, target, arguments = IN_PLACE.get(type(node.op)), node.left, [node.right]
    else:
        function = node.func
        name = getattr(function, "attr", "")
        method = f"{name}_" if name in IN_PLACE_METHODS else None
        target, arguments = getattr(function, "value", function), node.args
    if method and isinstance(target, ast.Name) and target.id in _parameters(tree):
        inside = ast.Attribute(copy.deepcopy(target), method, ast.Load())
        keywords = [] if isinstance(node, ast.BinOp) else node.keywords
        yield ast.Call(inside, copy.deepcopy(arguments), copy.deepcopy(keywords))


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _is_library(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "np", "math", "nn", "F", "itertools")


def _conditional(node: ast.If | ast.While | ast.IfExp, tree: ast.Module) -> Iterator[ast.AST]:
    for value in (True, False):
        if not (isinstance(node, ast.While) and value):
            yield _with(node, test=ast.Constant(value))


def _statement(node: ast.stmt, tree: ast.Module) -> Iterator[ast.AST | None]:
    yield None


def _loop(node: ast.For, tree: ast.Module) -> Iterator[ast.AST]:
    everything = ast.Call(ast.Name("list", ast.Load()), [copy.deepcopy(node.iter)], [])
    shorter = ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)), None)
    later = ast.Slice(ast.Constant(1), None, None)
    for part in (shorter, later):
        yield _with(node, iter=ast.Subscript(everything, part, ast.Load()))


def _returned(node: ast.Return, tree: ast.Module) -> Iterator[ast.AST]:
    if node.value is None or not _uses_torch(tree):
        return
    for method in ("detach", "float"):
        call = ast.Call(ast.Attribute(copy.deepcopy(node.value), method, ast.Load()), [], [])
        yield _with(node, value=call)


def _parameter(node: ast.Name, tree: ast.Module) -> Iterator[ast.AST]:
    """A constant in its place: its default, or 1 or 2 where it has none and is no tensor."""
    if not isinstance(node.ctx, ast.Load):
        return
    default = _defaults(tree).get(node.id)
    if default is not None:
        yield copy.deepcopy(default)
    elif node.id in _numbers(tree):
        yield ast.Constant(1)
        yield ast.Constant(2)


def _slice(node: ast.Slice, tree: ast.Module) -> Iterator[ast.AST]:
    """A bound left out, or off by one."""
    for name in ("lower", "upper", "step"):
        bound = getattr(node, name)
        if bound is None:
            continue
        yield _with(node, **{name: None})
        if name == "step" or isinstance(bound, ast.Constant):
            continue  # constants are moved by an operator of their own
        for sign in (ast.Add(), ast.Sub()):
            moved = ast.BinOp(copy.deepcopy(bound), sign, ast.Constant(1))
            yield _with(node, **{name: moved})


def _numbers(tree: ast.Module) -> set[str]:
    """Parameters that are annotated as plain numbers."""
    arguments = (argument for function in _functions(tree) for argument in _arguments(function))
    return {
        argument.arg
        for argument in arguments
        if argument.annotation and ast.unparse(argument.annotation) in ("int", "float")
    }


def _parameters(tree: ast.Module) -> set[str]:
    every = {argument.arg for function in _functions(tree) for argument in _arguments(function)}
    return every - _numbers(tree) - {"self"}


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _uses_torch(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Import | ast.ImportFrom) and "torch" in ast.unparse(node)
        for node in ast.walk(tree)
    )


def _defaults(tree: ast.Module) -> dict[str, ast.expr]:
    """Parameters that have a number, boolean or None as their default."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            pairs = list(zip(arguments, node.args.defaults, strict=True))
            found |= {arg.arg: value for arg, value in pairs}
    return found


Operator = Callable[..., Iterator[ast.AST | None]]
OPERATORS: tuple[tuple[type | tuple[type, ...], Operator], ...] = (
    (ast.BinOp, _binary),
    (ast.Compare, _comparison),
    (ast.BoolOp, _boolean),
    (ast.UnaryOp, _unary),
    (ast.Constant, _constant),
    (ast.Call, _call),
    (ast.Call, _wrong_axis),
    (ast.Call, _estimate),
    (ast.Call, _left_out),
    ((ast.BinOp, ast.Call), _in_place),
    ((ast.If, ast.While, ast.IfExp), _conditional),
    ((ast.Raise, ast.AugAssign, ast.Expr, ast.Break, ast.Continue), _statement),
    (ast.For, _loop),
    (ast.Return, _returned),
    (ast.Name, _parameter),
    (ast.Slice, _slice),
)
