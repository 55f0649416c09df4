"""For each source, how near its nearest descriptor comes to each descriptor of the query."""

from __future__ import annotations

from typing import Any

import numpy as np

from fakeproof._kernels._jit import kernel
from fakeproof._kernels.matching import popcount

__all__ = ["nearest_in_spans"]


@kernel
def nearest_in_spans(
    w0: Any, w1: Any, w2: Any, w3: Any, ends: Any, first: Any, last: Any, queries: Any, out: Any
) -> None:
    """Write the smallest distance from each query to sources `first` to `last` to `out` uint16 (sources, queries).

    Source s owns the descriptors from ``ends[s - 1]`` (0 for the first) to ``ends[s]``; words are uint64 (descriptors,).
    A source without descriptors keeps 257.
    """
    for s in range(first, last):
        low = ends[s - 1] if s > 0 else np.int64(0)
        a, b, c, d = w0[low : ends[s]], w1[low : ends[s]], w2[low : ends[s]], w3[low : ends[s]]
        for q in range(queries.shape[0]):
            q0, q1, q2, q3 = queries[q, 0], queries[q, 1], queries[q, 2], queries[q, 3]
            least = np.int64(257)
            for i in range(a.shape[0]):
                least = min(
                    least,
                    np.int64(popcount(a[i] ^ q0) + popcount(b[i] ^ q1) + popcount(c[i] ^ q2) + popcount(d[i] ^ q3)),
                )
            out[s - first, q] = least
