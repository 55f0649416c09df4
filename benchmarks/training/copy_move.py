"""The logistic weights by which `copy_move` tells clones from likenesses.

They are fitted on one of two folds of the training groups; cards calibrate the score on the other. A fit of the weights for
each fold of the cards would have every photo's pairs verified anew, and seven weights need no more pairs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import fakeproof as fp
from benchmarks.frame import Options
from benchmarks.material.clones import cloned, not_cloned
from benchmarks.material.data import Row, fold_of, split
from benchmarks.training.parts import Part
from benchmarks.training.store import Store
from fakeproof.artefact import Head

PART = "edited.clones.copy_move"
FOLDS = 2


def learned_from(group: str) -> bool:
    """Whether the weights are fitted on a group of the training half."""
    return fold_of(group, FOLDS) == 0


def fit_part(options: Options, store: Store, head: Head) -> None:
    """Fit the weights on the training half: pairs in the truth against pairs of untouched photos."""
    learned = [
        row for row in cloned(options) + not_cloned(options) if split(row) == "train" and learned_from(row.component)
    ]
    clean = {row.path.name for row in learned if row.mask_path is None}
    measured = [(values, label, row.path.name) for row in learned for values, label in pairs_of(row)]
    names = list(measured[0][0])
    features = np.array([[values[n] for n in names] for values, _, _ in measured])
    labels, photos = [label for _, label, _ in measured], [name for _, _, name in measured]
    weights = fit_weights(features, np.array(labels, float), names)
    weights[names.index("bias")] -= _margin(features @ weights, labels, photos, clean)
    data = hashlib.sha256(json.dumps(measured).encode()).hexdigest()
    values = {
        "head": replace(head, data=data, folds=FOLDS).to_dict(),
        "about": {"clones": int(sum(labels)), "likenesses": len(labels) - int(sum(labels)), "photos": len(learned)},
        "weights": {n: round(float(w), 3) for n, w in zip(names, weights, strict=True)},
    }
    PARTS[0].path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def pairs_of(row: Row) -> list[tuple[dict[str, float], bool]]:
    """Return the measurements of a photo's verified pairs, and which are clones by the mask."""
    module: Any = import_module("fakeproof.edited.clones.copy_move")
    photo = fp.Photo.open(row.path)
    if min(photo.size) < module.MIN_SIDE:
        return []
    grey = module._working(photo.luma, module.SPARSE_PIXELS)
    pairs, _ = module._pairs(grey, dense=True)
    truth = None
    if row.mask_path is not None:
        with Image.open(row.mask_path) as image:
            truth = np.asarray(image.convert("L").resize((grey.shape[1], grey.shape[0]))) > 127
    out = []
    for pair in pairs:
        parts = (pair.clone.first, pair.clone.second)
        hit = 0.0
        if truth is not None:
            shares = [float((part & truth).sum() / max(1, part.sum())) for part in parts]
            hit = max(shares) if row.set == "casia1" else min(shares)
            if 0.1 < hit < 0.5:
                continue
        out.append((module.measurements(pair.clone), hit >= 0.5))
    return out


def _margin(scores: npt.NDArray[np.float64], labels: list[bool], photos: list[str], clean: set[str]) -> float:
    """Return by how much scores must fall so that at most 0.5 % of the untouched photos stay above 0.

    Half of the rate aimed at, because the weights were fitted on the same photos.
    """
    best = dict.fromkeys(clean, -np.inf)
    for score, label, name in zip(scores, labels, photos, strict=True):
        if not label and name in best:
            best[name] = max(best[name], float(score))
    ranked = sorted(best.values(), reverse=True)
    edge = ranked[int(0.005 * len(ranked))]
    return max(0.0, edge + 0.2)


def fit_weights(
    features: npt.NDArray[np.float64], labels: npt.NDArray[np.float64], names: list[str]
) -> npt.NDArray[np.float64]:
    """Fit a logistic by Newton's steps, with a ridge of 0.3 on standardised columns."""
    bias = names.index("bias")
    spread = features.std(axis=0)
    spread[bias] = 1.0
    spread = np.maximum(spread, 1e-6)
    scaled = features / spread
    ridge = np.full(len(names), 0.3)
    ridge[bias] = 1e-6
    weights = np.zeros(len(names))
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        gradient = scaled.T @ (p - labels) + ridge * weights
        curvature = (scaled * (p * (1 - p))[:, None]).T @ scaled + np.diag(ridge)
        weights = weights - np.linalg.solve(curvature, gradient)
    weights = weights / spread
    return np.asarray(weights)


PARTS = (Part(PART, fit_part, __name__),)
