"""Places whose noise is of another level, or of another make, than the rest of the photo's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fakeproof.detector import detector
from fakeproof.edited.block_maps import block_heatmap, block_places, outlines, to_mask
from fakeproof.edited.marks.aside import cleared
from fakeproof.edited.residual_statistics import CELL, noise_maps
from fakeproof.findings import Finding, Flag, NotApplicable
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["noise"]

MIN_SIDE = 160
"""Pixels; below, too few windows make the photo's own model."""
LEVEL_CANDIDATE = 2.0
"""Robust standard deviations of the pooled noise level at which a place is worth looking at."""
STATISTICS_CANDIDATE = 2.6
"""Mahalanobis distance over its median at which a place is worth looking at."""
REACH = 64
"""px of the photo that a value of the maps rests on."""
MIN_CELLS = 16
"""Cells (32 x 32 px) that make a place."""
MAX_SHARE = 0.3
"""Share of the photo above which the other noise is its content's; Cozzolino's outliers end there too."""
DECISION = 590.0
"""Strength of a place at which the photo is called edited: a fifth above the strongest of 310 untouched training photos.
Blurred backgrounds and screens reach far; by itself noise seldom decides, and mostly informs the fusion."""
NARROWED = 0.5
"""Share of a place's peak that its cells need: windows smear a place by half their side."""
FLAT_SIGMA = 0.12
"""Grey levels of noise below which the photo counts as flat: rendered, or denoised altogether."""


@detector(
    version=2,
    category=Category.EDITED,
    least_side=MIN_SIDE,
    maps={
        "level": lambda photo, _: noise_maps(photo).level,
        "statistics": lambda photo, _: noise_maps(photo).statistics,
    },
    cost_ms=70,
)
def noise(photo: Photo, /) -> Finding | NotApplicable:
    """Find places of inconsistent noise.

    Two maps are held against the photo itself. The level of the noise, in cells of 8 px, is compared among cells of
    like brightness and structure, because noise grows with light and texture passes for noise. The statistics of the
    residual, co-occurrences of four quantised third differences in windows of 64 or 96 px, are held against a
    Gaussian fitted to the photo's bulk; a place must stick out and be small, else the answer is none.

    It sees blurred, painted and inpainted places, and parts from another camera or another processing, from about
    64 px on. It sees nothing in clipped places, in flat photos, and after a strong reduction or compression, which
    makes all noise alike.

    Parameters
    ----------
    photo : Photo

    Returns
    -------
    Finding
        `heatmap`: the larger of absolute level in robust standard deviations and the distance of the statistics over its
        median, >= 0; about 1 where nothing is odd. `score`: strength of the strongest place, its mean excess times
        the square root of its cells; 0 without one. `facts`: ``sigma`` (median noise, grey levels), ``places``.
    NotApplicable
        When the photo's shorter side is below 160 px.

    References
    ----------
    Cozzolino, Poggi & Verdoliva 2015, "Splicebuster: a new blind image splicing detector",
    doi:10.1109/WIFS.2015.7368565; Immerkaer 1996, doi:10.1006/cviu.1996.0060 for the level. Here the bulk is
    fitted by trimmed refitting, which has no random start.

    Examples
    --------
    >>> from skimage import data
    >>> import fakeproof as fp
    >>> fp.edited.noise(fp.Photo.from_array(data.chelsea())).supports is None
    True
    """
    maps = noise_maps(photo)
    heat = np.maximum(np.abs(maps.level), maps.statistics)
    excess = np.maximum(np.abs(maps.level) / LEVEL_CANDIDATE, maps.statistics / STATISTICS_CANDIDATE)
    heat, excess = (cleared(photo, m, block=CELL, reach=REACH) for m in (heat, excess))
    flat = maps.sigma < FLAT_SIGMA
    places = [] if flat else block_places(excess, 1.0, min_blocks=MIN_CELLS)
    places = [p for p in places if p.blocks <= MAX_SHARE * excess.size]
    decided = [p for p in places if _strength(p.mean, p.blocks) >= DECISION]
    small = np.zeros(excess.shape, bool)
    for place in decided:
        small |= place.mask & (excess >= NARROWED * place.peak)
    mask = to_mask(small, (0, 0), photo.size, block=CELL)
    return Finding(
        score=max((_strength(p.mean, p.blocks) for p in places), default=0.0),
        supports=Category.EDITED if decided else None,
        sentence=_sentence(bool(decided)),
        mask=mask,
        heatmap=block_heatmap(heat, (0, 0), photo.size, block=CELL),
        regions=outlines(mask, trace="noise"),
        facts={"sigma": round(maps.sigma, 3), "places": len(places)},
        flags=(Flag.FLAT if flat else Flag.NONE)
        | (Flag.SATURATED if float((maps.usable < 0.5).mean()) > 0.2 else Flag.NONE),
    )


def _strength(mean: float, cells: int) -> float:
    return float(mean * np.sqrt(cells))


def _sentence(decided: bool) -> Phrase:
    return phrase(f"noise.{'places' if decided else 'nothing'}")
