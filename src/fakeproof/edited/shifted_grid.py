"""Which 8x8 grids, other than that of the last save, a photo or a part of it was once saved on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fakeproof.edited.planes import ijg_table, jpeg_planes
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["SEARCH_QUALITIES", "ShiftedGrid", "shifted_grid"]

SEARCH_QUALITIES = (50, 58, 66, 72, 78, 84, 89, 93)
"""IJG qualities of the search; low frequencies tell neighbours of these as well."""
MAX_BANDS = 64
"""Rows of 64 px cells that are searched; a taller photo is sampled evenly."""
UNIFORM_VARIANCE = 0.8
"""Variance of 12 e*e/(q*q) for a uniform error: 144/80 - 1."""
POOL = 2
"""Cells a side that are pooled: 128 px."""
HALF_SHIFTS = ((0, 0), (4, 0), (0, 4), (4, 4))
"""Shifts left out: by half a block, even frequencies of two quantised neighbours add up to quantised values again."""


SHARED_AXIS_WEIGHT = 0.4
"""Weight of a grid that is shifted along one axis only: the last save's own steps show in it (up to 14 deviations)."""


@dataclass(frozen=True)
class ShiftedGrid:
    """The grid, quality and place that fit an earlier save best.

    Parameters
    ----------
    grid : tuple of int
        (x, y) of the grid in displayed pixels, each 0-7.
    quality : int
        The quality searched that fits best.
    strength : float
        Standard deviations above what blocks without an earlier save show, at the best place.
    whole : float
        The same for the whole photo.
    share : float
        Share of the pooled cells that show it at 3 standard deviations.
    """

    grid: tuple[int, int]
    quality: int
    strength: float
    whole: float
    share: float


def shifted_grid(photo: Photo) -> ShiftedGrid:
    """Return the best fitting shifted grid, searched once a photo."""
    return photo.cached("edited.shifted_grid", lambda: _search(photo))


def _search(photo: Photo) -> ShiftedGrid:
    from fakeproof._kernels.ghosts import CELL, FREQUENCIES, shifted_fit

    planes = jpeg_planes(photo)
    steps = np.array([[ijg_table(q)[f] for f in FREQUENCIES] for q in SEARCH_QUALITIES], np.float32)
    rows = max(1, (planes.luma.shape[0] - 8 + CELL - 1) // CELL)
    bands = np.unique(np.linspace(0, rows - 1, min(rows, MAX_BANDS)).astype(np.int64))
    cost, telling = shifted_fit(planes.luma, steps, bands)
    top, left = planes.origin
    excess = telling - cost
    for right, down in HALF_SHIFTS:
        excess[:, (left + right) % 8 + 8 * ((top + down) % 8)] = 0
    for grid in range(64):
        if grid % 8 == left or grid // 8 == top:
            excess[:, grid] *= SHARED_AXIS_WEIGHT
    pooled = _strength(_pool(excess), _pool(telling))
    whole = _strength(excess.sum(axis=(2, 3)), telling.sum(axis=(2, 3)))
    q, g, _, _ = np.unravel_index(int(np.argmax(pooled)), pooled.shape)
    # A photo saved whole on another grid shows it everywhere, if faintly in each place.
    wq, wg = np.unravel_index(int(np.argmax(whole)), whole.shape)
    if whole[wq, wg] > pooled[q, g, :, :].max():
        q, g = wq, wg
    return ShiftedGrid(
        grid=(int(g) % 8, int(g) // 8),
        quality=SEARCH_QUALITIES[int(q)],
        strength=float(pooled[q, g].max()),
        whole=float(whole[q, g]),
        share=float((pooled[q, g] > 3.0).mean()),
    )


def _pool(value: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Sum over POOL x POOL overlapping cells."""
    rows, columns = (max(1, n - POOL + 1) for n in value.shape[2:])
    out = np.zeros((*value.shape[:2], rows, columns), np.float32)
    for y in range(min(POOL, value.shape[2])):
        for x in range(min(POOL, value.shape[3])):
            out += value[:, :, y : y + rows, x : x + columns]
    return out


def _strength(excess: npt.NDArray[np.float32], telling: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return frozen_array(excess / np.sqrt(UNIFORM_VARIANCE * np.maximum(telling, 16.0)))
