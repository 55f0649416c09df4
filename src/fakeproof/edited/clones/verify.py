"""What every candidate of a clone must pass: the pixels themselves, held against each other under the transform."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Clone", "Ground", "verify_clone"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Affine = npt.NDArray[np.float64]
Box = tuple[slice, slice]

WINDOW = 9
"""px, side of the window in which pixels are correlated."""
STRUCTURE = 2.5
"""Grey levels of local deviation below which a window is flat: matches from nothing start there."""
CORNERED = 1.2
"""Grey levels per px, lesser eigenvalue of the structure tensor (root): a lone edge agrees with itself further along."""
AGREE = 0.80
"""Local correlation at which a pixel counts as the same content."""
GROW = 0.60
"""Correlation down to which a place grows from pixels that agree."""
MIN_PIXELS = 140
"""px at working size with structure that must agree."""
LEAST_GAP, EQUAL_GAP = 2.5, 2.0
"""Grey levels of mean difference that always count as equal; and the multiple of the usual difference that does."""
REACH = 0.5
"""How far a place may grow over equal ground, in units of the root of its area."""
MARGIN = 6
"""px around a part's reach, so that opening by 5 px never feels the cut."""
SATURATED = (4.0, 251.0)
FEATURELESS = 1.0
"""Grey levels of local deviation below which ground is equal to any other: the outline stays near what shows something."""
GRAIN, GRAIN_BLUR = 0.5, 2.0
"""Grey levels of the finest detail's deviation from which grain can be compared, and the blur (px) that leaves it."""
OWN_GRAIN = 0.1
"""Correlation of grain below which ground has grain of its own: equal to look at, and no copy."""
PIECE, HOLE, NOTCH = 0.05, 0.5, 0.1
"""Least piece and largest hole as shares of a place's area; widest notch closed as a share of its root."""
BLEED = 16
"""px around a box that is cut out: windows, blurs and closings inside never feel the cut."""


@dataclass(frozen=True)
class Clone:
    """A verified pair of places at working size.

    Parameters
    ----------
    first, second : ndarray of bool, shape (rows, columns)
        The place, without ground that merely looks equal, and where the transform takes it.
    affine : ndarray, shape (2, 3)
        Takes (x, y) of the first to the second.
    agreement : float
        Mean local correlation over structured pixels, 0-1.
    fine : float
        Correlation of the finest detail (what is left after a small blur), -1 to 1: noise is copied with a clone,
        never with a second object of the same kind.
    pixels : int
        Structured pixels that agree.
    filled : float
        Share of the place's structured pixels that agree.
    repeats : float
        Correlation one step further along the transform: near 1 on a pattern that goes on.
    light : float
        Median difference of the local means, grey levels: two objects of one kind seldom stand in the same light.
    contrast : float
        Median absolute logarithm of the ratio of local deviations.
    """

    first: Mask
    second: Mask
    affine: Affine
    agreement: float
    fine: float
    pixels: int
    filled: float
    repeats: float
    light: float
    contrast: float


@dataclass(frozen=True)
class Ground:
    """A picture with what every candidate asks of it: local mean and variance, and where content can be told at all."""

    grey: Floats
    mean: Floats
    variance: Floats
    telling: Mask

    @classmethod
    def of(cls, grey: Floats) -> Ground:
        """Measure a picture, shape (rows, columns), float32, 0-255, once for all candidates."""
        mean = _box(grey)
        lit = (grey > SATURATED[0]) & (grey < SATURATED[1])
        return cls(grey, mean, _box(grey * grey) - mean**2, lit & (cornered(grey) >= CORNERED))

    def within(self, box: Box) -> Ground:
        """Return the part in a box, measured with what lies around it."""
        return Ground(self.grey[box], self.mean[box], self.variance[box], self.telling[box])


def _box(a: Floats) -> Floats:
    return np.asarray(cv2.blur(a, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT), np.float32)


def _correlation(ground: Ground, seen: Floats) -> tuple[Floats, Floats, Floats]:
    """Return local correlation with another picture, and that one's local mean and variance."""
    mean = _box(seen)
    variance = _box(seen * seen) - mean**2
    both = _box(ground.grey * seen) - ground.mean * mean
    power = np.maximum(ground.variance, 0) * np.maximum(variance, 0)
    return both / np.sqrt(np.maximum(power, 1e-3)), mean, variance


def _exposure(ground: Ground, mean: Floats, variance: Floats, owned: Mask) -> tuple[float, float]:
    """Return how far light and contrast of both sides lie apart: medians, so that a patch of shade does not decide."""
    if not owned.any():
        return 0.0, 0.0
    ratio = np.log(np.maximum(ground.variance[owned], 1.0) / np.maximum(variance[owned], 1.0))
    return float(np.median(np.abs(ground.mean - mean)[owned])), float(0.5 * np.median(np.abs(ratio)))


