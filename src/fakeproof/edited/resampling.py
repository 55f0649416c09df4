"""Places that were scaled or rotated: interpolation makes pixels periodically predictable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fakeproof.detector import detector, own_map
from fakeproof.edited.block_maps import block_heatmap, block_places, outlines, to_mask
from fakeproof.edited.marks.aside import cleared
from fakeproof.findings import Finding, NotApplicable, frozen_array
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["period_maps", "resampling"]

Plane = npt.NDArray[np.float32]

MIN_SIDE = 192
"""Pixels; below, too few windows make the photo's own spectrum."""
WINDOW = 64
"""Pixels a side of a window; a period of up to 8 px repeats eight times in it."""
STRIDE_SMALL, STRIDE_LARGE = 32, 64
"""Pixels between windows."""
LARGE = 3_000_000
"""Pixels above which windows lie farther apart."""
ROWS_AT_ONCE = 8
"""Rows of windows whose pixels are predicted at once."""
TYPICAL = 1500
"""Windows, evenly spread, whose median is the photo's own spectrum."""
LOWEST = 5
"""Frequency bins of 1/64 around zero that belong to content."""
JPEG_REACH = 1
"""Bins around multiples of 1/8 that JPEG's blocks disturb."""
CANDIDATE = 6.0
"""log10 number of false alarms (negated) at which a window is worth looking at."""
DECISION = 150.0
"""Strength of a place at which the photo is called edited: a fifth above the strongest of 310 untouched training photos."""
MIN_WINDOWS = 3
MAX_SHARE = 0.4
"""Share of the photo above which the period is its content's, or the whole photo's."""
WHOLE = 7.0
"""Peak over its surroundings in the photo's median spectrum at which all of it counts as resampled."""


@dataclass(frozen=True)
class PeriodMaps:
    """Minus log10 number of false alarms by window, the stride in px, and the whole photo's peak and its place."""

    strength: Plane
    stride: int
    whole: float
    frequency: tuple[float, float]


@detector(version=2, category=Category.EDITED, least_side=MIN_SIDE, maps={"resampling": own_map}, cost_ms=80)
def resampling(photo: Photo, /) -> Finding | NotApplicable:
    """Find places that were scaled or rotated before they were pasted.

    A fixed linear predictor leaves an error that rises and falls with the period of an interpolation. Its map is cut
    into windows of 64 px; each window's spectrum is divided by the photo's own median spectrum, so that what is
    periodic everywhere (the camera's, JPEG's or a whole resize's trace) cancels, and JPEG's frequencies, multiples
    of 1/8, are left out. The highest peak is held against the extreme value expected by chance.

    It sees enlarged and rotated parts from 64 px on in photos saved at a high quality. It sees nothing in reduced
    parts, after the photo itself was reduced, or below a JPEG quality of about 90; finely woven texture can have a
    period of its own, hence the high threshold.

    Parameters
    ----------
    photo : Photo

    Returns
    -------
    Finding
        `heatmap`: minus log10 of the number of false alarms of the window around a pixel, >= 0. `score`: strength of
        the strongest place, its mean times the square root of its windows; 0 without one. `facts`:
        ``whole_peak``, ``whole_resampled``, ``whole_frequency`` (cycles a pixel, x and y).
    NotApplicable
        When the photo's shorter side is below 192 px.

    References
    ----------
    Kirchner 2008, "Fast and reliable resampling detection by spectral analysis of fixed linear predictor residue",
    doi:10.1145/1411328.1411333; Popescu & Farid 2005, doi:10.1109/TSP.2004.839932.

    Examples
    --------
    >>> from skimage import data
    >>> import fakeproof as fp
    >>> fp.edited.resampling(fp.Photo.from_array(data.astronaut())).supports is None
    True
    """
    maps = period_maps(photo)
    offset = (WINDOW - maps.stride) // 2
    origin = (offset, offset)
    strength_map = cleared(photo, maps.strength, origin, block=maps.stride, reach=WINDOW)
    places = block_places(strength_map, CANDIDATE, min_blocks=MIN_WINDOWS)
    places = [p for p in places if p.blocks <= MAX_SHARE * maps.strength.size]
    strengths = [float(p.mean * np.sqrt(p.blocks)) for p in places]
    small = np.zeros(maps.strength.shape, bool)
    for place, strength in zip(places, strengths, strict=True):
        if strength >= DECISION:
            small |= place.mask
    mask = to_mask(small, (offset, offset), photo.size, block=maps.stride)
    decided = bool(mask.any())
    return Finding(
        score=max(strengths, default=0.0),
        supports=Category.EDITED if decided else None,
        sentence=_sentence(decided, maps.whole >= WHOLE),
        mask=mask,
        heatmap=block_heatmap(strength_map, (offset, offset), photo.size, block=maps.stride),
        regions=outlines(mask, trace="resampling"),
        facts={
            "whole_peak": round(maps.whole, 2),
            "whole_resampled": maps.whole >= WHOLE,
            "whole_frequency": list(maps.frequency),
        },
    )


