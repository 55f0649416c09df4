"""Hold one source against the photo: the same photo, the same product in another photo, or unrelated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from fakeproof.findings import frozen_array
from fakeproof.geometry.alignment import Alignment, register
from fakeproof.geometry.fit import Fit, fit_homography
from fakeproof.geometry.hints import agrees_somewhere, few_points
from fakeproof.geometry.keypoints import LARGE_SIDE, LEAST_SIDE, SIFT_ALL, WORKING_SIDE, orb, rootsift
from fakeproof.geometry.parts import Part, find_parts
from fakeproof.geometry.warp import overlap, sane

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.keypoints import Keypoints
    from fakeproof.photo import Photo

__all__ = ["Verification", "verify"]

MIN_INLIERS = 10
"""Pairs that agree; unrelated photos never had more than 6 in 2,920 pairs (docs/benchmarks.md, web)."""
PRODUCT_INLIERS = 15
"""Pairs from which two different photos are said to show one label or product."""
ALIGNED = 0.75
"""Share of blocks that must agree for "the same photo" whatever the rest shows. Labels on bottles stay below .71 on the
training half of benchmarks web, re-used photos above unless something covers or cuts them."""
COVERED = 0.3
"""Share of blocks that must agree, times how firmly, where the source fills the photo: stickers and banners hide the
rest. A product photo shows the product's surroundings; those that fill the frame stay below .22 (training half)."""
FILLS = 0.7
"""Share of the photo from which the source fills it."""
FIRM = 0.7
"""Of the blocks that resemble, the share that must agree firmly there."""
CUT = 0.5
"""Share of the blocks that must lie in the rectangle that shows the source, where it was cropped into a collage."""
CUT_ALIGNED, CUT_FIRM = 0.94, 0.9
"""Shares of that rectangle's blocks that must agree, and firmly: the edges of a cell are sharp, those of a bent label
fade (.97 and .83 at most on labels, .94 and .86 at least on collages, training half)."""
CUT_OUTSIDE = 0.15
"""Largest share of the agreeing blocks outside it."""
MIN_BLOCKS = 8
"""Structured blocks below which the alignment proves nothing."""
MIN_SPREAD = 0.08
"""Smallest share of the overlap, by area, that the agreeing blocks must span: a logo alone does not do."""
SURE_INLIERS = 60
"""Pairs from which no other method is tried when the alignment fails: it is a label, not a re-use."""

NOTHING_AGREES = Alignment(0.0, 0, 0.0)

ASKED = 2
"""Fits, those with most pairs, that are asked for copied parts where no whole is found."""

Kind = Literal["same_photo", "cut_out", "same_product", "unrelated"]
_ORDER: dict[Kind, int] = {"unrelated": 0, "same_product": 1, "cut_out": 2, "same_photo": 3}


@dataclass(frozen=True, eq=False)
class Verification:
    """What comparing one pair gave; `fit` is None where nothing fits; `parts` are those copied, where no whole was."""

    kind: Kind
    fit: Fit | None = None
    alignment: Alignment = NOTHING_AGREES
    method: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def inliers(self) -> int:
        """Pairs that agree."""
        return self.fit.inliers if self.fit else 0

    @property
    def rank(self) -> tuple[int, float, int]:
        """Order from weak to strong."""
        return _ORDER[self.kind], self.alignment.fraction, self.inliers


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
    partial: list[tuple[int, str, Keypoints, Keypoints]] = []
    for method, from_source, from_photo in _attempts(photo, source, thorough):
        found = _judge(fit_homography(from_source, from_photo), from_source, from_photo, method)
        if found.rank > best.rank:
            best = found
        if best.kind == "same_photo":
            return best
        if found.inliers >= MIN_INLIERS:
            partial.append((found.inliers, method, from_source, from_photo))
        if best.inliers >= SURE_INLIERS:
            break
    return _cut_out(partial) or best


