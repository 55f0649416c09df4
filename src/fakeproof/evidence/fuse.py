"""Fusion of calibrated detectors: logistic regression that may not contradict its parts.

Summing log likelihood ratios as if detectors were independent counts a shared cause twice. The fusion learns
weights on the llrs themselves, keeps them at or above zero (so that more evidence never lowers the result) and pulls
them to zero by an L2 penalty (so that few cases cannot buy large weights). What does not apply contributes nothing.

Source: Brümmer & du Preez 2006, doi:10.1016/j.csl.2005.08.001; Morrison 2013, doi:10.1080/00450618.2012.733025.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fit_weights"]

Floats = npt.NDArray[np.float64]

LN10 = float(np.log(10.0))
PENALTY = 0.01
"""L2 penalty on the weights, in units of mean log loss; set by cross-validation in the scoring benchmark."""

_MAX_ROUNDS = 200
_TOLERANCE = 1e-9


def fit_weights(
    llrs: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    penalty: float = PENALTY,
    cases: npt.ArrayLike | None = None,
) -> tuple[Floats, float]:
    """Return weights (>= 0) and an intercept that turn detectors' llrs into one.

    Parameters
    ----------
    llrs : array_like, shape (cases, detectors)
        Calibrated log10 likelihood ratios; NaN where a detector did not apply.
    labels : array_like of bool, shape (cases,)
    penalty : float
        L2 penalty on the weights.
    cases : array_like, shape (cases,), optional
        Weights of the cases before both classes are made to weigh alike.

    Examples
    --------
    >>> w, b = fit_weights([[1.0, 1.0], [0.8, 0.8], [-1.0, -1.0], [-0.7, -0.7]], [1, 1, 0, 0])
    >>> bool(abs(w[0] - w[1]) < 1e-6 and w[0] > 0 and abs(b) < 1)
    True
    """
    x = np.nan_to_num(np.asarray(llrs, np.float64)) * LN10
    y = np.asarray(labels).astype(bool)
    share = np.ones(y.size) if cases is None else np.asarray(cases, np.float64)
    weight = np.where(y, share / (2 * share[y].sum()), share / (2 * share[~y].sum()))
    beta = np.zeros(x.shape[1] + 1)
    design = np.column_stack([x, np.ones(y.size)])
    ridge = np.append(np.full(x.shape[1], penalty), penalty / 10)
    loss = _loss(beta, design, y, weight, ridge)
    for _ in range(_MAX_ROUNDS):
        step = _newton_target(beta, design, y, weight, ridge) - beta
        size = 1.0
        while size > 1e-6:
            trial = beta + size * step
            value = _loss(trial, design, y, weight, ridge)
            if value < loss:
                break
            size /= 2
        else:
            break
        done = loss - value < _TOLERANCE
        beta, loss = trial, value
        if done:
            break
    return beta[:-1], float(beta[-1] / LN10)


def _loss(beta: Floats, x: Floats, y: npt.NDArray[np.bool_], weight: Floats, ridge: Floats) -> float:
    margin = np.where(y, 1.0, -1.0) * (x @ beta)
    return float((weight * np.logaddexp(0, -margin)).sum() + 0.5 * (ridge * beta**2).sum())


def _newton_target(beta: Floats, x: Floats, y: npt.NDArray[np.bool_], weight: Floats, ridge: Floats) -> Floats:
    """Minimise the local quadratic under weights >= 0 by coordinate descent; the last entry is free."""
    p = 1 / (1 + np.exp(-np.clip(x @ beta, -500, 500)))
    gradient = x.T @ (weight * (p - y)) + ridge * beta
    hessian = (x * (weight * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ x + np.diag(ridge)
    target = beta.copy()
    last = beta.size - 1
    for _ in range(500):
        before = target.copy()
        for i in range(beta.size):
            slope = gradient[i] + hessian[i] @ (target - beta)
            value = target[i] - slope / hessian[i, i]
            target[i] = value if i == last else max(0.0, value)
        if np.abs(target - before).max() < 1e-12:
            break
    return target
