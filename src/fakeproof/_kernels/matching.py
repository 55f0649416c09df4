"""Nearest and second nearest descriptors, both ways in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from fakeproof._kernels._jit import kernel

__all__ = ["nearest_two", "popcount"]

_M1 = np.uint64(0x5555555555555555)
_M2 = np.uint64(0x3333333333333333)
_M4 = np.uint64(0x0F0F0F0F0F0F0F0F)
_H01 = np.uint64(0x0101010101010101)


@kernel
def popcount(word: Any) -> Any:
    """Count the bits of a uint64; LLVM turns this pattern into one instruction."""
    word = word - ((word >> np.uint64(1)) & _M1)
    word = (word & _M2) + ((word >> np.uint64(2)) & _M2)
    word = (word + (word >> np.uint64(4))) & _M4
    return (word * _H01) >> np.uint64(56)


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
