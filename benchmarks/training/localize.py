"""The fusion of :func:`fakeproof.edited.localize`: trees for cells, a logistic model for the photo, thresholds.

Only training groups are fitted. Trees are fitted in folds of groups, so that the photo's model sees only logits of photos
that the trees did not know; the photo's model is fitted in the same folds, so that thresholds, and the cards that weigh
the scores, see only scores of photos that neither knew. Those held-out scores are kept beside the store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import fakeproof as fp
from benchmarks.frame import Options
from benchmarks.material.cases import edited_cases, limited, sampled
from benchmarks.material.data import fold_of
from benchmarks.training.boosting import Trees, fit
from benchmarks.training.parts import Part
from benchmarks.training.reading import PHOTO, channels_of
from benchmarks.training.store import CACHE, Read, Store
from fakeproof.artefact import Head, digest, shipped
from fakeproof.edited import fusion_maps
from fakeproof.edited.block_maps import Place, block_places
from fakeproof.edited.localize import (
    DECISIVE,
    MAX_SHARE,
    MIN_CELLS,
    FusionModel,
    cell_logits,
    kept_places,
    photo_features,
)
from fakeproof.evidence.metrics import roc_auc
from fakeproof.evidence.pixels import pixel_auc
from fakeproof.evidence.train import accusation_limit
from fakeproof.findings import Finding

PART = "edited.fusion"
HELD = CACHE / "edited.fusion.held.json"
NOT_TRAINED = ("cvip", "cmh")
"""Sets that only judge."""
FOLDS = 3
CELLS_A_PHOTO = 500
FALSE_ALARMS = 0.01
LEAST_UNTOUCHED = 500
"""Untouched photos of a chain below which one photo more or less would move its own threshold too far."""
DETECTORS = tuple(d.name for d in fusion_maps.fused())
"""A verified copy-move decides by itself; the trees do not weigh it."""
LOOKED = tuple(d.name for d in fp.edited.detectors() if d.needs == "photo")
READ = (PHOTO, *LOOKED)


@dataclass
class Sample:
    """A photo's maps, its truth by cell (share of altered pixels), and its detectors' scores."""

    key: str
    channels: npt.NDArray[np.float32]
    truth: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float64]
    decided: frozenset[str]
    set: str
    half: str
    group: str
    chain: str
    altered: bool

    @property
    def found(self) -> dict[str, Finding]:
        """The findings as far as the photo's model looks at them."""
        return {
            d: Finding(detector=d, version=1, score=float(s))
            for d, s in zip(DETECTORS, self.scores, strict=True)
            if not np.isnan(s)
        }


