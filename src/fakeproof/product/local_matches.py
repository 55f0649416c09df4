"""The same print, label or logo in both photos: verified point matches, and how much of the product they cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.geometry.fit import SIFT_RATIO, Fit, fit_affine, fit_homography
from fakeproof.geometry.warp import sane

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.keypoints import Keypoints
    from fakeproof.product.references import Described

__all__ = ["LocalMatch", "match_locally"]

TOLERANCE = 5.0
"""Largest misfit, working pixels: labels lie on bottles and soft packs, not on planes."""
CHANCE = 4
"""Agreeing pairs that unrelated photos reach (benchmarks product, pairs of different products)."""
PLANE = 8
"""Pairs from which a homography is tried too: with fewer it bends to anything."""
FULL_COVERAGE = 0.15
"""Share of the product from which matches count fully; below it they may be one shared logo."""


@dataclass(frozen=True, eq=False)
class LocalMatch:
    """What agrees between the photo and one shop photo.

    Parameters
    ----------
    inliers : int
        Point pairs that agree with one transform.
    coverage : float
        Share of the product that the agreeing points span, 0-1, the smaller of the two photos.
    strength : float
        Natural logarithm of one plus the pairs beyond chance, on the product, weighted by coverage; 0 = no evidence.
    homography : ndarray, shape (3, 3), or None
        Takes displayed pixels of the shop photo to those of the photo.
    photo_points, shop_points : ndarray, shape (n, 2), float32
        The agreeing points, displayed pixels.
    """

    inliers: int
    coverage: float
    strength: float
    homography: npt.NDArray[np.float64] | None
    photo_points: npt.NDArray[np.float32]
    shop_points: npt.NDArray[np.float32]


def match_locally(photo: Described, shop: Described) -> LocalMatch:
    """Find the same print in both photos; few matches prove nothing, so the strength never falls below 0."""
    import numpy as np

    from fakeproof.geometry.warp import apply

    none = LocalMatch(0, 0.0, 0.0, None, np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))
    pairs = _pairs(shop.points, photo.points)
    if len(pairs) <= CHANCE:
        return none
    size = shop.points.picture.size
    tried = [fit_affine(shop.points, photo.points, pairs, tolerance=TOLERANCE)]
    if len(pairs) >= PLANE:
        tried.append(fit_homography(shop.points, photo.points, pairs, tolerance=TOLERANCE))
    fits = [fit for fit in tried if isinstance(fit, Fit) and sane(fit.matrix, size, points=fit.points_a)]
    if not fits:
        return none
    best = max(fits, key=lambda fit: fit.inliers)
    on_shop = shop.foreground.at(best.points_a, size)
    on_photo = photo.foreground.at(best.points_b, photo.points.picture.size)
    # the mask is rough: a point off the product still counts a little, a shelf full of them does not
    counted = float(np.sqrt(np.clip(on_shop, 0.05, 1) * np.clip(on_photo, 0.05, 1)).sum())
    coverage = min(_coverage(best.points_a, size, shop), _coverage(best.points_b, photo.points.picture.size, photo))
    strength = float(np.log1p(max(0.0, counted - CHANCE))) * min(1.0, coverage / FULL_COVERAGE)
    return LocalMatch(
        inliers=best.inliers,
        coverage=coverage,
        strength=strength,
        homography=best.displayed,
        photo_points=apply(photo.points.picture.displayed, best.points_b).astype(np.float32),
        shop_points=apply(shop.points.picture.displayed, best.points_a).astype(np.float32),
    )


def _pairs(a: Keypoints, b: Keypoints) -> Any:
    """Pair as geometry.fit.pair does, without sorting: three times as fast, and it is done for every shop photo."""
    import numpy as np

    if len(a) == 0 or len(b) < 2:
        return np.zeros((0, 2), np.int32)
    likeness = a.descriptors @ b.descriptors.T
    own = np.arange(len(a))
    chosen_back, chosen = likeness.argmax(axis=0), likeness.argmax(axis=1)
    first = likeness[own, chosen]
    likeness[own, chosen] = -1.0
    clear = 2 - 2 * first <= SIFT_RATIO**2 * (2 - 2 * likeness.max(axis=1))
    good = clear & (chosen_back[chosen] == own)
    return np.stack([own[good], chosen[good]], axis=1).astype(np.int32)


def _coverage(points: Any, size: tuple[int, int], of: Described) -> float:
    """Share of the product's weight that lies inside the hull of the points."""
    import cv2
    import numpy as np

    weight = of.foreground.weight
    scale = np.array([weight.shape[1] / size[0], weight.shape[0] / size[1]])
    hull = cv2.convexHull((np.asarray(points) * scale).astype(np.float32).reshape(-1, 1, 2))
    inside = np.zeros(weight.shape, np.uint8)
    cv2.fillConvexPoly(inside, np.round(hull).astype(np.int32), 1)
    return float((weight * inside).sum() / max(float(weight.sum()), 1e-9))
