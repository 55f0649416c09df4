"""Weigh the cues into one number, with coefficients learned on training products (fusion.json, metric.npz)."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakeproof.artefact import Artefact, Head, digest, read, shipped
from fakeproof.errors import CalibrationError
from fakeproof.findings import frozen_array
from fakeproof.product.colour import likeness
from fakeproof.product.local_matches import LocalMatch, match_locally

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.product.references import Described

__all__ = ["CUES", "FEATURES", "Card", "Metric", "ShopPhoto", "against", "features", "load_card", "looks", "pooled"]

CUES = ("whole", "close", "product", "colour", "own colour", "local")
"""What is measured against each shop photo; all but the last may speak for either side, matches only for "same"."""
FEATURES = (*(f"best {cue}" for cue in CUES), "log photos")
"""What the weighing sees of all shop photos together."""
PART = "product.fusion"
METRIC_FILE = "metric.npz"
METRIC_ARRAYS = ("centre", "directions", "gains", "usual", "usual_colours")
"""What metric.npz holds."""
BOUND = 4.0
"""Largest score either way, natural log-odds: training saw 55 products and knows no more."""
CLOSE = 4
"""Row of the view that shows the product's place alone."""


@dataclass(frozen=True, eq=False)
class Metric:
    """Which directions of the features say little: those in which photos of *one* product differ among themselves.

    Parameters
    ----------
    centre : ndarray, shape (1280,), float32
        Average view of the training products.
    directions : ndarray, shape (128, 1280), float32
        Strongest within-product directions, unit length.
    gains : ndarray, shape (128,), float32
        What is added along each, -1 (forget it) to 0.
    usual : ndarray, shape (2, 1280), float32
        Mean adapted vectors of unrelated photos, seen whole and close: their product with a view is its mean likeness
        to anything. A dog looks like every dog; only what two photos share beyond that speaks for one product.
    usual_colours : ndarray, shape (2, 256), float32
        Mean colour description of unrelated photos.

    References
    ----------
    Hatch, Kajarekar and Stolcke, "Within-class covariance normalization for SVM-based speaker recognition",
    Interspeech 2006, doi:10.21437/Interspeech.2006-183. Likeness beyond that to a cohort: Auckenthaler, Carey and
    Lloyd-Thomas, "Score normalization for text-independent speaker verification systems", Digital Signal Processing
    10, 2000, doi:10.1006/dspr.1999.0360.
    """

    centre: npt.NDArray[np.float32]
    directions: npt.NDArray[np.float32]
    gains: npt.NDArray[np.float32]
    usual: npt.NDArray[np.float32]
    usual_colours: npt.NDArray[np.float32]

    def adapt(self, views: Any) -> Any:
        """Return unit vectors of the views in which differences within a product count less."""
        import numpy as np

        away = views - self.centre
        out = away + ((away @ self.directions.T) * self.gains) @ self.directions
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)

    def save(self, path: Path) -> None:
        """Write the metric in half precision."""
        import numpy as np

        np.savez_compressed(
            path,
            centre=self.centre.astype(np.float16),
            directions=self.directions.astype(np.float16),
            gains=self.gains.astype(np.float16),
            usual=self.usual.astype(np.float16),
            usual_colours=self.usual_colours.astype(np.float16),
        )

    @classmethod
    def load(cls, path: Any) -> Metric:
        """Read what :meth:`save` wrote."""
        import numpy as np

        with np.load(path, allow_pickle=False) as stored:
            return cls(*(frozen_array(stored[key].astype(np.float32)) for key in METRIC_ARRAYS))