def sample_of(read: Read) -> Sample | None:
    """Return what the fusion sees of a case; None where the photo was not opened."""
    if "chain" not in read.answers[PHOTO]:
        return None
    width, height = read.answers[PHOTO]["size"]
    shape = (height // fusion_maps.CELL, width // fusion_maps.CELL)
    channels = np.zeros((*shape, len(fusion_maps.channels())), np.float32)
    for name in DETECTORS:
        if name in read.maps:
            channels[..., channels_of(name)] = read.maps[name]
    case = read.case
    return Sample(
        key=case.key,
        channels=channels,
        truth=read.maps.get(PHOTO, np.zeros(shape, np.float32)),
        scores=np.array([read.score(d) for d in DETECTORS]),
        decided=frozenset(d for d in LOOKED if read.answers[d].get("supports")),
        set=case.set.split(" (")[0],
        half=case.half,
        group=case.group,
        chain=read.answers[PHOTO]["chain"],
        altered=PHOTO in read.maps and bool(read.maps[PHOTO].any()),
    )


def gather(options: Options, store: Store, *more: str) -> list[Read]:
    """Return the edited cases and what was read in them: what the fusion sees, and more detectors."""
    return store.read(limited(sampled(edited_cases(options)), options.limit), (*READ, *more))


def trained(reads: Sequence[Read]) -> list[Sample]:
    """Return the training half, less clones, which copy-move decides, and what only judges."""
    kept = [r for r in reads if r.case.half == "train" and r.case.set not in NOT_TRAINED and not _clone(r)]
    return [s for s in map(sample_of, kept) if s is not None]


def _clone(read: Read) -> bool:
    return read.case.recipe[0] == "file" and read.case.recipe[3] == "copymove"


def training_cells(samples: list[Sample]) -> tuple[Any, Any, Any]:
    """Return features, labels and weights of a sample of cells; each set and class weighs the same."""
    rng = np.random.default_rng(0)
    xs, ys, ws = [], [], []
    for s in samples:
        truth = s.truth.ravel()
        sure = np.flatnonzero((truth > 0.7) | (truth < 0.02))
        positive, negative = sure[truth[sure] > 0.7], sure[truth[sure] < 0.02]
        pick = np.concatenate(
            [
                rng.permutation(positive)[: CELLS_A_PHOTO // 2],
                rng.permutation(negative)[:CELLS_A_PHOTO],
            ]
        )
        features = fusion_maps.cell_features(s.channels)[pick]
        label = (truth[pick] > 0.7).astype(float)
        # Photos count alike, whatever their altered share: half of an altered photo's weight lies on its altered place.
        weight = np.where(label > 0, 0.5 / max(1, label.sum()), 0.5 / max(1, (1 - label).sum()))
        xs.append(features)
        ys.append(label)
        ws.append(weight * CELLS_A_PHOTO * _set_weight(s))
    return np.concatenate(xs), np.concatenate(ys), np.concatenate(ws)


def _set_weight(sample: Sample) -> float:
    return {"phone_paste": 2.0, "casia1": 1.0, "misd": 0.5}.get(sample.set, 1.0)


def fit_trees(samples: list[Sample]) -> Trees:
    """Fit the cells' trees."""
    return fit(*training_cells(samples), trees=90, depth=4, rate=0.12, l2=60.0)


def model_of(trees: Trees, cut: float) -> FusionModel:
    """Return a model that knows cells only."""
    size = len(photo_features(np.zeros((4, 4), np.float32), [], {}))
    return FusionModel(
        trees.base, trees.feature, trees.threshold, trees.leaf,
        np.zeros(size), np.zeros(size), np.ones(size), 0.0, cut, {"any": 0.0},
    )  # fmt: skip


def places_of(logits: npt.NDArray[np.float32], cut: float) -> list[Place]:
    """Return the places that :func:`fuse` would look at."""
    return [p for p in block_places(logits, cut, min_blocks=MIN_CELLS) if p.blocks <= MAX_SHARE * logits.size]


def decided_f1(logits: npt.NDArray[np.float32], truth: npt.NDArray[np.float32], cut: float) -> float:
    """Return the F1, in cells, of the places that would be circled."""
    mask = np.zeros(logits.shape, bool)
    for place in kept_places(places_of(logits, cut)):
        mask |= place.mask
    real = truth > 0.5
    return float(2 * (mask & real).sum() / max(1, mask.sum() + real.sum()))


def best_cut(logits: dict[str, Any], samples: list[Sample]) -> float:
    """Return the cut of the cells' log odds with the best mean F1, sets counted alike."""
    cuts = np.arange(-1.0, 2.6, 0.25)
    by_set: dict[str, list[list[float]]] = {}
    for s in samples:
        if s.altered and s.set in ("phone_paste", "casia1", "made"):
            by_set.setdefault(s.set, []).append([decided_f1(logits[s.key], s.truth, c) for c in cuts])
    mean = np.mean([np.mean(v, axis=0) for v in by_set.values()], axis=0)
    print("cut", dict(zip(np.round(cuts, 2), np.round(mean, 3), strict=True)))
    return float(cuts[int(mean.argmax())])


def fit_photo(x: npt.NDArray[Any], y: npt.NDArray[Any], weight: npt.NDArray[Any]) -> dict[str, Any]:
    """Fit the photo's model: weights >= 0, so that no evidence of a detector can speak for innocence."""
    mean, scale = np.average(x, axis=0, weights=weight), x.std(axis=0) + 1e-6
    z = np.clip((x - mean) / scale, -4, 4)
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(6000):
        p = 1 / (1 + np.exp(-(z @ w + b)))
        residual = weight * (y - p) / weight.sum()
        w = np.maximum(0, w + 0.3 * (z.T @ residual - 3e-3 * w))
        b += 0.3 * residual.sum()
    return {"weights": w.tolist(), "mean": mean.tolist(), "scale": scale.tolist(), "bias": float(b)}


def photo_logit(photo: dict[str, Any], x: npt.NDArray[Any]) -> Any:
    """Return the log odds of photos, one a row of features."""
    z = np.clip((x - photo["mean"]) / np.array(photo["scale"]), -4, 4)
    return z @ np.array(photo["weights"]) + photo["bias"]


def thresholds(score: npt.NDArray[Any], altered: npt.NDArray[Any], chains: list[str]) -> dict[str, float]:
    """Return the threshold a chain that the next untouched photo reaches with 1 %: its own where it has enough of them."""
    out = {"any": accusation_limit(score[~altered], FALSE_ALARMS)}
    for chain in sorted(set(chains)):
        own = score[~altered & (np.array(chains) == chain)]
        if own.size >= LEAST_UNTOUCHED:
            out[chain] = max(accusation_limit(own, FALSE_ALARMS), out["any"] - 1.0)
    return {chain: round(value, 5) + 1e-5 for chain, value in out.items()}


def train(known: list[Sample]) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the model as JSON values, and each photo's log odds from trees and a photo's model that knew none of its group."""
    logits: dict[str, Any] = {}
    for fold in range(FOLDS):
        trees = fit_trees([s for s in known if fold_of(s.group, FOLDS) != fold])
        for s in known:
            if fold_of(s.group, FOLDS) == fold:
                logits[s.key] = cell_logits(s.channels, model_of(trees, 0.0))
    cut = best_cut(logits, known)
    x = np.array([photo_features(logits[s.key], places_of(logits[s.key], cut), s.found) for s in known])
    y = np.array([s.altered for s in known])
    weight = np.array([_set_weight(s) for s in known])
    weight[y] *= weight[~y].sum() / weight[y].sum()
    held, folds = np.zeros(len(known)), np.array([fold_of(s.group, FOLDS) for s in known])
    for fold in range(FOLDS):
        inside = folds == fold
        held[inside] = photo_logit(fit_photo(x[~inside], y[~inside].astype(float), weight[~inside]), x[inside])
    trees = fit_trees(known)
    values = {
        "about": "cells: boosted trees; photo: logistic, weights >= 0",
        "photos": len(known),
        "altered": int(y.sum()),
        "features": list(fusion_maps.features()),
        "trees": {
            "base": round(trees.base, 5),
            "feature": trees.feature.tolist(),
            "threshold": [[_json(v) for v in t] for t in trees.threshold],
            "leaf": [[round(float(v), 5) for v in t] for t in trees.leaf],
        },
        "photo": fit_photo(x, y.astype(float), weight),
        "cell_cut": cut,
        "decision": thresholds(held, y, [s.chain for s in known]),
    }
    return values, {s.key: round(float(v), 5) for s, v in zip(known, held, strict=True)}


def photo_score(sample: Sample, model: FusionModel, logit: float | None = None) -> float:
    """Return the score that :func:`localize` gives, with another model's log odds of the photo where they are given."""
    if logit is None:
        logits = cell_logits(sample.channels, model)
        features = photo_features(logits, places_of(logits, model.cell_cut), sample.found)
        photo = {"mean": model.photo_mean, "scale": model.photo_scale, "weights": model.photo_weights}
        logit = float(photo_logit({**photo, "bias": model.photo_bias}, features))
    lifted = sample.decided & {*DECISIVE, "copy_move"}
    return max(logit, model.cut(sample.chain)) if lifted else logit


def held_scores() -> dict[str, float]:
    """Return the held-out log odds of the shipped fusion's training photos; none for one fitted before they were kept."""
    if shipped(PART).head.legacy:
        return {}
    stored = json.loads(HELD.read_text(encoding="utf-8")) if HELD.exists() else {}
    if stored.get("part") != digest(PART):
        raise SystemExit(f"{PART}: its held-out scores are not in {HELD.parent.name}; build it here first")
    return dict(stored["scores"])


def _json(value: float) -> float:
    """Infinity is no JSON; no feature reaches 1e9."""
    return float(f"{min(float(value), 1e9):.6g}")


def report(values: dict[str, Any], reads: Sequence[Read]) -> None:
    """Print, by set and chain, what the model reaches on the unseen half."""
    model = FusionModel.from_json(values)
    table: dict[tuple[str, str], list[list[float]]] = {}
    for read in reads:
        s = sample_of(read) if read.case.half == "unseen" else None
        if s is None:
            continue
        logits, score = cell_logits(s.channels, model), photo_score(s, model)
        hit = score >= model.cut(s.chain)
        f1 = decided_f1(logits, s.truth, model.cell_cut) if s.altered else np.nan
        auc = pixel_auc(logits, s.truth > 0.5) if s.altered and (s.truth > 0.5).any() else np.nan
        table.setdefault((s.set, read.case.chain), []).append([s.altered, score, hit, hit * f1, auc])
    print("set chain: altered untouched, image AUC, found, accused, decided F1, pixel AUC")
    for (name, chain), found in sorted(table.items()):
        rows = np.array(found, float)
        bad, good = rows[rows[:, 0] > 0], rows[rows[:, 0] == 0]
        area = float(roc_auc(rows[:, 1], rows[:, 0] > 0)) if len(bad) and len(good) else np.nan
        means = [np.nanmean(c) if len(c) else np.nan for c in (bad[:, 2], good[:, 2], bad[:, 3], bad[:, 4])]
        print(name, chain, len(bad), len(good), *(f"{v:.3f}" for v in (area, *means)))
    print("decision", model.decision, "cut", model.cell_cut, "weights", np.round(model.photo_weights, 2))


def fit_part(options: Options, store: Store, head: Head) -> None:
    """Read what is missing, fit, report, and write the fusion and its held-out scores."""
    reads = gather(options, store)
    known = trained(reads)
    values, held = train(known)
    report(values, reads)
    own = replace(head, data=data_digest(known), folds=FOLDS)
    text = json.dumps({"head": own.to_dict(), **values}, separators=(",", ":")) + "\n"
    PARTS[0].path.write_text(text, encoding="utf-8")
    HELD.write_text(json.dumps({"part": digest(PART), "scores": held}), encoding="utf-8")


def data_digest(samples: list[Sample]) -> str:
    """Return the SHA-256 of training photos as the fusion sees them."""
    total = hashlib.sha256()
    for s in sorted(samples, key=lambda s: s.key):
        total.update(s.key.encode() + s.channels.tobytes() + s.truth.tobytes() + s.scores.tobytes())
    return total.hexdigest()


PARTS = (Part(PART, fit_part, __name__, DETECTORS),)
