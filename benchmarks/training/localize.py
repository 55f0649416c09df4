"""The fusion of :func:`fakeproof.edited.localize`.

The cache keeps the detectors' maps, one small file a photo, so that a second fit takes a minute. Only training groups are
fitted; trees are fitted in folds of groups, so that the photo's model and the thresholds see only logits of photos
that the trees did not know.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

import fakeproof as fp
from benchmarks.frame import Options
from benchmarks.material.chains import apply_chain
from benchmarks.material.data import Row, rows, split
from benchmarks.material.forgeries import KINDS, forge, untouched
from benchmarks.training.boosting import Trees, fit
from benchmarks.training.parts import Part
from fakeproof.artefact import Head
from fakeproof.edited import fusion_maps
from fakeproof.edited.block_maps import Place, block_places
from fakeproof.edited.localize import MAX_SHARE, MIN_CELLS, FusionModel, cell_logits, kept_places, photo_features
from fakeproof.errors import PhotoError
from fakeproof.evidence.metrics import roc_auc
from fakeproof.evidence.pixels import pixel_auc
from fakeproof.findings import Finding

CACHE = Path(__file__).parent.parent / ".cache" / "fusion"
TRAINED_SETS = ("phone_paste", "casia1", "misd")
FOLDS = 3
WORKERS = 2
VIEWS = 3
"""Parts that a camera photo is looked at in: the collections hold few of them, each large."""
CELLS_A_PHOTO = 500
FALSE_ALARMS = 0.01
MAX_PIXELS = 4_000_000
"""Larger photos only repeat what smaller ones teach, at many times the cost."""
DETECTORS = tuple(d.name for d in fusion_maps.fused())
"""A verified copy-move decides by itself; the trees do not weigh it."""


@dataclass
class Sample:
    """A photo's maps, its truth by cell (share of altered pixels), and its detectors' scores."""

    key: str
    channels: npt.NDArray[np.float32]
    truth: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float64]
    set: str
    half: str
    group: str
    kind: str
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


@dataclass(frozen=True)
class Made:
    """One photo to look at: its bytes, its mask in displayed pixels (None: untouched), and where it comes from."""

    key: str
    row: Row
    set: str
    data: bytes
    mask: npt.NDArray[np.bool_] | None
    kind: str


def cases(options: Options) -> Iterator[Made]:
    """Yield everything that trains or measures the fusion.

    An untouched photo comes as it is, saved once more, twice more, and through the chat chain after either: what a
    photo's travels leave must never be learned as an edit.
    """
    for name in TRAINED_SETS:
        for number, row in enumerate(sorted(rows(options, set=name), key=_order)):
            if row.kind == "copymove":
                continue
            mask = cv2.imread(str(row.mask_path), 0) > 127 if row.mask_path is not None else None
            key, data = f"{name}-{row.role[:4]}-{row.path.stem}", row.path.read_bytes()
            yield Made(key, row, name, data, mask, row.kind)
            if number % 2 == 0:
                sent = apply_chain(data, "chat", seed=number)
                moved = None if mask is None else sent.mask(mask)
                yield Made(f"chat-{key}", row, f"{name} (chat)", sent.data, moved, row.kind)
    cameras = [
        r
        for r in rows(options, need="camera")
        if r.role in ("original", "natural") and r.path.suffix.lower() in (".jpg", ".jpeg")
    ]
    yield from _made(cameras, "cam", VIEWS, (720, 1080))
    yield from _made(rows(options, need="sources"), "src", 1, None)


def _order(row: Row) -> str:
    return hashlib.sha256(row.path.name.encode()).hexdigest()


def _made(hosts: list[Row], name: str, views: int, sizes: tuple[int, ...] | None) -> Iterator[Made]:
    """Yield each host as it is, and each of its views forged, saved again, and sent on."""
    for i, row in enumerate(hosts):
        data = row.path.read_bytes()
        key = f"{name}-{{}}-{row.set}-{row.path.stem}-{{}}"
        yield Made(key.format("asis", 0), row, "camera" if name == "cam" else "sources", data, None, "")
        yield Made(key.format("chat", 0), row, "chat", apply_chain(data, "chat", seed=i).data, None, "")
        other = hosts[(i + 3) % len(hosts)]
        donor = other.path.read_bytes() if split(other) == split(row) else None
        for view in range(views):
            host = data if view == 0 else _part(data, seed=10 * i + view)
            for k, chain in enumerate(("asis", "asis", "chat")):
                seed = 1000 * i + 10 * view + k
                made = forge(
                    host,
                    kind=KINDS[(3 * i + 5 * view + k) % len(KINDS)],
                    seed=seed,
                    donor=donor,
                    chain=chain,
                    sizes=sizes,
                )
                sent = "" if chain == "asis" else f" ({chain})"
                yield Made(key.format("forge", f"{view}{k}"), row, f"forged{sent}", made.data, made.mask, made.kind)
                again = untouched(host, seed=seed, chain=chain, sizes=sizes).data
                yield Made(key.format("saved", f"{view}{k}"), row, f"resaved{sent}", again, None, "")


def _part(data: bytes, *, seed: int) -> bytes:
    """Return a part of a large photo, half to three quarters of each side, at high quality: other content, same camera."""
    rng = np.random.default_rng(seed)
    with Image.open(io.BytesIO(data)) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    width, height = (int(v * rng.uniform(0.5, 0.75)) for v in image.size)
    left, top = int(rng.integers(image.width - width)), int(rng.integers(image.height - height))
    out = io.BytesIO()
    image.crop((left, top, left + width, top + height)).save(out, "JPEG", quality=97, subsampling=0)
    return out.getvalue()


def collect(options: Options, cache: Path) -> None:
    """Run the detectors on every case that the cache does not hold yet, on two cores."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = (made for made in cases(options) if not (cache / f"{made.key}.npz").exists())
    with ProcessPoolExecutor(WORKERS) as pool:
        while batch := list(islice(missing, 16 * WORKERS)):  # map() alone would read all photos at once
            for problem in pool.map(_look, batch, [cache] * len(batch)):
                if problem:
                    print(problem)


