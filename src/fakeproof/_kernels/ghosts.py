"""How well every 8x8 grid of a plane fits an earlier quantisation, summed over cells of the plane."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel
from fakeproof._kernels.dct import BASIS

__all__ = ["CELL", "FREQUENCIES", "shifted_fit"]

CELL = 64
"""Pixels a side of the cells over which blocks are summed: 64 blocks of each grid."""
FREQUENCIES = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (2, 2))
"""(vertical, horizontal) frequencies: low ones, whose coefficients outlive a second, coarser save."""

_ROUND = np.float32(12582912.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)
_TWELVE = np.float32(12.0)
_VERTICAL = np.array([f[0] for f in FREQUENCIES])
_HORIZONTAL = np.array([f[1] for f in FREQUENCIES])


@kernel
def shifted_fit(
    plane: npt.NDArray[np.float32], steps: npt.NDArray[np.float32], bands: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the requantisation cost of every grid, as :func:`requantise` counts it, for eight low frequencies.

    Parameters
    ----------
    plane : float32 (rows, columns)
    steps : float32 (tables, 8)
        Quantisation steps in the order of FREQUENCIES.
    bands : int64 (n,)
        Which rows of cells to look at; a large photo is sampled.

    Returns
    -------
    cost, telling : float32 (tables, 64, n, cell columns)
        Summed over the cell; the second axis is ``x % 8 + 8 * (y % 8)`` of the grid.
    """
    height, width = plane.shape
    span = width - 7
    tables, number = steps.shape
    columns = (width + CELL - 1) // CELL
    cost = np.zeros((tables, 64, bands.size, columns), np.float32)
    telling = np.zeros((tables, 64, bands.size, columns), np.float32)
    inverse = _ONE / steps
    vertical = np.empty((3, width), np.float32)
    values = np.empty((number, width), np.float32)
    row_cost = np.empty((tables, width), np.float32)
    row_telling = np.empty((tables, width), np.float32)
    for n in range(bands.size):
        top = bands[n] * CELL
        for phase in range(8):
            row_cost[:] = _ZERO
            row_telling[:] = _ZERO
            for y in range(top + phase, min(top + CELL, height - 7), 8):
                _low_columns(plane, y, vertical)
                for f in range(number):
                    _low_rows(vertical[_VERTICAL[f]], BASIS[_HORIZONTAL[f]], values[f], span)
                for t in range(tables):
                    for f in range(number):
                        _fit(values[f], inverse[t, f], row_cost[t], row_telling[t], span)
            for t in range(tables):
                for x in range(span):
                    grid = 8 * phase + x % 8
                    cost[t, grid, n, x // CELL] += row_cost[t, x]
                    telling[t, grid, n, x // CELL] += row_telling[t, x]
    return cost, telling


@kernel
def _low_columns(plane: npt.NDArray[np.float32], top: int, out: npt.NDArray[np.float32]) -> None:
    """Write the first three vertical frequencies of every column of eight rows."""
    for k in range(3):
        target = out[k]
        target[:] = _ZERO
        for i in range(8):
            row = plane[top + i]
            weight = BASIS[k, i]
            for x in range(target.size):
                target[x] += weight * row[x]


@kernel
def _low_rows(
    samples: npt.NDArray[np.float32], basis: npt.NDArray[np.float32], out: npt.NDArray[np.float32], span: int
) -> None:
    b0, b1, b2, b3, b4, b5, b6, b7 = basis[0], basis[1], basis[2], basis[3], basis[4], basis[5], basis[6], basis[7]
    for x in range(span):
        first = b0 * samples[x] + b1 * samples[x + 1] + b2 * samples[x + 2] + b3 * samples[x + 3]
        out[x] = first + b4 * samples[x + 4] + b5 * samples[x + 5] + b6 * samples[x + 6] + b7 * samples[x + 7]


@kernel
def _fit(
    values: npt.NDArray[np.float32],
    inverse: np.float32,
    cost: npt.NDArray[np.float32],
    telling: npt.NDArray[np.float32],
    span: int,
) -> None:
    for x in range(span):
        ratio = values[x] * inverse
        rest = ratio - ((ratio + _ROUND) - _ROUND)
        weight = _ONE if abs(ratio) >= _HALF else _ZERO
        cost[x] += _TWELVE * weight * rest * rest
        telling[x] += weight
