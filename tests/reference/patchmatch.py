"""Plain twins of the dense field: exhaustive search, and affine fits solved one disc at a time."""

import numpy as np


def nearest(features, least):
    """Return for each position the least squared distance to any other at least `least` px away."""
    rows, columns, depth = features.shape
    y, x = np.mgrid[:rows, :columns]
    at = np.stack([y.ravel(), x.ravel()], axis=1)
    flat = features.reshape(-1, depth).astype(np.float64)
    cost = ((flat[:, None] - flat[None, :]) ** 2).sum(axis=2)
    apart = ((at[:, None] - at[None, :]) ** 2).sum(axis=2)
    cost[apart < least * least] = np.inf
    return cost.min(axis=1).reshape(rows, columns)


def fit_error_at(field, y, x, radius):
    """Return the summed squared residual of the best affine fit of both offset components in a disc."""
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = dy**2 + dx**2 <= radius**2
    design = np.column_stack([np.ones(inside.sum()), dx[inside], dy[inside]])
    total = 0.0
    for k in range(2):
        values = field[y - radius : y + radius + 1, x - radius : x + radius + 1, k][inside].astype(float)
        solution, *_ = np.linalg.lstsq(design, values, rcond=None)
        total += float(((values - design @ solution) ** 2).sum())
    return total
