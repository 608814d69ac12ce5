"""Small changes to a reference, each of which a good verifier must notice. One mutant, one change.

What the changes are is in `verifiers.mutators`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from verifiers.mutators import OPERATORS


@dataclass(frozen=True)
class Mutant:
    """One changed version of a source: the whole text, where, and what became what."""

    source: str
    line: int
    before: str
    after: str

    @property
    def change(self) -> str:
        """A name for the change that survives edits elsewhere in the file."""
        return f"{self.before} → {self.after}"


def mutants(source: str) -> list[Mutant]:
    """Every distinct one-change version of a source, in the order of its lines."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    found = []
    for index, node in enumerate(ast.walk(tree)):
        for replacement in _replacements(node, tree):
            changed = _replace(tree, index, replacement)
            try:
                text = ast.unparse(ast.fix_missing_locations(changed))
                compile(text, "mutant", "exec")
            except (SyntaxError, ValueError, AttributeError):
                continue
            if text not in seen:
                seen.add(text)
                after = ast.unparse(replacement) if replacement else "(removed)"
                found.append(
                    Mutant(
                        text, getattr(node, "lineno", 0), _short(ast.unparse(node)), _short(after)
                    )
                )
    return sorted(found, key=lambda mutant: mutant.line)


def _short(text: str) -> str:
    first = text.splitlines()[0] if text else ""
    return first if first == text else f"{first} …"


def _replace(tree: ast.Module, index: int, replacement: ast.AST | None) -> ast.Module:
    """A copy of the tree whose node number `index` (in walking order) is replaced."""
    changed = copy.deepcopy(tree)
    target = next(node for i, node in enumerate(ast.walk(changed)) if i == index)

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is target:
                return replacement if replacement is not None else ast.Pass()
            return self.generic_visit(node)

    swapped = Swap().visit(changed)
    assert isinstance(swapped, ast.Module)
    return swapped


def _replacements(node: ast.AST, tree: ast.Module) -> Iterator[ast.AST | None]:
    if node in _untouched(tree):
        return
    for kinds, operator in OPERATORS:
        if isinstance(node, kinds):
            yield from operator(node, tree)


def _untouched(tree: ast.Module) -> set[ast.AST]:
    """Annotations, docstrings and texts of exceptions: changing them changes no behaviour."""
    if not hasattr(tree, "_untouched"):
        skip: set[ast.AST] = set()
        for node in ast.walk(tree):
            for part in _texts_of(node):
                skip.update(ast.walk(part))
        tree._untouched = skip  # type: ignore[attr-defined]
    return tree._untouched  # type: ignore[attr-defined]


def _texts_of(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
        yield node.annotation
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
        yield node.returns
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        yield from node.exc.args
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
        yield node
