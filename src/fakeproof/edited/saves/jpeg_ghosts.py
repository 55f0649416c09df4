"""JPEG ghosts: places that were saved earlier at a quality, or on a grid, that the rest was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fakeproof.detector import detector, own_map
from fakeproof.edited.block_maps import BlockMap, Place, block_heatmap, block_places, box_mean, outlines, to_mask
from fakeproof.edited.marks.aside import cleared
from fakeproof.edited.planes import JpegPlanes, ijg_table, jpeg_planes
from fakeproof.edited.saves.requantised import photo_deviations, spread_of
from fakeproof.edited.saves.shifted_grid import UNIFORM_VARIANCE, ShiftedGrid, shifted_grid
from fakeproof.errors import ParameterError
from fakeproof.findings import Finding, NotApplicable
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["DEFAULT_QUALITIES", "jpeg_ghosts"]

DEFAULT_QUALITIES = (50, 55, 60, 65, 70, 74, 77, 80, 83, 86, 88, 90, 92, 94, 96)
"""IJG qualities of the sweep, closer where steps change faster."""
MIN_SIDE = 128
"""Pixels; below, too few blocks share a texture."""
CANDIDATE = 1.8
"""Robust standard deviations at which a place is worth looking at."""
DECISION = 11.0
"""Strength of a ghost at which the photo is called edited: none of 1,044 untouched photos of the training half, saved up
to three times, had more than 9.2; at 7.5, 8 of 461 camera photos and others passed (section edited of the benchmarks)."""
OWN_QUALITY = 2
"""Steps of quality up to which a ghost is the photo's own last save: rounding and clipping, not history."""
SHIFTED_WINDOW = 5
"""Blocks over which the fit to a shifted grid is summed."""
MIN_BLOCKS = 9
MAX_SHARE = 0.35
"""Share of the photo above which the ghost is the photo's own history, not a place in it."""


@dataclass(frozen=True)
class _Ghost:
    """A map of deviations, the grid and quality it was made with, and its places, strongest first."""

    grid: tuple[int, int]
    quality: int
    aligned: bool
    deviation: BlockMap
    places: list[Place]

    @property
    def strength(self) -> float:
        return max((p.peak for p in self.places), default=0.0)


@detector(version=2, category=Category.EDITED, least_side=MIN_SIDE, maps={"jpeg_ghosts": own_map}, cost_ms=60)
def jpeg_ghosts(photo: Photo, /, *, qualities: Sequence[int] = DEFAULT_QUALITIES) -> Finding | NotApplicable:
    """Find places whose earlier JPEG save differs from that of the rest, on the photo's grid or on another.

    Every block is quantised with the tables of each quality; a block that was once saved near that quality loses
    conspicuously little. On the photo's own grid, luma and chroma are each held against the photo's blocks of the
    same texture; among the 60 shifted grids the one that best fits an earlier save somewhere is examined as well.
    Quality, grid and place are chosen by the method.

    It sees parts saved earlier at a lower quality than the last save, from 64 px on. It sees nothing when the last
    save was coarser, after a resize, and in flat parts.

    Parameters
    ----------
    photo : Photo
    qualities : sequence of int
        IJG qualities of the sweep, 1-100.

    Returns
    -------
    Finding
        `heatmap`: deviation in robust standard deviations, >= 0; about 1 where nothing is odd, 0 where nothing can
        be said; on the photo's own grid the root mean square over qualities. `score`: the largest deviation inside a
        place of at least 9 blocks and at most a third of the photo; 0 without one, and where it fits the photo's own
        last quality best. `facts`: ``quality``, ``grid`` (x, y), ``aligned``, ``shifted_strength`` and
        ``shifted_whole`` (standard deviations by which the best shifted grid fits, at its best place and in the whole
        photo).
    NotApplicable
        When the photo's shorter side is below 128 px.

    References
    ----------
    Farid 2009, "Exposing digital forgeries from JPEG ghosts", doi:10.1109/TIFS.2008.2012215.

    Examples
    --------
    >>> from skimage import data
    >>> import fakeproof as fp
    >>> fp.edited.jpeg_ghosts(fp.Photo.from_array(data.coffee())).supports is None
    True
    """
    qualities = tuple(qualities)
    if not qualities or not all(isinstance(q, int) and 1 <= q <= 100 for q in qualities):
        raise ParameterError("qualities", qualities, "integers from 1 to 100")
    planes, shifted = jpeg_planes(photo), shifted_grid(photo)
    ghosts = _aligned(photo, qualities)
    if shifted.local:
        ghosts += _shifted(photo, planes, shifted)
    best = max(ghosts, key=lambda g: g.strength)
    earlier = _earlier(best, photo.jpeg.quality if photo.jpeg else None)
    chosen = [p for p in best.places if p.peak >= DECISION and earlier]
    mask = np.any([p.mask for p in chosen], axis=0) if chosen else np.zeros(best.deviation.shape, bool)
    origin = planes.origin if best.aligned else best.grid[::-1]
    pixels = to_mask(mask, origin, photo.size)
    return Finding(
        score=best.strength if earlier else 0.0,
        supports=Category.EDITED if chosen else None,
        sentence=_sentence(best, len(chosen)),
        mask=pixels,
        heatmap=block_heatmap(best.deviation, origin, photo.size),
        regions=outlines(pixels, trace="jpeg_ghosts"),
        facts={
            "quality": best.quality,
            "grid": best.grid,
            "aligned": best.aligned,
            "shifted_grid": shifted.grid,
            "shifted_quality": shifted.quality,
            "shifted_strength": round(shifted.strength, 2),
            "shifted_whole": round(shifted.whole, 2),
            "shifted_share": round(shifted.share, 3),
        },
    )


