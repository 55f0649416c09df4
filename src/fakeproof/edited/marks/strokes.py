"""From ink to marks: what was drawn, and what was written in rows."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from fakeproof.edited.marks.ink import Ink
from fakeproof.edited.marks.mark import Mark, cover

__all__ = ["ink_marks"]

PURE = 140.0
"""Purity of a pen's colour, grey levels; red, yellow and blue pens lie above 190, greens above 146."""
UNEVEN = (7.0, 13.0)
"""Largest deviation of the luma in a pen's core: for strokes of 5 px and more, and for thin ones, which bleed."""
BRIGHT = 185.0
"""Largest channel of a pen's colour; red print and blood are darker."""
TRUSTED = (165.0, 225.0)
"""Purity from which a colour is more and more surely a pen's."""
CONTRAST, STEP = 60.0, 18.0
"""Least channel difference to the surroundings, and least luma step across the rim: rendered edges are sharp."""
WIDTH_SPREAD = 0.42
LEAST = (50, 14)
"""Area and longer side, px."""
EVEN = 4.5
"""Largest deviation of the luma in a sticker: what is filled by a program is even, fruit and caps are not."""
ALONE = 0.035
"""Least side of a mark that stands by itself, as a share of the photo's longer side."""
WIDEST = 0.2
"""Largest width of a mark as a share of the photo's longer side."""
ROW_WHITE, ROW_BLACK = 243.0, 9.0
"""Light of white letters, at least, and of black ones, at most: what light and ink on a real label seldom reach."""
ROW_UNEVEN = 11.0
ROW_STEP = 55.0
ROW_LETTERS = {"hue": 2, "white": 4, "black": 5}
"""Components in a row that make it writing."""
LETTER_SIDES = (8, 0.16)
"""Least height of a letter in px, and largest as a share of the photo's shorter side."""
ENCLOSED = 0.45
"""Share of its hull that a line encloses to be a circle or a box."""
SOLID = 0.75
"""Share of its hull that a sticker covers, its own holes filled."""
MARGIN = 3
"""px around ink that carry its antialiased rim and its outline."""


def ink_marks(inks: Sequence[Ink], shape: tuple[int, int]) -> list[Mark]:
    """Return what inks amount to: circles, boxes, arrows, strokes, stickers, rows of writing."""
    pens = _once([ink for ink in inks if ink.layer.startswith("hue") and _is_pen(ink, shape)], shape)
    rows = _rows(pens, shape, ROW_LETTERS["hue"])
    for layer in ("white", "black"):
        letters = [ink for ink in inks if ink.layer == layer and _is_letter(ink, shape)]
        rows += _rows(letters, shape, ROW_LETTERS[layer])
    written = {id(ink) for row in rows for ink in row}
    marks = [_mark("text", row, shape) for row in rows]
    lines = [ink for ink in inks if ink.layer in ("white", "black") and _is_line(ink, shape)]
    for ink in [*pens, *lines]:
        form = "" if id(ink) in written or ink.side < ALONE * max(shape) else _form(ink)
        if form and (form != "sticker" or ink.uneven <= EVEN):
            marks.append(_mark(form, [ink], shape))
    return _joined(marks, shape)


def _once(inks: Sequence[Ink], shape: tuple[int, int]) -> list[Ink]:
    """Leave out what was seen before: on the layer of its hue, and among the purest of that hue."""
    seen, kept = np.zeros(shape, bool), []
    for ink in inks:
        left, top, width, height = ink.box
        part = seen[top : top + height, left : left + width]
        if part[ink.patch].mean() < 0.5:
            kept.append(ink)
            part |= ink.patch
    return kept


def _is_pen(ink: Ink, shape: tuple[int, int]) -> bool:
    # What no print under a lamp is as pure as may be less even: thin strokes bleed, chat apps smear.
    trust = float(np.clip((ink.purity - TRUSTED[0]) / (TRUSTED[1] - TRUSTED[0]), 0, 1))
    return (
        ink.purity >= PURE
        and max(ink.colour) >= BRIGHT
        and ink.uneven <= UNEVEN[0 if ink.width >= 5 else 1] * (1 + trust)
        and ink.contrast >= CONTRAST
        and ink.step >= STEP * (1 - trust)
        and ink.width_spread <= WIDTH_SPREAD
        and ink.area >= LEAST[0]
        and ink.side >= LEAST[1]
        and 2.0 <= ink.width <= WIDEST * max(shape)
    )


def _is_letter(ink: Ink, shape: tuple[int, int]) -> bool:
    lit = ink.light >= ROW_WHITE if ink.layer == "white" else ink.light <= ROW_BLACK
    return (
        lit
        and ink.uneven <= ROW_UNEVEN
        and ink.step >= ROW_STEP
        and ink.contrast >= CONTRAST
        and ink.width_spread <= WIDTH_SPREAD
        and LETTER_SIDES[0] <= ink.box[3] <= LETTER_SIDES[1] * min(shape)
    )


def _is_line(ink: Ink, shape: tuple[int, int]) -> bool:
    """Tell whether colourless ink is a long even stroke: nothing shorter is told from a gleam or a shadow."""
    lit = ink.light >= ROW_WHITE if ink.layer == "white" else ink.light <= ROW_BLACK
    long = ink.area >= 25 * ink.width**2 and ink.side >= 0.1 * max(shape)
    return lit and long and ink.uneven <= 6 and ink.width_spread <= 0.25 and ink.step >= ROW_STEP and ink.width >= 3


