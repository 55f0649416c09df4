"""Drawing as a phone's markup tool does it: smooth strokes, filled shapes and glyphs, laid over a photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.float32]
Points = npt.NDArray[Any]
Generator = np.random.Generator

SHIFT = 4
"""Binary digits of the sub-pixel part of a drawn coordinate."""
PALETTE = (
    (255, 59, 48), (255, 0, 0), (250, 81, 81), (255, 204, 0), (255, 195, 0), (7, 193, 96), (52, 199, 89),
    (16, 174, 255), (0, 122, 255), (100, 103, 239), (255, 0, 255), (255, 255, 255), (0, 0, 0), (255, 149, 0),
)  # fmt: skip
"""Colours that markup tools of phones and chat apps offer."""
PEN_WEIGHTS = np.array([5, 5, 4, 2, 2, 1, 1, 1, 1, 1, 0.5, 1, 0.7, 1])
"""Buyers mark in red first of all."""
WORDS = (
    "漏液了", "破损", "这里有裂纹", "已损坏", "看这里!", "发霉", "不是我买的", "收到就这样", "少一件", "有划痕",
    "broken", "damaged here", "LEAK", "see this", "crack!", "wrong item", "No. 2", "bad seal", "?", "!!!",
)  # fmt: skip


def pen_colour(rng: Generator) -> tuple[int, int, int]:
    """Return a colour as buyers choose it."""
    return PALETTE[int(rng.choice(len(PALETTE), p=PEN_WEIGHTS / PEN_WEIGHTS.sum()))]


def pen_width(shape: Sequence[int], rng: Generator) -> int:
    """Return a stroke's width in pixels: 0.35 to 1.6 % of the longer side, at least 2."""
    return max(2, round(max(shape[:2]) * float(np.exp(rng.uniform(np.log(0.0035), np.log(0.016))))))


def blank(shape: Sequence[int]) -> npt.NDArray[np.uint8]:
    """Return an empty layer of a photo's shape."""
    return np.zeros(tuple(shape[:2]), np.uint8)


def stroke(layer: npt.NDArray[np.uint8], points: Points, width: int, *, closed: bool = False) -> None:
    """Draw an antialiased line with round ends."""
    fixed = np.round(np.asarray(points) * (1 << SHIFT)).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(layer, [fixed], closed, 255, int(width), cv2.LINE_AA, SHIFT)


def fill(layer: npt.NDArray[np.uint8], points: Points) -> None:
    """Fill an antialiased polygon."""
    fixed = np.round(np.asarray(points) * (1 << SHIFT)).astype(np.int32).reshape(-1, 1, 2)
    cv2.fillPoly(layer, [fixed], 255, cv2.LINE_AA, SHIFT)


def lay(rgb: RGB, layer: npt.NDArray[np.uint8], colour: Sequence[int], opacity: float = 1.0) -> RGB:
    """Lay one colour over the photo where the layer says."""
    rows, columns = np.flatnonzero(layer.any(axis=1)), np.flatnonzero(layer.any(axis=0))
    out = rgb.copy()
    if not rows.size:
        return out
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    alpha = layer[box].astype(np.float32)[..., None] * np.float32(opacity / 255)
    part = rgb[box].astype(np.float32)
    out[box] = np.clip(part + alpha * (np.asarray(colour, np.float32) - part) + 0.5, 0, 255).astype(np.uint8)
    return out


def ellipse(centre: Points, radii: Points, rng: Generator, *, wobble: float) -> Points:
    """Return a closed curve around a place, as a finger draws it: `wobble` 0 is a perfect ellipse."""
    start, turns = rng.uniform(0, 2 * np.pi), 1.0 if not wobble else rng.uniform(0.93, 1.25)
    angle = start + np.linspace(0, 2 * np.pi * turns, 120)
    grow = 1 + wobble * sum(rng.normal(0, 0.6 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in (1, 2, 3))
    drift = 1 + (wobble * rng.normal(0, 0.8) * np.linspace(0, 1, 120) if wobble else 0)
    tilt = rng.uniform(-0.4, 0.4) if wobble else 0.0
    flat = np.stack([np.cos(angle) * radii[0], np.sin(angle) * radii[1]], axis=1) * (grow * drift)[:, None]
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    return np.asarray(flat @ turn.T + centre)


def wave(start: Points, end: Points, rng: Generator, *, bend: float) -> Points:
    """Return a line from one place to another, bent like a hand's."""
    t = np.linspace(0, 1, 40)[:, None]
    way = np.asarray(end, float) - start
    across = np.array([-way[1], way[0]])
    sway = sum(rng.normal(0, bend / k) * np.sin(np.pi * k * t) for k in (1, 2, 3))
    return np.asarray(start + t * way + sway * across)


def glyphs(
    shape: Sequence[int], text: str, at: tuple[int, int], size: int, *, weight: int = 400, font: str = "uni"
) -> npt.NDArray[np.uint8]:
    """Return a layer with a line of text, Chinese too with the font "uni"; `at` is the left end of its baseline."""
    layer = np.zeros((*shape[:2], 3), np.uint8)
    cv2.putText(layer, text, (int(at[0]), int(at[1])), (255, 255, 255), cv2.FontFace(font), int(size), weight)
    return np.ascontiguousarray(layer[..., 0])


def text_size(text: str, size: int, *, weight: int = 400, font: str = "uni") -> tuple[int, int]:
    """Return width and height of a line in pixels."""
    box = cv2.getTextSize((9000, 900), text, (0, 0), cv2.FontFace(font), int(size), weight)
    return int(box[2]), int(box[3])


def font_for(text: str, rng: Generator) -> str:
    """Return a font that has the text's letters."""
    return str(rng.choice(["sans", "uni", "italic"], p=[0.55, 0.35, 0.1])) if text.isascii() else "uni"


def place(shape: Sequence[int], rng: Generator, *, margin: float = 0.15) -> Points:
    """Return a point (x, y) away from the rim."""
    height, width = shape[:2]
    return np.array([rng.uniform(margin, 1 - margin) * width, rng.uniform(margin, 1 - margin) * height])
