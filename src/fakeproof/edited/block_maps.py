"""Maps with one value a JPEG block: held against the photo's own blocks, smoothed, cut into regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeproof.findings import Region

__all__ = ["Place", "block_places", "box_mean", "box_sum", "outlines", "to_pixels"]

BlockMap = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """A connected set of blocks."""

    mask: npt.NDArray[np.bool_]
    blocks: int
    peak: float
    mean: float


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

    count, labels, stats, _ = cv2.connectedComponentsWithStats((value > threshold).astype(np.uint8), connectivity=4)
    places = []
    for label in range(1, count):
        blocks = int(stats[label, cv2.CC_STAT_AREA])
        if blocks < min_blocks:
            continue
        mask = labels == label
        inside = value[mask]
        places.append(Place(mask, blocks, float(inside.max()), float(inside.mean())))
    return sorted(places, key=lambda p: (-p.blocks * p.mean, -p.peak))


def to_pixels(
    value: npt.NDArray[np.generic], origin: tuple[int, int], size: tuple[int, int], *, block: int = 8
) -> npt.NDArray[np.float32]:
    """Return a block map as a picture of size (width, height): each block's value on its pixels, 0 outside."""
    import cv2

    width, height = size
    out = np.zeros((height, width), np.float32)
    rows, columns = value.shape
    if rows and columns:
        big = cv2.resize(value.astype(np.float32), (columns * block, rows * block), interpolation=cv2.INTER_NEAREST)
        top, left = origin
        high, wide = min(rows * block, height - top), min(columns * block, width - left)
        out[top : top + high, left : left + wide] = big[:high, :wide]
    return out


def outlines(mask: npt.NDArray[np.bool_], *, scores: tuple[float, ...] = (), trace: str) -> tuple[Region, ...]:
    """Return each connected part of a pixel mask as a region, largest first."""
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    order = sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))
    found = []
    for number, label in enumerate(order):
        x, y, w, h = (int(v) for v in stats[label, :4])
        part = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
        contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
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
