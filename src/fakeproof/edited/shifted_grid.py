"""Which 8x8 grids, other than that of the last save, a photo or a part of it was once saved on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fakeproof.edited.planes import ijg_table, jpeg_planes

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


FLOOR = 6.0
"""Standard deviations at which a shifted grid is real: chance reaches 5.5 among all grids, qualities and cells."""
MAX_OUTSIDE = 4.0
"""Standard deviations above which the rest of the photo shows the grid as well."""
MAX_SHARE = 0.5
"""Share of telling cells above which the grid is the whole photo's older one."""
SHOWN = 3.0
"""Standard deviations at which a cell shows the grid."""
MIN_TELLING = 120.0
"""Telling coefficients without which a pooled cell could not show it."""
SHARED_AXIS_WEIGHT = 0.25
"""Weight of a grid that is shifted along one axis only: the last save's own steps show in it (up to 16 deviations)."""

HALF_AXIS_WEIGHT = 0.5
"""Weight of a grid that is shifted by half a block along one axis (a camera's originals reach 11 deviations)."""


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
    outside : float
        The same for all but the best place: a photo cropped and saved again shows its old grid there too.
    share : float
        Share of the telling cells that show it at 3 standard deviations.
    shares : tuple of float
        The same for each grid ``x + 8 * y`` at its best quality.
    """

    grid: tuple[int, int]
    quality: int
    strength: float
    whole: float
    outside: float
    share: float
    shares: tuple[float, ...]

    @property
    def local(self) -> bool:
        """Whether a place, and not the photo as a whole, was saved on this grid."""
        return self.strength >= FLOOR and self.outside <= MAX_OUTSIDE and self.share <= MAX_SHARE

    @property
    def global_(self) -> bool:
        """Whether most of the photo was saved on this grid: it was cropped and saved again."""
        return self.strength >= FLOOR and self.share > MAX_SHARE


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
        right, down = (grid - left) % 8, (grid // 8 - top) % 8
        if right == 0 or down == 0:
            excess[:, grid] *= SHARED_AXIS_WEIGHT
        elif 4 in (right, down):
            excess[:, grid] *= HALF_AXIS_WEIGHT
    pooled = _strength(_pool(excess), _pool(telling))
    whole = _strength(excess.sum(axis=(2, 3)), telling.sum(axis=(2, 3)))
    q, g, _, _ = np.unravel_index(int(np.argmax(pooled)), pooled.shape)
    # A photo saved whole on another grid shows it everywhere, if faintly in each place.
    wq, wg = np.unravel_index(int(np.argmax(whole)), whole.shape)
    if whole[wq, wg] > pooled[q, g].max():
        q, g = wq, wg
    tells = _pool(telling) >= MIN_TELLING
    shares = ((pooled > SHOWN) & tells).sum(axis=(2, 3)) / np.maximum(tells.sum(axis=(2, 3)), 1)
    return ShiftedGrid(
        grid=(int(g) % 8, int(g) // 8),
        quality=SEARCH_QUALITIES[int(q)],
        strength=float(pooled[q, g].max()),
        whole=float(whole[q, g]),
        outside=_outside(pooled[q, g], excess[q, g], telling[q, g]),
        share=float(shares[q, g]),
        shares=tuple(float(v) for v in shares.max(axis=0)),
    )


def _outside(
    pooled: npt.NDArray[np.float32], excess: npt.NDArray[np.float32], telling: npt.NDArray[np.float32]
) -> float:
    """Return the strength over all cells but those of the best place and their neighbours."""
    import cv2

    _, labels = cv2.connectedComponents((pooled > SHOWN).astype(np.uint8), connectivity=8)
    best = labels.ravel()[int(np.argmax(pooled))]
    place = np.zeros(excess.shape, np.uint8)
    place[: pooled.shape[0], : pooled.shape[1]] = (labels == best) & (best > 0)
    away = cv2.dilate(place, np.ones((5, 5), np.uint8)) == 0
    return float(_strength(excess[away].sum(), telling[away].sum()))


def _pool(value: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Sum over POOL x POOL overlapping cells."""
    rows, columns = (max(1, n - POOL + 1) for n in value.shape[2:])
    out = np.zeros((*value.shape[:2], rows, columns), np.float32)
    for y in range(min(POOL, value.shape[2])):
        for x in range(min(POOL, value.shape[3])):
            out += value[:, :, y : y + rows, x : x + columns]
    return out


def _strength(excess: npt.NDArray[np.float32], telling: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(excess / np.sqrt(UNIFORM_VARIANCE * np.maximum(telling, 16.0)), np.float32)
