"""Untouched photos as a phone or a chat app holds them, for changes to be made to; and one package many times in a scene."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from benchmarks.frame import Options
from benchmarks.material.data import Half, Row, rows, split

RGB = npt.NDArray[np.uint8]
Generator = np.random.Generator

SIDES = (1080, 1280, 1440)
"""Longer sides, px, of what is kept of a photo."""
NATIVE = 1700
"""Longer side, px, from which half of the photos are cut at their own resolution instead of reduced: their first save shows."""


def bases(options: Options, half: Half) -> list[Row]:
    """Return untouched photos of a half: from cameras, delivered by WhatsApp, sent by a messenger; each kind as often."""
    camera = [r for r in rows(options, need="camera") if r.role in ("original", "natural")]
    kinds = [camera, rows(options, need="recapture", role="real"), rows(options, set="phone_paste", role="authentic")]
    found = []
    for kind in kinds:
        own = [r for r in kind if split(r) == half and r.path.suffix.lower() in (".jpg", ".jpeg", ".png")]
        found += (own * EACH)[:EACH]
    return found


EACH = 40
"""Times that each kind of origin is among the bases."""


def base_photo(path: Path, rng: Generator) -> RGB:
    """Return a photo's pixels, reduced, or for half of the large ones a part at its own resolution."""
    with Image.open(path) as opened:
        rgb = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    side = int(rng.choice(SIDES))
    if max(rgb.shape) > NATIVE and rng.random() < 0.5:
        wide = rgb.shape[1] > rgb.shape[0]
        height, width = (
            min(rgb.shape[0], side * (3 if wide else 4) // 4),
            min(rgb.shape[1], side * (4 if wide else 3) // 4),
        )
        top, left = int(rng.integers(rgb.shape[0] - height + 1)), int(rng.integers(rgb.shape[1] - width + 1))
        return np.ascontiguousarray(rgb[top : top + height, left : left + width])
    scale = min(1.0, side / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    return np.ascontiguousarray(small)


def identical_goods(package: RGB, rng: Generator) -> RGB:
    """Set one package side by side, four to twelve times, photographed once: each with its own grain, pose and shade."""
    rows_, columns = int(rng.integers(2, 4)), int(rng.integers(2, 5))
    cell = int(1200 / columns)
    tall = round(cell * package.shape[0] / package.shape[1])
    scene = np.zeros((rows_ * tall, columns * cell, 3), np.float32)
    for k in range(rows_ * columns):
        turn = cv2.getRotationMatrix2D((cell / 2, tall / 2), rng.normal(0, 0.7), rng.normal(1.02, 0.008))
        turn[:, 2] += rng.normal(0, 1.5, 2)
        fitted = cv2.resize(package, (cell, tall), interpolation=cv2.INTER_AREA)
        posed = cv2.warpAffine(fitted, turn, (cell, tall), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        top, left = (k // columns) * tall, (k % columns) * cell
        scene[top : top + tall, left : left + cell] = posed * rng.normal(1, 0.02)
    y, x = np.mgrid[-1 : 1 : scene.shape[0] * 1j, -1 : 1 : scene.shape[1] * 1j]
    scene *= (1 + rng.uniform(0.03, 0.12) * (x * rng.normal() + y * rng.normal()))[..., None]
    scene += rng.normal(0, 1, scene.shape) * np.sqrt(1 + rng.uniform(0.02, 0.08) * np.clip(scene, 0, 255))
    return np.clip(scene + 0.5, 0, 255).astype(np.uint8)