def period_maps(photo: Photo) -> PeriodMaps:
    """Return the photo's periods by window, computed once a photo."""
    return photo.cached("edited.period_maps", lambda: _period_maps(photo.luma))


def _period_maps(luma: Plane) -> PeriodMaps:
    stride = STRIDE_LARGE if luma.size > LARGE else STRIDE_SMALL
    power, shape = _spectra(luma, stride)
    used = _frequencies()
    few = power[:: max(1, len(power) // TYPICAL)]
    typical = _medians(np.ascontiguousarray(few.reshape(len(few), -1).T)).reshape(used.shape) + np.float32(1e-6)
    ratio = power[:, used]
    ratio /= typical[used]
    # Between windows the level differs by content; within one it is exponential, with median ln 2.
    highest, level = ratio.max(axis=1), _medians(ratio)
    peak = highest / np.maximum(level, 1e-6) * np.log(2)
    active = level > 0.05
    chance = np.log(float(used.sum())) + np.log(power.shape[0])
    strength = np.where(active, np.maximum(peak - chance, 0) / np.log(10), 0).reshape(shape)
    whole, frequency = _whole(typical, used)
    return PeriodMaps(frozen_array(strength.astype(np.float32)), stride, whole, frequency)


def _medians(rows: Plane) -> Plane:
    """Return each row's median; the rows' values change places."""
    half = rows.shape[1] // 2
    rows.partition(half, axis=1)
    upper = rows[:, half]
    if rows.shape[1] % 2:
        return upper
    return (rows[:, :half].max(axis=1) + upper) / np.float32(2)  # type: ignore[no-any-return]


def _spectra(luma: Plane, stride: int) -> tuple[Plane, tuple[int, int]]:
    """Return the power spectra of all windows of the prediction map, shape (windows, 64, 33)."""
    import cv2

    shape = tuple((n - WINDOW) // stride + 1 for n in luma.shape)
    taper = cv2.createHanningWindow((WINDOW, WINDOW), cv2.CV_32F)
    out = np.empty((*shape, WINDOW, WINDOW // 2 + 1), np.float32)
    for first in range(0, shape[0], ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, shape[0])
        band = _band(luma, first * stride, (last - 1) * stride + WINDOW)
        view = np.lib.stride_tricks.sliding_window_view(band, (WINDOW, WINDOW))[::stride, ::stride]
        for row, part in enumerate(view, first):
            tapered = (part - part.mean(axis=(1, 2), keepdims=True)) * taper
            waves = np.fft.rfft2(tapered)
            np.square(waves.real, out=out[row])
            out[row] += np.square(waves.imag)
    return out.reshape(-1, WINDOW, WINDOW // 2 + 1), (shape[0], shape[1])


def _band(luma: Plane, top: int, bottom: int) -> Plane:
    """Return rows of the photo's prediction map; a whole photo's would stay in memory for nothing."""
    from fakeproof._kernels.resampling import prediction_map

    above, below = min(top, 1), min(len(luma) - bottom, 1)
    return prediction_map(luma[top - above : bottom + below])[above : above + bottom - top]


def _frequencies() -> npt.NDArray[np.bool_]:
    """Return the frequencies that may speak: not near zero, not JPEG's."""
    fy = np.minimum(np.arange(WINDOW), WINDOW - np.arange(WINDOW))[:, None]
    fx = np.arange(WINDOW // 2 + 1)[None, :]
    far = np.hypot(fy, fx) > 2 * LOWEST
    near_y = np.minimum(fy % 8, 8 - fy % 8) <= JPEG_REACH
    near_x = np.minimum(fx % 8, 8 - fx % 8) <= JPEG_REACH
    on_axis = (fy <= JPEG_REACH) | (fx <= JPEG_REACH)
    once = (fx > 0) & (fx < WINDOW // 2)
    return far & ~(near_y & near_x) & ~(on_axis & (near_y | near_x) & near_y & near_x) & once  # type: ignore[no-any-return]


def _whole(typical: Plane, used: npt.NDArray[np.bool_]) -> tuple[float, tuple[float, float]]:
    import cv2

    around = cv2.medianBlur(typical, 5)
    ratio = np.where(used, typical / np.maximum(around, 1e-6), 0)
    y, x = np.unravel_index(int(ratio.argmax()), ratio.shape)
    fy = (int(y) if y <= WINDOW // 2 else int(y) - WINDOW) / WINDOW
    return float(ratio[y, x]), (int(x) / WINDOW, fy)


def _sentence(decided: bool, whole: bool) -> Phrase:
    return phrase(f"resampling.{'places' if decided else 'whole' if whole else 'nothing'}")
