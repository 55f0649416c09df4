"""Which pictures a verdict hands over: for each claim what a platform asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof.exhibit import FLICKER_SIDE, Exhibit
from fakeproof.exhibits import captions, draw
from fakeproof.findings import shown_name
from fakeproof.types import Category
from fakeproof.verdict import Verdict, opened
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.findings import Finding, Match, Region
    from fakeproof.photo import Photo
    from fakeproof.types import RGB8

__all__ = ["compose", "laid_over"]

SHOP_PHOTOS = 3
"""Shop photos beside the evidence; more become too small to see on a phone."""
ORIGINALS = 2
WHOLE = 0.9
"""Share of the original that the photo holds from which the whole original is not shown as well."""
THUMBNAIL = "thumbnail"
"""The picture of a finding that was embedded in the file: only that one makes such an exhibit."""


def compose(verdict: Verdict) -> tuple[Exhibit, ...]:
    """Return the exhibits, those of the best category first, then by decision and by llr."""
    made = [*_edited(verdict), *_web(verdict), *_product(verdict)]
    rank = {c: (verdict.scores[c].decision == "supported", verdict.scores[c].llr) for c in verdict.scores}
    return tuple(sorted(made, key=lambda e: rank.get(e.category, (False, 0.0)), reverse=True))


def _supported(verdict: Verdict, category: Category) -> bool:
    return verdict.scores[category].decision == "supported"


def _edited(verdict: Verdict) -> Iterator[Exhibit]:
    photo = verdict.picture
    supported = _supported(verdict, Category.EDITED)
    decided = {f.detector for f in verdict.findings if f.supports is Category.EDITED}
    if verdict.regions and not _only_compared(verdict):
        image, scale = draw.canvas(photo.rgb)
        draw.circled(image, verdict.regions, scale)
        yield Exhibit(
            image=draw.stacked(image, draw.insets(photo.rgb, verdict.regions)),
            category=Category.EDITED,
            kind="circled",
            legend=phrase("caption.circled"),
            claims=captions.places_claims(verdict.regions, decided),
            band=(phrase("band.circled"),),
            supported=supported,
            facts={"places": [r.label for r in verdict.regions]},
        )
    cloned = verdict.finding("copy_move")
    if cloned is not None and cloned.supports is Category.EDITED:
        yield _copied(photo, cloned, verdict.regions, supported)
    differing = verdict.finding("source_difference")
    match = next(iter(verdict.matches), None)
    if differing is not None and differing.supports is Category.EDITED and match is not None:
        yield from _compared(verdict, differing, match, supported)
    for finding in verdict.findings:
        thumbnail = finding.pictures.get(THUMBNAIL)
        if thumbnail is not None and finding.supports is Category.EDITED:
            yield _embedded(photo, finding, thumbnail, supported)


def _only_compared(verdict: Verdict) -> bool:
    """Whether the picture beside the original already rings every place: the same rings twice say nothing more."""
    original = next((m for m in verdict.matches if m.photo is not None and m.homography is not None), None)
    return original is not None and all(set(r.traces) == {"source_difference"} for r in verdict.regions)


def _copied(photo: Photo, finding: Finding, known: Sequence[Region], supported: bool) -> Exhibit:
    image, scale = draw.canvas(photo.rgb)
    regions, pairs = _renumbered(finding, known)
    draw.circled(image, regions, scale)
    for pair in pairs:
        halves = [[r for r in regions if r.label == f"{pair['pair']}{letter}"] for letter in pair["places"]]
        radii = [max((max(_sides(r)) for r in half), default=0.0) * 0.6 * scale for half in halves]
        centres = ([v * scale for v in pair[key]] for key in ("from", "to"))
        draw.link(image, *centres, radii=(radii[0], radii[1]))
    return Exhibit(
        image=draw.stacked(image, draw.insets(photo.rgb, _one_a_label(regions))),
        category=Category.EDITED,
        kind="copied",
        legend=phrase("caption.copied"),
        claims=(captions.copied_claim(pairs),),
        band=(
            phrase(
                "band.copied",
                pairs=[phrase("band.pair", one=one, other=other) for one, other in map(captions.ends, pairs)],
            ),
        ),
        supported=supported,
        facts={"pairs": len(pairs)},
    )


def _renumbered(finding: Finding, known: Sequence[Region]) -> tuple[list[Region], list[dict[str, Any]]]:
    """Give each pair the number that its places have in the circled picture, where they are circled there."""
    numbers = {r.polygon.tobytes(): _number(r) for r in known}
    new = {_number(r): numbers[r.polygon.tobytes()] for r in finding.regions if r.polygon.tobytes() in numbers}
    if len(new) < len({_number(r) for r in finding.regions}):
        return list(finding.regions), list(finding.facts["pairs"])
    regions = [replace(r, label=new[_number(r)] + r.label[-1]) for r in finding.regions]
    return regions, [{**p, "pair": new.get(str(p["pair"]), p["pair"])} for p in finding.facts["pairs"]]


def _number(region: Region) -> str:
    return region.label.rstrip("abcdefghijklmnopqrstuvwxyz")


def _sides(region: Region) -> tuple[float, float]:
    left, top, right, bottom = region.box
    return right - left, bottom - top


def _one_a_label(regions: Sequence[Region]) -> list[Region]:
    largest: dict[str, Region] = {}
    for region in regions:
        if region.label not in largest or region.area > largest[region.label].area:
            largest[region.label] = region
    return list(largest.values())


def _compared(verdict: Verdict, finding: Finding, match: Match, supported: bool) -> Iterator[Exhibit]:
    if match.photo is None or match.homography is None:
        return
    yield Exhibit(
        image=_matched(verdict.picture, match.photo, match, _differences(verdict, match)),
        category=Category.EDITED,
        kind="compared",
        legend=_matched_legend(match, differing=True),
        claims=(phrase("caption.differs", places=[r.label for r in finding.regions]), *captions.match_claims(match)),
        band=_matched_band(match, differing=True),
        supported=supported,
        facts=match.source.to_dict(),
        frames=_frames(verdict.picture, match.photo, match),
    )


def _differences(verdict: Verdict, match: Match) -> Sequence[Region]:
    """Return the places that differ from this original, numbered as everywhere in the verdict."""
    finding = verdict.finding("source_difference")
    if finding is None or finding.supports is not Category.EDITED or match is not next(iter(verdict.matches), None):
        return ()
    return [r for r in verdict.regions if "source_difference" in r.traces] or finding.regions


def _matched_legend(match: Match, *, differing: bool) -> Phrase:
    parts = [phrase("caption.beside")]
    if _cropped(match):
        parts.append(phrase("caption.whole"))
    if differing:
        parts.append(phrase("caption.ringed"))
    return phrase("caption.parts", parts=parts)


def _matched_band(match: Match, *, differing: bool) -> tuple[Phrase, ...]:
    lines = [phrase("band.beside", seen=captions.seen(match, short=True))]
    if _cropped(match):
        lines.append(phrase("band.whole"))
    return (*lines, phrase("band.ringed")) if differing else tuple(lines)


def _cropped(match: Match) -> bool:
    return match.homography is not None and match.overlap_source < WHOLE


def _embedded(photo: Photo, finding: Finding, thumbnail: RGB8, supported: bool) -> Exhibit:
    return Exhibit(
        image=draw.beside([photo.rgb, thumbnail], labels=("1", "2")),
        category=Category.EDITED,
        kind="embedded",
        legend=phrase("caption.embedded"),
        claims=(finding.sentence,),
        band=(phrase("band.embedded"),),
        supported=supported,
        facts={"detector": finding.detector},
    )


def _web(verdict: Verdict) -> Iterator[Exhibit]:
    photo = verdict.picture
    for match in verdict.matches[:ORIGINALS]:
        original = match.photo
        if original is None:
            continue
        places = _differences(verdict, match)
        yield Exhibit(
            image=_matched(photo, original, match, places),
            category=Category.WEB_IMAGE,
            kind="original",
            legend=_matched_legend(match, differing=bool(places)),
            claims=captions.match_claims(match),
            band=_matched_band(match, differing=bool(places)),
            supported=_supported(verdict, Category.WEB_IMAGE),
            facts={**match.source.to_dict(), "sha256": match.sha256},
            frames=_frames(photo, original, match),
        )
    recaptured = verdict.finding("recapture")
    if recaptured is not None and recaptured.pictures and recaptured.supports is Category.WEB_IMAGE:
        yield _recaptured(photo, recaptured, _supported(verdict, Category.WEB_IMAGE))


def _recaptured(photo: Photo, finding: Finding, supported: bool) -> Exhibit:
    """Show the photo with the screen outlined, and the spectrum that an examiner asks for."""
    image, scale = draw.canvas(photo.rgb, side=1200)
    for region in finding.regions:
        _outlined(image, np.asarray(region.polygon, np.float32) * scale)
    return Exhibit(
        image=draw.beside([image, finding.pictures["spectrum"]], labels=("1", "2")),
        category=Category.WEB_IMAGE,
        kind="recapture",
        legend=phrase("recapture.second"),
        claims=(finding.sentence,),
        band=(phrase("band.recapture"),),
        supported=supported,
        facts={"kind": finding.facts["kind"]},
    )


def laid_over(photo: Photo, original: Photo, homography: npt.NDArray[np.float64]) -> RGB8:
    """Return the original in the photo's place, paper where it does not reach."""
    aligned = cv2.warpPerspective(original.rgb, homography, photo.size, borderValue=draw.PAPER)
    return np.asarray(aligned, np.uint8)


