"""Lazy exports from a package's ``.pyi`` stub, safe where a function and its module share a name."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import lazy_loader

__all__ = ["attach"]


class _Package(ModuleType):
    """A package whose exported functions win over submodules of the same name.

    A detector's module carries the detector's name. The import system binds a submodule on its package as soon
    as anybody imports it, which would turn ``fp.edited.noise(photo)`` into a call of a module.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in self.__dict__.get("_exported", ()):
            value = getattr(value, name, value)
        super().__setattr__(name, value)


def attach(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__, __dir__, __all__`` for a package whose stub lies beside `file`."""
    getter, lister, exported = lazy_loader.attach_stub(package, file)
    module = sys.modules[package]
    module.__dict__["_exported"] = _in_order(file)
    module.__class__ = _Package
    return getter, lister, exported


def _in_order(file: str) -> tuple[str, ...]:
    """Return what a package's stub exports, in the stub's own order."""
    stub = ast.parse(Path(file).with_suffix(".pyi").read_text(encoding="utf-8"))
    return tuple(alias.asname or alias.name for n in stub.body if isinstance(n, ast.ImportFrom) for alias in n.names)
