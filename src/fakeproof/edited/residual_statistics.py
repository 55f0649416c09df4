"""Two maps of noise, one value a cell: its level, and the statistics of its residual, each against the photo's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fakeproof.edited.marks.aside import aside
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["NoiseMaps", "noise_maps"]

Plane = npt.NDArray[np.float32]

CELL = 8
"""Pixels a side of a cell."""
STRIP, MARGIN = 16, 24
"""Rows of cells that are filtered at once; pixels around them that the filters may reach (the widest reaches 16)."""
WINDOW_SMALL, WINDOW_LARGE = 8, 12
"""Cells a side of the window whose residual statistics are compared: 64 and 96 px; the paper uses 128."""
LARGE = 600_000
"""Pixels from which the larger window is used."""
THIN_OUT = 2_000_000
"""Pixels above which every other row is counted: windows stay well filled."""
STEP = 6.0
"""Quantisation step of the residual, grey levels: 3q/256 of full scale with q = 2 in the paper."""
DARKEST, BRIGHTEST = 6, 252
"""Luma beyond which a sensor or a decoder may have clipped; Cozzolino et al. 2015."""
FILLED = 0.6
"""Share of usable pixels that a window needs."""
COMPONENTS = 12
"""Principal components kept; the paper keeps up to 25, windows of 64 px carry fewer."""
TRIMMED = 0.25
"""Share of windows left out when the photo's own model is fitted: the largest altered part looked for."""
ROUNDS = 8
AT_ONCE = 4096
"""Windows whose features are taken to double precision at once."""
FITTED = 3000
"""Windows, evenly spread, on which the bulk is found; neighbours overlap, more add nothing."""
LEVEL_CELLS = 5
"""Cells (40 px) over which the noise level's deviation is averaged."""
CLASSES = (8, 8)
"""Classes of brightness and of coarse structure within which noise levels are compared."""
MIN_CLASS = 12
NOISE_IN_STRUCTURE = 0.16
"""Mean absolute response of the structure's band pass (Gaussians of 1.5 and 4 px) to white noise of sigma 1 is 0.12."""


@dataclass(frozen=True)
class NoiseMaps:
    """Maps with one value a cell of 8 px from the photo's top left.

    `level` is the log noise level against cells of like brightness and structure, in robust standard deviations
    (negative: smoother). `statistics` is the Mahalanobis distance over its median, 1 where all is alike, 0 where
    nothing can be said. `usable` is the share of pixels that are neither clipped nor flat.
    """

    level: Plane
    statistics: Plane
    usable: Plane
    sigma: float


def noise_maps(photo: Photo) -> NoiseMaps:
    """Return the photo's noise maps, computed once a photo."""
    return photo.cached("edited.noise_maps", lambda: _noise_maps(photo.luma, aside(photo)))


def _noise_maps(luma: Plane, left_out: npt.NDArray[np.bool_] | None = None) -> NoiseMaps:
    seen = _seen(luma)
    if left_out is not None:
        seen.use[left_out] = 0
        seen.usable[:] = _cells(seen.use.astype(np.float32), *seen.usable.shape)
    level, sigma = _level(seen)
    statistics = _statistics(luma, seen.use)
    usable = seen.usable
    return NoiseMaps(frozen_array(level), frozen_array(statistics), frozen_array(usable), sigma)


@dataclass(frozen=True)
class _Seen:
    """What the pixels of each cell say: usable share, Immerkaer's sigma, light, coarse structure; 1 where a pixel counts."""

    use: npt.NDArray[np.uint8]
    usable: Plane
    sigma: Plane
    mean: Plane
    coarse: Plane


def _seen(luma: Plane) -> _Seen:
    """Filter the photo in strips that stay in the cache, each with the margin that its widest filter reaches."""
    rows, columns = luma.shape[0] // CELL, luma.shape[1] // CELL
    use = np.empty(luma.shape[:2], np.uint8)
    maps = np.empty((4, rows, columns), np.float32)
    height = luma.shape[0]
    for row in range(0, rows, STRIP):
        top, bottom = row * CELL, height if row + STRIP >= rows else (row + STRIP) * CELL
        above = min(top, MARGIN)
        filtered = _filtered(luma[top - above : bottom + MARGIN])
        for plane, target in zip(filtered, maps, strict=True):
            part = plane[above : above + bottom - top]
            target[row : row + STRIP] = _cells(part, min(STRIP, rows - row), columns)
        use[top:bottom] = filtered[0][above : above + bottom - top]
    return _Seen(use, *maps)


