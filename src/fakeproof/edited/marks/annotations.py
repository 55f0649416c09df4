"""Annotations: what was laid over a photo openly. It informs; nobody is accused of a circle around the damage."""

from collections import Counter
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fakeproof.detector import detector
from fakeproof.edited.marks.laid_over import MIN_SIDE, LaidOver, laid_over
from fakeproof.edited.marks.mark import Mark
from fakeproof.findings import Finding, Flag, NotApplicable, Region
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo
    from fakeproof.types import Mask

__all__ = ["annotations"]


@detector(version=1, least_side=MIN_SIDE, cost_ms=110)
def annotations(photo: "Photo", /) -> Finding | NotApplicable:
    """Find what was laid over a photo openly: strokes, circles, boxes, arrows, words, stickers, mosaic, bars, frames.

    Buyers circle the damage, write on the photo, hide their address; cameras burn in the date. None of that is forgery,
    and the detectors leave such places out. A mark is told by its form alone: one pure and even colour with the edge of
    something drawn; letters in a row; squares at one distance; a rectangle without any detail among detail; rims and
    bars of one tone; straight cuts from side to side (a collage, whose cells are then examined each against itself).
    Rows that broken transport lost or repeated are named too (``Flag.DAMAGED``) and left out.

    Drawn damage is no annotation: cracks, stains and retouching are neither pure nor even, and stay with the detectors.

    Parameters
    ----------
    photo : Photo
        The questioned photo.

    Returns
    -------
    Finding
        It informs: `supports` is always None. `score`: number of marks. `regions`: one a mark, role ``'mark'``, with
        ``facts["kind"]``: ``circle``, ``box``, ``arrow``, ``stroke``, ``text``, ``sticker``, ``mosaic``, ``hidden``,
        ``bar`` or ``border``. `mask`: all of them (bool, photo size). `facts`: ``counts`` by kind, ``cells`` of a collage
        as (left, top, right, bottom) px, ``damage`` with the rows lost or repeated.
    NotApplicable
        When the photo's shorter side is below 96 px.

    Notes
    -----
    It sees no half transparent markers and watermarks, no white or black words thinner than 2 px at 0.8 MP, no mosaic of
    fewer than three squares a side, and takes print in a pen's pure colour that was lit evenly for a mark.

    Examples
    --------
    >>> import cv2, skimage.data
    >>> import fakeproof as fp
    >>> rgb = cv2.ellipse(skimage.data.chelsea().copy(), (220, 110), (80, 50), 0, 0, 360, (255, 59, 48), 5, cv2.LINE_AA)
    >>> finding = fp.edited.annotations(fp.Photo.from_array(rgb))
    >>> finding.facts["counts"], finding.sentence["en"]
    ({'circle': 1}, 'Marked on the photo: 1 circle. Visible marks are no reason for a report.')
    """
    found = laid_over(photo)
    counts = Counter(mark.kind for mark in found.marks)
    mask = np.zeros((photo.size[1], photo.size[0]), bool)
    regions = []
    for number, mark in enumerate(found.marks, start=1):
        region = _region(mark, number, found.scale, mask)
        if region is not None:
            regions.append(region)
    return Finding(
        score=float(len(found.marks)),
        sentence=_sentence(counts, found),
        mask=mask if regions else None,
        regions=tuple(regions),
        facts={
            "counts": dict(counts),
            "cells": [_scaled(c.left, c.top, c.right, c.bottom, scale=found.scale) for c in found.cells[:MOST_CELLS]]
            if len(found.cells) > 1
            else [],
            "damage": {d.kind: int(d.rows.sum()) for d in found.damage},
        },
        flags=Flag.DAMAGED if found.damage else Flag.NONE,
    )


MOST_CELLS = 36


def _scaled(*values: int, scale: float) -> tuple[int, ...]:
    return tuple(round(v * scale) for v in values)


def _region(mark: Mark, number: int, scale: float, mask: "Mask") -> Region | None:
    """Draw a mark into the photo's mask and return its outline."""
    left, top, width, height = _scaled(*mark.box, scale=scale)
    part = mask[top : top + max(1, height), left : left + max(1, width)]
    if not part.size:
        return None
    patch = cv2.resize(mark.patch.astype(np.uint8), (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)
    part |= patch > 0
    contours, _ = cv2.findContours(patch, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top))
    if not contours:
        return None
    outline = max(contours, key=cv2.contourArea).reshape(-1, 2)
    return Region(
        polygon=outline.astype(np.float32), area=int(np.count_nonzero(patch)), label=str(number), role="mark",
        facts={"kind": mark.kind},
    )  # fmt: skip


def _sentence(counts: Counter[str], found: LaidOver) -> Phrase:
    """Say what was laid over, what was lost, and that neither speaks for a report."""
    parts: list[Phrase] = []
    if counts:
        named = [phrase(f"mark.{kind}", count=number) for kind, number in counts.most_common()]
        parts.append(phrase("annotations.marked", marks=named))
    if len(found.cells) > 1:
        parts.append(phrase("annotations.collage", count=len(found.cells)))
    parts += [phrase(f"annotations.{d.kind}", count=int(d.rows.sum())) for d in found.damage]
    return phrase("annotations.found", parts=parts) if parts else phrase("annotations.nothing")