def cornered(grey: Floats) -> Floats:
    """Return the root of the structure tensor's lesser eigenvalue over the window, grey levels per px."""
    soft = cv2.GaussianBlur(grey, (0, 0), 0.8)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.125)
    xx, yy, xy = _box(gx * gx), _box(gy * gy), _box(gx * gy)
    lesser = 0.5 * (xx + yy - np.sqrt((xx - yy) ** 2 + 4 * xy * xy))
    return np.asarray(np.sqrt(np.maximum(lesser, 0)), np.float32)


def _pull(grey: Floats, affine: Affine) -> tuple[Floats, Mask]:
    """Return the picture as seen through the transform, and where that lies inside."""
    size = (grey.shape[1], grey.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(grey, affine, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=-1000.0)
    return np.asarray(seen, np.float32), np.asarray(seen > -1.0)


def _far(affine: Affine, box: Box, least: float) -> Mask:
    """Return where in a box the transform moves a pixel by `least` px or more."""
    x = np.arange(box[1].start, box[1].stop, dtype=np.float32)
    y = np.arange(box[0].start, box[0].stop, dtype=np.float32)[:, None]
    (a, b, c), (d, e, f) = affine.astype(np.float32)
    dx = ((a - 1) * x + c) + b * y
    dy = d * x + ((e - 1) * y + f)
    return np.asarray(dx * dx + dy * dy >= least * least)


def _twice(affine: Affine) -> Affine:
    return np.asarray(np.column_stack([affine[:, :2] @ affine[:, :2], affine[:, :2] @ affine[:, 2] + affine[:, 2]]))


def verify_clone(ground: Ground, affine: Affine, *, seed: Mask | None, least: float) -> Clone | None:
    """Hold a picture against itself under a transform and return the place that agrees, or None.

    Parameters
    ----------
    ground : Ground
        The picture at working size.
    affine : ndarray, shape (2, 3)
    seed : ndarray of bool, optional
        Where the candidate was seen; the place must touch it.
    least : float
        Smallest distance between a pixel and its copy, px.
    """
    whole = ground.grey.shape
    near = None if seed is None else np.asarray(cv2.dilate(seed.astype(np.uint8), _square(2 * WINDOW + 1))) > 0
    box = _around(near, whole)
    pulled, within = _pull(ground.grey, affine)
    pulled[~within] = 0
    local, seen, inside = ground.within(box), pulled[box], within[box]
    correlation, mean, variance = _correlation(local, seen)
    edge = np.asarray(cv2.erode(inside.astype(np.uint8), _square(WINDOW), borderValue=0)) > 0
    open_ = edge & _far(affine, box, least)
    structured = open_ & local.telling & (np.minimum(local.variance, variance) >= STRUCTURE**2)
    core = structured & (correlation >= AGREE)
    if near is not None:
        core &= near[box]
    if not core.any():
        return None
    place = _grown(core, _equal(local.grey, seen, core, open_) | (structured & (correlation >= GROW)))
    pixels = int((place & structured & (correlation >= AGREE)).sum())
    if pixels < MIN_PIXELS:
        return None
    owned = place & structured
    light, contrast = _exposure(local, mean, variance, owned)
    first = np.zeros(whole, bool)
    first[box] = _outlined(local, seen, variance, place)
    return Clone(
        first=first,
        second=_pushed(first, affine),
        affine=affine,
        agreement=float(np.clip(correlation[owned], -1, 1).mean()),
        fine=_fine(local.grey, seen, place & open_),
        pixels=pixels,
        filled=pixels / max(1, int(owned.sum())),
        repeats=_repeats(local, pulled, affine, (box, owned, least)),
        light=light,
        contrast=contrast,
    )


def _square(side: int) -> npt.NDArray[np.uint8]:
    return np.ones((side, side), np.uint8)


def _around(near: Mask | None, shape: tuple[int, ...]) -> Box:
    """Return the box that a place which starts in `near` can reach: all the rest of the picture cannot matter."""
    if near is None or not near.any():
        return slice(0, shape[0]), slice(0, shape[1])
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    rim = int(REACH * np.sqrt(height * width)) + 1 + BLEED
    return (
        slice(max(0, int(rows[0]) - rim), min(shape[0], int(rows[-1]) + 1 + rim)),
        slice(max(0, int(columns[0]) - rim), min(shape[1], int(columns[-1]) + 1 + rim)),
    )


def _repeats(local: Ground, pulled: Floats, affine: Affine, where: tuple[Box, Mask, float]) -> float:
    """Correlate one step further along the transform, where that leads anywhere."""
    box, owned, least = where
    # Half a turn and a mirror lead back after two steps, and everything is like itself.
    beyond = owned & _far(_twice(affine), box, least)
    enough = 0.25 * owned.sum()
    if beyond.sum() <= enough:
        return 0.0
    again, still = _pull(pulled, affine)
    beyond &= still[box]
    if beyond.sum() <= enough:
        return 0.0
    further = _correlation(local, np.where(still[box], again[box], np.float32(0)))[0]
    return float(further[beyond].mean())


def _equal(grey: Floats, seen: Floats, core: Mask, open_: Mask) -> Mask:
    """Return where both sides differ no more than they do where they surely agree: flat ground of the clone too."""
    gap = _box(np.abs(grey - seen))
    usual = float(np.median(gap[core]))
    return np.asarray(open_ & (gap <= max(LEAST_GAP, EQUAL_GAP * usual)))


def _grown(core: Mask, allowed: Mask) -> Mask:
    """Keep dense groups of agreeing pixels, specks of chance fall out, and grow each by its own size at most."""
    solid = cv2.morphologyEx(core.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    place = np.zeros_like(core)
    for i in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[i])
        if area < MIN_PIXELS // 2:
            continue
        reach = int(REACH * np.sqrt(area)) + 1
        rim = reach + MARGIN
        box = (slice(max(0, top - rim), top + height + rim), slice(max(0, left - rim), left + width + rim))
        place[box] |= _reached(labels[box] == i, allowed[box], reach)
    closed = cv2.morphologyEx(place.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)) > 0
    return np.asarray(closed)


