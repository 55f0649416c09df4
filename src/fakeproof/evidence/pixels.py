"""How well a mask or a heatmap finds the altered pixels, with places that do not count."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fakeproof.errors import ParameterError

__all__ = ["PixelScore", "best_f1", "pixel_auc", "pixel_scores"]

_BINS = 4096


class PixelScore(NamedTuple):
    """Precision, recall and F1 of a decided mask; all zero when nothing was hit."""

    precision: float
    recall: float
    f1: float


def _valid(truth: npt.NDArray[np.bool_], dont_care: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_]:
    if dont_care is None:
        return np.ones(truth.shape, bool)
    if dont_care.shape != truth.shape:
        raise ParameterError("dont_care", dont_care.shape, f"the shape of truth, {truth.shape}")
    return ~dont_care


def pixel_scores(
    decided: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.bool_],
    *,
    dont_care: npt.NDArray[np.bool_] | None = None,
) -> PixelScore:
    """Return precision, recall and F1 of a decided mask.

    Examples
    --------
    >>> from fakeproof.evidence.pixels import pixel_scores
    >>> import numpy as np
    >>> truth = np.array([[True, True, False, False]])
    >>> pixel_scores(np.array([[True, False, True, False]]), truth)
    PixelScore(precision=0.5, recall=0.5, f1=0.5)
    """
    if decided.shape != truth.shape:
        raise ParameterError("decided", decided.shape, f"the shape of truth, {truth.shape}")
    valid = _valid(truth, dont_care)
    hit = int((decided & truth & valid).sum())
    said, real = int((decided & valid).sum()), int((truth & valid).sum())
    if not hit:
        return PixelScore(0.0, 0.0, 0.0)
    precision, recall = hit / said, hit / real
    return PixelScore(precision, recall, 2 * precision * recall / (precision + recall))


def _histograms(
    heatmap: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_], valid: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    values = heatmap[valid].astype(np.float64)
    inside = truth[valid]
    # Ranks, not values: a heatmap with a few extreme pixels would otherwise fall into one bin.
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)))
    index = np.searchsorted(edges, values, "right")
    size = edges.size + 1
    return np.bincount(index[inside], minlength=size), np.bincount(index[~inside], minlength=size)


def pixel_auc(
    heatmap: npt.NDArray[np.floating],
    truth: npt.NDArray[np.bool_],
    *,
    dont_care: npt.NDArray[np.bool_] | None = None,
) -> float:
    """Return the ROC area of a heatmap inside one picture, to 4,096 ranks; nan when a class is empty."""
    valid = _valid(truth, dont_care)
    positive, negative = _histograms(np.asarray(heatmap), truth, valid)
    n1, n0 = positive.sum(), negative.sum()
    if not n1 or not n0:
        return float("nan")
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (n1 * n0))


def best_f1(
    heatmap: npt.NDArray[np.floating],
    truth: npt.NDArray[np.bool_],
    *,
    dont_care: npt.NDArray[np.bool_] | None = None,
) -> float:
    """Return the F1 with the threshold chosen per picture: how peers are usually reported, never how we decide."""
    valid = _valid(truth, dont_care)
    positive, negative = _histograms(np.asarray(heatmap), truth, valid)
    hit = np.cumsum(positive[::-1])
    said = hit + np.cumsum(negative[::-1])
    total = positive.sum()
    return float((2 * hit / np.maximum(1, said + total)).max()) if total else float("nan")
