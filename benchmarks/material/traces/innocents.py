"""What honest buyers and phones do: changes of the whole photo, and marks laid over openly; seeded."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.material.traces.shapes import BGR, Generator, clip, low

PURE = ((0, 0, 255), (0, 0, 220), (0, 255, 0), (255, 0, 0), (0, 255, 255), (255, 255, 255), (0, 0, 0), (0, 140, 255))
"""Colours of markers, BGR."""


def tone(photo: BGR, rng: Generator) -> BGR:
    """Brightness, contrast, gamma and colour of the whole."""
    levels = np.arange(256, dtype=np.float32) / 255
    gains = rng.uniform(0.85, 1.15) * rng.uniform(0.93, 1.07, 3)
    curves = [np.clip((levels ** rng.uniform(0.75, 1.3) * g + rng.uniform(-0.05, 0.05)), 0, 1) for g in gains]
    return cv2.LUT(photo, (np.stack(curves, -1) * 255 + 0.5).astype(np.uint8)[None])


def saturation(photo: BGR, rng: Generator) -> BGR:
    """Colours stronger or paler."""
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)[..., None].astype(np.float32)
    return clip(grey + rng.uniform(0.3, 1.6) * (photo - grey))


def sharpen(photo: BGR, rng: Generator) -> BGR:
    """Sharpen the whole, as apps do by default."""
    soft = cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.6, 2.0)))
    return clip(photo + rng.uniform(0.2, 1.3) * (photo.astype(np.float32) - soft))


def denoise(photo: BGR, rng: Generator) -> BGR:
    """Smooth flat places and keep edges: night mode, beauty."""
    return cv2.bilateralFilter(photo, 5, float(rng.uniform(8, 45)), float(rng.uniform(2, 6)))


def beauty(photo: BGR, rng: Generator) -> BGR:
    """Smooth what has the colour of skin, and only that, softly."""
    soft = cv2.bilateralFilter(photo, 7, float(rng.uniform(20, 60)), 5).astype(np.float32)
    ycc = cv2.cvtColor(photo, cv2.COLOR_BGR2YCrCb).astype(np.float32)
    centre = (ycc[..., 1:] - (152, 108)) / (12, 12)
    skin = cv2.GaussianBlur(np.exp(-(centre**2).sum(-1)).astype(np.float32), (0, 0), 6)[..., None]
    return clip(photo + skin * (soft - photo) * rng.uniform(0.5, 1.0))


def local_tone(photo: BGR, rng: Generator) -> BGR:
    """Lift shadows and hold lights by a coarse map: HDR."""
    coarse = low(photo, float(rng.uniform(12, 40))).mean(-1, keepdims=True)
    return clip(photo + rng.uniform(-0.35, 0.45) * (128 - coarse) * (photo.astype(np.float32) / 128).clip(0.1, 1))


def clahe(photo: BGR, rng: Generator) -> BGR:
    """Equalise contrast tile by tile."""
    lab = cv2.cvtColor(photo, cv2.COLOR_BGR2LAB)
    lab[..., 0] = cv2.createCLAHE(float(rng.uniform(1.0, 2.5)), (4, 4)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)


def portrait(photo: BGR, rng: Generator) -> BGR:
    """Blur the ground behind a large subject, the more the further off."""
    height, width = photo.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    at = rng.uniform(0.1, 0.9, 2) * (height, width)
    far = np.hypot((y - at[0]) / rng.uniform(0.6, 1.5), x - at[1]) / rng.uniform(90, 260)
    depth = np.clip((far - 1) * rng.uniform(1.5, 12), 0, 1)[..., None]
    return clip(
        photo + depth * (cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(1.5, 7))).astype(np.float32) - photo)
    )


def grain(photo: BGR, rng: Generator) -> BGR:
    """Film grain, or a sensor's noise in poor light, stronger in the dark."""
    noise = rng.normal(0, rng.uniform(1, 6), photo.shape[:2]).astype(np.float32)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.4, 0.9))) * 1.6
    return clip(photo + noise[..., None] * (1.2 - photo / 255.0))


def vignette(photo: BGR, rng: Generator) -> BGR:
    """Darken or tint the rim."""
    height, width = photo.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return clip(photo * (1 - rng.uniform(0.1, 0.5) * np.clip(x**2 + y**2 - 0.4, 0, 1.5)[..., None]))


