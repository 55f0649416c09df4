"""What a photo of a screen or a print shows besides its spectrum: texture, colour, focus, frame and refresh bands."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fakeproof.web.recapture_spectrum import TILE

if TYPE_CHECKING:
    from fakeproof.types import RGB8

__all__ = ["WORKING_SIDE", "Planes", "cue_features", "halved", "planes_of", "working"]

Plane = npt.NDArray[np.float32]
Planes = tuple[Plane, Plane, Plane]

WORKING_SIDE = 1600
"""Longer side, px, to which larger photos are reduced: what chat apps deliver, where the detector was trained."""
MIDDLE = 512
"""Side, px, of the middle part whose texture is counted."""
STEP_LUMA, STEP_CHROMA = 3.0, 1.5
"""Grey levels by which differences of neighbours are quantised."""
BRIGHTER = 2.0
"""Grey levels by which a neighbour must be brighter to count in a binary pattern."""
SMALL = 192
"""Side, px, of the square on which colours are measured."""
LINES_SIDE = 512
"""Longer side, px, on which straight edges are sought."""
_PAIRS = ((0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2), (1, 3), (2, 2))


def working(rgb: RGB8) -> RGB8:
    """Return the photo with its longer side at most 1,600 px."""
    import cv2

    height, width = rgb.shape[:2]
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return rgb
    size = round(width * scale), round(height * scale)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def halved(rgb: RGB8) -> RGB8:
    """Return the photo at half its size, 128 px at least: a grid that the first size aliases stands elsewhere in it."""
    import cv2

    height, width = rgb.shape[:2]
    size = max(TILE, width // 2), max(TILE, height // 2)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def planes_of(rgb: RGB8) -> Planes:
    """Return luma, blue and red difference as float32."""
    import cv2

    split = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    return split[..., 0], split[..., 2], split[..., 1]


def cue_features(rgb: RGB8, full: Planes, half: Planes) -> dict[str, float]:
    """Return the numbers that the learned part takes besides spectra."""
    out: dict[str, Any] = {}
    mids, mids2 = [_middle(p) for p in full], [_middle(p) for p in half]
    for name, plane, step in (
        ("Y", mids[0], STEP_LUMA),
        ("Y2", mids2[0], STEP_LUMA),
        ("B", mids[1], STEP_CHROMA),
        ("R", mids[2], STEP_CHROMA),
        ("B2", mids2[1], STEP_CHROMA),
    ):
        out |= _steps(plane, step, name)
    for name, plane in (("Y", mids[0]), ("Y2", mids2[0]), ("R2", mids2[2])):
        out |= _patterns(plane, name)
    out |= _colours(rgb) | _lines(rgb) | _focus(full[0]) | _bands(full[0])
    return {k: float(v) if np.isfinite(v) else 0.0 for k, v in out.items()}


def _middle(plane: Plane) -> Plane:
    height, width = plane.shape
    top, left = max(0, (height - MIDDLE) // 2), max(0, (width - MIDDLE) // 2)
    bottom = (height + MIDDLE) // 2 if height > MIDDLE else height
    right = (width + MIDDLE) // 2 if width > MIDDLE else width
    return plane[top:bottom, left:right]


def _steps(plane: Plane, step: float, name: str) -> dict[str, Any]:
    """Count pairs of neighbouring steps, across and down, as the residual models of steganalysis do."""
    across = _pairs(np.diff(plane, axis=1), step, axis=1)
    down = _pairs(np.diff(plane, axis=0), step, axis=0)
    both = across + down
    out = {f"{name}_across": np.log(down[2, 2] + 1e-4) - np.log(across[2, 2] + 1e-4)}
    return out | {f"{name}_steps{i}{j}": np.log(both[i, j] + 1e-4) for i, j in _PAIRS}


def _pairs(steps: Plane, step: float, *, axis: int) -> npt.NDArray[np.float64]:
    coded = np.clip(np.round(steps / step), -2, 2).astype(np.int32) + 2
    first, second = (coded[:, :-1], coded[:, 1:]) if axis else (coded[:-1], coded[1:])
    counted = np.bincount((first * 5 + second).ravel(), minlength=25).reshape(5, 5).astype(float)
    counted /= counted.sum()
    turned = counted[::-1, ::-1]
    return np.asarray(counted + counted.T + turned + turned.T, np.float64)


@cache
def _uniform() -> npt.NDArray[np.float64]:
    """Return which of ten kinds each binary pattern is: how many neighbours are brighter in one arc, or several arcs."""
    kinds = np.zeros((256, 10))
    for code in range(256):
        bits = [code >> k & 1 for k in range(8)]
        turns = sum(bits[k] != bits[k - 1] for k in range(8))
        kinds[code, sum(bits) if turns <= 2 else 9] = 1
    return kinds


def _patterns(plane: Plane, name: str) -> dict[str, Any]:
    """Count local binary patterns; Ojala et al. 2002, doi:10.1109/TPAMI.2002.1017623."""
    rows, columns = plane.shape[0] - 2, plane.shape[1] - 2
    least = plane[1:-1, 1:-1] + np.float32(BRIGHTER)
    code = np.zeros((rows, columns), np.uint8)
    for k, (y, x) in enumerate(((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))):
        code |= (plane[y : y + rows, x : x + columns] >= least).astype(np.uint8) << k
    counted = np.bincount(code.ravel(), minlength=256) @ _uniform()
    return {f"{name}_pattern{i}": np.log(v + 1e-4) for i, v in enumerate(counted / counted.sum())}


def _colours(rgb: RGB8) -> dict[str, Any]:
    """Black level, white level, gamut, and how brightness falls off to the sides."""
    import cv2

    small = cv2.resize(rgb, (SMALL, SMALL), interpolation=cv2.INTER_AREA).astype(np.float32)
    luma = small @ np.array([0.299, 0.587, 0.114])
    blue, red = (small[..., 2] - luma) * 0.564, (small[..., 0] - luma) * 0.713
    cuts = (1, 5, 25, 50, 75, 95, 99)
    levels = dict(zip(cuts, np.percentile(luma, cuts), strict=True))
    out: dict[str, Any] = {f"luma{k}": v for k, v in levels.items()}
    for c, name in enumerate("rgb"):
        out[f"least_{name}"], out[f"most_{name}"] = np.percentile(small[..., c], (1, 99))
    dark, bright = luma <= levels[5], luma >= levels[95]
    middle = (luma > levels[25]) & (luma < levels[75])
    for name, part in (("dark", dark), ("bright", bright), ("middle", middle)):
        there = part.any()
        out[f"blue_{name}"], out[f"red_{name}"] = (blue[part].mean(), red[part].mean()) if there else (0.0, 0.0)
        out[f"cast_{name}"] = np.hypot(blue[part].std(), red[part].std()) if there else 0.0
    return out | _gamut(small, luma, blue, red, bright) | _borders(luma)


def _gamut(small: Any, luma: Any, blue: Any, red: Any, bright: Any) -> dict[str, Any]:
    range_ = small.max(axis=-1) - small.min(axis=-1)
    saturation, chroma = range_ / (small.max(axis=-1) + 8), np.hypot(blue, red)
    out = {"blue_spread": blue.std(), "red_spread": red.std(), "range_bright": range_[bright].mean()}
    apart = blue.std() * red.std()
    out["blue_with_red"] = ((blue - blue.mean()) * (red - red.mean())).mean() / apart if apart > 1e-3 else 0.0
    out |= {f"saturation{q}": np.percentile(saturation, q) for q in (50, 80, 95, 99)}
    out |= {f"chroma{q}": np.percentile(chroma, q) for q in (50, 90, 99)}
    return out | {"black": (luma < 12).mean(), "white": (luma > 250).mean()}


def _borders(luma: Any) -> dict[str, Any]:
    third, quarter, strip = SMALL // 3, SMALL // 8, SMALL // 24
    corner = SMALL // 6
    centre = luma[third:-third, third:-third].mean()
    corners = np.mean(
        [
            luma[y, x].mean()
            for y in (slice(corner), slice(-corner, None))
            for x in (slice(corner), slice(-corner, None))
        ]
    )
    sides = np.mean(
        [luma[:quarter].mean(), luma[-quarter:].mean(), luma[:, :quarter].mean(), luma[:, -quarter:].mean()]
    )
    out = {
        "falls_to_corners": np.log((centre + 8) / (corners + 8)),
        "falls_to_sides": np.log((centre + 8) / (sides + 8)),
    }
    borders = {"top": luma[:strip], "bottom": luma[-strip:], "left": luma[:, :strip], "right": luma[:, -strip:]}
    for name, border in borders.items():
        out[f"dark_{name}"], out[f"varied_{name}"], out[f"mean_{name}"] = (
            (border < 40).mean(),
            border.std(),
            border.mean(),
        )
    darkest = sorted(out[f"dark_{name}"] for name in borders)
    return out | {"dark_one": darkest[-1], "dark_two": darkest[-2], "dark_all": darkest[0]}


def _lines(rgb: RGB8) -> dict[str, Any]:
    """Long straight edges near the borders: bezels, windows, sheets of paper."""
    import cv2

    scale = LINES_SIDE / max(rgb.shape[:2])
    grey = cv2.cvtColor(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    edges = cv2.Canny(grey, 40, 120)
    found = cv2.HoughLinesP(edges, 1, np.pi / 360, 60, minLineLength=int(0.35 * min(height, width)), maxLineGap=6)
    lines = np.zeros((0, 4)) if found is None else found.reshape(-1, 4).astype(float)
    dx, dy = lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]
    length, angle = np.hypot(dx, dy), np.abs(np.arctan2(dy, dx))
    out: dict[str, Any] = {"edges": (edges > 0).mean()}
    level, upright = (angle < 0.3) | (angle > np.pi - 0.3), np.abs(angle - np.pi / 2) < 0.3
    for name, part, along, at, across in (("level", level, width, 1, height), ("upright", upright, height, 0, width)):
        places = (lines[part][:, at] + lines[part][:, at + 2]) / 2 / across
        out[f"lines_{name}"] = min(part.sum(), 20)
        out[f"longest_{name}"] = length[part].max() / along if part.any() else 0.0
        out[f"near_start_{name}"], out[f"near_end_{name}"] = (places < 0.25).any(), (places > 0.75).any()
    return out


def _focus(luma: Plane) -> dict[str, Any]:
    """Sharpness of a grid of parts: one flat plane is sharp all over, or blurred all over."""
    import cv2

    response = np.abs(cv2.Laplacian(luma, cv2.CV_32F))
    height, width = response.shape
    parts = [
        response[i * height // 6 : (i + 1) * height // 6, j * width // 6 : (j + 1) * width // 6]
        for i in range(6)
        for j in range(6)
    ]
    mean = np.sort([np.log(p.mean() + 0.1) for p in parts])
    edge = np.sort([np.log(np.percentile(p, 98) + 0.1) for p in parts])
    out: dict[str, Any] = {}
    for name, values in (("focus", mean), ("edge_focus", edge)):
        out[f"{name}_median"], out[f"{name}_spread"] = np.median(values), values.std()
        out[f"{name}_least"], out[f"{name}_most"] = values[0], values[-1]
    return out


def _bands(luma: Plane) -> dict[str, Any]:
    """Ripples of whole rows or columns: a screen's refresh against a rolling shutter."""
    out = {}
    for name, line in (("rows", luma.mean(axis=1)), ("columns", luma.mean(axis=0))):
        ripple = line - np.convolve(np.pad(line, 20, "edge"), np.ones(41) / 41, "valid")
        power = np.abs(np.fft.rfft(ripple * np.hanning(len(ripple)))) ** 2
        power /= power.sum() + 1e-6
        out[f"ripple_{name}"] = np.log(power[8:].max() * len(power) + 1e-3)
        out[f"ripple_size_{name}"] = np.log(ripple.std() + 0.01)
    return out
