"""Was the photo seen before: hold it against candidate originals and prove which one it was made from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.findings import OWN_LISTING, Finding, Flag, Match, NotApplicable, Problem, Region, Source
from fakeproof.geometry import Alignment, Part, Verification, outline, verify
from fakeproof.types import Category
from fakeproof.web.candidates import open_sources
from fakeproof.web.transform import Transform, describe
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from pathlib import Path

    from fakeproof.photo import Photo
    from fakeproof.web.index import SourceIndex

__all__ = ["match_sources"]

MIN_SIDE = 40
"""Shorter side, px, below which keypoints say nothing."""
SMALL_SIDE = 200
"""Shorter side, px, below which the result is flagged: few keypoints fit."""
MAX_SCORE = 10.0
"""log2 of about 1,000 agreeing keypoints, all blocks agreeing; an identical file has it."""
UNVERIFIED_SCORE = 1.0
"""Most that a source can score which is not the same photo: a label has many agreeing keypoints, too. The weakest match
that is verified, .3 of the blocks and 10 keypoints, scores more."""
VERIFIED = ("same_photo", "cut_out")
SHORTLIST = 24
"""Candidates of an index that are verified."""


@detector(version=2, category=Category.WEB_IMAGE, least_side=MIN_SIDE, needs="sources", cost_ms=500)
def match_sources(
    photo: Photo,
    sources: Iterable[Photo | Source | str | Path | bytes] | SourceIndex,
    /,
    *,
    shortlist: int = SHORTLIST,
    thorough: bool = True,
) -> Finding | NotApplicable:
    """Find the sources from which the photo was made.

    Each source is laid over the photo by the transform that most keypoints agree with, corrected by the displacement of
    blocks; then blocks of the overlap are compared. *Same photo* means that nearly all of them agree, or all that
    nothing covers or cuts away. Where the whole does not agree, the parts around agreeing keypoints are asked: a
    *cut-out* agrees to the pixel, in its light and fine detail too, and was only shifted, turned, mirrored and scaled.
    Agreement of keypoints alone, or one that fades as on a bent label, means that a label or a product is the same in
    another photo, which is no sign of a web image.

    Parameters
    ----------
    photo : Photo
        The questioned photo.
    sources : iterable of Photo, Source, path or bytes; or SourceIndex
        The candidates. One that cannot be read is listed in ``unreadable`` and stops nothing. From an index
        the `shortlist` best candidates are verified.
    shortlist : int
        How many candidates of an index are verified.
    thorough : bool
        Try RootSIFT and a larger working size where ORB finds nothing.

    Returns
    -------
    Finding
        ``matches`` are verified same photos, best first, then cut-outs (``kind`` ``'cut_out'``, with their outlines in
        ``parts``); ``related`` show the same product in another photo. The score is that of the best source: the share
        of agreeing blocks (of a cut-out, of its windows) times log2(1 + agreeing keypoints), 0-10, and at most 1 where
        neither the photo nor a part of it comes from the source.
        It supports `Category.WEB_IMAGE` when there is a match. ``regions`` outline what the best match covers.
    NotApplicable
        If there are no sources, none of them can be read, or the photo is below 40 px a side.

    Notes
    -----
    It sees nothing in photos without structure (sky, a blank wall), and does not know two exposures of one unmoved
    scene from a re-used photo.

    References
    ----------
    Rublee et al. 2011, doi:10.1109/ICCV.2011.6126544 (ORB). Lowe 2004, doi:10.1023/B:VISI.0000029664.99615.94 (SIFT).
    Barath et al. 2020, doi:10.1109/CVPR42600.2020.00138 (MAGSAC++).

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> original = fp.Photo.from_array(skimage.data.astronaut())
    >>> photo = fp.Photo.from_array(skimage.data.astronaut()[60:460, 40:400])
    >>> finding = fp.web.match_sources(photo, [fp.Source(original, url="https://example.org/a.jpg")])
    >>> finding.supports.value, finding.matches[0].transform()
    ('web_image', 'cropped to 55% of the source')
    """
    pairs, unreadable, looked_at = _candidates(photo, sources, shortlist)
    if not looked_at:
        return _nothing_to_compare(unreadable)
    matches: list[Match] = []
    related: list[Match] = []
    best = 0.0
    for source, opened in pairs:
        result = _identical(photo, opened) or verify(photo, opened, thorough=thorough)
        best = max(best, _score(result))
        if result.kind != "unrelated":
            (matches if result.kind in VERIFIED else related).append(_match(source, opened, photo, result))
    found = _finding(photo, matches, related, best, looked_at)
    return replace(found, unreadable=tuple(unreadable))


def _nothing_to_compare(unreadable: list[Problem]) -> NotApplicable:
    """Return the answer without any picture to compare with: what could not be read clears nobody."""
    return NotApplicable(
        reason=phrase("match_sources.unreadable" if unreadable else "match_sources.none"),
        unreadable=tuple(unreadable),
    )


def _candidates(photo: Photo, sources: Any, shortlist: int) -> tuple[list[tuple[Source, Photo]], list[Problem], int]:
    """Return the sources to compare with, those that could not be read, and how many were looked at.

    An index looks at its own columns first; only what agrees there is opened.
    """
    from fakeproof.web.index import SourceIndex

    if isinstance(sources, SourceIndex):
        worth, looked_at = sources.candidates(photo, limit=shortlist)
        pairs, unreadable = open_sources(worth)
        return pairs, unreadable, looked_at - len(unreadable)
    pairs, unreadable = open_sources(sources)
    return pairs, unreadable, len(pairs)


def _identical(photo: Photo, source: Photo) -> Verification | None:
    """Byte for byte the same file: nothing has to be compared, and a flat picture could not be."""
    if photo.sha256 != source.sha256:
        return None
    return Verification("same_photo", None, Alignment(1.0, 0, 1.0, spread=1.0), "identical")


def _score(result: Verification) -> float:
    if result.method == "identical":
        return MAX_SCORE
    most = MAX_SCORE if result.kind in VERIFIED else UNVERIFIED_SCORE
    return min(most, result.alignment.fraction * math.log2(1 + result.inliers))


def _match(source: Source, opened: Photo, photo: Photo, result: Verification) -> Match:
    import numpy as np

    matrix = result.fit.displayed if result.fit else np.eye(3)
    transform = describe(matrix, opened.size, photo.size)
    same_file = result.method == "identical"
    parts = tuple(_part_region(photo, part, str(i)) for i, part in enumerate(result.parts, 1))
    return Match(
        source=source,
        sha256=opened.sha256,
        kind="same_product" if result.kind == "unrelated" else result.kind,
        inliers=result.inliers,
        alignment=result.alignment.fraction,
        homography=matrix,
        overlap_photo=sum(part.share for part in result.parts) if parts else transform.overlap_photo,
        overlap_source=transform.overlap_source,
        facts={
            **transform.facts,
            "identical_file": same_file,
            "method": result.method,
            "blocks": result.alignment.blocks,
            "correlation": round(result.alignment.correlation, 4),
            "spread": round(result.alignment.spread, 4),
            "source_size": list(opened.size),
        },
        photo=opened,
        words=_words(transform, result),
        parts=parts,
    )


def _words(transform: Transform, result: Verification) -> Phrase:
    if result.method == "identical":
        return phrase("transform.identical")
    if result.parts:
        return transform.words_of_part(sum(part.share for part in result.parts))
    return transform.words()


def _strength(match: Match) -> tuple[bool, bool, float]:
    whole = match.kind == "same_photo"
    return bool(match.facts["identical_file"]), whole, match.alignment * math.log2(1 + match.inliers)


def _part_region(photo: Photo, part: Part, label: str) -> Region:
    return Region(
        polygon=part.polygon,
        area=max(1, round(part.share * photo.size[0] * photo.size[1])),
        label=label,
        score=part.likeness.firm,
        role="matched",
        traces=("match_sources",),
    )


def _finding(photo: Photo, matches: list[Match], related: list[Match], best: float, compared: int) -> Finding:
    matches.sort(key=_strength, reverse=True)
    related.sort(key=lambda match: match.inliers, reverse=True)
    orders = sorted({match.source.order for match in matches if match.source.order})
    return Finding(
        score=best,
        supports=Category.WEB_IMAGE if matches else None,
        sentence=_sentence(matches, related, compared),
        regions=_regions(photo, matches),
        facts={"compared": compared, "earlier_orders": orders},
        flags=Flag.SMALL if min(photo.size) < SMALL_SIDE else Flag.NONE,
        matches=tuple(matches),
        related=tuple(related),
    )


def _regions(photo: Photo, matches: list[Match]) -> tuple[Region, ...]:
    """Outline what the best match covers of the photo."""
    import cv2

    if not matches or matches[0].homography is None:
        return ()
    match = matches[0]
    if match.parts:
        return match.parts
    width, height = match.facts["source_size"]
    polygon = outline(matches[0].homography, (width, height), photo.size)
    if len(polygon) < 3:
        return ()
    return (
        Region(
            polygon=polygon,
            area=round(cv2.contourArea(polygon)),
            label="1",
            score=match.alignment,
            role="matched",
            traces=("match_sources",),
        ),
    )


def _sentence(matches: list[Match], related: list[Match], compared: int) -> Phrase:
    if matches:
        best = matches[0]
        source = best.source
        where = source.url or (OWN_LISTING if source.own_listing else source.seen_on) or source.name
        earlier = phrase("match_sources.earlier", order=source.order) if source.order else ""
        said = "cut_out" if best.kind == "cut_out" else "same"
        return phrase(f"match_sources.{said}", where=where, earlier=earlier, how=best.words)
    if related:
        return phrase("match_sources.related", name=related[0].source.name)
    return phrase("match_sources.nothing", count=compared)