def straighten(photo: BGR, rng: Generator) -> BGR:
    """Turn by a few degrees and fill the frame."""
    height, width = photo.shape[:2]
    warp = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-6, 6)), float(rng.uniform(1.02, 1.15)))
    return cv2.warpAffine(photo, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def rescale(photo: BGR, rng: Generator) -> BGR:
    """Enlarge or reduce and enlarge again: zoom, forwarding."""
    factor = float(rng.uniform(0.6, 0.97))
    small = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, photo.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def strokes(photo: BGR, rng: Generator) -> BGR:
    """Circle, box, arrow or scribble in one pure colour."""
    out, colour = photo.copy(), PURE[int(rng.integers(len(PURE)))]
    height, width = photo.shape[:2]
    at, size = rng.uniform(0.2, 0.8, 2) * (width, height), rng.uniform(15, 110, 2)
    thick, way = int(rng.integers(2, 10)), int(rng.integers(4))
    low_, high = tuple(map(int, at - size)), tuple(map(int, at + size))
    if way == 0:
        cv2.ellipse(
            out,
            tuple(map(int, at)),
            tuple(map(int, size)),
            float(rng.uniform(0, 180)),
            0,
            360,
            colour,
            thick,
            cv2.LINE_AA,
        )
    elif way == 1:
        cv2.rectangle(out, low_, high, colour, thick, cv2.LINE_AA)
    elif way == 2:
        cv2.arrowedLine(out, low_, high, colour, thick, cv2.LINE_AA, tipLength=0.2)
    else:
        points = (at + rng.normal(0, 40, (int(rng.integers(4, 14)), 2))).astype(np.int32)
        cv2.polylines(out, [points], False, colour, thick, cv2.LINE_AA)
    return out


def caption(photo: BGR, rng: Generator) -> BGR:
    """Write large typed words or a date stamp in a pure colour, outlined at times."""
    out, colour = photo.copy(), PURE[int(rng.integers(6))]
    words = "".join(rng.choice(list("0123456789:- abcdeHKLMRS"), int(rng.integers(4, 18))))
    at = (int(rng.uniform(0, 0.5) * photo.shape[1]), int(rng.uniform(0.1, 0.98) * photo.shape[0]))
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    scale, thick = float(rng.uniform(0.5, 2.2)), int(rng.integers(1, 4))
    if rng.random() < 0.4:
        cv2.putText(out, words, at, font, scale, (0, 0, 0), thick + 2, cv2.LINE_AA)
    cv2.putText(out, words, at, font, scale, colour, thick, cv2.LINE_AA)
    return out


def mosaic(photo: BGR, rng: Generator) -> BGR:
    """Hide a place behind squares."""
    out, step = photo.copy(), int(rng.integers(5, 24))
    top, left = (int(rng.uniform(0, 0.6) * n) for n in photo.shape[:2])
    part = out[top : top + int(rng.integers(30, 160)), left : left + int(rng.integers(40, 200))]
    small = cv2.resize(
        part, (max(1, part.shape[1] // step), max(1, part.shape[0] // step)), interpolation=cv2.INTER_AREA
    )
    part[:] = cv2.resize(small, part.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return out


def bar(photo: BGR, rng: Generator) -> BGR:
    """Cover a place with a box of one colour, or frame the photo on one side."""
    out, colour = photo.copy(), PURE[int(rng.choice([5, 6, 6]))]
    height, width = photo.shape[:2]
    if rng.random() < 0.4:
        side = int(rng.integers(4))
        out = np.rot90(out, side).copy()
        out[: int(rng.integers(6, 90))] = colour
        return np.ascontiguousarray(np.rot90(out, -side))
    top, left = int(rng.uniform(0, 0.8) * height), int(rng.uniform(0, 0.6) * width)
    out[top : top + int(rng.integers(12, 70)), left : left + int(rng.integers(40, 200))] = colour
    return out


def sticker(photo: BGR, rng: Generator) -> BGR:
    """Lay a drawn face, star or heart over the photo."""
    out, colour = (
        photo.copy(),
        tuple(int(v) for v in rng.choice([[0, 210, 255], [60, 60, 255], [255, 160, 60], [180, 105, 255]])),
    )
    at = tuple(int(v) for v in rng.uniform(0.15, 0.85, 2) * photo.shape[1::-1])
    size = int(rng.uniform(14, 70))
    cv2.circle(out, at, size, colour, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(out, (at[0] + side * size // 3, at[1] - size // 4), max(2, size // 8), (20, 30, 60), -1, cv2.LINE_AA)
    cv2.ellipse(out, at, (size // 2, size // 2), 0, 20, 160, (20, 30, 60), max(1, size // 12), cv2.LINE_AA)
    return out


WHOLE: tuple[Callable[[BGR, Generator], BGR], ...] = (
    tone, saturation, sharpen, denoise, beauty, local_tone, clahe, portrait, grain, vignette, straighten, rescale,
)  # fmt: skip
MARKS: tuple[Callable[[BGR, Generator], BGR], ...] = (strokes, caption, mosaic, bar, sticker)
