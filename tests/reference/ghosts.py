"""Plain twin of fakeproof._kernels.ghosts."""

import numpy as np

from tests.reference.dct import blocks


def shifted_fit(plane, steps, bands, frequencies, cell):
    """Cost and telling coefficients by table, grid, row of cells and column of cells."""
    columns = -(-plane.shape[1] // cell)
    cost = np.zeros((len(steps), 64, len(bands), columns))
    telling = np.zeros_like(cost)
    every = blocks(plane, 0, 0, 1)
    values = np.stack([every[:, :, v, h] for v, h in frequencies])
    for y in range(every.shape[0]):
        if y // cell not in bands:
            continue
        for x in range(every.shape[1]):
            ratio = values[:, y, x] / steps
            tell = np.abs(ratio) >= 0.5
            place = (slice(None), x % 8 + 8 * (y % 8), list(bands).index(y // cell), x // cell)
            cost[place] += (12 * (ratio - np.rint(ratio)) ** 2 * tell).sum(axis=1)
            telling[place] += tell.sum(axis=1)
    return cost, telling
