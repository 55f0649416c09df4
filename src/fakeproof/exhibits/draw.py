"""Drawing on photos: outlines with a halo, numbered badges, insets, panels. Numbers only, never words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from fakeproof.findings import Region
    from fakeproof.types import RGB8

__all__ = ["badge", "beside", "canvas", "circled", "insets", "link", "stacked"]

RED = (214, 24, 32)
BLUE = (20, 96, 200)
WHITE = (255, 255, 255)
PAPER = (246, 246, 244)
INK = (60, 60, 60)
LINE = 1 / 320
"""Width of an outline as a share of the picture's longer side: seen on a phone, thin enough for the content."""
MARGIN = 1 / 70
"""Distance of an outline from the place, same share: the border of an edit must stay visible."""
INSET_SIDE = 420
STACK_WIDTH = 640
"""px that a picture with insets has at least: below a long screenshot they would be stamps otherwise."""
MAX_INSETS = 4
MIN_CANVAS = 900
"""px of the longer side that a picture is enlarged to: outlines on a thumbnail would hide it."""


def canvas(rgb: RGB8, *, side: int = 1600) -> tuple[RGB8, float]:
    """Return the photo at a size to draw on, writable, and its scale."""
    longer = max(rgb.shape[:2])
    scale = side / longer if longer > side else max(1.0, MIN_CANVAS / longer)
    if scale == 1.0:
        return rgb.copy(), 1.0
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(rgb, size, interpolation=how)), scale


def _line(image: RGB8) -> int:
    return max(2, round(float(max(image.shape[:2])) * LINE))