def _filtered(luma: Plane) -> tuple[Plane, Plane, Plane, Plane]:
    """Return by pixel: 1 where it counts, the second difference, the luma itself, the band pass of its structure."""
    import cv2

    inside = cv2.erode(cv2.inRange(luma, DARKEST, BRIGHTEST), np.ones((3, 3), np.uint8))
    operator = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = cv2.filter2D(luma, cv2.CV_32F, operator)
    band = cv2.absdiff(cv2.GaussianBlur(luma, (0, 0), 1.5), cv2.GaussianBlur(luma, (0, 0), 4.0))
    use = (inside // 255).astype(np.float32)
    return use, np.abs(rough), luma, band  # type: ignore[return-value]


def _cells(plane: Plane, rows: int, columns: int) -> Plane:
    import cv2

    return cv2.resize(plane[: rows * CELL, : columns * CELL], (columns, rows), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _level(seen: _Seen) -> tuple[Plane, float]:
    """Return the deviation of the noise level: Immerkaer's operator, against cells of like light and structure."""
    import cv2

    usable, mean, coarse = seen.usable, seen.mean, seen.coarse
    sigma = seen.sigma * np.float32(np.sqrt(np.pi / 2) / 6)
    # A noisy place must not pass for a structured one: the noise's own part of the structure is taken off.
    clean = np.sqrt(np.maximum(coarse**2 - (NOISE_IN_STRUCTURE * sigma) ** 2, 0))
    log_sigma, log_coarse = np.log(sigma + 0.05), np.log(clean + 0.3)
    deviation = _against_class(log_sigma, mean, log_coarse, usable > FILLED)
    pooled = cv2.blur(deviation, (LEVEL_CELLS, LEVEL_CELLS))
    counted = (usable > FILLED).astype(np.float32)
    mass = cv2.blur(counted, (LEVEL_CELLS, LEVEL_CELLS))
    known = deviation != 0
    typical = float(np.median(sigma[counted > 0])) if counted.any() else 0.0
    return np.where(mass > 0.3, pooled / np.maximum(mass, 0.3), 0).astype(np.float32) * known.any(), typical


def _against_class(value: Plane, light: Plane, structure: Plane, valid: npt.NDArray[np.bool_]) -> Plane:
    out = np.zeros_like(value)
    for band in _equal_counts(light, valid, CLASSES[0]):
        for members in _equal_counts(structure, band, CLASSES[1]):
            inside = value[members]
            if inside.size < MIN_CLASS:
                continue
            centre = np.median(inside)
            spread = 1.4826 * np.median(np.abs(inside - centre))
            out[members] = np.clip((inside - centre) / max(float(spread), 0.05), -6, 6)
    return out


def _equal_counts(key: Plane, valid: npt.NDArray[np.bool_], classes: int) -> list[npt.NDArray[np.bool_]]:
    if not valid.any():
        return []
    edges = np.quantile(key[valid], np.linspace(0, 1, classes + 1)[1:-1])
    index = np.searchsorted(edges, key)
    return [valid & (index == c) for c in range(classes)]


def _statistics(luma: Plane, use: npt.NDArray[np.uint8]) -> Plane:
    """Return each window's distance from the photo's own residual statistics, at the window's central cell."""
    from fakeproof._kernels.noise import SYMMETRY, cell_histograms, window_features

    every = 2 if luma.size > THIN_OUT else 1
    counts = cell_histograms(luma, use, SYMMETRY, CELL, every, STEP)
    window = WINDOW_LARGE if luma.size > LARGE else WINDOW_SMALL
    rows, columns = counts.shape[:2]
    if rows < window + 4 or columns < window + 4:
        return np.zeros((rows, columns), np.float32)
    least = FILLED * window * window * CELL * CELL * 4 / every
    features, valid = window_features(counts.reshape(rows, columns, -1), window, least)
    out = np.zeros((rows, columns), np.float32)
    if features.shape[0] >= 20 * COMPONENTS:
        (high, wide), half = valid.shape, window // 2
        out[half : half + high, half : half + wide][valid] = _distance(features)
    return out


def _distance(features: Plane) -> npt.NDArray[Any]:
    """Return Mahalanobis distances to a Gaussian fitted to the bulk: refitted without the farthest quarter."""
    mean = features.mean(axis=0, dtype=np.float64)
    parts = [slice(i, i + AT_ONCE) for i in range(0, len(features), AT_ONCE)]
    spread = np.zeros((len(mean), len(mean)))
    for part in parts:
        centred = features[part] - mean
        spread += centred.T @ centred
    _values, vectors = np.linalg.eigh(spread / len(features))
    main = vectors[:, ::-1][:, :COMPONENTS]
    scores = np.empty((len(features), COMPONENTS))
    for part in parts:
        scores[part] = (features[part] - mean) @ main
    few = scores[:: max(1, len(scores) // FITTED)]
    keep = np.ones(len(few), bool)
    for _ in range(ROUNDS):
        squared = _squared(few, few[keep])
        keep = squared <= np.quantile(squared, 1 - TRIMMED)
    squared = _squared(scores, few[keep])
    distance = np.sqrt(squared)
    return (distance / max(float(np.median(distance)), 1e-9)).astype(np.float32)


def _squared(scores: npt.NDArray[np.float64], bulk: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return squared Mahalanobis distances to the bulk; whitened by a triangular factor, so never negative."""
    spread = np.cov(bulk.T)
    spread += (1e-6 * np.trace(spread) / COMPONENTS + 1e-12) * np.eye(COMPONENTS)
    factor = np.linalg.inv(np.linalg.cholesky(spread))
    white = (scores - bulk.mean(axis=0)) @ factor.T
    return np.einsum("ij,ij->i", white, white)  # type: ignore[no-any-return]
