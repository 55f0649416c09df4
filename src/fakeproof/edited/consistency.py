"""Places whose history differs from the rest of the photo's: a small network of our own over pixels and coefficients."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fakeproof.artefact import shipped
from fakeproof.detector import detector
from fakeproof.edited.block_maps import block_heatmap, block_places, outlines, to_mask
from fakeproof.edited.marks.aside import cleared
from fakeproof.edited.trace_net import CELL, PART, cell_logits, seen
from fakeproof.findings import Finding, NotApplicable
from fakeproof.types import Category
from fakeproof.words import phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["consistency", "photo_score", "places"]

MIN_SIDE = 128
"""Pixels; below, the photo has too few cells to be compared with itself."""
MIN_CELLS = 4
"""Cells (16 x 16 px) that make a place."""
MAX_SHARE = 0.5
"""Share of the photo above which a place is the photo's own history."""
STRONGEST = 0.002
"""Share of the photo's cells, at least :data:`FEWEST`, whose mean log odds make the score: the size of a small paste."""
FEWEST = 8
LEVEL = 0.5
"""Where between the photo's median and its strongest cells a decided place ends."""


@detector(version=2, category=Category.EDITED, least_side=MIN_SIDE, cost_ms=150)
def consistency(photo: Photo, /) -> Finding | NotApplicable:
    """Find places whose history of saves, scalings and processing differs from the rest of the photo's.

    A network of 94,000 weights reads the photo in cells of 8 px on its JPEG grid: high-passed pixels, and the luma's
    coefficients in steps of the file's own table. Each cell is then set against the photo's mean and spread, so that
    it answers not "what is this" but "is this like the rest". It was trained on photos altered by program.

    It sees pasted, filled, smoothed, repainted and separately saved places from about 24 px on, best in files that an
    app or editor saved at quality 85 or more. It sees little after a chat app's strong compression, and nothing where
    a place has gone through the same saves as the rest: it cannot tell a truthful crop or a scene that was arranged.

    Parameters
    ----------
    photo : Photo

    Returns
    -------
    Finding
        `heatmap`: log odds that a cell's history differs, any real number; 0 is even odds as trained, cells at the rim
        that are not whole are 0. `score`: mean log odds of the strongest cells (1 in 500) over the photo's median,
        >= 0. `regions`: decided places. `facts`: ``threshold``, ``coefficients`` (whether a JPEG's were read).
    NotApplicable
        When the photo's shorter side is below 128 px.

    References
    ----------
    The two streams follow Kwon et al. 2022, "Learning JPEG compression artifacts for image manipulation detection and
    localization", doi:10.1007/s11263-022-01617-5, and Guillaro et al. 2023, "TruFor", doi:10.1109/CVPR52729.2023.01974;
    sizes, training photos and weights are our own.

    Examples
    --------
    >>> from skimage import data
    >>> import fakeproof as fp
    >>> fp.edited.consistency(fp.Photo.from_array(data.chelsea())).supports is None
    True
    """
    view = seen(photo)
    logits, origin = _displayed(photo, cell_logits(view))
    usual = np.float32(np.median(logits))
    excess = cleared(photo, logits - usual, origin)  # marks laid over openly, and a collage's cells, are no trace
    score, threshold = photo_score(excess), _threshold()
    decided = places(excess) if score >= threshold else np.zeros(excess.shape, bool)
    mask = to_mask(decided, origin, photo.size, block=CELL)
    return Finding(
        score=score,
        supports=Category.EDITED if decided.any() else None,
        sentence=phrase("consistency.places" if decided.any() else "consistency.nothing"),
        mask=mask,
        heatmap=block_heatmap(excess + usual, origin, photo.size, block=CELL),
        regions=outlines(mask, trace="consistency"),
        facts={"threshold": round(threshold, 3), "coefficients": view.dct is not None},
    )


def photo_score(logits: npt.NDArray[np.float32]) -> float:
    """Return how far the photo's strongest cells stand above its median, in log odds."""
    ordered = np.sort(logits, axis=None)[::-1]
    top = ordered[: max(FEWEST, round(STRONGEST * ordered.size))]
    return float(top.mean(dtype=np.float64) - np.median(ordered))


def places(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return the cells of the places that make the score."""
    cut = float(np.median(logits)) + LEVEL * photo_score(logits)
    out = np.zeros(logits.shape, bool)
    for place in block_places(logits, cut, min_blocks=MIN_CELLS):
        if place.blocks <= MAX_SHARE * logits.size:
            out |= place.mask
    return out


@lru_cache(maxsize=1)
def _threshold() -> float:
    return float(shipped(PART).values["threshold"])


def _displayed(photo: Photo, cells: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[int, int]]:
    """Turn a map of cells as displayed; return it and where its first cell begins, (row, column) in displayed pixels.

    Cells are counted from the stored top left corner; what is left over beyond the last whole one lies at the stored
    bottom and right, which a turned or mirrored photo shows at the top or left.
    """
    jpeg = photo.jpeg
    if jpeg is None:
        return cells, (0, 0)
    width, height = jpeg.stored_size
    over = (width % CELL, height % CELL) if jpeg.orientation >= 5 else (height % CELL, width % CELL)
    corner = np.argwhere(jpeg.upright(np.array([[1, 0], [0, 0]])))[0]  # where the stored corner is displayed
    first = [int(rest) if moved else 0 for rest, moved in zip(over, corner, strict=True)]
    return np.ascontiguousarray(jpeg.upright(cells)), (first[0], first[1])
