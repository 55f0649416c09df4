"""The learned part of `recapture`: a linear part over cues and views, boosted trees over cues, and print against screen.

Split by person: whose photos are weighed was not among those that the weights were fitted on. A person is the manifest's
group of the ``recapture`` set; photos of other sets are untouched ones and are split by scene.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

import fakeproof as fp
from benchmarks.frame import Options
from benchmarks.material.chains import apply_chain
from benchmarks.material.data import Row, rows
from benchmarks.training.boosting import Trees, fit
from benchmarks.training.parts import Part
from benchmarks.training.store import CACHE, Store
from fakeproof._kernels.fusion import tree_sums
from fakeproof.artefact import Head
from fakeproof.web.recapture_cues import working
from fakeproof.web.recapture_model import Look, look_at

FOLDS = 8
MOST = {"real": 40, "screen": 45, "print": 45}
"""Photos of one person and kind that are looked at; of an untouched set 150."""
MOST_UNTOUCHED = 150
FALSE_ALARMS = 0.0075
"""Share of untouched photos, held out, above the threshold: three quarters of what is promised, for people not seen."""
LINEAR_PULL, PRINT_PULL = 0.5, 2.0
"""Strength of the pull to zero."""
VIEW_GAIN = 0.7
"""Weight of a view's features before fitting, against cues."""
TREES = {"trees": 200, "depth": 4, "rate": 0.07, "l2": 8.0, "columns": 0.2}
KIND_SURE = 2.0
"""Natural log odds from which print or screen is named."""


@dataclass(frozen=True, eq=False)
class Sample:
    """What was measured in one photo after one chain."""

    key: str
    group: str
    role: str
    chain: str
    cues: dict[str, float]
    views: npt.NDArray[np.float32]


def photos(options: Options) -> list[tuple[str, str, Path]]:
    """Return group, role and file of what is looked at, an even sample of each group and role."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows(options):
        if row.need == "recapture":
            found[row.group, row.role].append(row)
        elif _untouched(row):
            found[f"{row.need}:{row.set}", "real"].append(row)
    out = []
    for (group, role), several in sorted(found.items()):
        several.sort(key=lambda r: hashlib.sha256(r.path.name.encode()).digest())
        most = MOST_UNTOUCHED if ":" in group else MOST[role]
        out += [(group, role, row.path) for row in several[:most]]
    return out


def _untouched(row: Row) -> bool:
    if row.need == "tamper":
        return row.role == "authentic"
    return row.role not in ("ai_generated", "tampered")


def delivered(path: Path, role: str) -> Iterator[tuple[str, Any]]:
    """Yield the photo as it is and after chains drawn by its name: by chat, reduced further, as a screenshot."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:4], "big"))
    with Image.open(path) as opened:
        rgb = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    pick = rng.random()
    yield "asis", rgb
    if role != "real" or pick < 0.5:
        yield "chat", _saved(_reduced(rgb, int(rng.choice([1600, 1280, 1440, 1080, 960]))), int(rng.integers(60, 86)))
    if 0.5 < pick < 0.75:
        yield "small", _saved(_reduced(rgb, int(rng.integers(400, 900))), int(rng.integers(72, 93)))
    if pick > 0.75:
        shot = apply_chain(_jpeg(working(rgb), 92), "screenshot", seed=int(rng.integers(2**31)))
        yield "screenshot", _decoded(shot.data)


def _reduced(rgb: Any, side: int) -> Any:
    import cv2

    scale = side / max(rgb.shape[:2])
    size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
    return rgb if scale >= 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _jpeg(rgb: Any, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality, subsampling=2)
    return out.getvalue()