def _earlier(ghost: _Ghost, last: int | None) -> bool:
    """Return whether the ghost can be an earlier save: on the photo's own grid only a coarser one than the last shows."""
    return not ghost.aligned or last is None or ghost.quality < last - OWN_QUALITY


def _aligned(photo: Photo, qualities: tuple[int, ...]) -> list[_Ghost]:
    planes, found = jpeg_planes(photo), photo_deviations(photo, qualities)
    maps = np.sqrt((np.square(found.luma) + np.square(found.joint)) / 2)
    grid = (planes.origin[1], planes.origin[0])
    together = cleared(photo, np.sqrt(np.mean(np.square(maps), axis=0)), planes.origin)
    places = _places(together)
    # The place is that of all qualities together; the quality is the one at which it stands out most.
    where = places[0].mask if places else np.ones(together.shape, bool)
    quality = qualities[int(np.argmax([m[where].mean() if where.any() else 0.0 for m in maps]))]
    return [_Ghost(grid, quality, True, together, places)]


def _shifted(photo: Photo, planes: JpegPlanes, shifted: ShiftedGrid) -> list[_Ghost]:
    """Return the fit of the shifted grid at the qualities around the one that the search found."""
    from fakeproof._kernels.dct import requantise

    near = tuple(q for q in range(shifted.quality - 6, shifted.quality + 7, 2) if 1 <= q <= 98)
    tables = np.stack([ijg_table(q) for q in near])
    cost, telling = requantise(planes.luma, shifted.grid[::-1], 8, tables)
    ghosts = []
    for quality, spent, number in zip(near, cost, telling, strict=True):
        ones = np.ones_like(spent)
        gain, _ = box_mean(number - spent, ones, SHIFTED_WINDOW)
        mass, blocks = box_mean(number, ones, SHIFTED_WINDOW)
        fit = gain * blocks / np.sqrt(UNIFORM_VARIANCE * np.maximum(mass * blocks, 16))
        middle, spread = spread_of(fit.ravel())
        deviation = np.maximum((fit - middle) / max(1.0, spread), 0).astype(np.float32)
        deviation = cleared(photo, deviation, shifted.grid[::-1])
        ghosts.append(_Ghost(shifted.grid, quality, False, deviation, _places(deviation)))
    return ghosts


def _places(deviation: BlockMap) -> list[Place]:
    found = block_places(deviation, CANDIDATE, min_blocks=MIN_BLOCKS)
    return [p for p in found if p.blocks <= MAX_SHARE * deviation.size]


def _sentence(ghost: _Ghost, regions: int) -> Phrase:
    if not regions:
        return phrase("jpeg_ghosts.nothing")
    where = phrase("jpeg_ghosts.own_grid" if ghost.aligned else "jpeg_ghosts.shifted_grid", shift=str(ghost.grid))
    return phrase("jpeg_ghosts.places", count=regions, quality=ghost.quality, where=where)
