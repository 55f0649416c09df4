"""All that was laid over a photo, or lost on its way, found once and shared by every detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fakeproof.edited.marks.flats import bars, borders, even_ground
from fakeproof.edited.marks.ink import find_ink
from fakeproof.edited.marks.mark import Mark, MaskPatch, cover, reduced
from fakeproof.edited.marks.mosaic import hidden, mosaics
from fakeproof.edited.marks.seams import Cell, cells
from fakeproof.edited.marks.strokes import ink_marks
from fakeproof.edited.marks.transport import Damage, transport_damage

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["LaidOver", "laid_over"]

MIN_SIDE = 96
"""px of the shorter side below which nothing is looked for."""


@dataclass(frozen=True, eq=False)
class LaidOver:
    """What was found: marks and cells at working size, damage in the photo's own rows.

    `scale` is photo pixels per working pixel.
    """

    marks: tuple[Mark, ...]
    cells: tuple[Cell, ...]
    damage: tuple[Damage, ...]
    shape: tuple[int, int]
    scale: float


def laid_over(photo: Photo) -> LaidOver:
    """Return what was laid over a photo, computed once a photo."""
    return photo.cached("edited.laid_over", lambda: _laid_over(photo))


def _laid_over(photo: Photo) -> LaidOver:
    rgb = reduced(photo.rgb)
    shape = (rgb.shape[0], rgb.shape[1])
    scale = photo.size[0] / shape[1]
    if min(photo.size) < MIN_SIDE:
        return LaidOver((), (), (), shape, scale)
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    damage = transport_damage(photo.luma)
    rims = borders(luma)
    rim = cover(rims, shape)
    solid = [m for m in bars(luma, even_ground(luma)) if not _inside(m, rim)]
    squares = mosaics(luma, scale=scale)
    blurred = hidden(luma)
    closed = cover([*solid, *squares], shape)
    inked = [m for m in ink_marks(find_ink(rgb), shape) if not _inside(m, closed)]
    found = [*inked, *squares, *blurred, *solid, *rims]
    return LaidOver(tuple(_without_damage(found, damage, scale)), tuple(cells(luma)), damage, shape, scale)


def _inside(mark: Mark, closed: MaskPatch) -> bool:
    left, top, width, height = mark.box
    return float(closed[top : top + height, left : left + width][mark.patch].mean()) > 0.7


def _without_damage(marks: Sequence[Mark], damage: Sequence[Damage], scale: float) -> list[Mark]:
    """Leave out what lies in rows that were lost: repeated rows look like anything."""
    if not damage:
        return list(marks)
    lost = np.logical_or.reduce([d.rows for d in damage])
    kept = []
    for mark in marks:
        top, bottom = (int(v * scale) for v in (mark.box[1], mark.box[1] + mark.box[3]))
        if lost[top : max(top + 1, bottom)].mean() < 0.5:
            kept.append(mark)
    return kept
