"""The dense path to clones: a field of nearest neighbours over rotation-invariant features, and where it is affine.

Cozzolino, Poggi & Verdoliva 2015, doi:10.1109/TIFS.2015.2455334: moduli of Zernike moments, PatchMatch, dense linear
fitting.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof._kernels.patchmatch import match_field

__all__ = ["dense_candidates", "fit_error", "zernike_moduli"]

Floats = npt.NDArray[np.float32]
Affine = npt.NDArray[np.float64]

ORDER = 5
"""Largest order of the Zernike moments: 12 features (Cozzolino et al.)."""
PATCH_RADIUS = 8
"""px at working size; a patch of 16 px (Cozzolino et al.)."""
ROUNDS = {1: 4, 2: 6}
"""PatchMatch passes by stride; 8 in the paper, of which the later ones cost time and change little."""
FIT_RADIUS = 6
"""px, disc over which the offsets must be affine (Cozzolino et al.)."""
FIT_ERROR = 300.0
"""Largest squared error summed over the disc (Cozzolino et al.)."""
FINE_PIXELS = 110_000
"""Largest picture whose field is searched at every pixel; larger ones at every second, which finds as much (benchmarks
copy_move) in a quarter of the time."""
JUMP = 3.0
"""px between the offsets of neighbours, per px of their distance, from which they are two places."""
MIN_AREA = 220
"""px at working size of the smallest place: what twice the patch covers."""
MAX_PLACES = 24
"""Largest places that are handed on, by area."""
SEED = 20150


def _radial(n: int, m: int, r: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    out = np.zeros_like(r)
    for s in range((n - m) // 2 + 1):
        top = (-1) ** s * math.factorial(n - s)
        below = math.factorial(s) * math.factorial((n + m) // 2 - s) * math.factorial((n - m) // 2 - s)
        out += top / below * r ** (n - 2 * s)
    return out


@lru_cache(maxsize=4)
def zernike_filters(radius: int, order: int) -> tuple[tuple[int, Floats, Floats], ...]:
    """Return for each moment (n, m >= 0): m, and the real and imaginary filter over the disc."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1] / (radius + 0.5)
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    inside = r <= 1
    out = []
    for n in range(order + 1):
        for m in range(n % 2, n + 1, 2):
            base = np.where(inside, _radial(n, m, r), 0.0) * (n + 1) / np.pi / inside.sum()
            out.append(
                (m, (base * np.cos(m * angle)).astype(np.float32), (base * np.sin(m * angle)).astype(np.float32))
            )
    return tuple(out)


def zernike_moduli(grey: Floats, *, radius: int = PATCH_RADIUS, order: int = ORDER) -> Floats:
    """Return the moduli of the Zernike moments around each pixel: the same however the patch is turned.

    Parameters
    ----------
    grey : ndarray, shape (rows, columns), float32, 0-255

    Returns
    -------
    ndarray, shape (rows, columns, features), float32
        Each feature scaled to the picture's own spread, so that the mean does not drown the structure.
    """
    maps = []
    for m, real, imaginary in zernike_filters(radius, order):
        a = cv2.filter2D(grey, cv2.CV_32F, real, borderType=cv2.BORDER_REFLECT)
        b = cv2.filter2D(grey, cv2.CV_32F, imaginary, borderType=cv2.BORDER_REFLECT) if m else None
        modulus = np.abs(a) if b is None else np.hypot(a, b)
        low, high = np.percentile(modulus, (1, 99))
        maps.append(modulus / max(float(high - low), 1e-3))
    return np.ascontiguousarray(np.stack(maps, axis=-1), dtype=np.float32)


@lru_cache(maxsize=4)
def _disc(radius: int) -> tuple[Floats, Floats, Floats, float, float]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    inside = (x * x + y * y <= radius * radius).astype(np.float32)
    n, second = float(inside.sum()), float((inside * x * x).sum())
    return inside, inside * x, inside * y, n, second


