"""Whether two pictures that a transform lays over each other agree pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.geometry.warp import warp

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.keypoints import WorkingPicture

__all__ = ["Alignment", "block_alignment"]

BLOCK = 32
"""Working pixels a block; smaller where the overlap is small, never below 12."""
SMALLEST_BLOCK = 12
BLOCKS_ACROSS = 8
"""Blocks wanted across a small overlap."""
SMOOTHING = 2.0
"""Gaussian sigma, working pixels: forgives JPEG, resampling and a pixel of misfit."""
STRUCTURED = 4.0
"""Standard deviation, grey levels, from which a block has something to compare."""
AGREES = 0.7
"""Normalised correlation from which a block agrees (measured on 840 re-uses and 500 product pairs)."""


@dataclass(frozen=True)
class Alignment:
    """Share of structured blocks that agree (0-1), how many blocks there were, and the median correlation."""

    fraction: float
    blocks: int
    correlation: float


def block_alignment(a: WorkingPicture, b: WorkingPicture, matrix: npt.NDArray[np.float64]) -> Alignment:
    """Lay `a` over `b` by `matrix` (working pixels) and compare blocks.

    Photos of one product share a label but not its surroundings; a re-used photo agrees nearly everywhere. Blocks in
    which both pictures are flat are left out: they agree with anything.
    """
    import cv2
    import numpy as np

    moved, inside = warp(a.grey, matrix, b.size)
    area = int(inside.sum())
    block = int(np.clip(np.sqrt(area) / BLOCKS_ACROSS, SMALLEST_BLOCK, BLOCK))
    sigma = SMOOTHING * block / BLOCK
    x = cv2.GaussianBlur(moved.astype(np.float32), (0, 0), sigma)
    y = cv2.GaussianBlur(b.grey.astype(np.float32), (0, 0), sigma)
    rows, columns = inside.shape[0] // block, inside.shape[1] // block
    if rows == 0 or columns == 0:
        return Alignment(0.0, 0, 0.0)

    def tiles(image: Any) -> Any:
        cut = image[: rows * block, : columns * block].reshape(rows, block, columns, block)
        return cut.swapaxes(1, 2).reshape(rows * columns, block * block)

    whole = tiles(inside.astype(np.float32)).min(axis=1) > 0
    p, q = tiles(x)[whole], tiles(y)[whole]
    p, q = p - p.mean(axis=1, keepdims=True), q - q.mean(axis=1, keepdims=True)
    dp, dq = np.sqrt((p * p).mean(axis=1)), np.sqrt((q * q).mean(axis=1))
    structured = np.maximum(dp, dq) >= STRUCTURED
    if not structured.any():
        return Alignment(0.0, 0, 0.0)
    correlation = (p * q).mean(axis=1)[structured] / np.maximum(dp * dq, 1.0)[structured]
    return Alignment(float((correlation > AGREES).mean()), int(structured.sum()), float(np.median(correlation)))
