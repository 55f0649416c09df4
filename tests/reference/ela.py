"""Plain twin of fakeproof._kernels.ela: medians straight from the values."""

import numpy as np


def texture_baseline(cost, telling, least, classes, numbers):
    """Median and median absolute deviation of the mean loss by number of telling coefficients, interpolated."""
    valid = telling >= least
    loss, number = (cost[valid] / telling[valid]), telling[valid].astype(int)
    if not loss.size:
        return np.ones((2, numbers))
    pools, pool = [], []
    for n in range(numbers):
        pool.extend(np.flatnonzero(number == n))
        last = n == numbers - 1
        if pool and (last or (len(pools) < classes - 1 and len(pool) * classes >= loss.size)):
            pools.append(pool)
            pool = []
    centre = [number[p].mean() for p in pools]
    middle = [np.median(loss[p]) for p in pools]
    spread = [np.median(np.abs(loss[p] - np.median(loss[p]))) for p in pools]
    at = np.arange(numbers)
    return np.array([np.interp(at, centre, middle), np.interp(at, centre, spread)])
