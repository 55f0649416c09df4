"""Subjects cut out of one photo and put on another, as photoshops are made; and what must not be taken for one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["CutOut", "cut_out", "subject"]

RGB = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

GRABBED_SIDE = 256
"""Longer side, px, at which the subject is separated: outlines need no more, and it takes a tenth of a second."""
SHARES = (0.08, 0.7)
"""Shares of the picture that a subject may have; beyond them the separation has failed."""
PHOTO_SIDE = (480, 1000)
"""Longer side, px, of the photo into which a subject is put."""
SCALES = (0.2, 1.5)
"""Size of the subject's pixels in the photo."""
LEAST_SHARE = 0.05
"""Share of the photo that the part covers at least."""


@dataclass(frozen=True, eq=False)
class CutOut:
    """A photo with a part from a source: pixels, where the part lies, share of the photo, scale, and what was done."""

    rgb: RGB
    mask: Mask
    scale: float
    degrees: float
    mirrored: bool

    @property
    def share(self) -> float:
        """Share of the photo that the part covers."""
        return float(self.mask.mean())


def subject(rgb: RGB) -> Mask | None:
    """Return the subject's outline by GrabCut from a central rectangle, or None where nothing stands out.

    Rother, Kolmogorov and Blake 2004, doi:10.1145/1015706.1015720.
    """
    shrink = min(1.0, GRABBED_SIDE / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    labels = np.zeros((height, width), np.uint8)
    box = (width // 10, height // 10, width * 8 // 10, height * 8 // 10)
    cv2.setRNGSeed(0)
    cv2.grabCut(small[:, :, ::-1].copy(), labels, box, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_RECT)
    inside = cv2.morphologyEx((labels & 1).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, parts, stats, _ = cv2.connectedComponentsWithStats(inside)
    if len(stats) < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    if not SHARES[0] <= stats[largest, cv2.CC_STAT_AREA] / labels.size <= SHARES[1]:
        return None
    whole = cv2.resize((parts == largest).astype(np.float32), rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return whole > 0.5  # type: ignore[no-any-return]


def cut_out(source: RGB, ground: RGB, rng: np.random.Generator, mask: Mask | None = None) -> CutOut | None:
    """Put the source's subject on another photo: scaled, turned, mirrored, recoloured, softened, with soft edges.

    None where the source has no subject, or it would cover too little of the photo.
    """
    mask = subject(source) if mask is None else mask
    if mask is None:
        return None
    side = int(rng.integers(*PHOTO_SIDE))
    grow = side / max(ground.shape[:2])
    canvas = cv2.resize(ground, None, fx=grow, fy=grow, interpolation=cv2.INTER_AREA if grow < 1 else cv2.INTER_CUBIC)
    height, width = canvas.shape[:2]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    centre = np.array([(columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2])
    least = float(np.sqrt(LEAST_SHARE * width * height / mask.sum()))
    most = min(width / (columns[-1] - columns[0] + 1), height / (rows[-1] - rows[0] + 1), SCALES[1])
    if max(least, SCALES[0]) > 1.1 * most:
        return None
    scale = float(np.exp(rng.uniform(np.log(max(least, SCALES[0])), np.log(max(most, 1.05 * least)))))
    degrees = float(rng.uniform(-45, 45)) if rng.random() < 0.5 else 0.0
    mirrored = bool(rng.random() < 0.3)
    turn = np.radians(degrees)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    target = np.array([rng.uniform(0.35, 0.65) * width, rng.uniform(0.35, 0.65) * height])
    affine = np.column_stack([linear, target - linear @ centre])
    picture = source if scale > 0.7 else cv2.GaussianBlur(source, (0, 0), 0.4 / scale)
    moved = cv2.warpAffine(_recoloured(picture, rng), affine, (width, height), flags=cv2.INTER_LINEAR)
    soft = cv2.warpAffine(mask.astype(np.float32), affine, (width, height), flags=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(soft, (0, 0), float(rng.uniform(0.5, 2.0)))[..., None]
    out = np.clip(canvas * (1 - soft) + moved * soft, 0, 255).astype(np.uint8)
    placed = soft[..., 0] > 0.5
    if placed.mean() < LEAST_SHARE:
        return None
    return CutOut(out, placed, scale, degrees, mirrored)


def _recoloured(picture: RGB, rng: np.random.Generator) -> RGB:
    """Change gain, gamma and saturation a little, and soften, each now and then."""
    x = picture.astype(np.float32)
    if rng.random() < 0.5:
        x = 255 * (x / 255) ** float(rng.uniform(0.75, 1.35)) * rng.uniform(0.85, 1.15, 3)
    if rng.random() < 0.3:
        grey = x.mean(axis=2, keepdims=True)
        x = grey + (x - grey) * float(rng.uniform(0.5, 1.5))
    if rng.random() < 0.3:
        x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.4, 1.2)))
    return np.clip(x, 0, 255).astype(np.uint8)
