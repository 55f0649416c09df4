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
    for r in range(rows.shape[0]):
        total = np.float32(0)
        for t in range(trees):
            node = 0
            while node < inner:
                node = 2 * node + (1 if rows[r, feature[t, node]] <= threshold[t, node] else 2)
            total += leaf[t, node - inner]
        out[r] = total
    return out
