"""What differs between the photo and the source it was made from: the edit itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.edited.against_source.overlay import is_mark
from fakeproof.edited.against_source.residual import Comparison, compare
from fakeproof.findings import Finding, Flag, Match, NotApplicable, Region, Source, frozen_array
from fakeproof.geometry import apply, verify
from fakeproof.photo import Photo
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["source_difference"]

MIN_SIDE = 64
"""Shorter side, px, below which nothing can be aligned."""
HIGH_Z = 3.5
"""Residual over its local expectation that starts a region (benchmarks web, edits made to copies)."""
LOW_Z = 1.2
"""Residual down to which a region grows."""
MIN_AREA = 0.0004
"""Smallest region, share of the compared area."""
MIN_PIXELS = 48
"""Smallest region, compared pixels."""
LETTER_GAP = 0.035
"""Distance, share of the shorter side, over which letters count as one line."""
DECIDES = 12.0
"""Score from which the finding supports `Category.EDITED` (benchmarks web: untouched re-saved copies stay below)."""


@detector(version=2, category=Category.EDITED, least_side=MIN_SIDE, needs="source", cost_ms=500)
def source_difference(
    photo: Photo, source: Photo | Source, /, *, match: Match | None = None
) -> Finding | NotApplicable:
    """Lay the source over the photo and mark what was changed.

    Position, colours, sharpness and compression of the source are fitted to the photo first; what then still differs
    by more than the local structure explains was altered. A displacement of a pixel or two along edges is forgiven.
    Translucent marks and text over an unchanged background count as marks, not as edits.

    Parameters
    ----------
    photo : Photo
        The questioned photo.
    source : Photo or Source
        The original, as verified by ``fp.web.match_sources``.
    match : Match, optional
        Its verified match, whose transform is used; without it the two are aligned here. Of a cut-out the parts that
        come from the source are marked: what stands around them is the photo's own.

    Returns
    -------
    Finding
        ``heatmap`` is the residual in units of what the local structure explains, cut at 20; ``mask`` and ``regions``
        mark edits (role ``'altered'``) and marks (``facts["kind"] == "mark"``, not in the mask). The score is that of
        the strongest edit: mean residual times log10 of its pixels. It supports `Category.EDITED` from 12 on.
    NotApplicable
        If the two cannot be aligned, or the source shows another photo.

    Notes
    -----
    It sees nothing outside the overlap, and no change that both pictures share. Which of the two was altered, the
    pixels do not say: the one published first is the original.

    References
    ----------
    Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization",
    IEEE TPAMI 30(10), 2008, doi:10.1109/TPAMI.2008.113.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> pixels = skimage.data.coffee().copy()
    >>> pixels[100:180, 300:400] = pixels[300:380, 100:200]
    >>> finding = fp.edited.source_difference(fp.Photo.from_array(pixels), fp.Photo.from_array(skimage.data.coffee()))
    >>> finding.supports.value, len(finding.regions)
    ('edited', 1)
    """
    if match is not None and match.parts:
        return _put_there(photo, match)
    opened = Photo.of(source)
    if min(*photo.size, *opened.size) < MIN_SIDE:
        return _not("side", least=MIN_SIDE)
    matrix = match.homography if match is not None else _aligned(photo, opened)
    if matrix is None:
        return _not("unaligned")
    comparison = compare(photo, opened, matrix)
    if comparison is None:
        return _not("overlap")
    return _finding(photo, comparison)


def _put_there(photo: Photo, match: Match) -> Finding:
    """Mark the parts that were cut out of the source: they cannot have been there when the photo was taken."""
    import cv2
    import numpy as np

    mask = np.zeros(photo.size[::-1], np.uint8)
    for part in match.parts:
        cv2.fillPoly(mask, [np.round(part.polygon).astype(np.int32)], 1)
    regions = (
        replace(p, role="altered", traces=("source_difference",), facts={"kind": "cut_out"}) for p in match.parts
    )
    return Finding(
        score=DECIDES,
        supports=Category.EDITED,
        sentence=phrase("source_difference.cut_out", count=len(match.parts)),
        mask=frozen_array(mask.astype(bool)),
        regions=tuple(regions),
        facts={"compared": round(float(mask.mean()), 4), "edits": len(match.parts), "marks": 0, "kind": "cut_out"},
    )


def _not(why: str, **given: Any) -> NotApplicable:
    return NotApplicable(reason=phrase(f"source_difference.{why}", **given))


def _aligned(photo: Photo, source: Photo) -> npt.NDArray[np.float64] | None:
    import numpy as np

    if photo.sha256 == source.sha256:
        return np.eye(3)
    result = verify(photo, source)
    return result.fit.displayed if result.fit and result.kind == "same_photo" else None


@dataclass(frozen=True)
class _Spot:
    """A connected place that differs, in compared pixels."""

    label: int
    area: int
    strength: float
    kind: str

    @property
    def score(self) -> float:
        return self.strength * math.log10(1 + self.area)


def _finding(photo: Photo, comparison: Comparison) -> Finding:
    import cv2
    import numpy as np

    labels, spots = _spots(comparison)
    edits = [s for s in spots if s.kind == "edit"]
    small = np.isin(labels, [s.label for s in edits])
    size = photo.size
    mask = cv2.resize(small.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    heat = cv2.resize(np.minimum(comparison.z, 20).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    score = max((s.score for s in edits), default=0.0)
    decided = score >= DECIDES
    ordered = sorted(spots, key=lambda s: (s.kind != "edit", -s.score))
    regions = [r for i, s in enumerate(ordered, 1) for r in _region(labels, s, str(i), comparison.to_displayed)]
    return Finding(
        score=float(score),
        supports=Category.EDITED if decided else None,
        sentence=_sentence(edits, spots, decided),
        mask=frozen_array(mask),
        heatmap=frozen_array(heat, np.float32),
        regions=tuple(regions),
        facts={
            "compared": round(comparison.share, 4),
            "edits": len(edits),
            "marks": len(spots) - len(edits),
            "edited_share": round(float(small.sum() / max(1, comparison.valid.sum())), 5),
            "blur": comparison.blur,
            "residual": round(comparison.noise, 3),
        },
        flags=Flag.LOW_QUALITY if comparison.noise > NOISY else Flag.NONE,
        pictures={"source_aligned": frozen_array(comparison.source), "photo_compared": frozen_array(comparison.photo)},
    )


NOISY = 12.0
"""Median residual, grey levels, from which the alignment or the colours fit badly."""


def _spots(comparison: Comparison) -> tuple[npt.NDArray[np.int32], list[_Spot]]:
    """Grow regions from strong residuals, drop the small ones, and tell marks from edits."""
    import cv2
    import numpy as np

    low: Any = ((comparison.z > LOW_Z) & comparison.valid).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    low = cv2.morphologyEx(cv2.morphologyEx(low, cv2.MORPH_OPEN, kernel[2:5, 2:5]), cv2.MORPH_CLOSE, kernel)
    _, found, stats, _ = cv2.connectedComponentsWithStats(low, connectivity=8)
    labels = np.asarray(found, np.int32)
    marked = _marked(comparison, labels)
    least = max(MIN_PIXELS, MIN_AREA * int(comparison.valid.sum()))
    spots = []
    for label in range(1, len(stats)):
        window = _window(stats[label])
        inside = labels[window] == label
        z = comparison.z[window][inside]
        if inside.sum() < least or np.percentile(z, 95) < HIGH_Z:
            continue
        kind = "mark" if marked[window][inside].mean() > 0.5 else "edit"
        spots.append(_Spot(label, int(inside.sum()), float(z.mean()), kind))
    return labels, spots


def _marked(comparison: Comparison, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Return where marks lie; letters are judged together, as the line that they form."""
    import cv2
    import numpy as np

    reach = max(5, round(LETTER_GAP * min(labels.shape))) | 1
    near = cv2.dilate((labels > 0).astype(np.uint8), np.ones((reach, reach), np.uint8))
    _, groups, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    out = np.zeros(labels.shape, bool)
    for group in range(1, len(stats)):
        window = _window(stats[group])
        inside = (np.asarray(groups)[window] == group) & (labels[window] > 0)
        if inside.sum() >= MIN_PIXELS and is_mark(comparison.photo[window], comparison.source[window], inside):
            out[window] |= inside
    return out


def _window(row: Any) -> tuple[slice, slice]:
    left, top, width, height = (int(v) for v in row[:4])
    return slice(top, top + height), slice(left, left + width)


def _region(labels: npt.NDArray[np.int32], spot: _Spot, name: str, to_displayed: Any) -> list[Region]:
    import cv2
    import numpy as np

    outlines, _ = cv2.findContours((labels == spot.label).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(outlines, key=cv2.contourArea).reshape(-1, 2)
    if len(outline) < 3:
        return []
    polygon = apply(to_displayed, outline)
    scale = abs(np.linalg.det(to_displayed[:2, :2]))
    return [
        Region(
            polygon=polygon.astype(np.float32),
            area=max(1, round(spot.area * scale)),
            label=name,
            score=spot.score,
            role="altered",
            traces=("source_difference",),
            facts={"kind": spot.kind, "residual": round(spot.strength, 2)},
        )
    ]


def _sentence(edits: list[_Spot], spots: list[_Spot], decided: bool) -> Phrase:
    if decided:
        return phrase("source_difference.places", count=len(edits))
    marks = len(spots) - len(edits)
    return phrase(f"source_difference.{'marks' if marks else 'nothing'}", count=marks)
