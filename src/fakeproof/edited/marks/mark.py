"""A mark: something laid over a photo openly, with the pixels it covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["PIXELS", "Grey", "Mark", "MaskPatch", "Picture", "cover", "covered_box", "reduced"]

Picture = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.uint8]
MaskPatch = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]

PIXELS = 800_000
"""Largest working picture: a pen's stroke of 0.35 % of the longer side is still 3 px wide."""


@dataclass(frozen=True, eq=False)
class Mark:
    """One mark at working size.

    Parameters
    ----------
    kind : str
        ``circle``, ``arrow``, ``box``, ``stroke``, ``text``, ``sticker``, ``mosaic``, ``hidden``, ``bar``, ``border`` or
        ``collage``.
    box : tuple of int
        (left, top, width, height) in working pixels.
    patch : ndarray of bool, shape (height, width)
        What it covers inside its box.
    """

    kind: str
    box: Box
    patch: MaskPatch

    @property
    def area(self) -> int:
        """Working pixels covered."""
        return int(np.count_nonzero(self.patch))


def reduced(rgb: Picture) -> Picture:
    """Return the working picture of at most :data:`PIXELS`."""
    scale = float(np.sqrt(PIXELS / (rgb.shape[0] * rgb.shape[1])))
    if scale >= 1:
        return rgb
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def covered_box(mask: MaskPatch) -> Box:
    """Return the (left, top, width, height) of what is set; all zero where nothing is."""
    left, top, width, height = (int(v) for v in cv2.boundingRect(mask.astype(np.uint8)))
    return left, top, width, height


def cover(marks: Iterable[Mark], shape: tuple[int, int]) -> MaskPatch:
    """Return all marks' pixels in one mask of a working picture's shape."""
    out = np.zeros(shape, bool)
    for mark in marks:
        left, top, width, height = mark.box
        out[top : top + height, left : left + width] |= mark.patch
    return out
