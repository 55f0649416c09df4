"""What the rooms above make of a verdict, asked for from below: only the package, above all rooms, names the maker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["bind", "bound"]

_loaders: list[Callable[[], Any]] = []


def bind(load: Callable[[], Any]) -> None:
    """Say how the maker is loaded; ``fakeproof/__init__`` does, so that whoever imports any room has one."""
    _loaders[:] = [load]


def bound() -> Any:
    """Load the maker."""
    return _loaders[0]()
