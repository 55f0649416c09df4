"""Fitting a card: calibrate each detector, fuse, and measure on cases that were held out by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fakeproof.evidence.bounds import llr_bounds
from fakeproof.evidence.calibrate import MonotoneCalibrator
from fakeproof.evidence.card import Card, DetectorCard
from fakeproof.evidence.fuse import fit_weights
from fakeproof.evidence.metrics import cllr, cllr_min, roc_auc, tpr_at_fpr

__all__ = ["Cases", "fit_card", "held_out_llrs"]

Floats = npt.NDArray[np.float64]

FOLDS = 5
MIN_CALIBRATION = 15
"""Cases of either class that a detector must have applied to before it is calibrated."""
FULL_BOUNDS = 100
"""Cases of either class below which the bounds are halved: the share of a class in them is not known well enough."""
FALSE_ACCUSATION = 0.01
LEAST_THRESHOLD = 1.0
"""log10 LR below which nothing is ever called supported, however rare: ten to one."""


@dataclass(frozen=True)
class Cases:
    """Labelled cases: scores by detector (NaN where not applicable), labels, groups that must not be split."""

    scores: Mapping[str, Floats]
    labels: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.int64]
    versions: Mapping[str, int]
    assigned: Mapping[str, DetectorCard] = field(default_factory=dict)

    def take(self, pick: npt.NDArray[np.bool_]) -> Cases:
        """Return the cases where `pick` is True."""
        scores = {k: v[pick] for k, v in self.scores.items()}
        return Cases(scores, self.labels[pick], self.groups[pick], self.versions, self.assigned)


@dataclass(frozen=True)
class _System:
    calibrators: Mapping[str, MonotoneCalibrator]
    weights: Mapping[str, float]
    intercept: float

    def llrs(self, cases: Cases) -> Floats:
        total = np.full(cases.labels.size, 0.0)
        applied = np.zeros(cases.labels.size, bool)
        for name, calibrator in self.calibrators.items():
            part = calibrator(cases.scores[name])
            applied |= ~np.isnan(part)
            total += self.weights[name] * np.nan_to_num(part)
        return np.where(applied, total + self.intercept, 0.0)


def _folds(groups: npt.NDArray[np.int64], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """Give each group a fold; the seeded order makes the split the same everywhere."""
    unique, inverse = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(unique.size)
    return (order % folds)[inverse]


def _calibrators(cases: Cases) -> dict[str, MonotoneCalibrator]:
    out = {}
    for name, scores in cases.scores.items():
        ok = ~np.isnan(scores)
        y = cases.labels[ok]
        if min(y.sum(), (~y).sum()) >= MIN_CALIBRATION:
            out[name] = MonotoneCalibrator.fit(scores[ok], y)
    return out


def _fit_system(cases: Cases, *, folds: int, seed: int) -> _System:
    """Calibrate on all cases, but let the fusion see llrs from calibrators that had not seen the case."""
    calibrators = _calibrators(cases)
    names = sorted(calibrators)
    fold = _folds(cases.groups, folds, seed)
    held = np.full((cases.labels.size, len(names)), np.nan)
    for k in range(folds):
        inside = fold == k
        others = _calibrators(cases.take(~inside))
        for j, name in enumerate(names):
            if name in others:
                held[inside, j] = others[name](cases.scores[name][inside])
    if not names:
        return _System({}, {}, 0.0)
    weights, intercept = fit_weights(held, cases.labels)
    kept = {n: float(w) for n, w in zip(names, weights, strict=True) if w > 1e-4}
    return _System({n: calibrators[n] for n in kept}, kept, intercept)


def held_out_llrs(cases: Cases, *, folds: int = FOLDS, seed: int = 0) -> Floats:
    """Return each case's llr from a system that saw none of its group; unbounded."""
    fold = _folds(cases.groups, folds, seed)
    out = np.zeros(cases.labels.size)
    for k in range(folds):
        inside = fold == k
        if inside.any():
            system = _fit_system(cases.take(~inside), folds=folds, seed=seed + 1 + k)
            out[inside] = system.llrs(cases.take(inside))
    return out


def accusation_limit(untouched: npt.NDArray[np.float64], rate: float = FALSE_ACCUSATION) -> float:
    """Return the llr that the next untouched photo, drawn like these, reaches with probability `rate` at most.

    The next one counts with these, as in conformal prediction (Vovk, Gammerman & Shafer 2005,
    doi:10.1007/b106715): k of n above the limit promise (k + 1) / (n + 1). With fewer than 1 / `rate` - 1 photos
    nothing can be promised; then none of them may reach it.

    Examples
    --------
    >>> import numpy as np
    >>> accusation_limit(np.arange(199.0)) > 197  # one of 199 above: 2 / 200
    True
    """
    allowed = max(0, int(np.floor(rate * (untouched.size + 1) + 1e-9)) - 1)
    return float(np.nextafter(np.sort(untouched)[::-1][allowed], np.inf))


def fit_card(cases: Cases, *, folds: int = FOLDS, seed: int = 0) -> Card:
    """Fit a system on all cases; bounds, threshold and figures come from the held-out llrs."""
    held = held_out_llrs(cases, folds=folds, seed=seed)
    system = _fit_system(cases, folds=folds, seed=seed)
    n1, n0 = int(cases.labels.sum()), int((~cases.labels).sum())
    low, high = llr_bounds(held, cases.labels)
    if min(n1, n0) < FULL_BOUNDS:
        low, high = low / 2, high / 2
    clipped = np.clip(held, low, high)
    found, _ = tpr_at_fpr(held, cases.labels, fpr=FALSE_ACCUSATION)
    limit = accusation_limit(held[~cases.labels])
    measured = {
        "cllr": cllr(clipped, cases.labels),
        "cllr_min": cllr_min(clipped, cases.labels),
        "auc": roc_auc(held, cases.labels),
        "tpr_at_1pct_fpr": found.value,
    }
    detectors = {
        name: DetectorCard(version=cases.versions[name], calibrator=c, weight=system.weights[name])
        for name, c in system.calibrators.items()
    }
    return Card(
        detectors={**detectors, **cases.assigned},
        intercept=system.intercept,
        bounds=(round(low, 2), round(high, 2)),
        threshold=max(LEAST_THRESHOLD, float(np.ceil(limit * 1e4) / 1e4)),
        n={"positive": n1, "negative": n0, "groups": int(np.unique(cases.groups).size)},
        measured=measured,
    )
