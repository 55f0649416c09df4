"""Damage on photos of true products, drawn by a seeded generator: what evidence of broken goods looks like.

No public set of damaged goods in their shops' photos was to be had, so every figure on damaged photos rests on these
drawings. They are severe on purpose: 10 to 45 % of the product changes. :func:`worsen` adds what happens to any photo.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
Draw = Callable[[RGB, np.random.Generator], RGB]
CENTRE = 0.62
"""Share of each side that is taken for the product: damage must hit it, not the table."""


def _blob(shape: tuple[int, ...], rng: np.random.Generator, share: float, rough: float) -> Any:
    """Soft mask (0-1) of an irregular patch that covers about `share` of the picture, inside its centre."""
    rows, columns = shape[:2]
    noise = rng.normal(size=(rows // 8 + 2, columns // 8 + 2)).astype(np.float32)
    noise = cv2.resize(cv2.GaussianBlur(noise, (0, 0), 3.0), (columns, rows), interpolation=cv2.INTER_CUBIC)
    noise /= noise.std() + 1e-6
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    at_y, at_x = (0.5 + CENTRE * (rng.random(2) - 0.5)) * (rows, columns)
    radius = np.sqrt(share * rows * columns / np.pi)
    near = 1 - np.hypot((y - at_y) * rng.uniform(0.7, 1.4), x - at_x) / radius
    return 1 / (1 + np.exp(-12 * (near + rough * noise)))


def _mix(photo: RGB, colour: Any, mask: Any) -> RGB:
    mask = mask[..., None] if mask.ndim == 2 else mask
    return np.clip(photo * (1 - mask) + np.asarray(colour, np.float32) * mask, 0, 255).astype(np.uint8)


def _remap(photo: RGB, dx: Any, dy: Any) -> RGB:
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]].astype(np.float32)
    moved = cv2.remap(
        photo, x + dx.astype(np.float32), y + dy.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(moved, np.uint8)


def _waves(shape: tuple[int, ...], rng: np.random.Generator, fine: int) -> Any:
    coarse = rng.normal(size=(fine, fine)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def tear(photo: RGB, rng: np.random.Generator) -> RGB:
    """Rip strips open: ragged gaps that show cardboard or the dark inside, with a pale torn edge."""
    out = photo
    for _ in range(int(rng.integers(1, 4))):
        mask = _blob(photo.shape, rng, rng.uniform(0.04, 0.12), 0.5)
        inside = rng.choice([[40, 32, 28], [172, 140, 104], [225, 222, 214]])
        edge = np.clip(cv2.dilate(mask, np.ones((7, 7))) - mask, 0, 1)
        out = _mix(_mix(out, inside, mask), [236, 232, 224], 0.8 * edge)
    return out


def dent(photo: RGB, rng: np.random.Generator) -> RGB:
    """Push places in: pixels are drawn towards a centre, one side falls into shade, the other shines."""
    out = photo
    for _ in range(int(rng.integers(2, 5))):
        mask = _blob(photo.shape, rng, rng.uniform(0.05, 0.16), 0.15)
        dy, dx = np.gradient(cv2.GaussianBlur(mask, (0, 0), max(photo.shape) / 40))
        pull = rng.uniform(0.3, 0.8) * max(photo.shape)
        out = _remap(out, dx * pull, dy * pull)
        angle = rng.uniform(0, 2 * np.pi)
        light = np.tanh((dx * np.cos(angle) + dy * np.sin(angle)) * max(photo.shape) / 4)
        out = np.clip(out + 75 * light[..., None], 0, 255).astype(np.uint8)
    return out


def crush(photo: RGB, rng: np.random.Generator) -> RGB:
    """Crumple everything: random folds bend the picture and shade it."""
    size = max(photo.shape)
    dx = sum(_waves(photo.shape, rng, n) / n for n in (4, 8, 14)) * size * rng.uniform(0.04, 0.12)
    dy = sum(_waves(photo.shape, rng, n) / n for n in (4, 8, 14)) * size * rng.uniform(0.04, 0.12)
    shade = 1 + 0.14 * _waves(photo.shape, rng, 10) + 0.08 * _waves(photo.shape, rng, 24)
    return np.clip(_remap(photo, dx, dy) * np.clip(shade, 0.35, 1.5)[..., None], 0, 255).astype(np.uint8)


def stain(photo: RGB, rng: np.random.Generator) -> RGB:
    """Dirt, mould, sauce: coloured patches through which the picture is still seen."""
    out = photo
    for _ in range(int(rng.integers(2, 6))):
        colour = rng.choice([[96, 60, 24], [60, 74, 40], [150, 28, 20], [34, 28, 26], [196, 168, 60]])
        mask = _blob(photo.shape, rng, rng.uniform(0.03, 0.12), 0.6)
        out = _mix(out, colour, mask * rng.uniform(0.55, 0.95))
    return out


def spill(photo: RGB, rng: np.random.Generator) -> RGB:
    """Pour something over it: one large patch that runs downwards."""
    colour = rng.choice([[246, 242, 232], [120, 66, 26], [196, 60, 40], [232, 196, 90]])
    mask = _blob(photo.shape, rng, rng.uniform(0.12, 0.3), 0.5)
    length = int(rng.integers(8, max(9, photo.shape[0] // 4)))
    run = cv2.filter2D(mask, -1, np.full((length, 1), 1 / length, np.float32), anchor=(0, length - 1))
    return _mix(photo, colour, np.clip(np.maximum(mask, run * 1.3), 0, 1) * rng.uniform(0.75, 1.0))


def wet(photo: RGB, rng: np.random.Generator) -> RGB:
    """Soak it: darker, softened, with drops that bend and shine."""
    out = cv2.GaussianBlur(photo, (0, 0), max(photo.shape) / 350).astype(np.float32)
    soaked = _blob(photo.shape, rng, rng.uniform(0.3, 0.7), 0.4)
    out *= 1 - 0.45 * soaked[..., None]
    drops = np.zeros(photo.shape[:2], np.float32)
    for _ in range(int(rng.integers(20, 70))):
        at = tuple(int(v) for v in rng.random(2) * photo.shape[1::-1])
        cv2.circle(drops, at, int(rng.integers(2, max(3, max(photo.shape) // 45))), 1.0, -1, cv2.LINE_AA)
    dy, dx = np.gradient(cv2.GaussianBlur(drops, (0, 0), 2))
    bent = _remap(np.clip(out, 0, 255).astype(np.uint8), dx * 40, dy * 40)
    return np.clip(bent + 160 * np.clip(-dx - dy, 0, 1)[..., None], 0, 255).astype(np.uint8)


def bite(photo: RGB, rng: np.random.Generator) -> RGB:
    """Take a part away: a scalloped piece from one side is gone and the surroundings show."""
    rows, columns = photo.shape[:2]
    rim = np.concatenate([photo[:4].reshape(-1, 3), photo[-4:].reshape(-1, 3), photo[:, :4].reshape(-1, 3)])
    mask = np.zeros((rows, columns), np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    centre = np.array([columns, rows]) * (0.5 + 0.22 * np.array([np.cos(angle), np.sin(angle)]))
    for _ in range(int(rng.integers(5, 10))):
        at = centre + rng.normal(size=2) * np.array([columns, rows]) * 0.09
        cv2.circle(mask, (int(at[0]), int(at[1])), int(rng.uniform(0.09, 0.17) * max(rows, columns)), 1.0, -1)
    flesh = np.clip(cv2.GaussianBlur(mask, (0, 0), 3) * 2, 0, 1) - mask
    grain = rng.normal(0, 9, photo.shape).astype(np.float32)
    return _mix(_mix(photo, np.median(rim, axis=0) + grain, mask), [238, 220, 178], 0.7 * np.clip(flesh, 0, 1))


def pieces(photo: RGB, rng: np.random.Generator) -> RGB:
    """Break it: the picture falls into three to six pieces that shift, turn and leave gaps."""
    rows, columns = photo.shape[:2]
    seeds = rng.random((int(rng.integers(3, 7)), 2)) * (columns, rows)
    y, x = np.mgrid[:rows, :columns]
    owner = np.argmin([np.hypot(x - sx, y - sy) for sx, sy in seeds], axis=0)
    ground = np.median(photo[:6].reshape(-1, 3), axis=0)
    out = np.broadcast_to(ground, photo.shape).astype(np.uint8)
    for index, (sx, sy) in enumerate(seeds):
        away = (np.array([sx, sy]) - (columns / 2, rows / 2)) * rng.uniform(0.05, 0.22)
        matrix = cv2.getRotationMatrix2D((float(sx), float(sy)), float(rng.uniform(-22, 22)), 0.97)
        matrix[:, 2] += away
        part = cv2.warpAffine(photo, matrix, (columns, rows))
        here = cv2.warpAffine((owner == index).astype(np.uint8), matrix, (columns, rows), flags=cv2.INTER_NEAREST)
        out = np.where(here[..., None] > 0, part, out).astype(np.uint8)
    return out


KINDS: dict[str, Draw] = {
    "tear": tear,
    "dent": dent,
    "crush": crush,
    "stain": stain,
    "spill": spill,
    "wet": wet,
    "bite": bite,
    "pieces": pieces,
}


def damage(photo: RGB, *, seed: int, kind: str | None = None) -> RGB:
    """Return the photo with its product damaged; the same seed draws the same damage."""
    rng = np.random.default_rng(seed)
    name = kind or list(KINDS)[int(rng.integers(len(KINDS)))]
    return KINDS[name](photo, rng)


def worsen(photo: RGB, kind: str, amount: float, *, seed: int = 0) -> RGB:
    """Blur, crop, cover or darken a photo; `amount` is 0-1, share of the side, the area or the light that is lost."""
    rng = np.random.default_rng(seed)
    rows, columns = photo.shape[:2]
    if kind == "blur":
        return np.asarray(cv2.GaussianBlur(photo, (0, 0), max(0.1, amount * 0.04 * max(rows, columns))), np.uint8)
    if kind == "crop":
        height, width = round(rows * (1 - amount)), round(columns * (1 - amount))
        top, left = int(rng.integers(rows - height + 1)), int(rng.integers(columns - width + 1))
        return photo[top : top + height, left : left + width].copy()
    if kind == "cover":
        return _mix(photo, rng.integers(60, 200, 3), (_blob(photo.shape, rng, amount, 0.2) > 0.5).astype(np.float32))
    if kind == "dark":
        dim = photo.astype(np.float32) * (1 - amount) + rng.normal(0, 2 + 10 * amount, photo.shape)
        return np.clip(dim, 0, 255).astype(np.uint8)
    raise ValueError(f"{kind!r} is not blur, crop, cover or dark")
