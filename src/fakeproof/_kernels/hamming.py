"""Exact scans of binary codes that lie as a structure of arrays: word 0 of all codes, word 1 of all codes, and so on.

Loops run over slices from zero: an index that could be negative costs numba the vectorisation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fakeproof._kernels._jit import kernel
from fakeproof._kernels.matching import popcount

__all__ = ["scan_64", "scan_256"]

CHUNK = 256
"""Codes between two looks at the smallest bound; their words stay in the first-level cache."""
BLOCK = 8192
"""Codes that all queries of a batch visit before the next are fetched from memory."""
FAR = 1 << 20
UNION_RADIUS = 34
"""Up to here the bits set in either of two words, 48 +- 3.5 of unrelated codes, rule out nearly every chunk."""
THREE_RADIUS = 64
"""Up to here three of four words do: 96 +- 6.9 bits of unrelated codes."""


@kernel
def _bound_union(a: Any, b: Any, q0: Any, q1: Any) -> Any:
    """Return a lower bound of all distances in a chunk: a bit set in either word is a differing bit."""
    least = np.int64(FAR)
    for i in range(a.shape[0]):
        least = min(least, np.int64(popcount((a[i] ^ q0) | (b[i] ^ q1))))
    return least


@kernel
def _bound_three(a: Any, b: Any, c: Any, q0: Any, q1: Any, q2: Any) -> Any:
    least = np.int64(FAR)
    for i in range(a.shape[0]):
        least = min(least, np.int64(popcount(a[i] ^ q0) + popcount(b[i] ^ q1) + popcount(c[i] ^ q2)))
    return least


@kernel
def scan_256(w0: Any, w1: Any, w2: Any, w3: Any, queries: Any, radius: Any, out: Any) -> Any:
    """Write (query, code, distance) of all pairs within `radius` to `out`; return how many there are.

    Words are uint64 (codes,), queries uint64 (queries, 4), out int64 (capacity, 3). The return value may exceed the
    capacity; nothing beyond it was written.
    """
    found = 0
    n = w0.shape[0]
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        for q in range(queries.shape[0]):
            q0, q1, q2, q3 = queries[q, 0], queries[q, 1], queries[q, 2], queries[q, 3]
            for low in range(start, stop, CHUNK):
                high = min(low + CHUNK, stop)
                a, b, c, d = w0[low:high], w1[low:high], w2[low:high], w3[low:high]
                if radius <= UNION_RADIUS:
                    if _bound_union(a, b, q0, q1) > radius:
                        continue
                elif radius <= THREE_RADIUS and _bound_three(a, b, c, q0, q1, q2) > radius:
                    continue
                for i in range(a.shape[0]):
                    far = np.int64(
                        popcount(a[i] ^ q0) + popcount(b[i] ^ q1) + popcount(c[i] ^ q2) + popcount(d[i] ^ q3)
                    )
                    if far <= radius:
                        if found < out.shape[0]:
                            out[found, 0] = q
                            out[found, 1] = low + i
                            out[found, 2] = far
                        found += 1
    return found


@kernel
def scan_64(w0: Any, queries: Any, radius: Any, out: Any) -> Any:
    """Write (query, code, distance) of all pairs of 64-bit codes within `radius`; as :func:`scan_256`."""
    found = 0
    n = w0.shape[0]
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        for q in range(queries.shape[0]):
            q0 = queries[q, 0]
            for low in range(start, stop, CHUNK):
                high = min(low + CHUNK, stop)
                a = w0[low:high]
                if _bound_union(a, a, q0, q0) > radius:
                    continue
                for i in range(a.shape[0]):
                    far = np.int64(popcount(a[i] ^ q0))
                    if far <= radius:
                        if found < out.shape[0]:
                            out[found, 0] = q
                            out[found, 1] = low + i
                            out[found, 2] = far
                        found += 1
    return found