def _outlined(local: Ground, seen: Floats, variance: Floats, place: Mask) -> Mask:
    """Cut from a place what merely looks equal, and fill its holes; what it is judged by stays as measured."""
    plain = np.minimum(local.variance, variance) < FEATURELESS**2
    away = cv2.distanceTransform((~(place & ~plain)).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    told = place & ~(plain & (away > WINDOW // 2)) & ~_own_grain(local.grey, seen)
    solid = cv2.morphologyEx(told.astype(np.uint8), cv2.MORPH_OPEN, _square(5))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    large = stats[:, cv2.CC_STAT_AREA] >= PIECE * place.sum()
    large[0] = False
    if not large.any():
        return place
    kept = large[labels]
    side = max(3, int(NOTCH * np.sqrt(kept.sum())) | 1)
    framed = np.pad(kept.astype(np.uint8), side)
    notch = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, notch)
    # The frame makes one piece of all that lies outside.
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - closed, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] <= HOLE * kept.sum()
    small[[0, labels[0, 0]]] = False
    return np.asarray(((closed > 0) | small[labels])[side:-side, side:-side])


def _own_grain(grey: Floats, seen: Floats) -> Mask:
    """Return where both sides have grain, and not the same."""
    a, b = grey - cv2.GaussianBlur(grey, (0, 0), GRAIN_BLUR), seen - cv2.GaussianBlur(seen, (0, 0), GRAIN_BLUR)
    power_a, power_b = _box(a * a), _box(b * b)
    likeness = _box(a * b) / np.sqrt(np.maximum(power_a * power_b, 1e-6))
    return np.asarray((np.minimum(power_a, power_b) > GRAIN**2) & (likeness < OWN_GRAIN))


def _reached(part: Mask, allowed: Mask, reach: int) -> Mask:
    """Return what of the allowed ground hangs together with a part and lies within `reach` px of it.

    By the distance to the part, which costs the same for any reach; a dilation would cost its square.
    """
    away = cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ground = cv2.morphologyEx(((away <= reach) & allowed).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, islands = cv2.connectedComponents(ground | part.astype(np.uint8), connectivity=4)
    touched = np.unique(islands[part])
    return np.asarray(np.isin(islands, touched[touched > 0]))


def _pushed(place: Mask, affine: Affine) -> Mask:
    size = (place.shape[1], place.shape[0])
    return np.asarray(cv2.warpAffine(place.astype(np.uint8), affine, size, flags=cv2.INTER_NEAREST) > 0)


def _fine(grey: Floats, seen: Floats, place: Mask) -> float:
    """Correlate what a small blur takes away, where neither side has an edge that would explain it."""
    fine_a = grey - cv2.GaussianBlur(grey, (0, 0), 1.2)
    fine_b = seen - cv2.GaussianBlur(seen, (0, 0), 1.2)
    a, b = fine_a[place], fine_b[place]
    if a.size < 32:
        return 0.0
    # Ranks of the middle: edges carry most of the energy and agree between any two prints of one label.
    limit = np.percentile(np.abs(a), 80), np.percentile(np.abs(b), 80)
    calm = (np.abs(a) <= limit[0]) & (np.abs(b) <= limit[1])
    a, b = a[calm] - a[calm].mean(), b[calm] - b[calm].mean()
    return float((a * b).sum() / np.sqrt(max(1e-6, float((a * a).sum()) * float((b * b).sum()))))