def fit_error(field: npt.NDArray[np.integer[Any]] | Floats, *, radius: int = FIT_RADIUS) -> Floats:
    """Return the squared error of the best affine fit of the offsets in a disc around each pixel, px^2 summed."""
    inside, along_x, along_y, n, second = _disc(radius)
    total = np.zeros(field.shape[:2], np.float32)
    for k in range(2):
        f = field[..., k].astype(np.float64)
        # Offsets of hundreds squared eat float32's digits; the fit does not see a constant, so it is taken off.
        f = f - np.median(f)
        power = cv2.filter2D(f * f, cv2.CV_64F, inside, borderType=cv2.BORDER_REFLECT)
        mean = cv2.filter2D(f, cv2.CV_64F, inside, borderType=cv2.BORDER_REFLECT)
        slope_x = cv2.filter2D(f, cv2.CV_64F, along_x, borderType=cv2.BORDER_REFLECT)
        slope_y = cv2.filter2D(f, cv2.CV_64F, along_y, borderType=cv2.BORDER_REFLECT)
        total += np.maximum(0, power - mean**2 / n - (slope_x**2 + slope_y**2) / second).astype(np.float32)
    return total


def dense_candidates(grey: Floats, *, least: int) -> list[tuple[npt.NDArray[np.bool_], Affine]]:
    """Return places whose neighbours lie under one affine transform, largest first.

    Parameters
    ----------
    grey : ndarray, shape (rows, columns), float32, 0-255
        At working size.
    least : int
        Smallest offset, px.

    Returns
    -------
    list of (mask, affine)
        The place, and the 2x3 transform that takes its (x, y) to where it is found again.
    """
    features = zernike_moduli(grey)
    stride = 1 if grey.size <= FINE_PIXELS else 2
    field, _ = match_field(features, max(8, least), ROUNDS[stride], SEED, stride)
    smooth: Floats = np.stack(
        [np.asarray(cv2.medianBlur(field[..., k].astype(np.float32), 5), np.float32) for k in range(2)], axis=-1
    )
    most = FIT_ERROR / stride**2
    regular = (fit_error(smooth, radius=FIT_RADIUS // stride) <= most) & (
        np.hypot(smooth[..., 0], smooth[..., 1]) >= least
    )
    edge = PATCH_RADIUS // stride
    regular[:edge] = regular[-edge:] = False
    regular[:, :edge] = regular[:, -edge:] = False
    return [(_spread(mask, stride, grey.shape), affine) for mask, affine in _places(regular, smooth, stride)]


def _spread(mask: npt.NDArray[np.bool_], stride: int, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return a mask of the grid by pixel."""
    return mask.repeat(stride, axis=0).repeat(stride, axis=1)[: shape[0], : shape[1]]


def _places(regular: npt.NDArray[np.bool_], field: Floats, stride: int) -> list[tuple[npt.NDArray[np.bool_], Affine]]:
    """Cut the regular pixels where the offset jumps: touching clones with different transforms are different places."""
    jump = np.zeros(regular.shape, bool)
    for axis in (0, 1):
        step = np.abs(np.diff(field, axis=axis)).max(axis=-1) > JUMP * stride
        if axis == 0:
            jump[1:] |= step
        else:
            jump[:, 1:] |= step
    count, labels, stats, _ = cv2.connectedComponentsWithStats((regular & ~jump).astype(np.uint8), connectivity=4)
    order = sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))[:MAX_PLACES]
    out = []
    for i in order:
        if stats[i, cv2.CC_STAT_AREA] * stride**2 < MIN_AREA:
            break
        mask = labels == i
        fitted = _affine_of(mask, field, stride)
        if fitted is not None:
            out.append((mask, fitted))
    return out


def _affine_of(mask: npt.NDArray[np.bool_], field: Floats, stride: int) -> Affine | None:
    """Fit the place's offsets robustly; RANSAC in OpenCV is seeded by itself and repeats."""
    y, x = np.nonzero(mask)
    keep = slice(None, None, max(1, y.size // 400))
    here = stride * np.stack([x[keep], y[keep]], axis=1).astype(np.float64)
    there = here + field[y[keep], x[keep]][:, ::-1]
    found, inside = cv2.estimateAffine2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=2.0)
    if found is None or inside.mean() < 0.6:
        return None
    return np.asarray(found, np.float64)
