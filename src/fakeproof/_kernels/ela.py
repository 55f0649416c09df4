"""What blocks of like texture lose in the median, and by how much they differ."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel

__all__ = ["LEVELS", "TOP_LEVEL", "texture_baseline"]

LEVELS = 600
"""Bins of the loss between 0 and TOP_LEVEL; the median is read to a bin's width, 0.005."""
TOP_LEVEL = 3.0
"""Largest mean loss: 12 times a quarter."""


@kernel
def texture_baseline(
    cost: npt.NDArray[np.float32],
    telling: npt.NDArray[np.float32],
    least: float,
    classes: int,
    out: npt.NDArray[np.float32],
) -> None:
    """Write, for each number of telling coefficients, the median loss and its median absolute deviation.

    Numbers are gathered into at most `classes` classes of about equally many blocks, in rising order; between class
    centres both are interpolated.

    Parameters
    ----------
    cost, telling : float32 (block rows, block columns)
    least : float
        Telling coefficients that a block needs to count.
    out : float32 (2, numbers)
        Medians and deviations by number of telling coefficients.
    """
    numbers = out.shape[1]
    histogram = np.zeros((numbers, LEVELS), np.int64)
    for y in range(cost.shape[0]):
        for x in range(cost.shape[1]):
            n = telling[y, x]
            if n >= least:
                level = int(cost[y, x] / n * (LEVELS / TOP_LEVEL))
                histogram[int(n), min(level, LEVELS - 1)] += 1
    total = histogram.sum()
    centre = np.zeros(classes)
    middle = np.zeros(classes)
    spread = np.zeros(classes)
    found, mass, weighted = 0, 0, 0.0
    pool = np.zeros(LEVELS, np.int64)
    for n in range(numbers):
        row = histogram[n].sum()
        pool += histogram[n]
        mass += row
        weighted += row * n
        last = n == numbers - 1
        if mass > 0 and (last or (found < classes - 1 and mass * classes >= total)):
            centre[found] = weighted / mass
            middle[found] = _median(pool, mass)
            spread[found] = _deviation(pool, mass, middle[found])
            found += 1
            mass, weighted = 0, 0.0
            pool[:] = 0
    scale = TOP_LEVEL / LEVELS
    for n in range(numbers):
        j = 0
        while j < found and centre[j] < n:
            j += 1
        if found == 0:
            out[0, n], out[1, n] = 1.0, 1.0
        elif j in (0, found):
            k = min(j, found - 1)
            out[0, n], out[1, n] = middle[k] * scale, spread[k] * scale
        else:
            part = (n - centre[j - 1]) / (centre[j] - centre[j - 1])
            out[0, n] = (middle[j - 1] + part * (middle[j] - middle[j - 1])) * scale
            out[1, n] = (spread[j - 1] + part * (spread[j] - spread[j - 1])) * scale


@kernel
def _median(pool: npt.NDArray[np.int64], mass: int) -> float:
    below = 0
    for i in range(pool.size):
        if 2 * (below + pool[i]) >= mass:
            return float(i + (mass / 2 - below) / pool[i])
        below += pool[i]
    return float(pool.size)


@kernel
def _deviation(pool: npt.NDArray[np.int64], mass: int, middle: float) -> float:
    """Return the half width around the median that holds half of the blocks, in bins."""
    low, high = int(middle), int(middle)
    inside = pool[min(low, pool.size - 1)]
    while 2 * inside < mass and (low > 0 or high < pool.size - 1):
        if low > 0:
            low -= 1
            inside += pool[low]
        if high < pool.size - 1:
            high += 1
            inside += pool[high]
    return (high - low + 1) / 2
