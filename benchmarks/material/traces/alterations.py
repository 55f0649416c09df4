"""What forgers do to a place of a photo, seeded: each takes (photo, another photo, rng), returns (photo, mask 0-1)."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.material.traces.delivery import jpeg
from benchmarks.material.traces.shapes import BGR, Generator, Mask, blob, clip, closed, lay, low

WAYS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


def paste(photo: BGR, other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Paste a piece of another photo: with its own save, scaled, turned, its light matched."""
    mask = blob(photo.shape, rng)
    piece = jpeg(other, int(rng.integers(55, 99))) if rng.random() < 0.75 else other
    piece = _moved(piece, photo.shape, rng, still=0.2)
    if rng.random() < 0.5:
        inside = mask > 0
        gap = photo[inside].mean(axis=0) - piece[inside].mean(axis=0) if inside.any() else 0.0
        piece = clip(piece + rng.uniform(0.3, 0.9) * gap)
    return lay(photo, piece, mask, rng), mask


def clone(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Copy a place of the photo over another, shifted, often turned or scaled."""
    mask = blob(photo.shape, rng)
    return lay(photo, _moved(photo, photo.shape, rng, still=0.5), mask, rng), mask


def erase(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Take something away: filled from around, on a reduced copy where the hole is large, with grain or without."""
    mask = blob(photo.shape, rng)
    step = max(1.0, float(np.sqrt(mask.sum())) / 40)
    small = cv2.resize(photo, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    way = cv2.INPAINT_TELEA if rng.random() < 0.5 else cv2.INPAINT_NS
    filled = cv2.inpaint(small, cv2.dilate(hole, np.ones((3, 3), np.uint8)), 3, way)
    piece = cv2.resize(filled, photo.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return lay(photo, _grain(piece, rng, 2.5), mask, rng), mask


def generate(photo: BGR, other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Fill a place as generators do: picture without sensor noise, decoded from a coarse grid, oversharpened."""
    mask = blob(photo.shape, rng)
    base = other if rng.random() < 0.5 else np.roll(photo, tuple(rng.integers(20, 200, 2)), (0, 1))
    base = cv2.bilateralFilter(_fit(base, photo.shape), 5, float(rng.uniform(10, 40)), 3)
    factor = float(rng.uniform(0.4, 0.9))
    small = cv2.resize(base, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    piece = cv2.resize(small, photo.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    piece = clip(piece + rng.uniform(0, 1.0) * (piece.astype(np.float32) - cv2.GaussianBlur(piece, (0, 0), 1.2)))
    return lay(photo, _grain(piece, rng, 1.5), mask, rng), mask


def smooth(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Blur, denoise or sharpen a place."""
    mask, way = blob(photo.shape, rng), rng.random()
    if way < 0.55:
        piece = cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.9, 6)))
    elif way < 0.8:
        piece = cv2.bilateralFilter(photo, 7, float(rng.uniform(15, 60)), 5)
    else:
        soft = cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.7, 2)))
        piece = clip(photo + rng.uniform(0.7, 2.0) * (photo.astype(np.float32) - soft))
    return lay(photo, piece, mask, rng), mask


def heal(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Retouch: detail from elsewhere in the photo under the light of here."""
    mask = blob(photo.shape, rng)
    away = np.roll(photo, tuple(int(v) for v in rng.integers(12, 120, 2) * rng.choice([-1, 1], 2)), (0, 1))
    reach = float(rng.uniform(4, 16))
    piece = clip(away.astype(np.float32) - low(away, reach) + low(photo, reach))
    return lay(photo, piece, mask, rng), mask


def recolour(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Change a place's colour or light."""
    mask = blob(photo.shape, rng)
    if rng.random() < 0.6:
        hsv = cv2.cvtColor(photo, cv2.COLOR_BGR2HSV).astype(np.float32)
        hsv[..., 0] = (hsv[..., 0] + rng.uniform(8, 172)) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.7, 1.8) + rng.uniform(0, 40), 0, 255)
        hsv[..., 2] = np.clip(hsv[..., 2] * rng.uniform(0.7, 1.3), 0, 255)
        piece = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)
    else:
        piece = clip(photo.astype(np.float32) * rng.uniform(0.55, 1.4, 3) + rng.uniform(-30, 30))
    return lay(photo, piece, mask, rng), mask