def _decoded(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"))


def _saved(rgb: Any, quality: int) -> Any:
    return _decoded(_jpeg(rgb, quality))


def collect(options: Options, store: Path) -> list[Sample]:
    """Measure every photo, each kept in one file of the store, so that a second fit takes a minute."""
    store.mkdir(parents=True, exist_ok=True)
    out: list[Sample] = []
    for group, role, path in photos(options):
        kept = _place(store, group, role, path)
        if not kept.exists():
            _keep(kept, path, role)
        out += _kept(kept, group, role)
    return out


def kept_samples(options: Options) -> list[Sample]:
    """Return what training measured so far; all of it is measured now where there is nothing."""
    folder = CACHE / "recapture"
    there = [(g, r, p) for g, r, p in photos(options) if _place(folder, g, r, p).exists()]
    return [s for g, r, p in there for s in _kept(_place(folder, g, r, p), g, r)] or collect(options, folder)


def _place(store: Path, group: str, role: str, path: Path) -> Path:
    return store / f"{hashlib.sha256(f'{group}/{role}/{path.name}'.encode()).hexdigest()[:16]}.npz"


def _keep(kept: Path, path: Path, role: str) -> None:
    looks: list[tuple[str, Look]] = []
    try:
        looks = [(chain, look_at(rgb)) for chain, rgb in delivered(path, role) if min(rgb.shape[:2]) >= 128]
    except (OSError, fp.PhotoError) as error:
        print(f"{path.name}: {error}")
    names = list(looks[0][1].cues) if looks else []
    np.savez(
        kept,
        chains=np.array([chain for chain, _ in looks]),
        names=np.array(names),
        cues=np.array([[look.cues[n] for n in names] for _, look in looks], np.float32),
        views=np.array([look.views for _, look in looks], np.float16),
    )


def _kept(kept: Path, group: str, role: str) -> list[Sample]:
    with np.load(kept) as held:
        names = [str(n) for n in held["names"]]
        return [
            Sample(
                kept.stem,
                group,
                role,
                str(chain),
                dict(zip(names, map(float, cues), strict=True)),
                views.astype(np.float32),
            )
            for chain, cues, views in zip(held["chains"], held["cues"], held["views"], strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Fitted:
    """One fit; see `fakeproof.web.recapture_model.Weights`."""

    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    linear: npt.NDArray[np.float32]
    trees: Trees
    cues: int

    def rows(self, raw: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Standardise as the package does."""
        out = (raw - self.mean) / self.scale
        np.clip(out[:, : self.cues], -4, 4, out=out[:, : self.cues])
        return out.astype(np.float32)

    def parts(self, raw: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return what the linear part and the trees say, shape (n, 2)."""
        row = self.rows(raw)
        trees = tree_sums(
            np.ascontiguousarray(row[:, : self.cues]), self.trees.feature, self.trees.threshold, self.trees.leaf
        )
        return np.stack([row @ self.linear[:-1] + self.linear[-1], trees], axis=1).astype(np.float64)


def table(samples: list[Sample]) -> tuple[list[str], npt.NDArray[np.float32]]:
    """Return the cues' names and one row a sample: cues, then views."""
    names = list(samples[0].cues)
    raw = np.array([np.concatenate([[s.cues[n] for n in names], s.views.ravel()]) for s in samples], np.float32)
    return names, raw


def weight_of(samples: list[Sample], label: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weigh groups by the root of their size, and both classes alike."""
    counts: dict[Any, int] = defaultdict(int)
    for s, y in zip(samples, label, strict=True):
        counts[s.group, y] += 1
    weight = np.array([counts[s.group, y] ** -0.5 for s, y in zip(samples, label, strict=True)])
    for value in (0.0, 1.0):
        weight[label == value] /= weight[label == value].sum()
    return weight * len(weight) / 2


def logistic(x: Any, y: Any, weight: Any, pull: float) -> Any:
    """Fit logistic regression with a pull to zero; the constant comes last."""
    from scipy.optimize import minimize

    def loss(parameters: Any) -> tuple[float, Any]:
        z = x @ parameters[:-1] + parameters[-1]
        slope = weight * (1 / (1 + np.exp(-np.clip(z, -50, 50))) - y) / weight.sum()
        value = (weight * (np.logaddexp(0, z) - y * z)).sum() / weight.sum() + pull * (parameters[:-1] ** 2).sum() / 2
        return float(value), np.append(x.T @ slope + pull * parameters[:-1], slope.sum())

    start = np.zeros(x.shape[1] + 1)
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x


def fit_once(raw: Any, cues: int, y: Any, weight: Any, seed: int) -> Fitted:
    """Fit the linear part and the trees."""
    mean, scale = raw.mean(axis=0), raw.std(axis=0) + 1e-6
    width = (raw.shape[1] - cues) // 3
    for view in range(3):
        part = slice(cues + view * width, cues + (view + 1) * width)
        scale[part] = (raw[:, part] - mean[part]).std() / VIEW_GAIN
    bare = Fitted(mean, scale, np.zeros(0, np.float32), Trees(0.0, *[np.zeros((0, 1))] * 3), cues)  # type: ignore[arg-type]
    row = bare.rows(raw)
    linear = logistic(row.astype(np.float64), y, weight, LINEAR_PULL)
    trees = fit(np.ascontiguousarray(row[:, :cues]), y, weight, seed=seed, **TREES)
    return Fitted(mean, scale, linear.astype(np.float32), trees, cues)


def fold_of(sample: Sample, people: list[str]) -> int:
    """Return a sample's fold: a person's as a whole, of untouched sets by photo."""
    if sample.group in people:
        return people.index(sample.group) % FOLDS
    return int(sample.key[:8], 16) % FOLDS


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What samples got from fits that knew neither them nor their person."""

    score: npt.NDArray[np.float64]
    print_score: npt.NDArray[np.float64]
    joined: npt.NDArray[np.float64]


def held_out(samples: list[Sample], seed: int) -> HeldOut:
    """Weigh every sample by fits on other people."""
    names, raw = table(samples)
    y = np.array([float(s.role != "real") for s in samples])
    weight = weight_of(samples, y)
    people = sorted({s.group for s in samples if s.role != "real"})
    fold = np.array([fold_of(s, people) for s in samples])
    parts, prints = np.zeros((len(samples), 2)), np.zeros(len(samples))
    for k in range(FOLDS):
        kept = fold != k
        fitted = fit_once(raw[kept], len(names), y[kept], weight[kept], seed)
        parts[~kept] = fitted.parts(raw[~kept])
        told = fit_print(fitted.rows(raw), samples, kept)
        prints[~kept] = fitted.rows(raw[~kept]) @ told[:-1] + told[-1]
    joined = logistic(parts, y, weight, 1e-3)
    return HeldOut(parts @ joined[:-1] + joined[-1], prints, joined)


def fit_print(row: Any, samples: list[Sample], kept: npt.NDArray[np.bool_]) -> Any:
    """Fit print against screen on those samples that are either."""
    use = kept & np.array([s.role != "real" for s in samples])
    y = np.array([float(s.role == "print") for s in samples])[use]
    if not y.any():
        return np.append(np.zeros(row.shape[1]), -9.0)
    weight = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    return logistic(row[use].astype(np.float64), y, weight, PRINT_PULL)


def fit_part(options: Options, store: Store, head: Head) -> None:
    """Fit on all people; thresholds come from scores of people held out in turn."""
    del store  # of answers, not of features
    samples = collect(options, CACHE / "recapture")
    held = held_out(samples, options.seed)
    names, raw = table(samples)
    y = np.array([float(s.role != "real") for s in samples])
    fitted = fit_once(raw, len(names), y, weight_of(samples, y), options.seed)
    told = fit_print(fitted.rows(raw), samples, np.ones(len(samples), bool))
    arrays = {
        "mean": fitted.mean, "scale": fitted.scale, "linear": fitted.linear, "print_": told.astype(np.float32),
        "feature": fitted.trees.feature, "threshold": fitted.trees.threshold, "leaf": fitted.trees.leaf,
    }  # fmt: skip
    path = PARTS[0].path
    beside = path.with_suffix(".npz")
    np.savez_compressed(beside, **arrays)
    data = hashlib.sha256(json.dumps([(s.key, s.role, s.chain) for s in samples]).encode()).hexdigest()
    files = {beside.name: hashlib.sha256(beside.read_bytes()).hexdigest()}
    values = {
        "head": replace(head, data=data, folds=FOLDS, files=files).to_dict(),
        "about": {
            "people": len({s.group for s in samples if s.role != "real"}),
            "recaptures": len({s.key for s in samples if s.role != "real"}),
            "untouched": len({s.key for s in samples if s.role == "real"}),
        },
        "cues": names,
        "joined": [round(float(v), 6) for v in held.joined],
        "cut": round(cut_of(held.score[y == 0]), 4),
        "print": {"above": KIND_SURE, "below": -KIND_SURE},
    }
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def cut_of(untouched: npt.NDArray[np.float64]) -> float:
    """Return the score that at most :data:`FALSE_ALARMS` of untouched samples reach."""
    return float(np.quantile(untouched, 1 - FALSE_ALARMS, method="higher")) + 1e-3


PARTS = (Part("web.recapture", fit_part, __name__, needs=("product.embedding",)),)
