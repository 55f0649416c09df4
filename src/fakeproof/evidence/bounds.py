"""How far a likelihood ratio may go on the cases it was learned from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["count_bounds", "elub", "llr_bounds"]

_GRID = np.round(np.arange(0, 8.001, 0.01), 2)


def count_bounds(positives: int, negatives: int) -> tuple[float, float]:
    """Return -log10(positives + 1) and log10(negatives + 1): n cases cannot show a rate far below 1 in n.

    Examples
    --------
    >>> count_bounds(99, 999)
    (-2.0, 3.0)
    """
    return -float(np.log10(positives + 1)), float(np.log10(negatives + 1))


def elub(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[float, float]:
    """Return the empirical lower and upper bounds on log10 likelihood ratios.

    At a threshold tau the system must cost no more than ignoring the evidence, even with one more misleading case
    added: FN(tau) + tau * FP(tau) <= 1 above, FP + FN / tau <= 1 below. The bounds are the last thresholds, going
    outwards from 1, where that holds.

    Source: Vergeer, van Es, de Jongh, Alberink & Stoel 2016, doi:10.1016/j.scijus.2016.06.003.
    """
    s = np.asarray(llrs, np.float64).ravel()
    y = np.asarray(labels).astype(bool).ravel()
    positive, negative = np.sort(s[y]), np.sort(s[~y])
    n1, n0 = positive.size, negative.size
    if not n1 or not n0:
        return 0.0, 0.0
    above = _GRID
    miss = np.searchsorted(positive, above, "right") / n1
    alarm = (n0 - np.searchsorted(negative, above, "right") + 1) / (n0 + 1)
    upper = _last(above, miss + 10**above * alarm <= 1)
    below = -_GRID
    alarm = (n0 - np.searchsorted(negative, below, "left")) / n0
    miss = (np.searchsorted(positive, below, "left") + 1) / (n1 + 1)
    lower = -_last(_GRID, alarm + 10.0 ** (-below) * miss <= 1)
    return lower, upper


def _last(grid: npt.NDArray[np.float64], good: npt.NDArray[np.bool_]) -> float:
    # At tau = 1 one added case may already cost more than nothing; the scan starts at the first good threshold.
    first = int(np.argmax(good))
    if not good[first]:
        return 0.0
    run = good[first:]
    stop = int(np.argmin(run)) if not run.all() else run.size
    return float(grid[first + stop - 1])


def llr_bounds(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[float, float]:
    """Return the tighter of :func:`elub` and :func:`count_bounds` on either side."""
    y = np.asarray(labels).astype(bool).ravel()
    low, high = elub(llrs, labels)
    least, most = count_bounds(int(y.sum()), int((~y).sum()))
    return round(max(low, least), 2), round(min(high, most), 2)