def _frames(photo: Photo, original: Photo, match: Match) -> tuple[RGB8, ...]:
    """Return both pictures in one place at the size of a flicker, or nothing where they were not aligned."""
    if match.homography is None:
        return ()
    return tuple(
        draw.canvas(rgb, side=FLICKER_SIDE)[0] for rgb in (photo.rgb, laid_over(photo, original, match.homography))
    )


def _matched(photo: Photo, original: Photo, match: Match, places: Sequence[Region]) -> RGB8:
    """Photo and original in one position, what differs ringed in both; the whole original where a part was cut out."""
    if match.homography is None:
        return draw.beside([draw.canvas(p.rgb, side=1200)[0] for p in (photo, original)], labels=("1", "2"))
    pictures = []
    for rgb in (photo.rgb, laid_over(photo, original, match.homography)):
        image, scale = draw.canvas(rgb, side=1200)
        pictures.append(draw.circled(image, places, scale))
    draw_part(pictures[0], photo.size, original.size, match.homography, pictures[0].shape[1] / photo.size[0])
    if _cropped(match):
        whole, scale = draw.canvas(original.rgb, side=1200)
        draw_part(whole, original.size, photo.size, np.linalg.inv(match.homography), scale)
        pictures.append(whole)
    return draw.beside(pictures, labels=("1", "2", "3"))