def _cut_out(partial: list[tuple[int, str, Keypoints, Keypoints]]) -> Verification | None:
    """Ask the strongest fits for parts of the photo that are the source's own pixels."""
    for _, method, from_source, from_photo in sorted(partial, key=lambda p: -p[0])[:ASKED]:
        parts = tuple(part for part in find_parts(from_source, from_photo) if part.likeness.copied)
        if parts:
            best = max(parts, key=lambda part: part.fit.inliers)
            firm = Alignment(best.likeness.firm, round(best.likeness.windows), best.likeness.fine)
            return Verification("cut_out", best.fit, firm, method, parts)
    return None


def _attempts(photo: Photo, source: Photo, thorough: bool) -> Iterator[tuple[str, Keypoints, Keypoints]]:
    """Yield keypoints cheapest first; nothing is computed before it is asked for.

    The photo is mirrored, not the source: one photo is held against many sources. RootSIFT of everything is dear, so a
    few hundred points of the source are asked first whether anything agrees at all.
    """
    plain = orb(source)
    for mirrored in (False, True):
        yield "orb", plain, orb(photo, mirrored=mirrored)
    if not thorough or not _hinted(photo, source):
        return
    for side in (WORKING_SIDE, LARGE_SIDE):
        if side > WORKING_SIDE and max(*photo.size, *source.size) < 1.5 * WORKING_SIDE:
            return
        for mirrored in (False, True):
            yield (
                "rootsift" if side == WORKING_SIDE else "rootsift large",
                rootsift(source, side=side, count=SIFT_ALL, least=LEAST_SIDE),
                rootsift(photo, side=side, count=SIFT_ALL, mirrored=mirrored, least=LEAST_SIDE),
            )


def _hinted(photo: Photo, source: Photo) -> bool:
    """Return whether a few hundred RootSIFT points of the source leave it worth comparing all."""
    return agrees_somewhere(few_points(source), photo)


def _judge(fit: object, a: Keypoints, b: Keypoints, method: str) -> Verification:
    if not isinstance(fit, Fit) or fit.inliers < MIN_INLIERS:
        return Verification("unrelated")
    if not sane(fit.matrix, a.picture.size, points=fit.points_a):
        return Verification("unrelated")
    matrix, alignment = register(a.picture, b.picture, fit.matrix)
    fit = _moved(fit, matrix, a, b)
    if alignment.blocks >= MIN_BLOCKS and alignment.spread >= MIN_SPREAD:
        share = _same(alignment, overlap(matrix, a.picture.size, b.picture.size)[0])
        if share > 0:
            return Verification("same_photo", fit, replace(alignment, fraction=share), method)
    kind: Kind = "same_product" if fit.inliers >= PRODUCT_INLIERS else "unrelated"
    return Verification(kind, fit, alignment, method)


def _same(alignment: Alignment, covered: float) -> float:
    """Return the share of agreeing blocks by which this is one photo, or 0; `covered` is the source's share of it.

    A block of a copy agrees almost perfectly unless it is covered by something or cut away; a label or a scene that was
    photographed anew agrees best in the middle and fades. So a copy agrees nearly everywhere, or fills the photo and is
    covered in part, or agrees in a rectangle with sharp edges.
    """
    if alignment.fraction >= ALIGNED:
        return alignment.fraction
    if (
        alignment.shown >= CUT
        and alignment.shown_fraction >= CUT_ALIGNED
        and alignment.shown_firm >= CUT_FIRM
        and alignment.outside <= CUT_OUTSIDE
    ):
        return alignment.shown_fraction
    if covered >= FILLS and alignment.fraction * alignment.firm >= COVERED and alignment.firm >= FIRM:
        return alignment.fraction
    return 0.0


def _moved(fit: Fit, matrix: npt.NDArray[np.float64], a: Keypoints, b: Keypoints) -> Fit:
    """Return the fit with a corrected transform."""
    import numpy as np

    displayed = b.picture.displayed @ matrix @ np.linalg.inv(a.picture.displayed)
    return replace(fit, matrix=frozen_array(matrix.copy()), displayed=frozen_array(displayed / displayed[2, 2]))