def _rows(inks: Sequence[Ink], shape: tuple[int, int], least: int) -> list[list[Ink]]:
    """Group letters that stand in a row, of one colour and about one height."""
    letters = sorted(
        (i for i in inks if LETTER_SIDES[0] <= i.box[3] <= LETTER_SIDES[1] * min(shape)), key=lambda i: i.box[0]
    )
    rows: list[list[Ink]] = []
    for ink in letters:
        home = next((row for row in rows if any(_beside(other, ink) for other in row[-4:])), None)
        if home is None:
            rows.append([ink])
        else:
            home.append(ink)
    return [row for row in rows if len(row) >= least and _is_row(row)]


def _beside(left: Ink, right: Ink) -> bool:
    (x, y, w, h), (x2, y2, _, h2) = left.box, right.box
    tall = max(h, h2)
    gap, overlap = x2 - (x + w), min(y + h, y2 + h2) - max(y, y2)
    alike = max(abs(a - b) for a, b in zip(left.colour, right.colour, strict=True)) <= 40
    return alike and gap <= 1.3 * tall and overlap >= 0.35 * min(h, h2) and tall <= 3 * min(h, h2)


def _is_row(row: Sequence[Ink]) -> bool:
    widths = np.array([ink.width for ink in row])
    left, right = min(i.box[0] for i in row), max(i.box[0] + i.box[2] for i in row)
    tall = float(np.median([i.box[3] for i in row]))
    return bool(np.median(np.abs(widths - np.median(widths))) <= 0.3 * np.median(widths) and right - left >= 1.4 * tall)


def _form(ink: Ink) -> str:
    """Name a single component by its form."""
    long = ink.area / max(ink.width, 1.0) ** 2
    enclosed, hull = _enclosed(ink)
    if ink.area + enclosed >= SOLID * hull and ink.fill >= 0.4 and long < 40:
        return "sticker"
    if long >= 8 and enclosed >= ENCLOSED * hull:
        return "box" if hull >= 0.93 * (ink.box[2] - 1) * (ink.box[3] - 1) else "circle"
    if _has_head(ink):
        return "arrow"
    return "stroke"


def _enclosed(ink: Ink) -> tuple[float, float]:
    """Return the area that a line encloses, small gaps closed, and that of its hull."""
    rim = int(1.5 * ink.width) + 2
    drawn = np.pad(ink.patch.astype(np.uint8), rim)
    closed = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((rim, rim), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(contours, key=cv2.contourArea)
    hull = float(cv2.contourArea(cv2.convexHull(outline)))
    return float(cv2.contourArea(outline)) - float(np.count_nonzero(closed)), max(hull, 1.0)


def _has_head(ink: Ink) -> bool:
    """Tell whether a long mark is wide at one end only."""
    y, x = np.nonzero(ink.patch)
    points = np.stack([x, y], axis=1).astype(np.float64)
    points -= points.mean(axis=0)
    along = points @ np.linalg.svd(points[:: max(1, len(points) // 500)], full_matrices=False)[2].T
    reach = np.ptp(along, axis=0)
    if reach[0] < 1.8 * reach[1]:
        return False
    parts = np.minimum(5, (6 * (along[:, 0] - along[:, 0].min()) / max(reach[0], 1)).astype(int))
    spread = np.array([np.ptp(along[parts == k, 1]) if (parts == k).any() else 0.0 for k in range(6)])
    middle = float(np.median(spread[1:5]))
    ends = max(spread[:2].max(), 1), max(spread[4:].max(), 1)
    return bool(max(ends) >= 1.8 * max(middle, 1) and min(ends) <= 0.7 * max(ends))


def _mark(kind: str, inks: Sequence[Ink], shape: tuple[int, int]) -> Mark:
    """Cover inks with their rims; of a row the whole line."""
    left = max(0, min(i.box[0] for i in inks) - MARGIN)
    top = max(0, min(i.box[1] for i in inks) - MARGIN)
    right = min(shape[1], max(i.box[0] + i.box[2] for i in inks) + MARGIN)
    bottom = min(shape[0], max(i.box[1] + i.box[3] for i in inks) + MARGIN)
    patch = np.zeros((bottom - top, right - left), np.uint8)
    for ink in inks:
        x, y, w, h = ink.box
        patch[y - top : y - top + h, x - left : x - left + w] |= ink.patch
    if kind == "text":
        patch[:] = 1
    elif kind == "sticker":  # what it shows on itself, eyes and mouth, belongs to it
        contours, _ = cv2.findContours(patch, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(patch, contours, -1, 1, -1)
    grown = cv2.dilate(patch, np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)) > 0
    return Mark(kind, (left, top, right - left, bottom - top), np.asarray(grown))


def _joined(marks: list[Mark], shape: tuple[int, int]) -> list[Mark]:
    """Join stickers that touch, a face and its tear, and writing that shares its place."""
    out = [m for m in marks if m.kind not in ("sticker", "text")]
    for kind in ("sticker", "text"):
        covered = cover([m for m in marks if m.kind == kind], shape)
        if not covered.any():
            continue
        count, labels, stats, _ = cv2.connectedComponentsWithStats(covered.astype(np.uint8), connectivity=8)
        for label in range(1, count):
            left, top, width, height = (int(v) for v in stats[label, :4])
            inside = labels[top : top + height, left : left + width] == label
            out.append(Mark(kind, (left, top, width, height), np.asarray(inside)))
    return out
