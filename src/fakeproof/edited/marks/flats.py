"""Exactly even ground: bars that cover a place, borders, rounded corners, and what a cut-off JPEG leaves."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof.edited.marks.mark import Grey, Mark, MaskPatch

__all__ = ["bars", "borders", "even_ground"]

EVEN = 3
"""Largest luma range within 3 x 3 px on ground of one colour after a chat app's JPEG."""
BAR_SHARE = (0.0004, 0.4)
"""Area of a bar as a share of the photo."""
BAR_SIDE = 8
BAR_FILL = 0.93
"""Share of its box that a bar covers, once its rim is given back; two bars that overlap are outlined by straight lines."""
STRAIGHT = 0.9
"""Share of an outline that runs along rows and columns."""
BAR_SPREAD = 2.0
"""Largest deviation of a bar's luma."""
BAR_STEP = 40.0
"""Median luma difference between a bar and what lies 4 px outside."""
BAR_TONES = (6, 249)
"""Luma of pure black and white bars, which need half that step."""
RIM_SPREAD, RIM_STEP = 5, 12
"""Luma levels around a rim's tone that count as it, and by how much the photo's edge differs."""
GROUND = 0.55
"""Share of a row that a rim's ground keeps where words stand on it."""
LEAST_RIM = 3
CORNERS = 4


def even_ground(luma: Grey) -> Grey:
    """Return 255 where the 3 x 3 neighbourhood is of one luma."""
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.inRange(cv2.subtract(cv2.dilate(luma, square), cv2.erode(luma, square)), 0, EVEN), np.uint8)


def bars(luma: Grey, even: Grey) -> list[Mark]:
    """Return rectangles of one colour that cover a place."""
    # Pure black and white by themselves: at a low quality other even ground would run together with them.
    dark, bright = cv2.inRange(luma, 0, BAR_TONES[0]), cv2.inRange(luma, BAR_TONES[1], 255)
    middling = cv2.bitwise_not(cv2.bitwise_or(dark, bright))
    return [
        mark
        for tone in (dark, bright, middling)
        for mark in _solid(luma, np.asarray(cv2.bitwise_and(even, tone), np.uint8))
    ]


def _solid(luma: Grey, even: npt.NDArray[np.uint8]) -> list[Mark]:
    solid = cv2.morphologyEx(even, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    found = []
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= BAR_SHARE[0] * luma.size):
        left, top, width, height, area = (int(v) for v in stats[label])
        if not label or area > BAR_SHARE[1] * luma.size or min(width, height) < BAR_SIDE:
            continue
        patch = labels[top : top + height, left : left + width] == label
        if _is_bar(luma, patch, (left, top, width, height)):
            found.append(Mark("bar", (left, top, width, height), np.asarray(patch)))
    return found


def _is_bar(luma: Grey, patch: MaskPatch, box: tuple[int, int, int, int]) -> bool:
    left, top, width, height = box
    inside = luma[top : top + height, left : left + width][patch]
    if float(inside.std()) > BAR_SPREAD:
        return False
    filled = np.pad(patch.astype(np.uint8), 2)
    contours, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=len)
    full = patch.mean() >= BAR_FILL
    if not full and _straight(np.asarray(outline, np.int32)) < STRAIGHT:
        return False
    grown = cv2.dilate(np.pad(patch.astype(np.uint8), 8), np.ones((13, 13), np.uint8))
    ring = grown - cv2.dilate(np.pad(patch.astype(np.uint8), 8), np.ones((9, 9), np.uint8))
    y, x = np.nonzero(ring)
    y, x = y + top - 8, x + left - 8
    there = (y >= 0) & (x >= 0) & (y < luma.shape[0]) & (x < luma.shape[1])
    outside = luma[y[there], x[there]].astype(np.float32)
    if outside.size < 20:
        return False
    steps = np.abs(outside - float(inside.mean()))
    extreme = not BAR_TONES[0] < float(inside.mean()) < BAR_TONES[1]
    return bool(np.percentile(steps, 25) >= 8 and np.median(steps) >= BAR_STEP * (0.5 if extreme else 1))


def _straight(outline: npt.NDArray[np.int32]) -> float:
    """Return the share of an outline in runs of 8 px or more along a row or a column."""
    points = outline.reshape(-1, 2)
    ahead = np.roll(points, -8, axis=0) - points
    return float((np.abs(ahead).min(axis=1) == 0).mean())


def borders(luma: Grey) -> list[Mark]:
    """Return rims of one colour along the photo's sides, and corners that were rounded off."""
    mask = np.zeros(luma.shape, bool)
    for turn in range(4):
        mask |= np.rot90(_rim(np.rot90(luma, turn)), -turn)
    if not mask.any():
        mask = _corners(luma)
    if not mask.any() or mask.mean() > 0.8:
        return []
    return [Mark("border", (0, 0, luma.shape[1], luma.shape[0]), np.asarray(mask))]


def _rim(luma: npt.NDArray[np.uint8]) -> MaskPatch:
    """Return the rows at the top whose ground has one tone, writing on it aside; a step along the row must end them."""
    mask = np.zeros(luma.shape, bool)
    half = luma[: luma.shape[0] // 2].astype(np.int16)
    tone = int(np.median(half[1]))
    same = (np.abs(half - tone) <= RIM_SPREAD).mean(axis=1) >= GROUND
    same[0] = same[1]
    depth = int(np.argmin(same)) if not same.all() else 0
    if depth < LEAST_RIM or depth + 3 >= luma.shape[0] or (np.abs(half[:LEAST_RIM] - tone) <= RIM_SPREAD).mean() < 0.97:
        return mask
    if float((np.abs(half[min(depth + 2, len(half) - 1)] - tone) >= RIM_STEP).mean()) >= 0.6:
        mask[: depth + 1] = True
    return mask


def _corners(luma: Grey) -> MaskPatch:
    """Return four corners of one extreme colour and of one size."""
    mask = np.zeros(luma.shape, bool)
    sizes, reach = [], min(luma.shape) // 6
    tones = [float(luma[y, x]) for y in (1, -2) for x in (1, -2)]
    if np.ptp(tones) > 6 or 20 < tones[0] < 235:
        return mask
    for turn in range(CORNERS):
        part = np.rot90(luma, turn)[:reach, :reach]
        same = np.abs(part.astype(np.int16) - int(tones[0])) <= 10
        _, labels = cv2.connectedComponents(same.astype(np.uint8), connectivity=4)
        own = labels == labels[0, 0]
        sizes.append((int(own[0].sum()), int(own[:, 0].sum()), int(own.sum())))
        np.rot90(mask, turn)[:reach, :reach] |= own
    sides = np.array(sizes, float)
    even = sides[:, :2].max() <= 1.35 * sides[:, :2].min() + 2
    # A quarter circle leaves 1 - pi/4 of its square.
    quarter = np.abs(sides[:, 2] / np.maximum(sides[:, 0] * sides[:, 1], 1) - 0.215).max() <= 0.1
    return mask if even and quarter and sides[:, 0].min() >= 5 else np.zeros(luma.shape, bool)
