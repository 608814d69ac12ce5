"""Which calls a drill bans, found by reading the source before it runs. No torch here.

Only uses that can be resolved to a library name count: a learner's own function may be called
`softmax`. What reading cannot resolve (`getattr` on a computed name, a method of an unknown
object) is caught while it runs, by `verifiers.watch`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """A banned name and the line that uses it."""

    name: str
    line: int


def scan(tree: ast.Module, forbidden: tuple[str, ...]) -> list[Use]:
    """Every use of a banned name by line, outside `if __name__ == "__main__":`."""
    if not forbidden:
        return []
    finder = _Finder(forbidden)
    for statement in tree.body:
        if not _is_main_guard(statement):
            finder.visit(statement)
    return sorted(finder.uses, key=lambda use: use.line)


def matches(name: str, forbidden: tuple[str, ...]) -> str | None:
    """The banned entry that `name` falls under: the same name, or something inside it."""
    for banned in forbidden:
        if name == banned or name.startswith(f"{banned}."):
            return banned
    return None


def _is_main_guard(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Compare)
        and isinstance(statement.test.left, ast.Name)
        and statement.test.left.id == "__name__"
    )


class _Finder(ast.NodeVisitor):
    """Resolves dotted names through imports, assignments of modules and constant `getattr`s."""

    def __init__(self, forbidden: tuple[str, ...]) -> None:
        self.forbidden = forbidden
        self.names: dict[str, str] = {}  # local name → library name
        self.uses: list[Use] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.names[alias.asname] = alias.name
            else:
                root = alias.name.split(".")[0]
                self.names[root] = root
            # Importing a whole banned package is use enough; a module that holds more is not.
            if alias.name in self.forbidden and "." not in alias.name:
                self.uses.append(Use(alias.name, node.lineno))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module:
            return
        for alias in node.names:
            self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            if alias.name == "*":
                self._import_star(node.module)

    def _import_star(self, module: str) -> None:
        for banned in self.forbidden:
            parent, _, name = banned.rpartition(".")
            if parent == module:
                self.names.setdefault(name, banned)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        resolved = self._resolve(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                if resolved:
                    self.names[target.id] = resolved
                else:
                    self.names.pop(target.id, None)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        # The learner's own function hides a library function of the same name.
        self.names.pop(node.name, None)
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.pop(node.name, None)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._report(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not self._report(node):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if not self._report(node):
            self.generic_visit(node)

    def _report(self, node: ast.expr) -> bool:
        name = self._resolve(node)
        if name and (banned := matches(name, self.forbidden)):
            self.uses.append(Use(banned, node.lineno))
            return True
        return False

    def _resolve(self, node: ast.expr) -> str | None:
        match node:
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Attribute(value=value, attr=attribute):
                base = self._resolve(value)
                return f"{base}.{attribute}" if base else None
            case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(attr))]):
                base = self._resolve(value)
                return f"{base}.{attr}" if base else None
            case ast.Call(func=function, args=[ast.Constant(value=str(module)), *_]):
                if self._is_importer(function):
                    return module
        return None

    def _is_importer(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name) and function.id == "__import__":
            return True
        return self._resolve(function) == "importlib.import_module"


def banned_modules(forbidden: tuple[str, ...]) -> Iterator[str]:
    """Those bans that name a whole top-level package, which must not be imported at all."""
    return (name for name in forbidden if "." not in name)