def _look(made: Made, cache: Path) -> str:
    """Write the maps of one case; return what went wrong."""
    cv2.setNumThreads(1)
    try:
        photo = fp.Photo.from_bytes(made.data)
    except PhotoError as error:
        return f"{made.key}: {error}"
    if photo.size[0] * photo.size[1] > MAX_PIXELS:
        return ""
    answers = {d: getattr(fp.edited, d)(photo) for d in DETECTORS}
    found = {d: f for d, f in answers.items() if isinstance(f, Finding)}
    channels = fusion_maps.cell_channels(photo, found)
    np.savez_compressed(
        cache / f"{made.key}.npz",
        ch=channels.astype(np.float16),
        m=_by_cell(made.mask, channels.shape[:2]).astype(np.float16),
        score=np.array([found[d].score if d in found else np.nan for d in DETECTORS]),
        set=made.set, half=split(made.row), group=made.row.component, kind=made.kind, chain=photo.chain.kind,
    )  # fmt: skip
    return ""


def _by_cell(mask: npt.NDArray[np.bool_] | None, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    if mask is None:
        return np.zeros(shape, np.float32)
    whole = mask[: shape[0] * 8, : shape[1] * 8].astype(np.float32)
    return cv2.resize(whole, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def load(cache: Path) -> list[Sample]:
    """Read the cache."""
    out = []
    for path in sorted(cache.glob("*.npz")):
        with np.load(path) as z:
            truth = z["m"].astype(np.float32)
            out.append(
                Sample(
                    key=path.stem,
                    channels=z["ch"].astype(np.float32)[..., : len(fusion_maps.channels())],
                    truth=truth,
                    scores=z["score"].astype(float),
                    set=str(z["set"]),
                    half=str(z["half"]),
                    group=str(z["group"]),
                    kind=str(z["kind"]),
                    chain=str(z["chain"]),
                    altered=bool(truth.any()),
                )
            )
    return out


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


def fold_of(sample: Sample) -> int:
    """Return the fold of a sample's group."""
    return hashlib.sha256(("fold" + sample.group).encode()).digest()[0] % FOLDS


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
        if s.altered and s.set in ("phone_paste", "casia1", "forged"):
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
    """Return the threshold a chain that keeps false alarms at 1 %: its own where it has 150 untouched photos."""
    innocent = np.sort(score[~altered])
    out = {"any": _quantile(innocent)}
    for chain in sorted(set(chains)):
        own = np.sort(score[~altered & (np.array(chains) == chain)])
        if own.size >= 150:
            out[chain] = max(_quantile(own), out["any"] - 1.0)
    return out


def _quantile(innocent: npt.NDArray[Any]) -> float:
    """Return a score that a share FALSE_ALARMS / 2 of untouched photos exceeds: room for what was not seen."""
    allowed = int(FALSE_ALARMS / 2 * innocent.size)
    return float(innocent[-1 - allowed] + 0.05)


def train(samples: list[Sample]) -> dict[str, Any]:
    """Return the model as JSON values, fitted on training groups only."""
    known = [s for s in samples if s.half == "train"]
    logits: dict[str, Any] = {}
    for fold in range(FOLDS):
        trees = fit_trees([s for s in known if fold_of(s) != fold])
        for s in known:
            if fold_of(s) == fold:
                logits[s.key] = cell_logits(s.channels, model_of(trees, 0.0))
    cut = best_cut(logits, known)
    x = np.array([photo_features(logits[s.key], places_of(logits[s.key], cut), s.found) for s in known])
    y = np.array([s.altered for s in known])
    weight = np.array([_set_weight(s) for s in known])
    weight[y] *= weight[~y].sum() / weight[y].sum()
    photo = fit_photo(x, y.astype(float), weight)
    trees = fit_trees(known)
    return {
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
        "photo": photo,
        "cell_cut": cut,
        "decision": thresholds(photo_logit(photo, x), y, [s.chain for s in known]),
    }


def _json(value: float) -> float:
    """Infinity is no JSON; no feature reaches 1e9."""
    return float(f"{min(float(value), 1e9):.6g}")


def report(values: dict[str, Any], samples: list[Sample]) -> None:
    """Print, by set and half, what the model reaches on the cache."""
    model = FusionModel.from_json(values)
    table: dict[tuple[str, str], list[list[float]]] = {}
    for s in samples:
        logits = cell_logits(s.channels, model)
        places = places_of(logits, model.cell_cut)
        score = float(photo_logit(values["photo"], photo_features(logits, places, s.found)[None])[0])
        hit = score >= model.cut(s.chain)
        f1 = decided_f1(logits, s.truth, model.cell_cut) if s.altered else np.nan
        auc = pixel_auc(logits, s.truth > 0.5) if s.altered else np.nan
        table.setdefault((s.set, s.half), []).append([s.altered, score, hit, f1, hit * f1, auc])
    for name, half in sorted(table):
        rows_ = np.array(table[name, half], float)
        bad, good = rows_[rows_[:, 0] > 0], rows_[rows_[:, 0] == 0]
        area = roc_auc(rows_[:, 1], rows_[:, 0] > 0) if len(bad) and len(good) else np.nan
        with np.errstate(all="ignore"):
            print(
                f"{name:12} {half:7} altered {len(bad):3} untouched {len(good):3} image AUC {float(area):.3f} "
                f"found {bad[:, 2].mean() if len(bad) else np.nan:.2f} "
                f"accused {good[:, 2].mean() if len(good) else np.nan:.3f} "
                f"F1 places {np.nanmean(bad[:, 3]) if len(bad) else np.nan:.3f} "
                f"decided {np.nanmean(bad[:, 4]) if len(bad) else np.nan:.3f} "
                f"pixel AUC {np.nanmean(bad[:, 5]) if len(bad) else np.nan:.3f}"
            )
    print("decision", model.decision, "cut", model.cell_cut, "weights", np.round(model.photo_weights, 2))


def fit_part(options: Options, head: Head) -> None:
    """Collect what is missing, fit, report, and write the fusion."""
    collect(options, CACHE)
    samples = load(CACHE)
    values = train(samples)
    report(values, samples)
    own = replace(head, data=digest(samples), folds=FOLDS)
    text = json.dumps({"head": own.to_dict(), **values}, separators=(",", ":")) + "\n"
    PARTS[0].path.write_text(text, encoding="utf-8")


def digest(samples: list[Sample]) -> str:
    """Return the SHA-256 of the training half."""
    total = hashlib.sha256()
    for s in sorted((s for s in samples if s.half == "train"), key=lambda s: s.key):
        total.update(s.key.encode() + s.channels.tobytes() + s.truth.tobytes() + s.scores.tobytes())
    return total.hexdigest()


PARTS = (Part("edited.fusion", fit_part, __name__, DETECTORS),)
