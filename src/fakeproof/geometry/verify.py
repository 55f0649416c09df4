"""Hold one source against the photo: the same photo, the same product in another photo, or unrelated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fakeproof.geometry.alignment import Alignment, block_alignment
from fakeproof.geometry.fit import Fit, fit_homography
from fakeproof.geometry.keypoints import orb, rootsift
from fakeproof.geometry.warp import outline, sane

if TYPE_CHECKING:
    from fakeproof.geometry.keypoints import Keypoints
    from fakeproof.photo import Photo

__all__ = ["Verification", "verify"]

MIN_INLIERS = 10
"""Pairs that agree; unrelated photos never had more than 6 in 2,920 pairs (docs/benchmarks.md, web)."""
PRODUCT_INLIERS = 15
"""Pairs from which two different photos are said to show one label or product."""
ALIGNED = 0.6
"""Share of blocks that must agree for "the same photo": kept 840 of 840 re-uses and .4 % of product pairs."""
MIN_BLOCKS = 8
"""Structured blocks below which the alignment proves nothing."""
MIN_SPREAD = 0.08
"""Smallest share of the overlap, by area, that the agreeing points must span: a logo alone does not do."""
SURE_INLIERS = 60
"""Pairs from which no other method is tried when the alignment fails: it is a label, not a re-use."""
LARGE_SIDE = 1024
"""Working side for sources pasted small into the photo, or photos cropped small out of the source."""

NOTHING_AGREES = Alignment(0.0, 0, 0.0)

Kind = Literal["same_photo", "same_product", "unrelated"]


@dataclass(frozen=True, eq=False)
class Verification:
    """What comparing one pair gave; `fit` is None where nothing fits."""

    kind: Kind
    fit: Fit | None = None
    alignment: Alignment = NOTHING_AGREES
    spread: float = 0.0
    method: str = ""

    @property
    def inliers(self) -> int:
        """Pairs that agree."""
        return self.fit.inliers if self.fit else 0

    @property
    def rank(self) -> tuple[int, float, int]:
        """Order from weak to strong."""
        return {"unrelated": 0, "same_product": 1, "same_photo": 2}[self.kind], self.alignment.fraction, self.inliers


def verify(photo: Photo, source: Photo, /, *, thorough: bool = True) -> Verification:
    """Compare a source with a photo: ORB first, mirrored too, RootSIFT where that finds nothing.

    Parameters
    ----------
    photo, source : Photo
        Their keypoints are cached with them, so one photo against many sources costs one extraction.
    thorough : bool
        Go on to RootSIFT and to a larger working size where ORB finds no match.

    Returns
    -------
    Verification
        The strongest that any method gave.
    """
    best = Verification("unrelated")
    for method, from_source, from_photo in _attempts(photo, source, thorough):
        found = _judge(fit_homography(from_source, from_photo), from_source, from_photo, method)
        if found.rank > best.rank:
            best = found
        if best.kind == "same_photo" or best.inliers >= SURE_INLIERS:
            break
    return best


def _attempts(photo: Photo, source: Photo, thorough: bool) -> Iterator[tuple[str, Keypoints, Keypoints]]:
    """Yield keypoints cheapest first; nothing is computed before it is asked for."""
    for mirrored in (False, True):
        yield "orb", orb(source, mirrored=mirrored), orb(photo)
    if not thorough:
        return
    for mirrored in (False, True):
        yield "rootsift", rootsift(source, mirrored=mirrored), rootsift(photo)
    if max(photo.size) >= 1.5 * 512 or max(source.size) >= 1.5 * 512:
        for mirrored in (False, True):
            yield (
                "rootsift large",
                rootsift(source, side=LARGE_SIDE, mirrored=mirrored),
                rootsift(photo, side=LARGE_SIDE),
            )


def _judge(fit: object, a: Keypoints, b: Keypoints, method: str) -> Verification:
    if not isinstance(fit, Fit) or fit.inliers < MIN_INLIERS:
        return Verification("unrelated")
    if not sane(fit.matrix, a.picture.size, points=fit.points_a):
        return Verification("unrelated")
    alignment = block_alignment(a.picture, b.picture, fit.matrix)
    spread = _spread(fit, a.picture.size, b.picture.size)
    if alignment.fraction >= ALIGNED and alignment.blocks >= MIN_BLOCKS and spread >= MIN_SPREAD:
        return Verification("same_photo", fit, alignment, spread, method)
    kind: Kind = "same_product" if fit.inliers >= PRODUCT_INLIERS else "unrelated"
    return Verification(kind, fit, alignment, spread, method)


def _spread(fit: Fit, size_a: tuple[int, int], size_b: tuple[int, int]) -> float:
    """Share of the overlap that the convex hull of the agreeing points covers, 0-1."""
    import cv2

    polygon = outline(fit.matrix, size_a, size_b)
    if len(polygon) < 3:
        return 0.0
    hull = cv2.convexHull(fit.points_b)
    return min(1.0, cv2.contourArea(hull) / max(cv2.contourArea(polygon), 1.0))