def draw_part(image: RGB8, size: tuple[int, int], other: tuple[int, int], homography: Any, scale: float) -> None:
    """Outline where the other picture lies in this one, unless it covers all of it."""
    from fakeproof.geometry import outline

    polygon = np.asarray(outline(homography, other, size), np.float32)
    if len(polygon) < 3:
        return
    share = abs(float(cv2.contourArea(polygon))) / (size[0] * size[1])
    if share > 0.97:
        return
    _outlined(image, polygon * scale)


def _outlined(image: RGB8, points: npt.NDArray[np.float32]) -> None:
    """Outline the hull of points of a picture in blue with a white halo: what is the same in another picture."""
    if len(points) < 3:
        return
    hull = [np.round(cv2.convexHull(np.ascontiguousarray(points, np.float32))).astype(np.int32)]
    width = max(2, max(image.shape[:2]) // 300)
    for thickness, ink in ((3 * width, draw.WHITE), (width, draw.BLUE)):
        cv2.polylines(image, hull, isClosed=True, color=ink, thickness=thickness, lineType=cv2.LINE_AA)


def _product(verdict: Verdict) -> Iterator[Exhibit]:
    finding = verdict.finding("compare")
    if finding is None or not verdict.products:
        return
    photo = verdict.picture
    shop = _closest(opened(verdict.products), finding)[:SHOP_PHOTOS]
    if not shop:
        return
    pictures = [draw.canvas(p.rgb, side=1000) for p in (photo, *shop)]
    for match in finding.related:
        links = np.asarray(match.facts.get("links", ()), np.float32).reshape(-1, 4)
        for (image, scale), p in zip(pictures, (photo, *shop), strict=True):
            if p is photo:
                _outlined(image, links[:, :2] * scale)
            elif p.sha256 == match.sha256:
                _outlined(image, links[:, 2:] * scale)
    last = len(pictures)
    numbers = "2" if last == 2 else f"2-{last}"
    outlined = [phrase("caption.outlined")] if finding.related else []
    yield Exhibit(
        image=draw.beside([image for image, _ in pictures], labels=tuple(str(i + 1) for i in range(last))),
        category=Category.WRONG_PRODUCT,
        kind="product",
        legend=phrase("caption.parts", parts=[phrase("caption.product", numbers=numbers), *outlined]),
        claims=captions.product_claims(finding),
        band=(phrase("band.product", numbers=numbers),),
        supported=_supported(verdict, Category.WRONG_PRODUCT),
        facts={"products": [shown_name(p.name) for p in shop]},
    )


def _closest(shop: Sequence[Photo], finding: Finding) -> list[Photo]:
    """Return the shop's photos, those that the comparison found most alike first; the rest keep their order."""
    rank = {p["sha256"]: i for i, p in enumerate(finding.facts.get("shop_photos", ()))}
    return sorted(shop, key=lambda p: rank.get(p.sha256, len(rank)))
