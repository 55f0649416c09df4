"""From a detector's score to a likelihood ratio, by monotone functions that cannot overreach.

PAV: Ayer et al. 1955, doi:10.1214/aoms/1177728423; for calibration: Zadrozny & Elkan 2002,
doi:10.1145/775047.775151.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fakeproof.errors import ParameterError

__all__ = ["MonotoneCalibrator", "pav"]

Floats = npt.NDArray[np.float64]

MAX_KNOTS = 24
"""Knots kept of a calibration curve: more would only repeat the noise of the training set."""


def pav(scores: npt.ArrayLike, values: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Floats:
    """Return the non-decreasing fit of `values` over `scores` by pooling adjacent violators.

    Equal scores get equal fits. Least squares with `weights` (1 by default).

    Examples
    --------
    >>> pav([1, 2, 3, 4], [0, 1, 0, 1]).tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    s = np.asarray(scores, np.float64).ravel()
    v = np.asarray(values, np.float64).ravel()
    w = np.ones_like(s) if weights is None else np.asarray(weights, np.float64).ravel()
    if s.size == 0:
        return np.empty(0)
    unique, inverse = np.unique(s, return_inverse=True)
    weight = np.bincount(inverse, w, unique.size)
    mean = np.bincount(inverse, w * v, unique.size) / weight
    blocks: list[list[float]] = []  # mean, weight, count
    for m, wt in zip(mean, weight, strict=True):
        blocks.append([float(m), float(wt), 1.0])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            m2, w2, c2 = blocks.pop()
            m1, w1, c1 = blocks.pop()
            blocks.append([(m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, c1 + c2])
    fitted = np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks])
    return fitted[inverse]


@dataclass(frozen=True)
class MonotoneCalibrator:
    """A non-decreasing, piecewise linear map from score to log10 likelihood ratio, constant beyond its ends.

    Parameters
    ----------
    scores, llrs : tuple of float
        Knots, both non-decreasing.
    """

    scores: tuple[float, ...]
    llrs: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.llrs) or not self.scores:
            raise ParameterError("knots", (len(self.scores), len(self.llrs)), "as many scores as llrs, at least one")
        if np.any(np.diff(self.scores) < 0) or np.any(np.diff(self.llrs) < 0):
            raise ParameterError("knots", self.llrs, "non-decreasing values: more score is never less evidence")

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """Return llrs of the same shape; NaN (not applicable) stays NaN."""
        s = np.asarray(scores, np.float64)
        return np.where(np.isnan(s), np.nan, np.interp(s, self.scores, self.llrs))

    @classmethod
    def fit(cls, scores: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Self:
        """Fit by PAV with two imagined cases at each end, one of either class.

        Those four cases are the rule of succession: without them PAV claims certainty at both ends, from whatever
        few cases happened to lie there. Classes weigh alike.
        """
        s = np.asarray(scores, np.float64).ravel()
        y = np.asarray(labels).astype(bool).ravel()
        if not y.any() or y.all():
            raise ParameterError("labels", f"{int(y.sum())} of {y.size} positive", "both classes")
        w = np.ones_like(s) if weights is None else np.asarray(weights, np.float64).ravel()
        low, high = float(s.min()), float(s.max())
        ends = np.array([low, low, high, high])
        s = np.concatenate([s, ends])
        y = np.concatenate([y, [True, False, True, False]])
        w = np.concatenate([w, np.ones(4)])
        posterior = pav(s, y.astype(np.float64), w)
        odds = w[y].sum() / w[~y].sum()
        llr = np.log10(posterior / (1 - posterior)) - np.log10(odds)
        return cls(*_knots(s, llr, w))

    def to_dict(self) -> dict[str, Any]:
        """Return the knots as JSON values."""
        return {"scores": list(self.scores), "llrs": list(self.llrs)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a calibrator from :meth:`to_dict`'s values."""
        return cls(tuple(map(float, values["scores"])), tuple(map(float, values["llrs"])))


def _knots(s: Floats, llr: Floats, w: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """One knot a PAV block at its weighted mean score; the line between them takes out PAV's steps."""
    order = np.argsort(s, kind="stable")
    s, llr, w = s[order], llr[order], w[order]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(llr) > 1e-12]))
    weight = np.add.reduceat(w, starts)
    at = np.add.reduceat(w * s, starts) / weight
    value = llr[starts]
    while at.size > MAX_KNOTS:
        gap = np.diff(value)
        i = int(np.argmin(gap * np.minimum(weight[:-1], weight[1:])))
        both = weight[i] + weight[i + 1]
        at[i] = (at[i] * weight[i] + at[i + 1] * weight[i + 1]) / both
        value[i] = (value[i] * weight[i] + value[i + 1] * weight[i + 1]) / both
        weight[i] = both
        at, value, weight = np.delete(at, i + 1), np.delete(value, i + 1), np.delete(weight, i + 1)
    return tuple(float(round(v, 6)) for v in at), tuple(float(round(v, 4)) for v in value)