def resave(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Lay back a place that was saved on its own, mostly on another grid."""
    mask = blob(photo.shape, rng)
    down, right = (int(v) for v in rng.integers(0, 8, 2))
    piece = photo.copy()
    piece[down:, right:] = jpeg(np.ascontiguousarray(photo[down:, right:]), int(rng.integers(45, 92)))
    return lay(photo, piece, mask, rng), mask


def stain(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Draw dirt through which the photo is seen."""
    mask = blob(photo.shape, rng)
    height, width = mask.shape
    cells = (max(2, width // int(rng.integers(6, 30))), max(2, height // int(rng.integers(6, 30))))
    cloud = cv2.resize(rng.random(cells[::-1]).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    alpha = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(1.5, 6))) * (rng.uniform(0.2, 0.5) + 0.5 * cloud)
    return _inked(photo, alpha, _dirt(rng)), mask


def specks(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Draw mould or dust: many small spots about one place."""
    height, width = photo.shape[:2]
    centre, reach = rng.uniform(0.2, 0.8, 2) * (width, height), float(rng.uniform(15, 80))
    drawn = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(12, 60))):
        at = rng.normal(centre, reach / 2)
        cv2.circle(drawn, (int(at[0]), int(at[1])), max(1, int(rng.uniform(0.01, 0.14) * reach)), 1.0, -1, cv2.LINE_AA)
    alpha = cv2.GaussianBlur(drawn, (0, 0), float(rng.uniform(0.6, 1.5))) * rng.uniform(0.6, 1.0)
    return _inked(photo, alpha, _dirt(rng)), closed(alpha > 0.08, 13)


def crack(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Draw a crack or scratch with branches: dark, sometimes with a bright side."""
    drawn = np.zeros(photo.shape[:2], np.float32)
    point, angle = rng.uniform(0.2, 0.8, 2) * photo.shape[1::-1], rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(8, 30))):
        angle += rng.normal(0, 0.45)
        after = point + rng.uniform(5, 16) * np.array([np.cos(angle), np.sin(angle)])
        _segment(drawn, point, after, int(rng.integers(1, 4)))
        if rng.random() < 0.2:
            _segment(drawn, point, point + rng.normal(0, 14, 2), 1)
        point = after
    alpha = cv2.GaussianBlur(drawn, (0, 0), float(rng.uniform(0.5, 1.1)))
    out = photo
    if rng.random() < 0.4:
        out = _inked(out, np.roll(alpha, 1, 0) * rng.uniform(0.2, 0.6), np.array([235.0, 235, 235]))
    return _inked(out, alpha * rng.uniform(0.6, 1.0), _dirt(rng)), closed(alpha > 0.08)


def text(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Write or replace printed text in the colours of print; what stood there is first filled with its ground."""
    letters = "0123456789.-/: ABCDEFXPLOTMN" if rng.random() < 0.7 else "abcdefghiklmnoprstuvz ,.é"
    words = "".join(rng.choice(list(letters), int(rng.integers(3, 14))))
    alpha = _written(photo.shape, words, rng)
    place = closed(cv2.dilate((alpha > 0.1).astype(np.float32), np.ones((5, 5))), 11)
    out = photo
    if rng.random() < 0.5 and place.any():
        rows, columns = np.nonzero(place)
        box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        place[box] = 1
        ground = (
            cv2.medianBlur(photo, 21)
            if rng.random() < 0.5
            else np.broadcast_to(np.median(photo[box], (0, 1)), photo.shape)
        )
        out = lay(photo, _grain(ground, rng, 2.0), place, rng)
    shade = rng.uniform(10, 90) if rng.random() < 0.8 else rng.uniform(185, 240)
    ink = shade + rng.normal(0, 8, 3) if rng.random() < 0.8 else rng.uniform(10, 200, 3)
    return _inked(out, alpha * rng.uniform(0.75, 1.0), ink), place


def add_grain(photo: BGR, _other: BGR, rng: Generator) -> tuple[BGR, Mask]:
    """Add grain to a place."""
    mask = blob(photo.shape, rng)
    piece = clip(photo + rng.normal(0, rng.uniform(2, 7), photo.shape))
    return lay(photo, piece, mask, rng), mask


KINDS: dict[str, tuple[Callable[[BGR, BGR, Generator], tuple[BGR, Mask]], float]] = {
    "paste": (paste, 0.30),
    "clone": (clone, 0.08),
    "erase": (erase, 0.09),
    "generate": (generate, 0.08),
    "smooth": (smooth, 0.10),
    "heal": (heal, 0.04),
    "recolour": (recolour, 0.08),
    "resave": (resave, 0.05),
    "stain": (stain, 0.05),
    "specks": (specks, 0.02),
    "crack": (crack, 0.03),
    "text": (text, 0.06),
    "grain": (add_grain, 0.02),
}
"""Kinds of alteration, and the share of the altered samples that each gets."""


def _moved(other: BGR, shape: tuple[int, ...], rng: Generator, *, still: float) -> BGR:
    """Return a part of `other` of the wanted shape; with chance `still` its pixels stay as they are."""
    height, width = shape[:2]
    shift = rng.integers(16, 200, 2) * rng.choice([-1, 1], 2)
    if rng.random() < still:
        return np.roll(_fit(other, shape), tuple(int(v) for v in shift), (0, 1))
    angle = float(rng.uniform(-25, 25)) if rng.random() < 0.4 else 0.0
    scale = float(np.exp(rng.uniform(np.log(0.6), np.log(1.6))))
    warp = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    warp[:, 2] += shift / 3 + rng.uniform(0, 1, 2)
    return cv2.warpAffine(
        other, warp, (width, height), flags=int(rng.choice(WAYS[1:])), borderMode=cv2.BORDER_REFLECT_101
    )


def _fit(other: BGR, shape: tuple[int, ...]) -> BGR:
    return other if other.shape == shape else cv2.resize(other, shape[1::-1], interpolation=cv2.INTER_AREA)


def _grain(piece: BGR, rng: Generator, most: float) -> BGR:
    if rng.random() < 0.4:
        return piece
    return clip(piece + rng.normal(0, rng.uniform(0.3, most), piece.shape))


def _inked(photo: BGR, alpha: Mask, ink: Mask) -> BGR:
    return clip(photo + np.clip(alpha, 0, 1)[..., None] * (np.asarray(ink, np.float32) - photo))


def _dirt(rng: Generator) -> Mask:
    """Return a dull colour (BGR): browns, greens, greys, now and then sauce."""
    base = np.array(
        [[20, 45, 70], [30, 38, 35], [14, 14, 15], [30, 60, 90], [40, 70, 60], [25, 30, 130], [120, 140, 150]]
    )
    return (base[int(rng.integers(len(base)))] + rng.normal(0, 10, 3)).clip(0, 255)


def _segment(canvas: Mask, start: Mask, end: Mask, thickness: int) -> None:
    cv2.line(canvas, tuple(map(int, start)), tuple(map(int, end)), 1.0, thickness, cv2.LINE_AA)


def _written(shape: tuple[int, ...], words: str, rng: Generator) -> Mask:
    """Return the coverage (0-1) of words written somewhere."""
    height, width = shape[:2]
    layer = Image.new("L", (width, height), 0)
    size = int(np.exp(rng.uniform(np.log(12), np.log(60))))
    at = (int(rng.uniform(0.02, 0.6) * width), int(rng.uniform(0.05, 0.8) * height))
    ImageDraw.Draw(layer).text(at, words, fill=255, font=ImageFont.load_default(size))
    alpha = np.asarray(layer).astype(np.float32) / 255
    return cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.4, 0.9))) if rng.random() < 0.5 else alpha
