"""The one decorator that owns every JIT option."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

__all__ = ["kernel", "registered"]

F = TypeVar("F", bound=Callable[..., Any])

_registry: list[Any] = []


def _cache_writable() -> bool:
    """Whether numba can store machine code; cache=True raises at import where it cannot."""
    places = [Path(__file__).parent / "__pycache__"]
    if custom := os.environ.get("NUMBA_CACHE_DIR"):
        places = [Path(custom)]
    else:
        places.append(Path.home() / ".cache" / "numba")
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                return True
        except (OSError, RuntimeError):
            continue
    return False


_CACHE = _cache_writable()


def kernel(function: F) -> F:
    """Compile `function` on first use.

    nogil: photos are analysed in threads. error_model="numpy": a division by zero gives inf or nan, not a branch in
    every loop. No parallel=True (aborts under threads with the workqueue layer, dies after fork under OpenMP, makes
    float sums depend on the core count), no plain fastmath (loses NaN), no eager signatures (compile at import).
    cache: only where something is writable, since numba raises at import otherwise.
    """
    compiled: Any = numba.njit(nogil=True, cache=_CACHE, error_model="numpy")(function)
    _registry.append(compiled)
    return compiled  # type: ignore[no-any-return]


def registered() -> tuple[Any, ...]:
    """Return the kernels of every module imported so far."""
    return tuple(_registry)
