"""Maps with one value a JPEG block: held against the photo's own blocks, smoothed, cut into regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeproof.findings import Region, frozen_array
from fakeproof.heatmaps import BlockHeatmap

__all__ = ["Place", "block_heatmap", "block_places", "box_mean", "box_sum", "outlines", "to_mask"]

BlockMap = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """A connected set of blocks: those with its label in a map that all places share."""

    labels: npt.NDArray[np.int32]
    label: int
    blocks: int
    peak: float
    mean: float

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """Where it lies; made anew on each access, since few of many places are looked at."""
        return np.asarray(self.labels == self.label)


def box_mean(value: BlockMap, weight: BlockMap, size: int) -> tuple[BlockMap, BlockMap]:
    """Return the weighted mean over size x size blocks, and the weight that it rests on."""
    total = box_sum(value * weight, size)
    mass = box_sum(weight, size)
    return (total / np.maximum(mass, 1e-6)).astype(np.float32), mass


def box_sum(value: BlockMap, size: int) -> BlockMap:
    """Return the sum over size x size blocks; nothing lies beyond the border."""
    import cv2

    window = (size, size)
    return np.asarray(
        cv2.boxFilter(value, cv2.CV_32F, window, normalize=False, borderType=cv2.BORDER_CONSTANT), np.float32
    )


def block_places(value: BlockMap, threshold: float, *, min_blocks: int) -> list[Place]:
    """Return the connected sets above `threshold`, largest sum of excess first."""
    import cv2

    count, found, stats, _ = cv2.connectedComponentsWithStats((value > threshold).astype(np.uint8), connectivity=4)
    labels, places = np.asarray(found, np.int32), []
    for label in range(1, count):
        blocks = int(stats[label, cv2.CC_STAT_AREA])
        if blocks < min_blocks:
            continue
        left, top, wide, high = (int(v) for v in stats[label, :4])
        box = (slice(top, top + high), slice(left, left + wide))
        inside = value[box][labels[box] == label]
        places.append(Place(labels, label, blocks, float(inside.max()), float(inside.mean())))
    return sorted(places, key=lambda p: (-p.blocks * p.mean, -p.peak))


def block_heatmap(
    value: npt.NDArray[np.generic], origin: tuple[int, int], size: tuple[int, int], *, block: int = 8
) -> BlockHeatmap:
    """Return a block map as the heatmap of a photo of size (width, height): each block's value on its pixels, 0 outside."""
    return BlockHeatmap(frozen_array(value, np.float32), origin, size, block)


def to_mask(
    value: npt.NDArray[np.bool_], origin: tuple[int, int], size: tuple[int, int], *, block: int = 8
) -> npt.NDArray[np.bool_]:
    """Return a map of blocks as a mask of size (width, height), read-only, False outside."""
    (top, left), (width, height) = origin, size
    out = np.zeros((height, width), np.bool_)
    # Pages of zeros that nobody writes to take no memory.
    for row in np.flatnonzero(value.any(axis=1)):
        line = np.repeat(value[row], block)[: width - left]
        at = top + int(row) * block
        out[at : at + block, left : left + line.size] = line
    # Locked: findings copy what is writable.
    out.flags.writeable = False
    return out


def outlines(mask: npt.NDArray[np.bool_], *, scores: tuple[float, ...] = (), trace: str) -> tuple[Region, ...]:
    """Return each connected part of a pixel mask as a region, largest first."""
    import cv2

    pixels = mask.view(np.uint8)
    left, top, wide, high = cv2.boundingRect(pixels)
    if not wide:
        return ()
    # An even corner: labels are given by 2 x 2 pixels, and their order decides between places of one size.
    right, bottom, left, top = left + wide, top + high, left & ~1, top & ~1
    pixels = np.ascontiguousarray(pixels[top:bottom, left:right])
    count, labels, stats, _ = cv2.connectedComponentsWithStats(pixels, connectivity=8)
    order = sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))
    found = []
    for number, label in enumerate(order):
        x, y, w, h = (int(v) for v in stats[label, :4])
        part = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
        contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left + x, top + y))
        outline = max(contours, key=cv2.contourArea).reshape(-1, 2)
        score = scores[number] if number < len(scores) else 0.0
        found.append(
            Region(
                polygon=outline.astype(np.float32),
                area=int(stats[label, cv2.CC_STAT_AREA]),
                label=str(number + 1),
                score=score,
                traces=(trace,),
            )
        )
    return tuple(found)
