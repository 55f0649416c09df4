"""Where a screen or a sheet lies in a photo: the four sides of a bright rectangle before a darker or plain surround."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakeproof.types import RGB8, Polygon

__all__ = ["Screen", "find_screen", "rectified"]

SIDE = 512
"""Longer side, px, on which sides are sought."""
TILT = 0.35
"""Radians that a side may lean: 20 degrees."""
CANDIDATES = 7
"""Lines a direction that are tried, the longest first; the photo's own borders besides."""
LEAST_AREA = 0.2
"""Share of the photo that a screen must fill to be outlined."""
SUPPORTED = 0.55
"""Share of a side that must lie on an edge."""
STEP = 12.0
"""Grey levels by which the strip inside a side must differ from the strip outside it."""
SAMPLES = 48
"""Places looked at along a side."""
PLAIN = 32.0
"""Grey levels by which the strip outside a side may spread: a bezel or a table is plainer than a picture."""
REACH = 5
"""Pixels from a side to the strips that are compared."""
OUTSIDE = 0.03
"""Share of the photo's side by which a corner may lie outside."""


@dataclass(frozen=True, eq=False)
class Screen:
    """A rectangle seen in perspective.

    `corners` are (x, y) in displayed pixels: top left, top right, bottom right, bottom left. `sides` is how many of them
    show in the photo; the others are its borders. `support` is the mean share of the seen sides that lies on an edge.
    """

    corners: Polygon
    sides: int
    support: float


@dataclass(frozen=True, eq=False)
class _Line:
    """A line across the picture as ``across = start + slope * along``; a border has no edge to show."""

    start: float
    slope: float
    border: bool = False

    def at(self, along: Any) -> Any:
        return self.start + self.slope * along


def find_screen(rgb: RGB8) -> Screen | None:
    """Return the largest well supported rectangle of which at least two sides show, or None."""
    import cv2

    scale = min(1.0, SIDE / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    edges = cv2.dilate(cv2.Canny(grey, 30, 90), np.ones((3, 3), np.uint8)) > 0
    level, upright = _lines(grey)
    best: Screen | None = None
    strongest = 0.0
    for top, bottom in combinations(level, 2):
        for left, right in combinations(upright, 2):
            corners = _corners(top, bottom, left, right, grey.shape)
            if corners is None:
                continue
            shares = _support(corners, (top, right, bottom, left), edges, grey)
            if shares is None:
                continue
            strength = sum(shares) * _area(corners) / grey.size
            if strength > strongest:
                strongest = strength
                best = Screen((corners / scale).astype(np.float32), len(shares), float(np.mean(shares)))
    return best


def _lines(grey: Any) -> tuple[list[_Line], list[_Line]]:
    """Return level lines from top to bottom and upright ones from left to right, the borders first and last."""
    import cv2

    height, width = grey.shape
    found = cv2.HoughLinesP(
        cv2.Canny(grey, 30, 90), 1, np.pi / 360, 50, minLineLength=round(0.3 * min(height, width)), maxLineGap=10
    )
    segments = np.zeros((0, 4)) if found is None else found.reshape(-1, 4).astype(float)
    length = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    segments = segments[np.argsort(-length, kind="stable")]
    level = _distinct(segments, width, height)
    upright = _distinct(segments[:, [1, 0, 3, 2]], height, width)
    return level, upright


def _distinct(segments: npt.NDArray[np.float64], length: int, breadth: int) -> list[_Line]:
    """Return one line for each bundle of segments that run along the first coordinate."""
    kept: list[_Line] = []
    for x0, y0, x1, y1 in segments:
        if abs(x1 - x0) < 1 or abs(np.arctan((y1 - y0) / (x1 - x0))) > TILT:
            continue
        slope = (y1 - y0) / (x1 - x0)
        line = _Line(y0 - slope * x0, slope)
        ends = np.array([0.0, length - 1.0])
        if all(np.abs(line.at(ends) - other.at(ends)).max() > 0.015 * breadth for other in kept):
            kept.append(line)
        if len(kept) == CANDIDATES:
            break
    kept += [_Line(0.0, 0.0, border=True), _Line(breadth - 1.0, 0.0, border=True)]
    return sorted(kept, key=lambda line: float(line.at(length / 2)))


def _corners(
    top: _Line, bottom: _Line, left: _Line, right: _Line, shape: tuple[int, ...]
) -> npt.NDArray[np.float64] | None:
    """Return the four corners, or None where they lie outside, too near, or too few sides show."""
    height, width = shape
    if sum(line.border for line in (top, bottom, left, right)) > 2:
        return None
    out = np.array([_crossing(a, b) for a, b in ((top, left), (top, right), (bottom, right), (bottom, left))])
    room = OUTSIDE * max(height, width)
    low, high = out.min(axis=0), out.max(axis=0)
    if low.min() < -room or high[0] > width - 1 + room or high[1] > height - 1 + room:
        return None
    return out if _area(out) >= LEAST_AREA * height * width and _turns_one_way(out) else None


def _crossing(level: _Line, upright: _Line) -> tuple[float, float]:
    x = (upright.start + upright.slope * level.start) / (1 - upright.slope * level.slope)
    return x, level.at(x)


def _area(corners: npt.NDArray[np.float64]) -> float:
    x, y = corners.T
    return float(abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2)


def _turns_one_way(corners: npt.NDArray[np.float64]) -> bool:
    sides = np.roll(corners, -1, axis=0) - corners
    after = np.roll(sides, -1, axis=0)
    return bool((sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0] > 0).all())


def _support(
    corners: npt.NDArray[np.float64], lines: Iterable[_Line], edges: npt.NDArray[np.bool_], grey: Any
) -> list[float] | None:
    """Return the share of each seen side that lies on an edge between unlike strips, or None where one has too little."""
    centre = corners.mean(axis=0)
    shares = []
    for i, line in enumerate(lines):
        if line.border:
            continue
        a, b = corners[i], corners[(i + 1) % 4]
        along = (b - a) / max(1.0, float(np.hypot(*(b - a))))
        normal = np.array([-along[1], along[0]])
        inward = normal if (centre - a) @ normal > 0 else -normal
        places = a + np.linspace(0.04, 0.96, SAMPLES)[:, None] * (b - a)
        inside, outside = _read(grey, places + REACH * inward), _read(grey, places - REACH * inward)
        unlike = np.abs(inside - outside) >= STEP
        share = float((_read(edges, places).astype(bool) & unlike).mean())
        if share < SUPPORTED or outside.std() > PLAIN or abs(float(np.median(inside - outside))) < STEP:
            return None
        shares.append(share)
    return shares


def _read(picture: Any, places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    height, width = picture.shape
    x = np.clip(places[:, 0].round().astype(int), 0, width - 1)
    y = np.clip(places[:, 1].round().astype(int), 0, height - 1)
    return picture[y, x].astype(float)  # type: ignore[no-any-return]


def rectified(rgb: RGB8, corners: Polygon, *, longest: int = 1600) -> tuple[RGB8, npt.NDArray[np.floating]]:
    """Return what a rectangle shows, seen from the front, and the homography that takes photo pixels to it."""
    import cv2

    lengths = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    size = np.array([max(lengths[0], lengths[2]), max(lengths[1], lengths[3])])
    width, height = np.maximum(2, (size * min(1.0, longest / size.max())).round()).astype(int)
    flat = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.asarray(corners, np.float32), flat)
    picture = cv2.warpPerspective(rgb, matrix, (int(width), int(height)), flags=cv2.INTER_LINEAR)
    return np.asarray(picture, np.uint8), np.asarray(matrix, np.float64)
