"""Nearest and second nearest descriptors, both ways in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic, overload

from fakeproof._kernels._jit import kernel

__all__ = ["nearest_two", "popcount"]


def popcount(word: Any) -> Any:
    """Count the bits of a uint64; one instruction where compiled."""
    return np.bitwise_count(word)


@intrinsic
def _ctpop(_context: Any, word: Any) -> Any:
    """Emit LLVM's own bit count: numba has no name for it, and the usual mask-and-multiply overflows without the JIT."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@overload(popcount)
def _popcount(word: Any) -> Any:
    def count(word: Any) -> Any:
        return _ctpop(word)  # type: ignore[call-arg]

    return count if word == types.uint64 else None


@kernel
def nearest_two(a: Any, b: Any) -> Any:
    """Return the nearest row of `b` for each of `a` with two distances, and the nearest of `a` for each of `b`.

    Both are uint64 (rows, words). Returns index_ab (n,), first (n,), second (n,), index_ba (m,), all int32; the lowest
    index wins a tie.
    """
    n, m, words = a.shape[0], b.shape[0], a.shape[1]
    far = np.int32(64 * words + 1)
    index_ab = np.zeros(n, np.int32)
    first = np.full(n, far, np.int32)
    second = np.full(n, far, np.int32)
    index_ba = np.zeros(m, np.int32)
    best_ba = np.full(m, far, np.int32)
    for i in range(n):
        for j in range(m):
            distance = np.int32(0)
            for w in range(words):
                distance += np.int32(popcount(a[i, w] ^ b[j, w]))
            if distance < first[i]:
                second[i] = first[i]
                first[i] = distance
                index_ab[i] = j
            elif distance < second[i]:
                second[i] = distance
            if distance < best_ba[j]:
                best_ba[j] = distance
                index_ba[j] = i
    return index_ab, first, second, index_ba
