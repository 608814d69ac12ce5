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

from verifiers.call_mutators import estimate, in_place, left_out, wrong_axis, wrong_call
from verifiers.syntax import defaults, numbers, uses_torch, with_fields

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


def _binary(node: ast.BinOp, tree: ast.Module) -> Iterator[ast.AST]:
    for operator in SWAPPED_OPERATORS.get(type(node.op), ()):
        yield with_fields(node, op=operator())
    if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.FloorDiv | ast.Pow):
        yield with_fields(node, left=copy.deepcopy(node.right), right=copy.deepcopy(node.left))
    if isinstance(node.op, ast.BitAnd | ast.BitOr):
        other = ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd()
        yield with_fields(node, op=other)
    yield copy.deepcopy(node.left)
    yield copy.deepcopy(node.right)


def _comparison(node: ast.Compare, tree: ast.Module) -> Iterator[ast.AST]:
    for position, operator in enumerate(node.ops):
        swapped = SWAPPED_COMPARISONS.get(type(operator))
        if swapped:
            operators = [*node.ops]
            operators[position] = swapped()
            yield with_fields(node, ops=operators)


def _boolean(node: ast.BoolOp, tree: ast.Module) -> Iterator[ast.AST]:
    yield with_fields(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
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


def _conditional(node: ast.If | ast.While | ast.IfExp, tree: ast.Module) -> Iterator[ast.AST]:
    for value in (True, False):
        if not (isinstance(node, ast.While) and value):
            yield with_fields(node, test=ast.Constant(value))


def _statement(node: ast.stmt, tree: ast.Module) -> Iterator[ast.AST | None]:
    yield None


def _loop(node: ast.For, tree: ast.Module) -> Iterator[ast.AST]:
    everything = ast.Call(ast.Name("list", ast.Load()), [copy.deepcopy(node.iter)], [])
    shorter = ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)), None)
    later = ast.Slice(ast.Constant(1), None, None)
    for part in (shorter, later):
        yield with_fields(node, iter=ast.Subscript(everything, part, ast.Load()))


def _returned(node: ast.Return, tree: ast.Module) -> Iterator[ast.AST]:
    if node.value is None or not uses_torch(tree):
        return
    for method in ("detach", "float"):
        call = ast.Call(ast.Attribute(copy.deepcopy(node.value), method, ast.Load()), [], [])
        yield with_fields(node, value=call)


def _parameter(node: ast.Name, tree: ast.Module) -> Iterator[ast.AST]:
    """A constant in its place: its default, or 1 or 2 where it has none and is no tensor."""
    if not isinstance(node.ctx, ast.Load):
        return
    default = defaults(tree).get(node.id)
    if default is not None:
        yield copy.deepcopy(default)
    elif node.id in numbers(tree):
        yield ast.Constant(1)
        yield ast.Constant(2)


def _slice(node: ast.Slice, tree: ast.Module) -> Iterator[ast.AST]:
    """A bound left out, or off by one."""
    for name in ("lower", "upper", "step"):
        bound = getattr(node, name)
        if bound is None:
            continue
        yield with_fields(node, **{name: None})
        if name == "step" or isinstance(bound, ast.Constant):
            continue  # constants are moved by an operator of their own
        for sign in (ast.Add(), ast.Sub()):
            moved = ast.BinOp(copy.deepcopy(bound), sign, ast.Constant(1))
            yield with_fields(node, **{name: moved})


Operator = Callable[..., Iterator[ast.AST | None]]
OPERATORS: tuple[tuple[type | tuple[type, ...], Operator], ...] = (
    (ast.BinOp, _binary),
    (ast.Compare, _comparison),
    (ast.BoolOp, _boolean),
    (ast.UnaryOp, _unary),
    (ast.Constant, _constant),
    (ast.Call, wrong_call),
    (ast.Call, wrong_axis),
    (ast.Call, estimate),
    (ast.Call, left_out),
    ((ast.BinOp, ast.Call), in_place),
    ((ast.If, ast.While, ast.IfExp), _conditional),
    ((ast.Raise, ast.AugAssign, ast.Expr, ast.Break, ast.Continue), _statement),
    (ast.For, _loop),
    (ast.Return, _returned),
    (ast.Name, _parameter),
    (ast.Slice, _slice),
)
