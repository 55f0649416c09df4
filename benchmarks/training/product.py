"""The weighing of product comparisons, and the metric that its views are compared in."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.frame import Options
from benchmarks.material.data import fold_of, product_of
from benchmarks.material.products import SHOP_PHOTOS, Bench, Comparison, cases_of
from benchmarks.training.parts import Part
from benchmarks.training.store import Store
from fakeproof.artefact import Head
from fakeproof.evidence.metrics import roc_auc
from fakeproof.product.fusion import CLOSE, FEATURES, Card, Metric

CLEAN_RATE, DAMAGED_RATE = 0.01, 0.02
TRAINED_RATE = 0.5
"""Share of those rates at which thresholds are set: few products, so leave a margin."""
FOLDS = 6
RIDGE = 0.01
DIRECTIONS = 128
"""Within-product directions that the metric keeps."""
SHRINK = 0.3
"""Floor of the within-product variance, in shares of its largest: how far directions are forgotten."""


def learn_metric(bench: Bench, names: Iterable[str]) -> Metric:
    """Within-product scatter of the main views of clean and damaged photos, one product one vote for the centre."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for name in names:
        groups[product_of(name)].append(bench.look(name, questioned=False).views)
        if bench.described.get("D:" + name) is not None:
            groups[product_of(name)].append(bench.described["D:" + name].views)
    stacked = {product: np.concatenate(found).astype(np.float64) for product, found in groups.items()}
    centres = np.array([views.mean(axis=0) for views in stacked.values()])
    within = np.concatenate([views - views.mean(axis=0) for views in stacked.values()])
    values, directions = np.linalg.eigh(within.T @ within / len(within))
    values, directions = values[::-1][:DIRECTIONS], directions[:, ::-1][:, :DIRECTIONS].T
    floor = SHRINK * values[0]
    gains = np.sqrt(floor / (values + floor)) - 1
    nothing = np.zeros((2, directions.shape[1])), np.zeros_like(bench.unrelated[0].chroma)
    bare = Metric(*(a.astype(np.float32) for a in (centres.mean(axis=0), directions, gains, *nothing)))
    usual = np.mean([bare.adapt(photo.views)[[0, CLOSE]] for photo in bench.unrelated], axis=0)
    return replace(bare, usual=usual, usual_colours=np.mean([photo.chroma for photo in bench.unrelated], axis=0))


def weights_of(cases: Sequence[Comparison]) -> Any:
    """Balance same against different, and clean against damaged, within each kind of episode."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for index, case in enumerate(cases):
        groups[case.same, case.damaged, case.kind.split("_")[0], len(case.shop)].append(index)
    weight = np.zeros(len(cases))
    for found in groups.values():
        weight[found] = len(found) ** -0.5
    for same in (True, False):
        side = np.array([case.same is same for case in cases])
        weight[side] /= weight[side].sum()
    return weight / weight.mean()


def fit(x: Any, y: Any, weight: Any) -> tuple[Any, Any, Any, float]:
    """Logistic regression with weights >= 0 for likenesses; the count of shop photos may take either sign."""
    from scipy.optimize import minimize

    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = (x - mean) / scale
    sign = np.where(y, 1.0, -1.0)

    def loss(parameters: Any) -> tuple[float, Any]:
        margin = sign * (z @ parameters[:-1] + parameters[-1])
        slope = -weight * sign / (1 + np.exp(np.clip(margin, -50, 50))) / len(z)
        value = float((weight * np.logaddexp(0, -margin)).mean() + RIDGE * (parameters[:-1] ** 2).sum())
        return value, np.append(z.T @ slope + 2 * RIDGE * parameters[:-1], slope.sum())

    bounds = [(None, None) if name == "log photos" else (0, None) for name in FEATURES] + [(None, None)]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return mean, scale, found[:-1], float(found[-1])


def left_out_features(bench: Bench, cases: Sequence[Comparison], names: Sequence[str]) -> Any:
    """Features of training cases under a metric that never saw their products: it would flatter them otherwise."""
    x = np.zeros((len(cases), len(FEATURES)))
    for side in (0, 1):
        bench.metric = learn_metric(bench, [name for name in names if fold_of(product_of(name), 2) != side])
        for index, case in enumerate(cases):
            if fold_of(product_of(case.photo), 2) == side:
                x[index] = bench.values(case)
    return x


def train(bench: Bench, cases: Sequence[Comparison]) -> Card:
    """Fit coefficients on training products; set thresholds on scores of products left out in turn."""
    cases = [case for case in cases if case.half == "train"]
    names = sorted({name for case in cases for name in (case.photo, *case.shop)})
    for case in cases:
        bench.look(case.key, questioned=True)
    x, y = left_out_features(bench, cases, names), np.array([case.same for case in cases])
    metric = bench.metric = learn_metric(bench, names)
    weight = weights_of(cases)
    fold, other = (
        np.array([fold_of(product_of(name), FOLDS) for name in side])
        for side in zip(*[(c.photo, c.shop[0]) for c in cases], strict=True)
    )
    scores = np.zeros(len(cases))
    for k in range(FOLDS):
        kept = (fold != k) & (other != k)
        card = Card(metric, *fit(x[kept], y[kept], weight[kept]), {1: 0.0}, {})
        scores[fold == k] = [card.score(values) for values in x[fold == k]]
    doubtful = np.array([bool(bench.doubted.get(case.key)) for case in cases], bool)
    decided = np.where(doubtful, -np.inf, scores)  # nothing is claimed there, whatever the score
    thresholds = {n: threshold_for(cases, decided, n) for n in SHOP_PHOTOS}
    about = {
        "cases": len(cases),
        "products": len({product_of(c.photo) for c in cases}),
        "auc_left_out": round(roc_auc(scores, ~y), 4),
        "rates": {"clean": CLEAN_RATE, "damaged": DAMAGED_RATE, "margin": TRAINED_RATE},
    }
    return Card(metric, *fit(x, y, weight), thresholds, about)


def threshold_for(cases: Sequence[Comparison], scores: Any, photos: int) -> float:
    """Score above which at most the allowed share of same products lies, whichever of clean and damaged is harder.

    Several shop photos share one threshold: too few products have ten to set one of their own.
    """
    limits = []
    for damaged, allowed in ((False, CLEAN_RATE), (True, DAMAGED_RATE)):
        alike = [(len(c.shop) > 1) is (photos > 1) for c in cases]
        chosen = [c.same and c.damaged is damaged and a for c, a in zip(cases, alike, strict=True)]
        limits.append(float(np.quantile(scores[chosen], 1 - allowed * TRAINED_RATE, method="higher")) + 1e-3)
    return max(limits)


def fit_part(options: Options, store: Store, head: Head) -> None:
    """Fit the card and its metric on training products, and write both."""
    assert options.data is not None
    cases = [case for case in cases_of(options) if case.half == "train"]
    card = train(Bench(options.data, "asis", options.seed), cases)
    data = hashlib.sha256(repr([(c.photo, c.shop, c.damaged) for c in cases]).encode()).hexdigest()
    replace(card, head=replace(head, data=data, folds=FOLDS)).save(PARTS[0].path)


PARTS = (Part("product.fusion", fit_part, __name__, needs=("product.embedding",)),)
