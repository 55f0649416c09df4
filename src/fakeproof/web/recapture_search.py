"""The picture on a photographed screen, seen from the front and held against candidate originals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fakeproof.findings import Finding, Match, Region
from fakeproof.photo import Photo
from fakeproof.web.match_sources import match_sources
from fakeproof.web.recapture_screen import rectified
from fakeproof.words import phrase

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["match_screen"]


def match_screen(photo: Photo, recaptured: Finding, sources: Any, /) -> Finding | None:
    """Search for what an outlined screen shows; matches and regions lie in the photo's own pixels.

    Returns None where no screen is outlined or nothing was found: `match_sources` on the photo itself has said so.
    """
    if not recaptured.regions:
        return None
    picture, matrix = rectified(photo.rgb, recaptured.regions[0].polygon)
    if min(picture.shape[:2]) < match_sources.record.least_side:  # type: ignore[attr-defined]
        return None
    found = match_sources(Photo.from_array(picture, name=photo.name), sources)
    if not isinstance(found, Finding) or not found.matches:
        return None
    back = np.linalg.inv(matrix)
    best = found.matches[0]
    return replace(
        found,
        matches=tuple(_moved(match, back) for match in found.matches),
        related=tuple(_moved(match, back) for match in found.related),
        regions=tuple(_region(region, back) for region in found.regions),
        facts={**found.facts, "on_screen": True},
        sentence=phrase("recapture.found", source=best.source.url or best.source.name),
    )


def _moved(match: Match, back: npt.NDArray[np.floating]) -> Match:
    if match.homography is None:
        return match
    matrix = back @ match.homography
    return replace(match, homography=matrix / matrix[2, 2], facts={**match.facts, "on_screen": True})


def _region(region: Region, back: npt.NDArray[np.floating]) -> Region:
    import cv2

    polygon = cv2.perspectiveTransform(np.asarray(region.polygon, np.float32)[None], back)[0]
    return replace(region, polygon=polygon, area=round(float(cv2.contourArea(polygon))))
