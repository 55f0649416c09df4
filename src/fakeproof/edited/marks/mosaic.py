"""Places that were made unreadable: a regular mosaic, or a rectangle that was blurred."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof.edited.marks.mark import Grey, Mark, MaskPatch

__all__ = ["hidden", "mosaics"]

Plane = npt.NDArray[np.float32]


class _Tiling(NamedTuple):
    """Tiles and the sides of squares looked for in them, all px at working size."""

    tile: int
    stride: int
    steps: npt.NDArray[np.float64]


TILINGS = (_Tiling(64, 16, np.arange(5.0, 22.0, 0.15)), _Tiling(112, 28, np.arange(14.0, 38.0, 0.2)))
FLOOR, CEILING = 2, 24
"""Luma steps between neighbours that count: above what a chat app's JPEG leaves on even ground, and no more than this."""
REGULAR = 0.76
"""Least concentration (0-1) of the luma steps on lines at one distance, in both directions."""
LEAST_STEP = 0.06
"""Mean luma step of a tile, grey levels, below which there is nothing to see."""
LINES, LONE_LINE = 3, 0.75
"""Least number of such lines each way, and the largest share of all steps that one line may have."""
FAINT_LINE = 0.06
"""Share of the strongest line's steps from which a line counts."""
BLOCKY = 0.045
"""Relative distance from a JPEG block's side, once and twice, within which squares are taken for those blocks."""
LEAST_AREA = 0.0012
"""Share of the photo that a mosaic or a hidden place covers at least."""


def mosaics(luma: Grey, *, scale: float = 1.0) -> list[Mark]:
    """Return places that consist of even squares on a regular grid; `scale` is photo pixels per working pixel.

    Inside a square of a mosaic the luma does not change; all its change lies on lines at one distance, both ways.
    """
    across, down = np.zeros(luma.shape, np.float32), np.zeros(luma.shape, np.float32)
    values = luma.astype(np.int16)
    across[:, 1:] = np.clip(np.abs(np.diff(values, axis=1)) - FLOOR, 0, CEILING)
    down[1:] = np.clip(np.abs(np.diff(values, axis=0)) - FLOOR, 0, CEILING)
    found = np.zeros(luma.shape, bool)
    for tiling in TILINGS:
        if min(luma.shape) >= tiling.tile + tiling.stride:
            _mark_regular(found, (_profiles(across, tiling), _profiles(down.T, tiling)), tiling, 8 / scale)
    return _places(found, luma.size, "mosaic") if found.any() else []


def _profiles(steps: Plane, tiling: _Tiling) -> Plane:
    """Return for each tile its steps summed along its lines: (tiles down, tiles across, tile)."""
    rows = steps.shape[0] // tiling.stride
    strips = steps[: rows * tiling.stride].reshape(rows, tiling.stride, -1).sum(axis=1)
    sums = np.cumsum(np.vstack([np.zeros((1, strips.shape[1]), np.float32), strips]), axis=0)
    reach = tiling.tile // tiling.stride
    tall = sums[reach:] - sums[:-reach]
    return np.lib.stride_tricks.sliding_window_view(tall, tiling.tile, axis=1)[:, :: tiling.stride]


def _mark_regular(found: MaskPatch, profiles: tuple[Plane, Plane], tiling: _Tiling, block: float) -> None:
    """Mark the tiles whose steps lie on lines at one distance, the same in both directions."""
    across, down = profiles[0], profiles[1].transpose(1, 0, 2)
    rows, columns = (min(a, b) for a, b in zip(across.shape[:2], down.shape[:2], strict=True))
    across, down = np.ascontiguousarray(across[:rows, :columns]), np.ascontiguousarray(down[:rows, :columns])
    waves = np.exp(2j * np.pi * np.arange(tiling.tile)[:, None] / tiling.steps).astype(np.complex64)
    focus = np.minimum(*(_focus(p, waves) for p in (across, down)))
    for k in (1, 2):
        focus[..., np.abs(tiling.steps / (k * block) - 1) <= BLOCKY] = 0
    for i, j in np.argwhere(focus.max(axis=-1) >= REGULAR):
        step = float(tiling.steps[focus[i, j].argmax()])
        if all(_has_lines(p[i, j], step) for p in (across, down)):
            top, left = i * tiling.stride, j * tiling.stride
            found[top : top + tiling.tile, left : left + tiling.tile] = True


def _focus(profiles: Plane, waves: npt.NDArray[np.complex64]) -> Plane:
    total = profiles.sum(axis=-1)
    focus = np.abs(profiles @ waves) / np.maximum(total, 1)[..., None]
    focus[total < LEAST_STEP * profiles.shape[-1] ** 2] = 0
    return np.asarray(focus, np.float32)


def _has_lines(profile: Plane, step: float) -> bool:
    """Tell whether several lines at this distance share the steps."""
    size = profile.size
    origin = float(np.angle(np.sum(profile * np.exp(2j * np.pi * np.arange(size) / step)))) * step / (2 * np.pi)
    at = np.round(origin + step * np.arange(np.ceil(-origin / step), np.floor((size - 1 - origin) / step) + 1))
    at = at[(at >= 1) & (at < size - 1)].astype(int)
    if not at.size:
        return False
    weight = profile[at - 1] + profile[at] + profile[at + 1]
    return bool((weight >= FAINT_LINE * weight.max()).sum() >= LINES and weight.max() <= LONE_LINE * weight.sum())


def _places(likely: MaskPatch, pixels: int, kind: str) -> list[Mark]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(likely.astype(np.uint8), connectivity=4)
    found = []
    for label in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[label])
        if area >= LEAST_AREA * pixels and min(width, height) >= 10:
            patch = labels[top : top + height, left : left + width] == label
            found.append(Mark(kind, (left, top, width, height), np.asarray(patch)))
    return found


AROUND = 3.0
"""Mean fine detail, luma levels, beside a place that was blurred to hide it: letters are cut off there. Beside a place that
was painted over or erased there is no more than grain, and that is for the detectors."""
HIDDEN_AREA, HIDDEN_FILL = 0.004, 0.94
"""Least share of the photo, and of its own box, that a blurred rectangle covers."""


def hidden(luma: Grey) -> list[Mark]:
    """Return rectangles in which all detail stops, among ground that has some."""
    fine = cv2.absdiff(luma, cv2.GaussianBlur(luma, (0, 0), 1.2))
    level = np.asarray(cv2.blur(fine.astype(np.float32), (7, 7)), np.float32)
    calm = cv2.morphologyEx((level < 0.7).astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    found = []
    for place in _places(calm > 0, luma.size, "hidden"):
        _left, _top, width, height = place.box
        if (
            place.area >= HIDDEN_AREA * luma.size
            and place.patch.mean() >= HIDDEN_FILL
            and width * height <= 0.3 * luma.size
            and _sharp_around(level, place)
        ):
            found.append(place)
    return found


def _sharp_around(level: npt.NDArray[np.float32], place: Mark) -> bool:
    """Tell whether detail lies along all sides of a rectangle that the photo shows."""
    left, top, width, height = place.box
    _rows, _columns = level.shape
    strips = [
        level[max(0, top - 9) : max(0, top - 5), left : left + width],
        level[top + height + 5 : top + height + 9, left : left + width],
        level[top : top + height, max(0, left - 9) : max(0, left - 5)],
        level[top : top + height, left + width + 5 : left + width + 9],
    ]
    told = [strip for strip in strips if strip.size > 0]
    return len(told) >= 3 and all(float((strip >= AROUND).mean()) >= 0.6 for strip in told)
