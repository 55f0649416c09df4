"""Where a photo is altered: seeded shapes, and ways to lay a piece into a photo."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

BGR = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]
Generator = np.random.Generator

RADIUS = (11.0, 110.0)
"""Pixels; drawn evenly in its logarithm."""
SOFTNESS = (0.0, 0.7, 1.2, 2.5)
"""Standard deviations, px, of a pasted piece's edge."""


def blob(shape: tuple[int, ...], rng: Generator) -> Mask:
    """Return a closed shape, 0 or 1: a wavy outline, in one case of five a box."""
    height, width = shape[:2]
    radius = min(float(np.exp(rng.uniform(*np.log(RADIUS)))), 0.3 * min(height, width))
    centre = np.array([rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.85) * height])
    stretch = rng.uniform(0.6, 1.6)
    out = np.zeros((height, width), np.float32)
    if rng.random() < 0.2:
        half = radius * np.array([stretch, 1 / stretch])
        low, high = np.maximum(centre - half, 0).astype(int), (centre + half).astype(int)
        out[low[1] : high[1], low[0] : high[0]] = 1
        return out
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    wave = 1 + sum(rng.uniform(0, 0.3 / k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in range(1, 6))
    points = centre + np.stack([radius * wave * np.cos(angle) * stretch, radius * wave * np.sin(angle) / stretch], 1)
    cv2.fillPoly(out, [points.astype(np.int32)], 1.0)
    return out


def lay(photo: BGR, piece: npt.NDArray[Any], mask: Mask, rng: Generator) -> BGR:
    """Lay a piece into the photo: hard, with a soft edge, or with the photo's light under the piece's detail."""
    own = piece.astype(np.float32)
    if rng.random() < 0.2:
        reach = float(rng.uniform(6, 20))
        own = own - low(piece, reach) + low(photo, reach)
    soft = float(rng.choice(SOFTNESS))
    alpha = cv2.GaussianBlur(mask, (0, 0), soft) if soft else mask
    return clip(photo + alpha[..., None] * (own - photo))


def low(photo: BGR, reach: float) -> npt.NDArray[Any]:
    """Return the photo's coarse light, `reach` px wide."""
    small = cv2.resize(photo.astype(np.float32), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), reach / 4)
    return cv2.resize(small, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def clip(values: npt.NDArray[Any]) -> BGR:
    """Round to bytes."""
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def closed(mask: npt.NDArray[Any], reach: int = 9) -> Mask:
    """Close the gaps of a thin drawing: the place as one would circle it."""
    return cv2.morphologyEx(mask.astype(np.float32), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
