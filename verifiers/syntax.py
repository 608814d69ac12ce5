"""What a syntax tree says about a module: its functions' parameters and defaults, whether it uses
torch; and a changed copy of a node.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator


def with_fields(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def numbers(tree: ast.Module) -> set[str]:
    """Parameters that are annotated as plain numbers."""
    arguments = (argument for function in functions(tree) for argument in arguments_of(function))
    return {
        argument.arg
        for argument in arguments
        if argument.annotation and ast.unparse(argument.annotation) in ("int", "float")
    }


def parameters(tree: ast.Module) -> set[str]:
    every = {argument.arg for function in functions(tree) for argument in arguments_of(function)}
    return every - numbers(tree) - {"self"}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def arguments_of(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def uses_torch(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Import | ast.ImportFrom) and "torch" in ast.unparse(node)
        for node in ast.walk(tree)
    )


def defaults(tree: ast.Module) -> dict[str, ast.expr]:
    """Parameters that have a number, boolean or None as their default."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            pairs = list(zip(arguments, node.args.defaults, strict=True))
            found |= {arg.arg: value for arg, value in pairs}
    return found
