"""What the detectors' maps say about each cell of 8 px: the features of the fusion."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fakeproof.detector import Detector, listed
from fakeproof.edited.marks.aside import aside_cells, cell_numbers
from fakeproof.heatmaps import BlockHeatmap, heatmap_rows

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.photo import Photo

__all__ = ["CELL", "cell_channels", "cell_features", "channels", "features", "fused"]

Cells = npt.NDArray[np.float32]

CELL = 8
STRIP = 16
"""Rows of cells that are averaged at once, so that a strip stays in the cache."""
FELT = 5
"""Cells around a left-out one that are left out too: the detectors' windows reach there."""
SCALES = (3, 7, 15)
"""Cells over which each map is averaged besides the cell itself."""
VIEWS = ("cell", *(f"mean{s}" for s in SCALES), "rank")


@cache
def fused() -> tuple[Detector, ...]:
    """Return the records of the detectors whose maps are fused."""
    return tuple(d for d in listed("fakeproof.edited") if d.maps)


def channels() -> dict[str, Detector]:
    """Return the channels in their order, each with the detector that it comes from."""
    return {channel: d for d in fused() for channel in d.maps}


def features() -> tuple[str, ...]:
    """Return the names of the features in their order."""
    return tuple(f"{channel}.{view}" for channel in channels() for view in VIEWS)


def cell_channels(photo: Photo, found: Mapping[str, Finding]) -> Cells:
    """Return the detectors' maps by cell, shape (rows, columns, channels); 0 where a detector could not look.

    Values are compressed to sign(v) * log(1 + |v|), so that a detector with large numbers rules no average.
    """
    rows, columns = photo.size[1] // CELL, photo.size[0] // CELL
    known = channels()
    out = np.zeros((rows, columns, len(known)), np.float32)
    for k, (channel, detector) in enumerate(known.items()):
        finding = found.get(detector.name)
        heat = detector.maps[channel](photo, finding) if finding is not None else None
        if heat is not None:
            out[..., k] = _by_cell(heat, rows, columns)
    return np.sign(out) * np.log1p(np.abs(out))


def _by_cell(heat: npt.NDArray[np.float32] | BlockHeatmap, rows: int, columns: int) -> Cells:
    import cv2

    if not isinstance(heat, BlockHeatmap) and heat.shape == (rows, columns):
        return heat  # one value a cell already
    out = np.empty((rows, columns), np.float32)
    for row in range(0, rows, STRIP):
        target = out[row : row + STRIP]
        strip = heatmap_rows(heat, row * CELL, (row + len(target)) * CELL)[:, : columns * CELL]
        if not np.isfinite(strip).all():
            strip = np.nan_to_num(strip, posinf=50.0, neginf=-50.0)
        target[:] = cv2.resize(strip, (columns, len(target)), interpolation=cv2.INTER_AREA)
    return out


def cell_features(channels: Cells) -> Cells:
    """Return the features by cell, shape (rows * columns, features).

    Each map as it is, its means over 3, 7 and 15 cells, and the 7-cell mean's robust deviation from the photo's own
    median: a map that is high everywhere says nothing about a place.
    """
    import cv2

    rows, columns, count = channels.shape
    views = np.empty((rows, columns, count, len(VIEWS)), np.float32)
    for k in range(count):
        plane = np.ascontiguousarray(channels[..., k])
        views[..., k, 0] = plane
        for i, side in enumerate(SCALES):
            views[..., k, 1 + i] = cv2.blur(plane, (side, side))
        views[..., k, -1] = _deviation(views[..., k, 2])
    return views.reshape(rows * columns, -1)


def _deviation(plane: Cells) -> Cells:
    centre = np.median(plane)
    spread = max(float(np.median(np.abs(plane - centre))), 0.05)
    return np.clip((plane - centre) / spread, -10, 30)  # type: ignore[no-any-return]


def neutralised(photo: Photo, maps: Cells) -> npt.NDArray[np.bool_] | None:
    """Give cells that are left out the photo's usual values, and in a collage hold each cell against its own; in place.

    Returns which cells were left out, with those whose windows still feel a mark; None where none were.
    """
    import cv2

    usual = np.median(maps.reshape(-1, maps.shape[2]), axis=0)
    numbers = cell_numbers(photo, maps.shape, block=CELL)
    if numbers is not None:
        for number in range(int(numbers.max()) + 1):
            inside = numbers == number
            if inside.any():
                maps[inside] += usual - np.median(maps[inside], axis=0)
    touched = aside_cells(photo, maps.shape, block=CELL)
    if touched is None:
        return None
    grown = cv2.dilate(touched.astype(np.uint8), np.ones((FELT, FELT), np.uint8)) > 0
    maps[grown] = usual if grown.all() else np.median(maps[~grown], axis=0)
    return np.asarray(grown)
