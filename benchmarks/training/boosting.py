"""Gradient boosting of complete trees in numpy: logistic loss, histograms; deterministic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

BINS = 48


@dataclass
class Trees:
    """Complete trees of one depth, in the layout of ``fakeproof._kernels.fusion.tree_sums``."""

    base: float
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    leaf: npt.NDArray[np.float32]


def fit(
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    *,
    trees: int = 100,
    depth: int = 4,
    rate: float = 0.12,
    l2: float = 20.0,
    columns: float = 0.5,
    seed: int = 0,
) -> Trees:
    """Fit boosted trees to labels 0-1 with weights."""
    rng = np.random.default_rng(seed)
    edges = [np.unique(np.quantile(x[:, j], np.linspace(0, 1, BINS + 1)[1:-1])) for j in range(x.shape[1])]
    binned = np.stack([np.searchsorted(e, x[:, j], "left") for j, e in enumerate(edges)], axis=1)
    binned = np.asfortranarray(binned.astype(np.uint8))
    mean = float((weight * y).sum() / weight.sum())
    base = float(np.log(mean / (1 - mean)))
    out = np.full(len(y), base)
    inner = 2**depth - 1
    feature = np.zeros((trees, inner), np.int64)
    threshold = np.full((trees, inner), np.inf, np.float32)
    leaf = np.zeros((trees, inner + 1), np.float32)
    for t in range(trees):
        p = 1 / (1 + np.exp(-out))
        gradient, hessian = weight * (y - p), weight * p * (1 - p)
        node = np.zeros(len(y), np.int64)
        use = np.sort(rng.choice(x.shape[1], max(1, int(columns * x.shape[1])), replace=False))
        for level in range(depth):
            first, count = 2**level - 1, 2**level
            best = _best_splits(binned, gradient, hessian, node, count, use, l2)
            for k, (gain, j, b) in enumerate(best):
                if gain > 0 and b < len(edges[j]):
                    feature[t, first + k], threshold[t, first + k] = j, edges[j][b]
            f, cut = feature[t, first + node], threshold[t, first + node]
            node = 2 * node + (x[np.arange(len(y)), f] > cut)
        g = np.bincount(node, gradient, inner + 1)
        h = np.bincount(node, hessian, inner + 1)
        leaf[t] = rate * g / (h + l2)
        out += leaf[t][node]
    return Trees(base, feature, threshold, leaf)


def _best_splits(binned, gradient, hessian, node, count, use, l2):
    """Return (gain, feature, bin) of the best split of each node."""
    best = [(0.0, 0, 0)] * count
    sums = _histograms(binned, gradient, hessian, node, count, use).cumsum(axis=3)
    for j, (g, h) in zip(use, sums, strict=True):
        all_g, all_h = g[:, -1:], h[:, -1:]
        gain = g**2 / (h + l2) + (all_g - g) ** 2 / (all_h - h + l2) - all_g**2 / (all_h + l2)
        for k in range(count):
            b = int(gain[k].argmax())
            if gain[k, b] > best[k][0] + 1e-9:
                best[k] = (float(gain[k, b]), int(j), b)
    return best


@njit
def _histograms(binned, gradient, hessian, node, count, use):
    """Return the sums of gradient and hessian by feature, node and bin, shape (features, 2, nodes, bins)."""
    out = np.zeros((len(use), 2, count, BINS))
    for k in range(len(use)):
        for i in range(len(node)):
            b = binned[i, use[k]]
            out[k, 0, node[i], b] += gradient[i]
            out[k, 1, node[i], b] += hessian[i]
    return out
