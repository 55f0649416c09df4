"""Histograms of chosen DCT frequencies, and sums of their log likelihood ratios by block."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel
from fakeproof._kernels.dct import dct8

__all__ = ["block_ratio", "magnitudes", "phase_sums", "requantised_masses", "value_counts", "wrapped_ratio"]


@kernel
def value_counts(
    blocks: npt.NDArray[np.int16], frequencies: npt.NDArray[np.int64], reach: int
) -> npt.NDArray[np.int64]:
    """Count the quantised values -reach..reach of each frequency (rows of (vertical, horizontal)); outer ones go to the ends."""
    out = np.zeros((frequencies.shape[0], 2 * reach + 1), np.int64)
    for y in range(blocks.shape[0]):
        for x in range(blocks.shape[1]):
            for f in range(frequencies.shape[0]):
                value = int(blocks[y, x, frequencies[f, 0], frequencies[f, 1]])
                out[f, min(max(value, -reach), reach) + reach] += 1
    return out


@kernel
def magnitudes(
    plane: npt.NDArray[np.float32],
    origins: npt.NDArray[np.int64],
    frequencies: npt.NDArray[np.int64],
    edges: npt.NDArray[np.float64],
    stride: int,
) -> npt.NDArray[np.int64]:
    """Count |coefficient| of each frequency between rising `edges`, over the grids that start at `origins`.

    These grids are not the photo's own: their coefficients stand in for those before quantisation.
    """
    out = np.zeros((frequencies.shape[0], edges.size - 1), np.int64)
    work = np.empty((8, 8), np.float32)
    block = np.empty((8, 8), np.float32)
    for o in range(origins.shape[0]):
        for top in range(origins[o, 0], plane.shape[0] - 7, stride):
            for left in range(origins[o, 1], plane.shape[1] - 7, stride):
                dct8(plane, top, left, work, block)
                for f in range(frequencies.shape[0]):
                    value = abs(block[frequencies[f, 0], frequencies[f, 1]])
                    place = np.searchsorted(edges, value, side="right") - 1
                    if 0 <= place < out.shape[1]:
                        out[f, place] += 1
    return out


@kernel
def _below(limit: float, centre: float, noise: float) -> float:
    """Return the normal distribution function."""
    return 0.5 * math.erfc((centre - limit) / (noise * math.sqrt(2.0)))


@kernel
def requantised_masses(
    density: npt.NDArray[np.float64], last: int, firsts: npt.NDArray[np.int64], noise: float, reach: int
) -> npt.NDArray[np.float64]:
    """Return the chance of each quantised magnitude 0..reach after a save with each first step and the last one.

    Parameters
    ----------
    density : float64 (n,)
        Mass of the unquantised magnitude at 0, 1, 2, ...; the ends beyond n are nothing.
    last : int
        Step of the last save.
    firsts : int64 (m,)
        Steps of the first save; 0 stands for no first save.
    noise : float
        Standard deviation of a coefficient after decoding to whole pixel values.
    """
    out = np.zeros((firsts.size, reach + 1))
    for m in range(firsts.size):
        first = firsts[m]
        if first == 0:
            for u in range(density.size):
                _spread(density[u], float(u), last, 0.5, out[m])
            continue
        place = 0
        while (place - 0.5) * first < density.size:
            mass = 0.0
            low, high = (place - 0.5) * first, (place + 0.5) * first
            for u in range(max(0, int(low)), min(density.size, int(high) + 2)):
                # a magnitude bin u covers u - 1/2 to u + 1/2
                share = min(high, u + 0.5) - max(low, u - 0.5)
                if share > 0:
                    mass += density[u] * min(share, 1.0)
            _spread(mass, float(place * first), last, noise, out[m])
            place += 1
    return out


@kernel
def _spread(mass: float, centre: float, last: int, noise: float, out: npt.NDArray[np.float64]) -> None:
    """Add a mass at a coefficient's value to the magnitudes that it is quantised to."""
    if mass <= 0.0:
        return
    nearest = int(centre / last + 0.5)
    for x in range(max(0, nearest - 2), min(out.size - 1, nearest + 2) + 1):
        part = _below((x + 0.5) * last, centre, noise) - _below((x - 0.5) * last, centre, noise)
        if x == 0:
            part = _below(0.5 * last, centre, noise) - _below(-0.5 * last, centre, noise)
        out[x] += mass * part
        if x > 0 and centre == 0.0:
            out[x] += mass * part


@kernel
def block_ratio(
    blocks: npt.NDArray[np.int16], frequencies: npt.NDArray[np.int64], tables: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Sum, by block, each frequency's log likelihood ratio as looked up by magnitude; `tables` is (frequencies, magnitudes)."""
    out = np.zeros(blocks.shape[:2], np.float32)
    top = tables.shape[1] - 1
    for y in range(blocks.shape[0]):
        for x in range(blocks.shape[1]):
            total = np.float32(0.0)
            for f in range(frequencies.shape[0]):
                value = abs(int(blocks[y, x, frequencies[f, 0], frequencies[f, 1]]))
                total += tables[f, min(value, top)]
            out[y, x] = total
    return out


@kernel
def phase_sums(values: npt.NDArray[np.float32], steps: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return for each step q the sum and number of cos(2 pi v / q) over the values beyond q/2."""
    out = np.zeros((steps.size, 2))
    for s in range(steps.size):
        turn = 2 * math.pi / steps[s]
        for i in range(values.size):
            if abs(values[i]) >= 0.5 * steps[s]:
                out[s, 0] += math.cos(turn * values[i])
                out[s, 1] += 1.0
    return out


@kernel
def wrapped_ratio(
    plane: npt.NDArray[np.float32],
    origin: tuple[int, int],
    frequencies: npt.NDArray[np.int64],
    steps: npt.NDArray[np.float32],
    tables: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Sum, by block of the grid at `origin`, the log ratio of each telling coefficient's distance to a multiple of its step.

    `tables` (frequencies, bins) holds the ratio by |distance| / step in bins over 0 to 1/2.
    """
    top, left = origin
    rows = max(0, (plane.shape[0] - top) // 8)
    columns = max(0, (plane.shape[1] - left) // 8)
    out = np.zeros((rows, columns), np.float32)
    work = np.empty((8, 8), np.float32)
    block = np.empty((8, 8), np.float32)
    bins = tables.shape[1]
    for y in range(rows):
        for x in range(columns):
            dct8(plane, top + 8 * y, left + 8 * x, work, block)
            for f in range(frequencies.shape[0]):
                ratio = abs(block[frequencies[f, 0], frequencies[f, 1]]) / steps[f]
                if ratio >= 0.5:
                    rest = abs(ratio - np.floor(ratio + 0.5))
                    out[y, x] += tables[f, min(int(rest * 2 * bins), bins - 1)]
    return out