@dataclass(frozen=True, eq=False)
class Card:
    """Coefficients and thresholds, with what they were learned on.

    Parameters
    ----------
    metric : Metric
        For comparing views.
    mean, scale, weights : ndarray, shape (7,), float64
        Standardisation and coefficients of :data:`FEATURES`; weights of likenesses are >= 0.
    intercept : float
        Of the log-odds for "same product".
    thresholds : dict of int to float
        Score from which a wrong product is claimed, by number of shop photos from which it holds.
    about : dict
        Counts and error rates of the training data.
    head : Head
        How it was fitted.
    """

    metric: Metric
    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    intercept: float
    thresholds: dict[int, float]
    about: dict[str, Any]
    head: Head | None = None

    def score(self, values: Any) -> float:
        """Return the log-odds for "another product", within +-4."""
        import numpy as np

        same = float(((np.asarray(values) - self.mean) / self.scale) @ self.weights + self.intercept)
        return float(np.clip(-same, -BOUND, BOUND))

    def threshold(self, photos: int) -> float:
        """Return the score from which a wrong product is claimed."""
        return self.thresholds[max((n for n in self.thresholds if n <= photos), default=min(self.thresholds))]

    def save(self, path: Path) -> None:
        """Write the card as JSON, and the metric beside it."""
        self.metric.save(path.with_name(METRIC_FILE))
        stored = hashlib.sha256(path.with_name(METRIC_FILE).read_bytes()).hexdigest()
        record = {
            "head": replace(self.head or Head(part=PART, command="Card.save"), files={METRIC_FILE: stored}).to_dict(),
            "features": list(FEATURES),
            "about": self.about,
            "intercept": round(self.intercept, 5),
            "mean": [round(float(v), 6) for v in self.mean],
            "scale": [round(float(v), 6) for v in self.scale],
            "weights": [round(float(v), 5) for v in self.weights],
            "thresholds": {str(n): round(v, 4) for n, v in self.thresholds.items()},
        }
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def load_card(path: Path | None = None) -> Card:
    """Read a card; the built-in one by default.

    Raises
    ------
    CalibrationError
        The card was made for other features, or its metric is not beside it.
    """
    if path is None:
        return _built_in()
    return _card(read(path.read_text(encoding="utf-8"), part=PART, folder=path.parent))


@lru_cache(maxsize=1)
def _built_in() -> Card:
    part = shipped(PART)
    part.head.check_part("product.embedding", digest("product.embedding"))
    return _card(part)


def _card(part: Artefact) -> Card:
    import numpy as np

    record = part.values
    if tuple(record.get("features", ())) != FEATURES:
        raise CalibrationError(f"{PART}: made for features {record.get('features')}, this version uses {FEATURES}")
    mean, scale, weights = (frozen_array(np.array(record[key], np.float64)) for key in ("mean", "scale", "weights"))
    return Card(
        metric=Metric.load(io.BytesIO(part.beside(METRIC_FILE))),
        mean=mean,
        scale=scale,
        weights=weights,
        intercept=record["intercept"],
        thresholds={int(n): float(v) for n, v in record["thresholds"].items()},
        about=record["about"],
        head=part.head,
    )


@dataclass(frozen=True, eq=False)
class ShopPhoto:
    """How the photo compares with one shop photo: the cues in the order of :data:`CUES`, and the matched points."""

    described: Described
    cues: tuple[float, ...]
    local: LocalMatch


def against(photo: Described, shop: Described, metric: Metric) -> ShopPhoto:
    """Compare the photo with one shop photo."""
    local = match_locally(photo, shop)
    return ShopPhoto(shop, (*looks(photo, shop, metric), local.strength), local)


def looks(photo: Described, shop: Described, metric: Metric) -> tuple[float, ...]:
    """Return all cues but the matches: likeness of features and colours, beyond each photo's likeness to anything."""
    colour = likeness(photo.chroma, shop.chroma)
    usual = (likeness(photo.chroma, metric.usual_colours) + likeness(shop.chroma, metric.usual_colours)) / 2
    if photo.views.shape[1] != len(metric.centre):
        raw = photo.views @ shop.views.T
        return float(raw[0, 0]), float(raw[-1, -1]), float(raw.max()), colour, colour - usual
    ours, theirs = metric.adapt(photo.views), metric.adapt(shop.views)
    grid = ours @ theirs.T
    whole, close = ((ours[row] + theirs[row]) @ mean / 2 for row, mean in zip((0, CLOSE), metric.usual, strict=True))
    return (
        float(grid[0, 0] - whole),
        float(grid[CLOSE, CLOSE] - close),
        float(grid.max() - close),
        colour,
        colour - usual,
    )


def features(compared: Sequence[ShopPhoto]) -> npt.NDArray[np.float64]:
    """Return what the weighing sees: the best of each cue over all shop photos, and how many there are."""
    import numpy as np

    return pooled(np.array([shop.cues for shop in compared], np.float64))


def pooled(cues: Any) -> npt.NDArray[np.float64]:
    """Return :data:`FEATURES` for an array of cues, shape (shop photos, cues)."""
    import numpy as np

    return np.concatenate([cues.max(axis=0), [np.log(len(cues))]])
