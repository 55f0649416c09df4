"""Co-occurrences of a quantised high-pass residual, counted by cell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel

__all__ = ["BINS", "SYMMETRY", "cell_histograms", "window_features"]

LEVELS = 3
"""Residuals are quantised to -1, 0, 1 (T = 1)."""


def _symmetry() -> npt.NDArray[np.uint8]:
    """Map the 81 words of four residuals to classes that ignore sign and direction."""
    words = np.stack(np.unravel_index(np.arange(LEVELS**4), (LEVELS,) * 4), axis=1)
    weight = LEVELS ** np.arange(3, -1, -1)
    forms = [w @ weight for w in (words, words[:, ::-1], 2 - words, 2 - words[:, ::-1])]
    return np.unique(np.min(forms, axis=0), return_inverse=True)[1].astype(np.uint8)


SYMMETRY = _symmetry()
BINS = int(SYMMETRY.max()) + 1


@kernel
def _quantised(a: float, b: float, c: float, d: float, step: float) -> int:
    value = a - 3 * b + 3 * c - d
    if value >= 0.5 * step:
        return 2
    return 0 if value <= -0.5 * step else 1


@kernel
def cell_histograms(
    luma: npt.NDArray[np.float32],
    use: npt.NDArray[np.uint8],
    symmetry: npt.NDArray[np.uint8],
    cell: int,
    every: int,
    step: float,
) -> npt.NDArray[np.float32]:
    """Count words of four neighbouring residuals in each cell.

    Parameters
    ----------
    luma : ndarray, shape (rows, columns), float32
    use : ndarray, shape (rows, columns), uint8
        0 where a pixel must not count (saturated).
    symmetry : ndarray, shape (81,), uint8
        Class of each word.
    cell, every : int
        Side of a cell, and how many rows to go on by; pixels.
    step : float
        Quantisation step of the residual, grey levels.

    Returns
    -------
    ndarray, shape (cell rows, cell columns, 2, classes), float32
        Words along the residual's direction, and across it.
    """
    height, width = luma.shape
    rows, columns = height // cell, width // cell
    out = np.zeros((rows, columns, 2, int(symmetry.max()) + 1), np.float32)
    level_x = np.ones((height, width), np.uint8)
    level_y = np.ones((height, width), np.uint8)
    for y in range(height):
        for x in range(1, width - 2):
            level_x[y, x] = _quantised(luma[y, x - 1], luma[y, x], luma[y, x + 1], luma[y, x + 2], step)
    for y in range(1, height - 2):
        for x in range(width):
            level_y[y, x] = _quantised(luma[y - 1, x], luma[y, x], luma[y + 1, x], luma[y + 2, x], step)
    for y in range(1, min(rows * cell, height - 5), every):
        for x in range(1, min(columns * cell, width - 5)):
            if use[y, x] == 0:
                continue
            i, j = y // cell, x // cell
            xx = 27 * level_x[y, x] + 9 * level_x[y, x + 1] + 3 * level_x[y, x + 2] + level_x[y, x + 3]
            yy = 27 * level_y[y, x] + 9 * level_y[y + 1, x] + 3 * level_y[y + 2, x] + level_y[y + 3, x]
            xy = 27 * level_x[y, x] + 9 * level_x[y + 1, x] + 3 * level_x[y + 2, x] + level_x[y + 3, x]
            yx = 27 * level_y[y, x] + 9 * level_y[y, x + 1] + 3 * level_y[y, x + 2] + level_y[y, x + 3]
            out[i, j, 0, symmetry[xx]] += 1
            out[i, j, 0, symmetry[yy]] += 1
            out[i, j, 1, symmetry[xy]] += 1
            out[i, j, 1, symmetry[yx]] += 1
    return out


@kernel
def _add(total: npt.NDArray[np.float32], more: npt.NDArray[np.float32], less: npt.NDArray[np.float32]) -> np.float32:
    """Add and take away by class; return the sum over the classes."""
    mass = np.float32(0)
    for c in range(total.size):
        total[c] += more[c] - less[c]
        mass += total[c]
    return mass


@kernel
def window_features(
    counts: npt.NDArray[np.float32], window: int, least: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the square roots of the shares of each class in the windows that hold more than `least` words.

    Parameters
    ----------
    counts : ndarray, shape (cell rows, cell columns, classes), float32
        Whole numbers: their running sums are exact.
    window : int
        Cells a side.
    least : float

    Returns
    -------
    features : ndarray, shape (n, classes), float32
    valid : ndarray of bool, shape (cell rows - window + 1, cell columns - window + 1)
        Where the n windows start.
    """
    height, width, classes = counts.shape
    rows, columns = height - window + 1, width - window + 1
    valid = np.zeros((rows, columns), np.bool_)
    features = np.empty((rows * columns, classes), np.float32)
    high = np.zeros((width, classes), np.float32)
    total, nothing = np.empty(classes, np.float32), np.zeros(classes, np.float32)
    number = 0
    for y in range(height):
        for x in range(width):
            _add(high[x], counts[y, x], counts[y - window, x] if y >= window else nothing)
        if y < window - 1:
            continue
        total[:] = np.float32(0)
        for x in range(width):
            mass = _add(total, high[x], high[x - window] if x >= window else nothing)
            if x >= window - 1 and mass > least:
                target = features[number]
                for c in range(classes):
                    target[c] = np.sqrt(total[c] / mass)
                valid[y - window + 1, x - window + 1] = True
                number += 1
    return features[:number], valid
