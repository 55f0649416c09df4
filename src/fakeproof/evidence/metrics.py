"""How good a decision or a likelihood ratio is: ROC, rates with intervals, Cllr and its parts.

All functions take plain arrays, weigh both classes alike where the measure is a likelihood-ratio one, and never
change their input. Likelihood ratios are log10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fakeproof.errors import ParameterError
from fakeproof.evidence.calibrate import pav

__all__ = [
    "Interval",
    "bootstrap",
    "calibration_loss",
    "cllr",
    "cllr_min",
    "expected_calibration_error",
    "misleading_rates",
    "roc_auc",
    "roc_curve",
    "tpr_at_fpr",
    "wilson",
]

Floats = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class _Classes:
    positive: Floats
    negative: Floats


def _classes(scores: npt.ArrayLike, labels: npt.ArrayLike) -> _Classes:
    s = np.asarray(scores, np.float64).ravel()
    y = np.asarray(labels).astype(bool).ravel()
    if s.shape != y.shape:
        raise ParameterError("labels", f"{y.size} values", f"as many as scores ({s.size})")
    if np.isnan(s).any():
        raise ParameterError("scores", "NaN", "finite numbers; leave out what was not applicable")
    return _Classes(s[y], s[~y])


def wilson(hits: int, n: int, *, z: float = 1.959964) -> Interval:
    """Return a rate with its Wilson score interval (95 % by default).

    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953. With n = 0 nothing is known: (nan, 0, 1).

    Examples
    --------
    >>> from fakeproof.evidence.metrics import wilson
    >>> wilson(0, 100).high < 0.037
    True
    """
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0)
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    return Interval(p, max(0.0, centre - half), min(1.0, centre + half))


def roc_auc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the area under the ROC curve; ties count one half; nan when a class is empty.

    Examples
    --------
    >>> from fakeproof.evidence.metrics import roc_auc
    >>> roc_auc([1, 2, 3, 4], [0, 0, 1, 1])
    1.0
    """
    c = _classes(scores, labels)
    if not c.positive.size or not c.negative.size:
        return float("nan")
    order = np.sort(c.negative)
    below = np.searchsorted(order, c.positive, "left")
    upto = np.searchsorted(order, c.positive, "right")
    return float((below + upto).mean() / (2 * order.size))


def roc_curve(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return false-positive rates, true-positive rates and thresholds (decide where score >= threshold)."""
    c = _classes(scores, labels)
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([c.positive, c.negative]))[::-1]])
    positive, negative = np.sort(c.positive), np.sort(c.negative)
    tpr = 1 - np.searchsorted(positive, thresholds, "left") / max(1, positive.size)
    fpr = 1 - np.searchsorted(negative, thresholds, "left") / max(1, negative.size)
    return fpr, tpr, thresholds


def tpr_at_fpr(scores: npt.ArrayLike, labels: npt.ArrayLike, *, fpr: float = 0.01) -> tuple[Interval, float]:
    """Return the true-positive rate where at most `fpr` of the negatives pass, and that threshold.

    The threshold is the smallest score that keeps the rule, so with fewer than 1/`fpr` negatives none may pass.
    The interval is Wilson's for the positives alone; the threshold's own uncertainty is not in it.
    """
    c = _classes(scores, labels)
    allowed = int(np.floor(fpr * c.negative.size))
    ranked = np.sort(c.negative)[::-1]
    limit = ranked[allowed] if allowed < ranked.size else -np.inf
    hits = int((c.positive > limit).sum())
    return wilson(hits, c.positive.size), float(np.nextafter(limit, np.inf))


def cllr(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the log-likelihood-ratio cost: 0 perfect, 1 says nothing, above 1 misleads.

    Source: Brümmer & du Preez 2006, doi:10.1016/j.csl.2005.08.001. Classes weigh alike.

    Examples
    --------
    >>> from fakeproof.evidence.metrics import cllr
    >>> cllr([0.0, 0.0], [0, 1])
    1.0
    """
    c = _classes(llrs, labels)
    if not c.positive.size or not c.negative.size:
        return float("nan")
    ln10 = np.log(10.0)
    miss = np.logaddexp(0, -c.positive * ln10).mean()
    alarm = np.logaddexp(0, c.negative * ln10).mean()
    return float((miss + alarm) / (2 * np.log(2.0)))


def cllr_min(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the cost after the best monotone recalibration (PAV): what discrimination alone leaves.

    Source: Brümmer & du Preez 2006; PAV as in Zadrozny & Elkan 2002, doi:10.1145/775047.775151.
    """
    s = np.asarray(llrs, np.float64).ravel()
    y = np.asarray(labels).astype(bool).ravel()
    n1, n0 = int(y.sum()), int((~y).sum())
    if not n1 or not n0:
        return float("nan")
    posterior = pav(s, y.astype(np.float64))
    with np.errstate(divide="ignore"):
        best = np.log10(posterior) - np.log10(1 - posterior) - np.log10(n1 / n0)
    ln10 = np.log(10.0)
    miss = np.logaddexp(0, -best[y] * ln10).mean()
    alarm = np.logaddexp(0, best[~y] * ln10).mean()
    return float((miss + alarm) / (2 * np.log(2.0)))


def calibration_loss(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return Cllr minus Cllr_min: what the numbers lose by being wrongly scaled."""
    return cllr(llrs, labels) - cllr_min(llrs, labels)


def misleading_rates(llrs: npt.ArrayLike, labels: npt.ArrayLike, *, beyond: float = 0.0) -> tuple[Interval, Interval]:
    """Return the rates of misleading evidence: positives with llr < -`beyond`, negatives with llr > `beyond`."""
    c = _classes(llrs, labels)
    return (
        wilson(int((c.positive < -beyond).sum()), c.positive.size),
        wilson(int((c.negative > beyond).sum()), c.negative.size),
    )


def expected_calibration_error(llrs: npt.ArrayLike, labels: npt.ArrayLike, *, bins: int = 10) -> float:
    """Return the mean gap between stated and observed probability at even prior, over equal-count bins."""
    s = np.asarray(llrs, np.float64).ravel()
    y = np.asarray(labels).astype(bool).ravel()
    n1, n0 = int(y.sum()), int((~y).sum())
    if not n1 or not n0:
        return float("nan")
    weight = np.where(y, 0.5 / n1, 0.5 / n0)
    stated = 1 / (1 + 10.0 ** (-np.clip(s, -300, 300)))
    order = np.argsort(stated, kind="stable")
    total = 0.0
    for part in np.array_split(order, min(bins, s.size)):
        w = weight[part].sum()
        total += abs((weight[part] * stated[part]).sum() - weight[part][y[part]].sum()) if w else 0.0
    return float(total)


def bootstrap(
    measure: Callable[..., float],
    *arrays: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    rounds: int = 400,
    seed: int = 0,
) -> Interval:
    """Return a measure with its 95 % percentile interval, resampling whole groups.

    Photos of one scene, order or product are not independent: drawing single photos makes intervals too narrow.
    """
    data: list[npt.NDArray[Any]] = [np.asarray(a) for a in arrays]
    n = data[0].shape[0]
    keys = np.arange(n) if groups is None else np.unique(np.asarray(groups).astype(str), return_inverse=True)[1]
    members = np.split(np.argsort(keys, kind="stable"), np.cumsum(np.bincount(keys))[:-1])
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(rounds):
        pick = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        value = measure(*(a[pick] for a in data))
        if not np.isnan(value):
            values.append(value)
    centre = float(measure(*data))
    if not values:
        return Interval(centre, float("nan"), float("nan"))
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(centre, float(low), float(high))
