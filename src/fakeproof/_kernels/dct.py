"""The 8x8 cosine transform of a plane's blocks, and what a second quantisation would take from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel

__all__ = ["BASIS", "dct8", "placed_dct", "requantise"]

_angle = (2 * np.arange(8)[None, :] + 1) * np.arange(8)[:, None] * np.pi / 16
BASIS = np.where(np.arange(8)[:, None] == 0, np.sqrt(0.125), 0.5 * np.cos(_angle)).astype(np.float32)
"""Orthonormal DCT-II, (frequency, sample): ``BASIS @ block @ BASIS.T`` are JPEG's coefficients before quantisation."""
_TURNED = np.ascontiguousarray(BASIS.T)

# Adding and taking away 1.5 * 2**23 rounds a float32 below 2**22 to the nearest integer, ties to even, in two
# instructions that every CPU vectorises; np.rint is a call a value.
_ROUND = np.float32(12582912.0)
_HALF = np.float32(0.5)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_TWELVE = np.float32(12.0)


@kernel
def dct8(
    plane: npt.NDArray[np.float32],
    top: int,
    left: int,
    work: npt.NDArray[np.float32],
    out: npt.NDArray[np.float32],
) -> None:
    """Write the DCT of the block at (top, left) into `out`; `work` and `out` are (8, 8)."""
    for k in range(8):
        for j in range(8):
            work[k, j] = _ZERO
            out[k, j] = _ZERO
        for i in range(8):
            weight = BASIS[k, i]
            for j in range(8):
                work[k, j] += weight * plane[top + i, left + j]
        for i in range(8):
            value = work[k, i]
            for j in range(8):
                out[k, j] += value * _TURNED[i, j]


@kernel
def placed_dct(plane: npt.NDArray[np.float32], corners: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the DCT of the blocks whose (row, column) corners are given, shape (n, 8, 8)."""
    out = np.empty((corners.shape[0], 8, 8), np.float32)
    work = np.empty((8, 8), np.float32)
    for n in range(corners.shape[0]):
        dct8(plane, corners[n, 0], corners[n, 1], work, out[n])
    return out


@kernel
def requantise(
    plane: npt.NDArray[np.float32],
    origin: tuple[int, int],
    stride: int,
    tables: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return what quantisation with each table would cost each block, in units of an untouched block's cost.

    A coefficient c with step q loses e = c - q*round(c/q). Where |c| < q/2 it becomes 0 whatever its history: it says
    nothing. Elsewhere a coefficient that was never quantised loses q*q/12 in the mean.

    Parameters
    ----------
    plane : float32 (rows, columns)
    origin : (top, left)
        First whole block of the grid.
    stride : int
        Pixels between blocks, a multiple of 8 for a sampled grid.
    tables : float32 (tables, 8, 8)
        Quantisation steps; DC is left out.

    Returns
    -------
    cost : float32 (tables, block rows, block columns)
        Sum of 12 e*e / (q*q) over the telling coefficients.
    telling : float32, same shape
        Their number.
    """
    top, left = origin
    rows = max(0, (plane.shape[0] - top - 8) // stride + 1)
    columns = max(0, (plane.shape[1] - left - 8) // stride + 1)
    count = tables.shape[0]
    cost = np.zeros((count, rows, columns), np.float32)
    telling = np.zeros((count, rows, columns), np.float32)
    inverse = _ONE / tables
    pixels = np.empty((8, 8, columns), np.float32)
    work = np.empty((8, 8, columns), np.float32)
    for y in range(rows):
        _strip_dct(plane[top + y * stride :], left, stride, pixels, work)
        for t in range(count):
            for i in range(8):
                for j in range(8):
                    if i + j > 0:
                        _add_cost(pixels[i, j], inverse[t, i, j], cost[t, y], telling[t, y])
    return cost, telling


@kernel
def _add_cost(
    values: npt.NDArray[np.float32],
    inverse: np.float32,
    cost: npt.NDArray[np.float32],
    telling: npt.NDArray[np.float32],
) -> None:
    """Add one frequency's requantisation cost for a strip of blocks; one long loop, so that it vectorises."""
    for x in range(values.size):
        ratio = values[x] * inverse
        rest = ratio - ((ratio + _ROUND) - _ROUND)
        weight = _ONE if abs(ratio) >= _HALF else _ZERO
        cost[x] += _TWELVE * weight * rest * rest
        telling[x] += weight


@kernel
def _strip_dct(
    plane: npt.NDArray[np.float32],
    left: int,
    stride: int,
    out: npt.NDArray[np.float32],
    work: npt.NDArray[np.float32],
) -> None:
    """Write the DCT of the blocks along the plane's upper edge into `out`, shape (8, 8, blocks): frequency first, so that loops are long."""
    columns = out.shape[2]
    for i in range(8):
        row = plane[i]
        for j in range(8):
            target = out[i, j]
            for x in range(columns):
                target[x] = row[left + j + x * stride]
    for k in range(8):
        for j in range(8):
            _combine(out[:, j], k, work[k, j])
    for k in range(8):
        for j in range(8):
            _combine(work[k], j, out[k, j])


@kernel
def _combine(samples: npt.NDArray[np.float32], k: int, out: npt.NDArray[np.float32]) -> None:
    """Write frequency `k` of eight samples, each a strip."""
    a, b, c, d = BASIS[k, 0], BASIS[k, 1], BASIS[k, 2], BASIS[k, 3]
    if k % 2 == 0:
        for x in range(out.size):
            out[x] = (
                a * (samples[0, x] + samples[7, x])
                + b * (samples[1, x] + samples[6, x])
                + c * (samples[2, x] + samples[5, x])
                + d * (samples[3, x] + samples[4, x])
            )
    else:
        for x in range(out.size):
            out[x] = (
                a * (samples[0, x] - samples[7, x])
                + b * (samples[1, x] - samples[6, x])
                + c * (samples[2, x] - samples[5, x])
                + d * (samples[3, x] - samples[4, x])
            )