def _rounded(polygon: npt.NDArray[Any], margin: int, shape: tuple[int, ...]) -> list[npt.NDArray[np.int32]]:
    """Widen an outline and take its corners off, as a hand would circle it."""
    mask = np.zeros((shape[0] + 2 * margin, shape[1] + 2 * margin), np.uint8)
    cv2.fillPoly(mask, [np.round(polygon + margin).astype(np.int32)], 255)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    soft = cv2.GaussianBlur(cv2.dilate(mask, kernel), (0, 0), max(1.0, margin / 2))
    found, _ = cv2.findContours((soft > 100).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [(c.reshape(-1, 2) - margin).astype(np.int32) for c in found]


def circled(image: RGB8, regions: Iterable[Region], scale: float, *, colour: tuple[int, int, int] = RED) -> RGB8:
    """Draw each region's outline with a white halo and its number beside it; changes and returns `image`."""
    width, margin = _line(image), max(3, round(max(image.shape[:2]) * MARGIN))
    outlines = [(r, _rounded(r.polygon * scale, margin, image.shape)) for r in regions]
    for thickness, ink in ((3 * width, WHITE), (width, colour)):
        for _, curves in outlines:
            cv2.polylines(image, curves, isClosed=True, color=ink, thickness=thickness, lineType=cv2.LINE_AA)
    for region, curves in outlines:
        if curves:
            # The number stands where the outline is highest, outside of it.
            top = min((tuple(p) for curve in curves for p in curve), key=lambda p: (p[1], p[0]))
            badge(image, region.label, (int(top[0]), int(top[1])), colour=colour)
    return image


def badge(image: RGB8, text: str, at: tuple[int, int], *, colour: tuple[int, int, int] = RED) -> None:
    """Write a short number on a filled disc whose centre lies at (x, y), moved inside the picture."""
    radius = max(11, round(max(image.shape[:2]) / 62))
    x = int(np.clip(at[0], radius + 2, max(radius + 2, image.shape[1] - radius - 2)))
    y = int(np.clip(at[1] - radius, radius + 2, max(radius + 2, image.shape[0] - radius - 2)))
    cv2.circle(image, (x, y), radius + max(2, radius // 6), WHITE, -1, cv2.LINE_AA)
    cv2.circle(image, (x, y), radius, colour, -1, cv2.LINE_AA)
    size, thick = radius / 15 / max(1.0, 0.72 * len(text)), max(1, radius // 8)
    (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    cv2.putText(image, text, (x - w // 2, y + h // 2), cv2.FONT_HERSHEY_SIMPLEX, size, WHITE, thick, cv2.LINE_AA)


def link(
    image: RGB8,
    start: Sequence[float],
    end: Sequence[float],
    *,
    radii: tuple[float, float] = (0.0, 0.0),
    colour: tuple[int, int, int] = RED,
) -> None:
    """Join two places by a line with a halo that stops before their content; no arrow: which is the copy is not known.

    Parameters
    ----------
    image : ndarray of uint8, shape (rows, columns, 3)
        Drawn on in place.
    start, end : sequence of float
        Centres as (x, y), px.
    radii : tuple of float
        What is left free around each centre, px; places too close for a line get none.
    """
    width = _line(image)
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    length = float(np.hypot(*(b - a)))
    if length <= sum(radii) + 4 * width:
        return
    step = (b - a) / length
    ends = [tuple(int(v) for v in np.round(p)) for p in (a + step * radii[0], b - step * radii[1])]
    for thickness, ink in ((3 * width, WHITE), (width, colour)):
        cv2.line(image, ends[0], ends[1], ink, thickness, cv2.LINE_AA)


def insets(rgb: RGB8, regions: Sequence[Region]) -> list[tuple[str, RGB8]]:
    """Return a magnified crop of each place from the photo's own pixels, with nothing drawn over it."""
    out = []
    height, width = rgb.shape[:2]
    for region in regions[:MAX_INSETS]:
        left, top, right, bottom = region.box
        side = max(right - left, bottom - top, 24.0) * 1.5
        cx, cy = (left + right) / 2, (top + bottom) / 2
        x0, y0 = max(0, round(cx - side / 2)), max(0, round(cy - side / 2))
        x1, y1 = min(width, round(cx + side / 2)), min(height, round(cy + side / 2))
        crop = rgb[y0:y1, x0:x1]
        if crop.size:
            out.append((region.label, _boxed(crop, INSET_SIDE)))
    return out


def _boxed(crop: RGB8, side: int) -> RGB8:
    """Fit a crop into a square on paper; enlarged without smoothing lies, so pixels stay what they are."""
    scale = side / max(crop.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    small = cv2.resize(crop, size, interpolation=how)
    out = np.full((side, side, 3), PAPER, np.uint8)
    y, x = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    out[y : y + small.shape[0], x : x + small.shape[1]] = small
    return out


def stacked(image: RGB8, pictures: Sequence[tuple[str, RGB8]]) -> RGB8:
    """Put numbered insets in a row below the picture, on its width; a narrow picture stands amid paper."""
    if not pictures:
        return image
    width = max(image.shape[1], STACK_WIDTH)
    gap = max(6, width // 120)
    side = min((width - gap * (len(pictures) + 1)) // len(pictures), max(180, width // 3))
    out = np.full((image.shape[0] + side + 2 * gap, width, 3), PAPER, np.uint8)
    start = (width - image.shape[1]) // 2
    out[: image.shape[0], start : start + image.shape[1]] = image
    top = image.shape[0] + gap
    for i, (label, picture) in enumerate(pictures):
        left = gap + i * (side + gap)
        tile = out[top : top + side, left : left + side]
        tile[:] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        cv2.rectangle(out, (left, top), (left + side, top + side), RED, _line(image) // 2 + 1)
        badge(tile, label, (0, 0))
    return out


def beside(pictures: Sequence[RGB8], *, height: int = 900, width: int = 2048, labels: Sequence[str] = ()) -> RGB8:
    """Put pictures side by side at one height, numbered at their corner; the whole is at most `width` px wide."""
    ratios = [p.shape[1] / p.shape[0] for p in pictures]
    gap = 16
    height = int(min(height, max(160, (width - gap * (len(pictures) + 1)) / sum(ratios))))
    sized: list[RGB8] = []
    for i, picture in enumerate(pictures):
        size = (max(1, round(ratios[i] * height)), height)
        how = cv2.INTER_AREA if picture.shape[0] > height else cv2.INTER_CUBIC
        sized.append(np.ascontiguousarray(cv2.resize(picture, size, interpolation=how), dtype=np.uint8))
    for picture, label in zip(sized, labels, strict=False):
        badge(picture, label, (0, 0), colour=BLUE)
    out = np.full((height + 2 * gap, sum(p.shape[1] for p in sized) + gap * (len(sized) + 1), 3), PAPER, np.uint8)
    left = gap
    for picture in sized:
        out[gap : gap + height, left : left + picture.shape[1]] = picture
        left += picture.shape[1] + gap
    return out
