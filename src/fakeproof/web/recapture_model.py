"""The learned part of `recapture`: what is measured in a photo, and how it is weighed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from fakeproof._kernels.fusion import tree_sums
from fakeproof.artefact import Artefact, shipped
from fakeproof.backbone import SMALL_SIDE, features, squared
from fakeproof.web.recapture_cues import cue_features, halved, planes_of, working
from fakeproof.web.recapture_spectrum import TileSpectra, spectral_features, tile_spectra

if TYPE_CHECKING:
    from fakeproof.types import RGB8

__all__ = ["Look", "Weights", "look_at", "weights"]

FULL_TILES, HALF_TILES = 24, 12
"""Tiles measured at most, at the first size and at half of it."""
PLANES = ("Y", "B", "R")
"""Luma, blue and red difference; those of half the size have a 2 behind."""


@dataclass(frozen=True, eq=False)
class Look:
    """What is measured in one photo.

    `cues` are named numbers; `views` are square roots of the backbone's pooled features, each brought to unit length:
    the whole picture, the mean over four places at the photo's own scale, and the spread within them. `spectra` are
    those of the first size, `shown` the size (width, height) that they were measured at.
    """

    cues: Mapping[str, float]
    views: npt.NDArray[np.float32]
    spectra: Mapping[str, TileSpectra]
    shown: tuple[int, int]


def look_at(rgb: RGB8) -> Look:
    """Measure a photo whose sides both reach 128 px."""
    seen = working(rgb)
    full, half = planes_of(seen), planes_of(halved(seen))
    spectra = {name: tile_spectra(plane, most=FULL_TILES) for name, plane in zip(PLANES, full, strict=True)}
    cues: dict[str, float] = {}
    for name, found in spectra.items():
        cues |= spectral_features(found, name)
    for name, plane in zip(PLANES, half, strict=True):
        cues |= spectral_features(tile_spectra(plane, most=HALF_TILES), f"{name}2")
    cues |= cue_features(seen, full, half)
    return Look(cues, _views(seen), spectra, (seen.shape[1], seen.shape[0]))


def _views(rgb: RGB8) -> npt.NDArray[np.float32]:
    cells = features(squared(rgb), *_places(rgb))
    near = cells[1:]
    pooled = np.stack([cells[0].mean(axis=(0, 1)), near.mean(axis=(0, 1, 2)), near.std(axis=(1, 2)).mean(axis=0)])
    root = np.sqrt(np.maximum(pooled, 0))
    return (root / np.maximum(np.linalg.norm(root, axis=1, keepdims=True), 1e-9)).astype(np.float32)  # type: ignore[no-any-return]


def _places(rgb: RGB8) -> list[Any]:
    """Cut four squares at the photo's own scale; a photo too small for one is enlarged."""
    import cv2

    height, width = rgb.shape[:2]
    if min(height, width) < SMALL_SIDE:
        scale = SMALL_SIDE / min(height, width)
        size = max(SMALL_SIDE, round(width * scale)), max(SMALL_SIDE, round(height * scale))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        height, width = rgb.shape[:2]
    rows = [int((height - SMALL_SIDE) * share) for share in (0.25, 0.75)]
    columns = [int((width - SMALL_SIDE) * share) for share in (0.25, 0.75)]
    return [rgb[y : y + SMALL_SIDE, x : x + SMALL_SIDE] for y in rows for x in columns]


@dataclass(frozen=True, eq=False)
class Weights:
    """A linear part over cues and views, boosted trees over cues, and a second linear part that parts prints from screens.

    `linear` and `print_` hold one weight a cue, one a view's feature, and the constant; `mean` and `scale` are of the
    cues and views as they were fitted. `joined` are the weights of the linear part and the trees, and the constant.
    """

    names: tuple[str, ...]
    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    linear: npt.NDArray[np.float32]
    print_: npt.NDArray[np.float32]
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    leaf: npt.NDArray[np.float32]
    joined: tuple[float, float, float]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, part: Artefact) -> Self:
        """Read the weights from the shipped part."""
        held = np.load(io.BytesIO(part.beside("recapture.npz")), allow_pickle=False)
        arrays = {name: held[name] for name in ("mean", "scale", "linear", "print_", "feature", "threshold", "leaf")}
        return cls(names=tuple(part.values["cues"]), joined=tuple(part.values["joined"]), values=part.values, **arrays)

    def row(self, look: Look) -> npt.NDArray[np.float32]:
        """Return cues and views as one standardised row; cues are cut at four standard deviations."""
        raw = np.concatenate([[look.cues[name] for name in self.names], look.views.ravel()]).astype(np.float32)
        row = (raw - self.mean) / self.scale
        np.clip(row[: len(self.names)], -4, 4, out=row[: len(self.names)])
        return row  # type: ignore[no-any-return]

    def score(self, row: npt.NDArray[np.float32]) -> float:
        """Return the natural log odds of a recapture against a photo of the thing, at equal numbers of both."""
        linear = float(row @ self.linear[:-1] + self.linear[-1])
        cues = np.ascontiguousarray(row[None, : len(self.names)])
        trees = float(tree_sums(cues, self.feature, self.threshold, self.leaf)[0])
        return self.joined[0] * linear + self.joined[1] * trees + self.joined[2]

    def print_score(self, row: npt.NDArray[np.float32]) -> float:
        """Return the natural log odds of a print against a screen."""
        return float(row @ self.print_[:-1] + self.print_[-1])


@lru_cache(maxsize=1)
def weights() -> Weights:
    """Return the shipped weights."""
    return Weights.of(shipped("web.recapture"))
