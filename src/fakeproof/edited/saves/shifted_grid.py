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
POOLS = (2, 4, 8)
"""Cells a side that are pooled: 128 px, which shows where, and more, which show what is faint but large."""
FLOOR = 6.0
"""Standard deviations from which a shifted grid is looked into: chance reaches 5.5 among all grids, qualities and cells.
Content alone passes it in one untouched photo of ten; what decides is whether the place shows the steps of a save."""
MAX_OUTSIDE = 4.0
"""Standard deviations above which the rest of the photo shows the grid as well."""
MAX_SHARE = 0.5
"""Share of telling cells above which the grid is the whole photo's older one."""
SHOWN = 3.0
"""Standard deviations at which a cell shows the grid."""
PLACE = 0.5
"""Share of the peak at which a cell belongs to the place that steps are read from."""
MIN_TELLING = 120.0
"""Telling coefficients without which a pooled cell could not show it."""
SHARED_AXIS_WEIGHT = 0.125
"""Weight of a grid that is shifted along one axis only: the last save's own steps show in it (up to 49 deviations)."""

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
    place : ndarray of bool, shape (cell rows, cell columns)
        Cells of 64 px that show it, in the rows that were searched: `bands`.
    bands : ndarray of int64
        The rows of cells that were searched.
    """

    grid: tuple[int, int]
    quality: int
    strength: float
    whole: float
    outside: float
    share: float
    shares: tuple[float, ...]
    place: npt.NDArray[np.bool_]
    bands: npt.NDArray[np.int64]

    @property
    def local(self) -> bool:
        """Whether a place, and not the photo as a whole, was saved on this grid."""
        return self.strength >= FLOOR and self.outside <= MAX_OUTSIDE and self.share <= MAX_SHARE

    @property
    def global_(self) -> bool:
        """Whether most of the photo was saved on this grid: it was cropped and saved again."""
        return self.strength >= FLOOR and self.share > MAX_SHARE


NO_GRID = ShiftedGrid(
    (0, 0), SEARCH_QUALITIES[0], 0.0, 0.0, 0.0, 0.0, (0.0,) * 64, np.zeros((0, 0), bool), np.zeros(0, np.int64)
)


def shifted_grid(photo: Photo) -> ShiftedGrid:
    """Return the best fitting shifted grid, searched once a photo."""
    return photo.cached("edited.shifted_grid", lambda: _search(photo))


def _search(photo: Photo) -> ShiftedGrid:
    from fakeproof._kernels.ghosts import CELL, FREQUENCIES, shifted_fit

    last = photo.jpeg.quality if photo.jpeg else None
    # A save finer than the last leaves nothing in it.
    qualities = [q for q in SEARCH_QUALITIES if last is None or q < last]
    if not qualities:
        return NO_GRID
    planes = jpeg_planes(photo)
    steps = np.array([[ijg_table(q)[f] for f in FREQUENCIES] for q in qualities], np.float32)
    rows = max(1, (planes.luma.shape[0] - 8 + CELL - 1) // CELL)
    bands = np.unique(np.linspace(0, rows - 1, min(rows, MAX_BANDS)).astype(np.int64))
    cost, telling = shifted_fit(planes.luma, steps, bands)
    excess = _against_others(telling - cost, telling, planes.origin)
    sums, mass = _sums(excess), _sums(telling)
    scales = [_strength(_pool(sums, n), _pool(mass, n)) for n in POOLS]
    pooled = scales[0]
    whole = _strength(excess.sum(axis=(2, 3)), telling.sum(axis=(2, 3)))
    peaks = np.array([v.max(axis=(2, 3)) for v in scales])
    scale, q, g = np.unravel_index(int(np.argmax(peaks)), peaks.shape)
    # A photo saved whole on another grid shows it everywhere, if faintly in each place.
    wq, wg = np.unravel_index(int(np.argmax(whole)), whole.shape)
    if whole[wq, wg] > peaks[scale, q, g]:
        q, g = wq, wg
    tells = _pool(mass, POOLS[0]) >= MIN_TELLING
    shares = ((pooled > SHOWN) & tells).sum(axis=(2, 3)) / np.maximum(tells.sum(axis=(2, 3)), 1)
    return ShiftedGrid(
        grid=(int(g) % 8, int(g) // 8),
        quality=qualities[int(q)],
        strength=float(peaks[:, q, g].max()),
        whole=float(whole[q, g]),
        outside=_outside(pooled[q, g], excess[q, g], telling[q, g]),
        share=float(shares[q, g]),
        shares=tuple(float(v) for v in shares.max(axis=0)),
        place=_cells(pooled[q, g] > max(SHOWN, PLACE * pooled[q, g].max()), excess.shape[2:]),
        bands=bands,
    )


def _cells(shown: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return the cells of pooled places."""
    out = np.zeros(shape, bool)
    rows, columns = shown.shape
    for y in range(shape[0] - rows + 1):
        for x in range(shape[1] - columns + 1):
            out[y : y + rows, x : x + columns] |= shown
    return out


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


def _against_others(
    excess: npt.NDArray[np.float32], telling: npt.NDArray[np.float32], origin: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Subtract, cell by cell, what the other grids show: content that looks quantised does so on all of them.

    Grids that share an axis with the last save show its steps along it, so they are held against their like. Shifts by
    half a block along both axes are left out: even frequencies of two quantised neighbours add up to quantised values.
    """
    top, left = origin
    out = excess.copy()
    right, down = (np.arange(64) % 8 - left) % 8, (np.arange(64) // 8 - top) % 8
    share = excess / np.maximum(telling, 1.0)
    for like in (right == 0, down == 0, (right > 0) & (down > 0)):
        like = like & ((right > 0) | (down > 0))
        out[:, like] -= np.median(share[:, like], axis=1, keepdims=True) * telling[:, like]
    weight = np.ones(64, np.float32)
    weight[(right == 4) | (down == 4)] = HALF_AXIS_WEIGHT
    weight[(right == 0) | (down == 0)] = SHARED_AXIS_WEIGHT
    weight[(right % 4 == 0) & (down % 4 == 0)] = 0
    return np.asarray(out * weight[:, None, None], np.float32)


def _sums(value: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the sums over the cells above and left of each corner, from which those over any box follow."""
    tables, grids, rows, columns = value.shape
    out = np.zeros((tables, grids, rows + 1, columns + 1))
    inner = out[:, :, 1:, 1:]
    np.cumsum(value, axis=2, dtype=np.float64, out=inner)
    np.cumsum(inner, axis=3, out=inner)
    return out


def _pool(sums: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float32]:
    """Sum over size x size overlapping cells, as many as there are."""
    rows, columns = (min(size, n - 1) for n in sums.shape[2:])
    out = sums[:, :, rows:, columns:] - sums[:, :, :-rows, columns:]
    out -= sums[:, :, rows:, :-columns]
    out += sums[:, :, :-rows, :-columns]
    return out.astype(np.float32)


def _strength(excess: npt.NDArray[np.float32], telling: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(excess / np.sqrt(UNIFORM_VARIANCE * np.maximum(telling, 16.0)), np.float32)
