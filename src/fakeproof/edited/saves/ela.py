"""Error-level analysis that compares blocks of like texture and may answer "nothing here"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fakeproof.detector import detector, own_map
from fakeproof.edited.block_maps import block_heatmap, block_places, outlines, to_mask
from fakeproof.edited.marks.aside import cleared
from fakeproof.edited.planes import jpeg_planes
from fakeproof.edited.saves.requantised import photo_deviations
from fakeproof.errors import ParameterError
from fakeproof.findings import Finding, Flag, NotApplicable
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo
    from fakeproof.types import RGB8

__all__ = ["ela", "error_levels"]

DEFAULT_QUALITIES = (60, 70, 75, 80, 85, 90, 95)
"""IJG qualities of the re-save, those at which chat apps, editors and shops save; seven measured better than three."""
MIN_SIDE = 128
"""Pixels; below, too few blocks share a texture."""
CANDIDATE = 1.8
"""Robust standard deviations at which a place is worth looking at."""
DECISION = 13.0
"""Peak deviation of a place at which the photo is called edited: none of 1,044 untouched photos of the training half,
saved up to three times, reached it (collected by benchmarks/training/localize.py); the largest had 12.0."""
MIN_BLOCKS = 9
"""Blocks (24 x 24 px) that make a region."""
MAX_SHARE = 0.35
"""Share of the photo above which the anomaly is the photo's own content, not a place in it."""
FLAT_SHARE = 0.5
"""Share of blocks without telling coefficients from which on the photo counts as flat."""


@detector(version=2, category=Category.EDITED, least_side=MIN_SIDE, maps={"ela": own_map}, cost_ms=40)
def ela(photo: Photo, /, *, quality: int | Sequence[int] = DEFAULT_QUALITIES) -> Finding | NotApplicable:
    """Find places whose error level differs from that of the photo's other blocks of the same texture.

    The photo is re-saved in memory as JPEG at each quality. What a block loses is divided by what an untouched block
    with the same telling coefficients would lose (q*q/12 each), held against the photo's own blocks with as many
    telling coefficients, and averaged over 9 x 9 blocks; luma and chroma are kept apart. Edges and texture thus do
    not light up by themselves, and a flat block stays dark because it says nothing.

    It sees parts with another compression history than the rest while the last save was not much coarser. It sees
    nothing after a resize, in flat parts, and where everything was altered alike.

    Parameters
    ----------
    photo : Photo
    quality : int or sequence of int
        IJG qualities of the re-save, 1-100.

    Returns
    -------
    Finding
        `heatmap`: root mean square over qualities and planes of the deviation in robust standard deviations, >= 0;
        about 1 in an untouched photo, 0 where nothing can be said. `score`: the largest deviation inside a
        place of at least 9 blocks and at most a third of the photo, 0 without one. `facts`: ``error_level`` is the photo's
        median loss in units of an untouched block's, by quality.
    NotApplicable
        When the photo's shorter side is below 128 px.

    References
    ----------
    Krawetz 2007, "A picture's worth: digital image analysis and forensics"; the unit follows from the uniform
    quantisation error, Widrow, Kollar & Liu 1996, doi:10.1109/19.492748.

    Examples
    --------
    >>> from skimage import data
    >>> import fakeproof as fp
    >>> finding = fp.edited.ela(fp.Photo.from_array(data.astronaut()))
    >>> finding.supports is None
    True
    """
    qualities = _qualities(quality)
    planes = jpeg_planes(photo)
    found = photo_deviations(photo, qualities)
    deviation = np.sqrt(np.mean(np.square(found.luma) + np.square(found.joint), axis=0) / 2)
    deviation = cleared(photo, deviation, planes.origin)
    places = [
        place
        for place in block_places(deviation, CANDIDATE, min_blocks=MIN_BLOCKS)
        if place.blocks <= MAX_SHARE * deviation.size
    ]
    score = max((p.peak for p in places), default=0.0)
    chosen = [p for p in places if p.peak >= DECISION]
    mask = np.any([p.mask for p in chosen], axis=0) if chosen else np.zeros(deviation.shape, bool)
    pixels = to_mask(mask, planes.origin, photo.size)
    return Finding(
        score=score,
        supports=Category.EDITED if chosen else None,
        sentence=_sentence(len(chosen)),
        mask=pixels,
        heatmap=block_heatmap(deviation, planes.origin, photo.size),
        regions=outlines(pixels, trace="ela"),
        facts={
            "qualities": list(qualities),
            "error_level": {str(q): round(v, 3) for q, v in zip(qualities, found.levels, strict=True)},
            "telling_share": round(found.telling, 3),
            "candidates": len(places),
        },
        flags=Flag.FLAT if found.telling < FLAT_SHARE else Flag.NONE,
    )


def error_levels(photo: Photo, /, *, quality: int = 90, gain: float = 20.0) -> RGB8:
    """Return the classic picture: the absolute difference to a re-saved copy, times `gain`, uint8.

    This is what other tools show. Edges and texture glow in it on every photo; read it only beside the heatmap.
    """
    import cv2

    _qualities(quality)
    settings = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, data = cv2.imencode(".jpg", photo.rgb[:, :, ::-1], settings)
    again = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[:, :, ::-1]
    difference = np.abs(photo.rgb.astype(np.float32) - again) * gain
    picture: RGB8 = np.clip(difference, 0, 255).astype(np.uint8)
    return picture


def _qualities(quality: int | Sequence[int]) -> tuple[int, ...]:
    values = tuple(quality) if isinstance(quality, Sequence) else (quality,)
    if not values or not all(isinstance(q, int) and 1 <= q <= 100 for q in values):
        raise ParameterError("quality", quality, "one or several integers from 1 to 100")
    return values


def _sentence(regions: int) -> Phrase:
    return phrase("ela.places" if regions else "ela.nothing", count=regions)
