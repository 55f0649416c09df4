"""Heatmaps with one value a block: kept as such, and spread over the pixels when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fakeproof.types import Heatmap, Mask

__all__ = ["BlockHeatmap", "heatmap_rows", "map_picture", "spread_from"]

PICTURE_SIDE = 320
"""Longer side, px, of the picture that a notebook shows of a map."""


@dataclass(frozen=True, eq=False)
class BlockHeatmap:
    """A heatmap that is constant within blocks.

    Seven maps of a 12 megapixel photo take 340 MB by pixel and 5 MB by block.

    Parameters
    ----------
    values : ndarray of float32, shape (block rows, block columns)
        Read-only.
    origin : tuple of int
        (row, column) of the first block; pixels before it are 0, as are those behind the last one.
    size : tuple of int
        (width, height) of the photo, px.
    block : int
        Pixels a side of a block.
    """

    values: Heatmap
    origin: tuple[int, int]
    size: tuple[int, int]
    block: int = 8

    def picture(self) -> Heatmap:
        """Return the map by pixel, float32 (rows, columns), read-only."""
        spread = np.ndarray.__new__(_Spread, self.size[::-1], np.float32)
        spread.blocks = self
        spread[:] = self.rows(0, self.size[1])
        spread.flags.writeable = False
        return spread.view(np.ndarray)

    def rows(self, start: int, stop: int) -> Heatmap:
        """Return some rows of :meth:`picture`, without making the others."""
        (top, left), (width, height) = self.origin, self.size
        stop = min(stop, height)
        out = np.zeros((max(0, stop - start), width), np.float32)
        first = max(0, (start - top) // self.block)
        for row in range(first, min(len(self.values), -(-(stop - top) // self.block))):
            line = np.repeat(self.values[row], self.block)[: width - left]
            at = top + row * self.block - start
            out[max(0, at) : at + self.block, left : left + line.size] = line
        out.flags.writeable = False
        return out


class _Spread(np.ndarray[Any, np.dtype[np.float32]]):
    """The memory of a block map's picture: it remembers which map that is."""

    blocks: BlockHeatmap


def spread_from(picture: Any) -> BlockHeatmap | None:
    """Return the block map that an array is the unchanged picture of; None for any other array."""
    memory = getattr(picture, "base", None)
    if not isinstance(memory, _Spread) or picture.flags.writeable:
        return None
    return memory.blocks if (picture.shape, picture.strides) == (memory.shape, memory.strides) else None


def heatmap_rows(heatmap: Heatmap | BlockHeatmap, start: int, stop: int) -> Heatmap:
    """Return rows of a heatmap, whichever way it is kept."""
    return heatmap.rows(start, stop) if isinstance(heatmap, BlockHeatmap) else heatmap[start:stop]


def map_picture(heatmap: Heatmap | None, mask: Mask | None) -> str:
    """Return a small picture of a heatmap with the decided places outlined, as base64 PNG; '' if there is neither."""
    import base64

    import cv2

    shape = next((a.shape for a in (heatmap, mask) if a is not None), None)
    if shape is None:
        return ""
    scale = min(1.0, PICTURE_SIDE / max(shape))
    size = (max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale)))
    grey = np.zeros(size[::-1], np.uint8)
    if heatmap is not None:
        small = np.nan_to_num(cv2.resize(heatmap, size, interpolation=cv2.INTER_AREA))
        low, high = float(small.min()), float(small.max())
        grey = np.rint((small - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    colours = cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS)
    if mask is not None:
        decided = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(decided, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(colours, outlines, -1, (60, 60, 255), 2)
    return base64.b64encode(cv2.imencode(".png", colours)[1].tobytes()).decode()
