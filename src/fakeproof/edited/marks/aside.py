"""What detectors leave out: places that were laid over openly or lost in transport; and the cells of a collage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof.edited.marks.laid_over import LaidOver, laid_over
from fakeproof.edited.marks.mark import MaskPatch, cover

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["across_cells", "aside", "aside_cells", "cell_numbers", "cleared", "in_collage"]

MARGIN = 12
"""px of the photo around a mark that its rim, a chat app's blocks and the filters of the detectors still feel."""
MOST = 0.6
"""Share of the photo above which nothing is left out: what covers more than that is no mark on a photo."""


def aside(photo: Photo) -> MaskPatch | None:
    """Return the pixels to leave out, read-only, shape (rows, columns); None where there are none."""
    return photo.cached("edited.aside", lambda: _aside(photo))


def _aside(photo: Photo) -> MaskPatch | None:
    found = laid_over(photo)
    if not found.marks and not found.damage:
        return None
    width, height = photo.size
    reach = max(1, round(MARGIN / found.scale))
    covered = cover(found.marks, found.shape).astype(np.uint8)
    grown = cv2.dilate(covered, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    mask = cv2.resize(grown, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    for damage in found.damage:
        mask |= _grown_rows(damage.rows)[:, None]
    if mask.mean() > MOST:
        return None
    out = np.asarray(mask)
    out.flags.writeable = False
    return out


def _grown_rows(rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.convolve(rows, np.ones(2 * MARGIN + 1), "same") > 0


def aside_cells(
    photo: Photo, shape: tuple[int, ...], *, origin: tuple[int, int] = (0, 0), block: int = 8, reach: int | None = None
) -> MaskPatch | None:
    """Return which cells of a map touch what is left out; None where none does.

    Parameters
    ----------
    photo : Photo
    shape : tuple of int
        Rows and columns of the map.
    origin : tuple of int
        (top, left) of its first cell, px.
    block : int
        Side of a cell, px.
    reach : int, optional
        Side of the window, px, that a cell's value rests on, where that is larger than the cell.
    """
    mask = aside(photo)
    if mask is None:
        return None
    sums = cv2.integral(mask.astype(np.uint8))
    half = max(0, ((reach or block) - block) // 2)
    tops = origin[0] + block * np.arange(shape[0])
    lefts = origin[1] + block * np.arange(shape[1])
    edges = [np.clip(v, 0, limit) for v, limit in (
        (tops - half, mask.shape[0]), (tops + block + half, mask.shape[0]),
        (lefts - half, mask.shape[1]), (lefts + block + half, mask.shape[1]),
    )]  # fmt: skip
    top, bottom, left, right = edges
    inside = (
        sums[np.ix_(bottom, right)] - sums[np.ix_(top, right)] - sums[np.ix_(bottom, left)] + sums[np.ix_(top, left)]
    )
    return np.asarray(inside > 0) if reach is None else np.asarray(inside > ASIDE_SHARE * (block + 2 * half) ** 2)


ASIDE_SHARE = 0.15
"""Share of a window that may lie in what is left out."""


def cleared(
    photo: Photo,
    values: npt.NDArray[np.float32],
    origin: tuple[int, int] = (0, 0),
    *,
    block: int = 8,
    reach: int | None = None,
) -> npt.NDArray[np.float32]:
    """Return a map with 0 where it is left out, and in a collage each cell against itself; the map itself if neither.

    Parameters are those of :func:`aside_cells`; 0 means that nothing stands out.
    """
    left_out = aside_cells(photo, values.shape, origin=origin, block=block, reach=reach)
    numbers = cell_numbers(photo, values.shape, block=block)
    if left_out is None and numbers is None:
        return values
    out = values.copy()
    if numbers is not None:
        for number in range(int(numbers.max()) + 1):
            inside = numbers == number
            if inside.any():
                out[inside] -= max(0.0, float(np.median(out[inside])))
    if left_out is not None:
        out[left_out] = 0
    return out


def cell_numbers(photo: Photo, shape: tuple[int, ...], *, block: int = 8) -> npt.NDArray[np.int32] | None:
    """Return for each cell of a map the number of the collage's cell it lies in, from 0; None where there is no collage."""
    found = laid_over(photo)
    if len(found.cells) < 2:
        return None
    out = np.zeros(shape[:2], np.int32)
    for number, cell in enumerate(found.cells):
        top, bottom, left, right = (
            round(v * found.scale / block) for v in (cell.top, cell.bottom, cell.left, cell.right)
        )
        out[top:bottom, left:right] = number
    return out


def in_collage(photo: Photo) -> bool:
    """Tell whether the photo is a collage: each cell came with saves and a grid of its own."""
    return len(laid_over(photo).cells) > 1


def across_cells(found: LaidOver, first: MaskPatch, second: MaskPatch) -> bool:
    """Tell whether two places of a picture lie in different cells of a collage: it may show one thing several times."""
    if len(found.cells) < 2:
        return False
    homes = [_home(found, place) for place in (first, second)]
    return homes[0] != homes[1]


def _home(found: LaidOver, place: MaskPatch) -> int:
    scale = place.shape[1] / found.shape[1]
    inside = []
    for cell in found.cells:
        top, bottom, left, right = (round(v * scale) for v in (cell.top, cell.bottom, cell.left, cell.right))
        inside.append(int(place[top:bottom, left:right].sum()))
    return int(np.argmax(inside))
