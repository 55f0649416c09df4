"""What every candidate of a clone must pass: the pixels themselves, held against each other under the transform."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Clone", "verify_clone"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Affine = npt.NDArray[np.float64]

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
SATURATED = (4.0, 251.0)


@dataclass(frozen=True)
class Clone:
    """A verified pair of places at working size.

    Parameters
    ----------
    first, second : ndarray of bool, shape (rows, columns)
        The place and where the transform takes it.
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


def _box(a: Floats) -> Floats:
    return np.asarray(cv2.blur(a, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT), np.float32)


def _exposure(grey: Floats, seen: Floats, owned: Mask) -> tuple[float, float]:
    """Return how far light and contrast of both sides lie apart: medians, so that a patch of shade does not decide."""
    if not owned.any():
        return 0.0, 0.0
    mean_a, mean_b = _box(grey), _box(seen)
    var_a, var_b = _box(grey * grey) - mean_a**2, _box(seen * seen) - mean_b**2
    ratio = np.log(np.maximum(var_a[owned], 1.0) / np.maximum(var_b[owned], 1.0))
    return float(np.median(np.abs(mean_a - mean_b)[owned])), float(0.5 * np.median(np.abs(ratio)))


def _correlation(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return local correlation and the lesser local deviation."""
    mean_a, mean_b = _box(a), _box(b)
    var_a, var_b = np.maximum(_box(a * a) - mean_a**2, 0), np.maximum(_box(b * b) - mean_b**2, 0)
    both = _box(a * b) - mean_a * mean_b
    return both / np.sqrt(np.maximum(var_a * var_b, 1e-3)), np.sqrt(np.minimum(var_a, var_b))


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


def _step(affine: Affine, shape: tuple[int, ...]) -> Floats:
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    dx = affine[0, 0] * x + affine[0, 1] * y + affine[0, 2] - x
    dy = affine[1, 0] * x + affine[1, 1] * y + affine[1, 2] - y
    return np.asarray(np.hypot(dx, dy), np.float32)


def _twice(affine: Affine) -> Affine:
    return np.asarray(np.column_stack([affine[:, :2] @ affine[:, :2], affine[:, :2] @ affine[:, 2] + affine[:, 2]]))


def verify_clone(grey: Floats, affine: Affine, *, seed: Mask | None, least: float) -> Clone | None:
    """Hold a picture against itself under a transform and return the place that agrees, or None.

    Parameters
    ----------
    grey : ndarray, shape (rows, columns), float32
        At working size.
    affine : ndarray, shape (2, 3)
    seed : ndarray of bool, optional
        Where the candidate was seen; the place must touch it.
    least : float
        Smallest distance between a pixel and its copy, px.
    """
    seen, inside = _pull(grey, affine)
    seen = np.where(inside, seen, 0)
    correlation, deviation = _correlation(grey, seen)
    edge = np.asarray(cv2.erode(inside.astype(np.uint8), np.ones((WINDOW, WINDOW), np.uint8), borderValue=0)) > 0
    lit = (grey > SATURATED[0]) & (grey < SATURATED[1])
    open_ = edge & (_step(affine, grey.shape) >= least)
    structured = open_ & (deviation >= STRUCTURE) & lit & (cornered(grey) >= CORNERED)
    core = structured & (correlation >= AGREE)
    if seed is not None:
        near = np.asarray(cv2.dilate(seed.astype(np.uint8), np.ones((2 * WINDOW + 1, 2 * WINDOW + 1), np.uint8))) > 0
        core &= near
    place = _grown(core, _equal(grey, seen, core, open_) | (structured & (correlation >= GROW)))
    agree = place & structured & (correlation >= AGREE)
    pixels = int(agree.sum())
    if pixels < MIN_PIXELS:
        return None
    owned = place & structured
    second = _pushed(place, affine)
    light, contrast = _exposure(grey, seen, owned)
    again, still = _pull(seen, affine)
    further, _ = _correlation(grey, np.where(still, again, 0))
    # Half a turn and a mirror lead back after two steps, and everything is like itself.
    beyond = owned & still & (_step(_twice(affine), grey.shape) >= least)
    return Clone(
        first=place,
        second=second,
        affine=affine,
        agreement=float(np.clip(correlation[owned], -1, 1).mean()),
        fine=_fine(grey, seen, place & open_),
        pixels=pixels,
        filled=pixels / max(1, int(owned.sum())),
        repeats=float(further[beyond].mean()) if beyond.sum() > 0.25 * owned.sum() else 0.0,
        light=light,
        contrast=contrast,
    )


def _equal(grey: Floats, seen: Floats, core: Mask, open_: Mask) -> Mask:
    """Return where both sides differ no more than they do where they surely agree: flat ground of the clone too."""
    gap = _box(np.abs(grey - seen))
    if not core.any():
        return np.zeros_like(core)
    usual = float(np.median(gap[core]))
    return np.asarray(open_ & (gap <= max(LEAST_GAP, EQUAL_GAP * usual)))


def _grown(core: Mask, allowed: Mask) -> Mask:
    """Keep dense groups of agreeing pixels, specks of chance fall out, and grow each by its own size at most."""
    solid = cv2.morphologyEx(core.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    place = np.zeros_like(core)
    for i in range(1, count):
        area = int(stats[i, cv2.CC_STAT_AREA])
        if area < MIN_PIXELS // 2:
            continue
        part = (labels == i).astype(np.uint8)
        reach = 2 * int(REACH * np.sqrt(area)) + 3
        near = cv2.dilate(part, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        ground = cv2.morphologyEx(((near > 0) & allowed).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
        _, islands = cv2.connectedComponents(ground | part, connectivity=4)
        touched = np.unique(islands[part > 0])
        place |= np.isin(islands, touched[touched > 0])
    closed = cv2.morphologyEx(place.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)) > 0
    return np.asarray(closed)


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
