"""The digest of the code that a result rests on: a module and everything of the project that it imports."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ROOTS = ("fakeproof", "benchmarks")


def digest(modules: Iterable[str], *, without: Iterable[str] = ()) -> str:
    """Return the SHA-256 of modules and all that they import, late imports counted, but for what is reached by others alone.

    Comments, docstrings and layout are not in it: they change no number.
    """
    total = hashlib.sha256()
    for name in sorted(closure(modules, without=without)):
        total.update(name.encode() + _digest_of(name))
    return total.hexdigest()


def closure(modules: Iterable[str], *, without: Iterable[str] = ()) -> set[str]:
    """Return the names of modules and all modules of the project that they import; `without` are not followed."""
    seen, passed = set[str](), frozenset(without)
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen and name not in passed:
            seen.add(name)
            waiting += _imports(name)
    return seen


@cache
def _file(name: str) -> Path | None:
    try:
        found = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(found.origin) if found is not None and found.origin and found.origin.endswith(".py") else None


@cache
def _tree(name: str) -> ast.Module:
    path = _file(name)
    tree = ast.parse(path.read_text(encoding="utf-8")) if path is not None else ast.Module([], [])
    return _Bare().visit(tree)


class _Bare(ast.NodeTransformer):
    """Drops docstrings, and what only type checkers read."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)


@cache
def _digest_of(name: str) -> bytes:
    return hashlib.sha256(ast.dump(_tree(name)).encode()).digest()


@cache
def _imports(name: str) -> tuple[str, ...]:
    """Return what a module imports; of a name that may be a module or a value the module is taken if there is one."""
    return tuple(sorted({m for m in _named(_tree(name), name) if m.split(".")[0] in ROOTS and _file(m) is not None}))


def _named(tree: ast.Module, name: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
