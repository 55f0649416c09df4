"""Which blocks of a shifted grid were quantised before: steps, noise and ratio by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeproof.edited.planes import ijg_table
from fakeproof.edited.saves.first_save import FREQUENCIES, MAX_FIRST, MIN_FREQUENCIES
from fakeproof.edited.saves.shifted_grid import ShiftedGrid

__all__ = ["ShiftedSave", "estimate_shifted_save", "shifted_ratio"]

BINS = 64
"""Bins of the distance to a multiple of the step, between 0 and half a step."""
OUTLIERS = 0.05
"""Share of coefficients that follow no step, even in a place saved twice."""
MIN_STRENGTH = 5.0
"""Standard deviations at which a frequency's step is believed, among 63 steps and 14 frequencies."""
OTHERS = ((2, 3), (5, 2), (3, 6), (6, 5))
"""Shifts from the grid to those that show what the same content does unquantised."""
MAX_MISFIT, NEAR = 0.3, 8
"""Misfit of the steps up to which they are one encoder's table, and qualities around the one searched."""
PRIOR, SMOOTH = 8.0, 4
"""Count added to each bin, and bins on either side that are averaged, of what other grids show."""
SPREADS = np.geomspace(0.03, 0.4, 16)
"""Standard deviations, in steps, of what the last save and decoding do to a coefficient."""
SHARES = np.array([0.7, 0.85, 0.99])
"""Shares of the place that may have been saved before."""
MIN_PLACE = 24
"""Blocks from which steps are read."""
MAX_PLACE = 8000
"""Blocks from which steps are read at most."""


@dataclass(frozen=True)
class ShiftedSave:
    """Steps by index into FREQUENCIES, and log ratio tables by distance to a multiple."""

    steps: dict[int, int]
    tables: npt.NDArray[np.float32]


def estimate_shifted_save(plane: npt.NDArray[np.float32], shifted: ShiftedGrid) -> ShiftedSave:
    """Read the steps from the place that shows the grid."""
    from fakeproof._kernels.double_jpeg import phase_sums
    from fakeproof._kernels.ghosts import CELL

    grid = shifted.grid
    rows, columns = ((n - o) // 8 for n, o in zip(plane.shape, grid[::-1], strict=True))
    y, x = np.mgrid[:rows, :columns]
    at = np.searchsorted(shifted.bands, (grid[1] + 8 * y) // CELL)
    at = np.minimum(at, len(shifted.bands) - 1)
    searched = shifted.bands[at] == (grid[1] + 8 * y) // CELL
    place = np.argwhere(shifted.place[at, (grid[0] + 8 * x) // CELL] & searched)
    steps: dict[int, int] = {}
    tables = np.zeros((len(FREQUENCIES), BINS), np.float32)
    if len(place) < MIN_PLACE:
        return ShiftedSave(steps, tables)
    place = place[:: max(1, len(place) // MAX_PLACE)]
    own = _blocks(plane, place, grid)
    others = np.concatenate([_blocks(plane, place, ((grid[0] + x) % 8, (grid[1] + y) % 8)) for x, y in OTHERS])
    tried = np.arange(2, MAX_FIRST + 1)
    for f, (v, h) in enumerate(FREQUENCIES):
        sums, usual = (phase_sums(np.ascontiguousarray(b[:, v, h]), tried) for b in (own, others))
        level = usual[:, 0] / np.maximum(usual[:, 1], 1.0)
        variance = sums[:, 1] / 2 * (1 + sums[:, 1] / np.maximum(usual[:, 1], 1.0))
        strength = (sums[:, 0] - level * sums[:, 1]) / np.sqrt(np.maximum(variance, 8.0))
        best = int(np.argmax(strength))
        if strength[best] >= MIN_STRENGTH:
            steps[f] = int(tried[best])
            tables[f] = _table(own[:, v, h], others[:, v, h], steps[f])
    return ShiftedSave(steps if _misfit(steps, shifted.quality) <= MAX_MISFIT else {}, tables)


def _misfit(steps: dict[int, int], quality: int) -> float:
    """Return by how much (median of logarithms) steps differ from those of the best quality near the one searched."""
    if len(steps) < MIN_FREQUENCIES:
        return float("inf")
    seen, places = np.array(list(steps.values()), float), FREQUENCIES[list(steps)]
    near = range(max(1, quality - NEAR), min(99, quality + NEAR) + 1)
    return min(float(np.median(np.abs(np.log(seen / ijg_table(q)[places[:, 0], places[:, 1]])))) for q in near)


def _blocks(
    plane: npt.NDArray[np.float32], place: npt.NDArray[np.int64], grid: tuple[int, int]
) -> npt.NDArray[np.float32]:
    from fakeproof._kernels.dct import placed_dct

    corners = np.asarray(place, np.int64).reshape(-1, 2) * 8 + np.array(grid[::-1], np.int64)
    whole = (corners + 8 <= plane.shape).all(axis=1)
    return placed_dct(plane, corners[whole])


def _table(own: npt.NDArray[np.float32], others: npt.NDArray[np.float32], step: int) -> npt.NDArray[np.float32]:
    """Return log of what a save at this step leaves against what other grids show, by distance in steps.

    Not all of the place was saved before: its histogram is a mixture of what other grids show and of a wrapped normal.
    """
    seen, usual = _distances(own, step), _distances(others, step) + PRIOR
    usual = np.convolve(np.pad(usual, SMOOTH, mode="reflect"), np.ones(2 * SMOOTH + 1), "valid")
    usual /= usual.sum()
    distance = (np.arange(BINS) + 0.5) / BINS / 2
    turns = distance[:, None] + np.arange(-3, 4)[None, :]
    left = np.exp(-0.5 * np.square(turns / SPREADS[:, None, None])).sum(axis=2)
    left /= left.sum(axis=1, keepdims=True)
    mixed = SHARES[:, None, None] * left + (1 - SHARES[:, None, None]) * usual
    _, best = np.unravel_index(int(np.argmax(np.log(mixed) @ seen)), mixed.shape[:2])
    table: npt.NDArray[np.float32] = np.log((1 - OUTLIERS) * left[best] / usual + OUTLIERS).astype(np.float32)
    return table


def _distances(values: npt.NDArray[np.float32], step: int) -> npt.NDArray[np.float64]:
    """Count the telling values by their distance to a multiple of the step."""
    ratio = np.abs(values) / step
    ratio = ratio[ratio >= 0.5]
    return np.histogram(np.abs(ratio - np.floor(ratio + 0.5)), bins=BINS, range=(0, 0.5))[0].astype(np.float64)


def shifted_ratio(found: ShiftedSave, plane: npt.NDArray[np.float32], grid: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return, by block of the grid, the natural log of the likelihood of an earlier save against none."""
    from fakeproof._kernels.double_jpeg import wrapped_ratio

    used = np.array(sorted(found.steps), np.int64)
    steps = np.array([found.steps[f] for f in used], np.float32)
    return wrapped_ratio(plane, grid[::-1], FREQUENCIES[used], steps, found.tables[used])
