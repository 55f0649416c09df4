"""Sums of boosted trees over many rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel

__all__ = ["tree_sums"]


@kernel
def tree_sums(
    rows: npt.NDArray[np.float32],
    feature: npt.NDArray[np.int64],
    threshold: npt.NDArray[np.float32],
    leaf: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Return each row's sum over trees that are complete and of one depth.

    Parameters
    ----------
    rows : ndarray, shape (n, features), float32
    feature, threshold : ndarray, shape (trees, 2**depth - 1)
        Inner nodes, children of node i at 2i+1 (value <= threshold) and 2i+2.
    leaf : ndarray, shape (trees, 2**depth), float32

    Returns
    -------
    ndarray, shape (n,), float32
    """
    trees, inner = feature.shape
    out = np.zeros(rows.shape[0], np.float32)
    depth = 0
    while 2**depth - 1 < inner:
        depth += 1
    # Flat tables and unsigned places: an index that may be negative costs a branch a step.
    chosen, cut, leaves = feature.astype(np.uint32).ravel(), threshold.ravel(), leaf.ravel()
    for r in range(rows.shape[0]):
        row, total = rows[r], np.float32(0)
        for t in range(trees):
            start, node = np.uint32(t * inner), np.uint32(0)
            for _ in range(depth):
                at = np.uint32(start + node)
                node = np.uint32(2 * node + 2 - np.uint32(row[chosen[at]] <= cut[at]))
            total += leaves[np.uint32(t + start + node - inner)]
        out[r] = total
    return out
