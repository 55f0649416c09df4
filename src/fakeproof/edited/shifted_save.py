"""Which blocks of a shifted grid were quantised before: steps, noise and ratio by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeproof.edited.block_maps import box_mean
from fakeproof.edited.first_save import FREQUENCIES, MAX_FIRST, MIN_FREQUENCIES
from fakeproof.edited.planes import ijg_table

__all__ = ["ShiftedSave", "estimate_shifted_save", "shifted_ratio"]

BINS = 64
"""Bins of the distance to a multiple of the step, between 0 and half a step."""
OUTLIERS = 0.05
"""Share of coefficients that follow no step, even in a place saved twice."""
MIN_STRENGTH = 5.0
"""Standard deviations at which a frequency's step is believed, among 63 steps and 14 frequencies."""
WINDOW = 5
"""Blocks over which the first look is summed."""
MIN_PLACE = 24
"""Blocks from which steps are read."""
MAX_PLACE = 8000
"""Blocks from which steps are read at most."""


@dataclass(frozen=True)
class ShiftedSave:
    """Steps by index into FREQUENCIES, and log ratio tables by distance to a multiple."""

    steps: dict[int, int]
    tables: npt.NDArray[np.float32]


def estimate_shifted_save(plane: npt.NDArray[np.float32], grid: tuple[int, int], quality: int) -> ShiftedSave:
    """Read the steps from the place where the searched quality fits the grid (x, y) best."""
    from fakeproof._kernels.dct import block_dct, requantise
    from fakeproof._kernels.double_jpeg import phase_sums

    cost, telling = requantise(plane, grid[::-1], 8, ijg_table(quality)[None])
    fit, _ = box_mean(telling[0] - cost[0], np.ones_like(cost[0]), WINDOW)
    place = np.argwhere(fit >= max(0.0, float(np.quantile(fit, 0.995)) * 0.5))
    steps: dict[int, int] = {}
    tables = np.zeros((len(FREQUENCIES), BINS), np.float32)
    if len(place) < MIN_PLACE:
        return ShiftedSave(steps, tables)
    place = place[:: max(1, len(place) // MAX_PLACE)]
    blocks = np.concatenate([_block(plane, grid, y, x, block_dct) for y, x in place])
    tried = np.arange(2, MAX_FIRST + 1)
    for f, (v, h) in enumerate(FREQUENCIES):
        sums = phase_sums(np.ascontiguousarray(blocks[:, v, h]), tried)
        strength = sums[:, 0] / np.sqrt(np.maximum(sums[:, 1], 16.0) / 2)
        best = int(np.argmax(strength))
        if strength[best] >= MIN_STRENGTH:
            steps[f] = int(tried[best])
            tables[f] = _table(sums[best, 0] / sums[best, 1])
    return ShiftedSave(steps if len(steps) >= MIN_FREQUENCIES else {}, tables)


def _block(
    plane: npt.NDArray[np.float32], grid: tuple[int, int], y: int, x: int, transform: object
) -> npt.NDArray[np.float32]:
    top, left = grid[1] + 8 * y, grid[0] + 8 * x
    part = np.ascontiguousarray(plane[top : top + 8, left : left + 8])
    return transform(part, 0, 0, 8)[0]  # type: ignore[operator, no-any-return]


def _table(coherence: float) -> npt.NDArray[np.float32]:
    """Return log of a wrapped normal with this mean cosine against uniform, by distance in steps."""
    spread = np.sqrt(-np.log(np.clip(coherence, 0.02, 0.98)) / (2 * np.pi**2))
    distance = (np.arange(BINS) + 0.5) / BINS / 2
    turns = distance[:, None] + np.arange(-3, 4)[None, :]
    density = np.exp(-0.5 * np.square(turns / spread)).sum(axis=1)
    density /= density.mean()
    table: npt.NDArray[np.float32] = np.log((1 - OUTLIERS) * density + OUTLIERS).astype(np.float32)
    return table


def shifted_ratio(found: ShiftedSave, plane: npt.NDArray[np.float32], grid: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return, by block of the grid, the natural log of the likelihood of an earlier save against none."""
    from fakeproof._kernels.double_jpeg import wrapped_ratio

    used = np.array(sorted(found.steps), np.int64)
    steps = np.array([found.steps[f] for f in used], np.float32)
    return wrapped_ratio(plane, grid[::-1], FREQUENCIES[used], steps, found.tables[used])
