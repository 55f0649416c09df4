"""Marks that image generators put into pixels and that need no reader: SDXL's invisible message, Gemini's spark.

The message survives PNG and mild JPEG at full size and nothing else: no chat app leaves it. Its absence means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["GeneratorMark", "generator_marks", "message_bits"]

SDXL_MESSAGE = 0xB3EC907BB19E
"""The 48 bits that Stability AI's demo and diffusers put into every picture of Stable Diffusion XL."""
BITS = 48
STEP = 36.0
"""Quantisation step of the coefficients that carry it."""
MIN_RIGHT = 45
"""Bits that must be right: chance does so once in 10^10; of 2,091 ordinary photos none had more than 36."""
MESSAGE_SIDE = 256
"""Pixels a side below which generators embed nothing."""
MESSAGE_PIXELS = 4_200_000
"""Pixels above which no picture of that generator is; larger ones were enlarged, which destroys the message."""
SPARK_CORNER = 0.16
"""Share of the shorter side, from the lower right corner, in which Gemini's spark lies."""
SPARK_SIDES = (18, 20, 22, 24, 27, 30, 33, 36, 40, 44, 49, 54)
"""Sizes of the star that are tried, px of a picture whose shorter side was brought to 512 px."""
SPARK_SIDE = 512
SPARK_LIKE = 0.9
"""Correlation with the star from which it is one; a drawn one on a calm ground has 0.92 and more, on a busy one it is missed.
The likest place of 2,091 ordinary photos has 0.859."""
SPARK_CONTRAST = 12.0
"""Grey levels by which the star is lighter than its surroundings."""


@dataclass(frozen=True)
class GeneratorMark:
    """A generator's mark, its confidence from 0 to 1, and its box (left, top, right, bottom) in displayed pixels."""

    platform: str
    text: str
    confidence: float
    box: tuple[float, float, float, float]


def generator_marks(rgb: npt.NDArray[np.uint8]) -> tuple[GeneratorMark, ...]:
    """Look for the marks of generators in a displayed picture, uint8 (rows, columns, 3)."""
    found = []
    height, width = rgb.shape[:2]
    right = max(_right(message_bits(rgb)), _right(message_bits(rgb[..., ::-1])))
    if right >= MIN_RIGHT:
        text = f"Stable Diffusion XL, {right} of {BITS} bits"
        found.append(GeneratorMark("Stable Diffusion XL", text, right / BITS, (0.0, 0.0, float(width), float(height))))
    spark = _spark(rgb)
    if spark is not None:
        found.append(spark)
    return tuple(found)


def _right(bits: npt.NDArray[np.bool_]) -> int:
    if not bits.size:
        return 0
    wanted = np.array([SDXL_MESSAGE >> (BITS - 1 - i) & 1 for i in range(BITS)], bool)
    return int((bits == wanted).sum())


def message_bits(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Read 48 bits from the chroma plane U; empty for pictures below 256 px or above 4.2 million pixels.

    The plane's low band (one step of the Haar wavelet) is cut into 4 x 4 blocks; in each the largest coefficient but the
    first carries one bit by where in its quantisation step it lies. Blocks carry the bits in turn, the majority decides.

    References
    ----------
    Cox, Miller, Bloom, Fridrich, Kalker, "Digital Watermarking and Steganography", 2007, chapter 5 (quantisation index
    modulation in a transform's low band), ISBN 978-0-12-372585-1.
    """
    rows, columns = (n // 4 * 4 for n in rgb.shape[:2])
    if min(rows, columns) < MESSAGE_SIDE or rows * columns > MESSAGE_PIXELS:
        return np.zeros(0, bool)
    part = rgb[:rows, :columns].astype(np.float32)
    luma = part @ np.array([0.299, 0.587, 0.114], np.float32)
    plane = np.clip(np.rint(0.492 * (part[..., 2] - luma) + 128), 0, 255)
    low = (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 2
    down, right = low.shape[0] // 4, low.shape[1] // 4
    blocks = low[: down * 4, : right * 4].reshape(down, 4, right, 4).transpose(0, 2, 1, 3).reshape(-1, 16)[:, 1:]
    value = np.abs(np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)[:, 0])
    said = value % STEP > STEP / 2
    turns = len(said) // BITS
    return said[: turns * BITS].reshape(turns, BITS).mean(axis=0) > 0.5  # type: ignore[no-any-return]


@cache
def _star(side: int) -> npt.NDArray[np.float32]:
    """Return a star of four points on a margin, soft at its edge."""
    import cv2

    at = (np.arange(4 * side) + 0.5) / (2 * side) - 1
    inside = np.sqrt(np.abs(at))[:, None] + np.sqrt(np.abs(at))[None, :] <= 1
    drawn = cv2.copyMakeBorder(inside.astype(np.float32), side, side, side, side, cv2.BORDER_CONSTANT)
    small = cv2.resize(drawn, (drawn.shape[1] // 4, drawn.shape[0] // 4), interpolation=cv2.INTER_AREA)
    star: npt.NDArray[np.float32] = np.asarray(small, np.float32)
    return star


def _spark(rgb: npt.NDArray[np.uint8]) -> GeneratorMark | None:
    """Find the light star that Gemini lays into the lower right corner."""
    import cv2

    height, width = rgb.shape[:2]
    corner = round(2 * SPARK_CORNER * min(height, width))
    if corner < 40:
        return None
    scale = SPARK_SIDE / min(height, width)
    part = np.ascontiguousarray(rgb[-corner:, -corner:])
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    best: tuple[float, int, tuple[int, int]] = (0.0, 0, (0, 0))
    for side in SPARK_SIDES:
        star = _star(side)
        if min(grey.shape) <= star.shape[0]:
            continue
        element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side + 1, side + 1))
        raised = cv2.morphologyEx(
            grey, cv2.MORPH_TOPHAT, element
        )  # light and smaller than the star, whatever lies below
        found: Any = cv2.matchTemplate(raised.astype(np.float32), star, cv2.TM_CCOEFF_NORMED)
        _, likeness, _, at = cv2.minMaxLoc(found)
        if likeness > best[0]:
            best = (float(likeness), side, (int(at[0]), int(at[1])))
    likeness, side, (x, y) = best
    if likeness < SPARK_LIKE or _contrast(grey, side, x, y) < SPARK_CONTRAST:
        return None
    margin = _star(side).shape[0]
    left, top = width - corner + x / scale, height - corner + y / scale
    return GeneratorMark("Gemini", "spark", likeness, (left, top, left + margin / scale, top + margin / scale))


def _contrast(grey: Any, side: int, x: int, y: int) -> float:
    star = _star(side)
    part = grey[y : y + star.shape[0], x : x + star.shape[1]].astype(np.float32)
    return float(part[star > 0.9].mean() - part[star < 0.1].mean())
