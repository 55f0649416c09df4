"""Was each frequency of a JPEG quantised once or twice on the same grid: steps, share of blocks, ratio by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from fakeproof.types import Blocks

__all__ = ["FREQUENCIES", "FirstSave", "estimate_first_save", "ratio_by_block"]

FREQUENCIES = np.array(
    [(0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0), (4, 0), (3, 1), (2, 2), (1, 3), (0, 4)],
    np.int64,
)
"""The first 14 AC frequencies in zigzag order, (vertical, horizontal)."""
MAX_FIRST = 64
"""Largest first step that is tried; quality 50 has 40 at most among these frequencies."""
REACH = 255
"""Largest quantised magnitude that is told apart."""
RANGE = 1024
"""Largest unquantised magnitude of an 8-bit JPEG's AC coefficient."""
DECODE_NOISE = 0.45
"""Standard deviation of a coefficient after decoding: rounding of Y, of R, G, B, and of Y again, 1/12 each."""
SHARES = np.array([0.03, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.94, 0.97, 0.99])
"""Shares of doubly quantised blocks that are tried."""
OUTLIERS = 0.02
"""Share of coefficients that no model explains; bounds what a single one can say."""
MIN_GAIN = 8.0
"""Nats by which the best mixture must beat a single save before a frequency is used: log of the models tried, doubled."""
GAIN_RATE = 0.002
"""Nats a coefficient that a frequency must gain besides: the reference is only an estimate."""
MIN_FREQUENCIES = 3
"""Frequencies that must show a first step: one or two alone are a misfit of the reference."""
SAMPLE_BLOCKS = 60_000
"""Blocks from which the reference is read; more would only cost time."""
_SHIFTS = ((4, 4), (3, 5), (5, 3), (2, 6))
_EDGES = np.concatenate([[0.0, 0.5, 1.5], 1.5 * 1.12 ** np.arange(1, 60)])


@dataclass(frozen=True)
class FirstSave:
    """What the histograms say.

    Parameters
    ----------
    steps : dict
        First step by index into FREQUENCIES, for the frequencies that show one.
    share : float
        Share of blocks quantised twice.
    gain : float
        Nats by which two saves explain the coefficients better than one.
    tables : float32 (frequencies, REACH + 1)
        log of twice against once, by magnitude; zero rows for frequencies that show nothing.
    """

    steps: dict[int, int]
    share: float
    gain: float
    tables: npt.NDArray[np.float32]


def estimate_first_save(blocks: Blocks, table: npt.NDArray[np.uint16], plane: npt.NDArray[np.float32]) -> FirstSave:
    """Fit, for each frequency, a mixture of one and two quantisations to the histogram of quantised magnitudes.

    The distribution before quantisation is read from the decoded `plane` on shifted grids, where the steps do not
    show. The share of twice quantised blocks is common to all frequencies. Zeros are left out: their number depends
    on the reference more than on the history.
    """
    from fakeproof._kernels.double_jpeg import requantised_masses, value_counts

    counts = value_counts(blocks, FREQUENCIES, REACH)
    counts = counts[:, REACH:] + np.concatenate(
        [np.zeros((len(counts), 1), np.int64), counts[:, REACH - 1 :: -1]], axis=1
    )
    density = _reference(plane)
    firsts = np.arange(0, MAX_FIRST + 1)
    once, twice, gains = [], [], []
    for f, (v, h) in enumerate(FREQUENCIES):
        masses = requantised_masses(density[f], int(table[v, h]), firsts, DECODE_NOISE, REACH)[:, 1:]
        masses = np.maximum(masses, 1e-12)
        masses /= masses.sum(axis=1, keepdims=True)
        model = (1 - OUTLIERS) * masses[1:] + OUTLIERS * masses[0]
        once.append(masses[0])
        twice.append(model)
        gains.append(_gains(counts[f, 1:], masses[0], model))
    gain = np.stack(gains)
    needed = MIN_GAIN + GAIN_RATE * counts[:, 1:].sum(axis=1)
    best = gain.max(axis=1)
    worth = np.where(best > needed[:, None], best, 0.0).sum(axis=0)
    share = int(np.argmax(worth))
    steps, tables = {}, np.zeros((len(FREQUENCIES), REACH + 1), np.float32)
    for f in range(len(FREQUENCIES)):
        first = int(np.argmax(gain[f, :, share]))
        if gain[f, first, share] > needed[f] and first + 1 < MAX_FIRST:
            steps[f] = first + 1
            tables[f, 1:] = np.log(twice[f][first] / once[f])
    if len(steps) < MIN_FREQUENCIES:
        steps = {}
    return FirstSave(steps, float(SHARES[share]), float(worth[share]) if steps else 0.0, tables)


def _reference(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the mass of each whole magnitude, smoothed over bins that widen with it, by frequency."""
    from fakeproof._kernels.double_jpeg import magnitudes

    number = plane.shape[0] * plane.shape[1] // 64 * len(_SHIFTS)
    stride = 8 * max(1, round(np.sqrt(number / SAMPLE_BLOCKS)))
    found = magnitudes(plane, np.array(_SHIFTS, np.int64), FREQUENCIES, _EDGES, stride) + 0.02
    width = np.diff(_EDGES)
    centre = (_EDGES[1:] + _EDGES[:-1]) / 2
    value = np.arange(RANGE)
    out = np.empty((len(FREQUENCIES), RANGE))
    for f, row in enumerate(found):
        out[f] = np.exp(np.interp(value, centre, np.log(row / width)))
        out[f, 0] *= 0.5  # a magnitude of 0 covers half a bin
    total: npt.NDArray[np.float64] = out.sum(axis=1, keepdims=True)
    return out / total


def _gains(
    counts: npt.NDArray[np.int64], once: npt.NDArray[np.float64], twice: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the log likelihood gain of each (first step, share) over a single save."""
    seen = np.flatnonzero(counts)
    ratio = twice[:, seen] / once[seen]
    mixture = 1 + SHARES[None, :, None] * (ratio[:, None, :] - 1)
    gain: npt.NDArray[np.float64] = np.log(mixture) @ counts[seen].astype(np.float64)
    return gain


def ratio_by_block(found: FirstSave, blocks: Blocks) -> npt.NDArray[np.float32]:
    """Return, by block, the natural log of the likelihood of two saves against one; 0 says nothing."""
    from fakeproof._kernels.double_jpeg import block_ratio

    used = np.array(sorted(found.steps), np.int64)
    return block_ratio(blocks, FREQUENCIES[used], found.tables[used])
