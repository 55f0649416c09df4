"""Ink: connected places of one pure, even colour with the edge of something drawn.

A camera sees no colour that is both as pure as a pen of a phone's markup tool and as even along its whole length:
light falls off, cloth and print have grain, lenses blur edges. So a place is ink by its colour (purity: largest minus
smallest channel), by how even it is, by the step at its rim, and by its form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof.edited.marks.mark import Grey, MaskPatch, Picture

__all__ = ["Ink", "find_ink"]

Box = tuple[int, int, int, int]

STRONG_PURITY, WEAK_PURITY = 105, 70
"""Grey levels between the largest and the smallest channel: in a stroke's middle, and where chroma bled at its rim."""
STRONG_LIGHT, WEAK_LIGHT = 140, 110
"""Least value of the largest channel."""
PUREST = (140, 165)
"""Purity of a stroke on ground of its own hue: red on wood or skin."""
PURER = 0.8
"""Share of a hue's pixels that the purest must stay below to be looked at by themselves."""
HUES = 5
"""Hues looked at, those with most pure pixels first."""
HUE_REACH = 9
"""Hue steps of 2 degrees to either side of a peak."""
LEAST_STRONG = 60
"""Pure pixels without which a hue is passed over."""
LEAST_AREA, LEAST_SIDE = 24, 8
"""Pixels of a component and of its longer side at working size."""
STRONG_SHARE = 0.25
MOST = 300
"""Components looked at by layer, largest first."""
WHITE, BLACK = (205, 235), (60, 25)
"""Weak and strong limits of colourless ink: the smallest channel of white, the largest of black."""


@dataclass(frozen=True, eq=False)
class Ink:
    """A component of one colour.

    `purity`, `light` and `uneven` (standard deviation of the luma) are grey levels over its core; `width` is twice the
    mean distance of its middle line from its rim, px, `width_spread` that distance's relative deviation; `step` is the
    luma range within 3 px across its rim, `contrast` the largest channel difference to what lies around it.
    """

    layer: str
    box: Box
    patch: MaskPatch
    area: int
    purity: float
    light: float
    uneven: float
    colour: tuple[float, float, float]
    width: float
    width_spread: float
    step: float
    contrast: float

    @property
    def side(self) -> int:
        """Longer side of its box, px."""
        return max(self.box[2:])

    @property
    def fill(self) -> float:
        """Share of its box that it covers."""
        return self.area / (self.box[2] * self.box[3])


def find_ink(rgb: Picture) -> list[Ink]:
    """Return the components of pure, even colour in a working picture, white and black ones too."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    found = []
    for layer, weak, strong in _layers(rgb):
        found += [ink for ink in _components(rgb, np.asarray(luma, np.uint8), layer, (weak, strong)) if ink is not None]
    return found


def _layers(rgb: Picture) -> Iterator[tuple[str, Grey, Grey]]:
    red, green, blue = cv2.split(rgb)
    most, least = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    purity = cv2.subtract(most, least)
    hue = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)[..., 0]
    strong = cv2.bitwise_and(cv2.inRange(purity, STRONG_PURITY, 255), cv2.inRange(most, STRONG_LIGHT, 255))
    weak = cv2.bitwise_and(cv2.inRange(purity, WEAK_PURITY, 255), cv2.inRange(most, WEAK_LIGHT, 255))
    for peak in _peaks(np.asarray(hue[strong > 0], np.uint8)):
        table = np.zeros(256, np.uint8)
        table[(np.arange(peak - HUE_REACH, peak + HUE_REACH + 1)) % 180] = 255
        near = cv2.LUT(hue, table)
        own, middle = cv2.bitwise_and(near, weak), cv2.bitwise_and(near, strong)
        yield f"hue {2 * peak}", own, middle  # type: ignore[misc]
        pure = cv2.bitwise_and(middle, cv2.inRange(purity, PUREST[0], 255))
        if LEAST_STRONG <= cv2.countNonZero(pure) < PURER * cv2.countNonZero(own):
            yield f"hue {2 * peak}, pure", pure, cv2.bitwise_and(middle, cv2.inRange(purity, PUREST[1], 255))  # type: ignore[misc]
    yield "white", cv2.inRange(least, WHITE[0], 255), cv2.inRange(least, WHITE[1], 255)  # type: ignore[misc]
    yield "black", cv2.inRange(most, 0, BLACK[0]), cv2.inRange(most, 0, BLACK[1])  # type: ignore[misc]


def _peaks(hues: npt.NDArray[np.uint8]) -> Iterator[int]:
    counts = np.bincount(hues, minlength=180)[:180].astype(np.float64)
    smooth = np.sum([np.roll(counts, k) for k in range(-3, 4)], axis=0)
    for _ in range(HUES):
        peak = int(np.argmax(smooth))
        if smooth[peak] < LEAST_STRONG:
            return
        yield peak
        smooth[np.arange(peak - HUE_REACH, peak + HUE_REACH + 1) % 180] = 0


def _components(rgb: Picture, luma: Grey, layer: str, masks: tuple[Grey, Grey]) -> Iterator[Ink | None]:
    weak, strong = masks
    count, found, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    labels = np.asarray(found, np.int32)
    if count < 2:
        return
    large = (stats[:, cv2.CC_STAT_AREA] >= LEAST_AREA) & (stats[:, 2:4].max(axis=1) >= LEAST_SIDE)
    large[0] = False
    large &= stats[:, 2:4].max(axis=1) < 0.95 * max(luma.shape)
    inside = labels[strong > 0]
    large &= np.bincount(inside, minlength=count) >= STRONG_SHARE * stats[:, cv2.CC_STAT_AREA]
    values = luma[strong > 0].astype(np.float64)
    number = np.maximum(np.bincount(inside, minlength=count), 1)
    mean = np.bincount(inside, values, count) / number
    spread = np.sqrt(np.maximum(np.bincount(inside, values * values, count) / number - mean * mean, 0))
    large &= spread <= PREFILTER
    order = np.flatnonzero(large)
    for label in order[np.argsort(-stats[order, cv2.CC_STAT_AREA])][:MOST]:
        yield _measured(rgb, luma, layer, (labels, int(label), stats[label]))


PREFILTER = 34.0
"""Deviation of the luma over pure pixels above which nothing of one colour is there: thin strokes bleed a lot."""
RIM = 5


def _measured(
    rgb: Picture, luma: Grey, layer: str, component: tuple[npt.NDArray[np.int32], int, npt.NDArray[np.int32]]
) -> Ink | None:
    labels, label, stat = component
    left, top, width, height, area = (int(v) for v in stat)
    around = (
        slice(max(0, top - RIM), min(luma.shape[0], top + height + RIM)),
        slice(max(0, left - RIM), min(luma.shape[1], left + width + RIM)),
    )
    own = np.asarray(labels[around] == label, np.uint8)
    away = cv2.distanceTransform(cv2.copyMakeBorder(own, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)[1:-1, 1:-1]
    ridge = away[(own > 0) & (away >= cv2.dilate(away, _SQUARE) - 1e-3)]
    half = float(ridge.mean())
    core = (own > 0) & (away >= min(2.0, 0.75 * half))
    light, colour = luma[around], rgb[around]
    if not core.any():
        return None
    pixels = colour[core].astype(np.float32)
    grown = cv2.dilate(own, _SQUARE)
    rim, ring = grown > own, cv2.dilate(grown, np.ones((7, 7), np.uint8)) > cv2.dilate(grown, _SQUARE)
    steps = cv2.subtract(cv2.dilate(light, _SQUARE), cv2.erode(light, _SQUARE))[rim]
    outside = colour[ring] if ring.any() else colour[rim]
    middle = pixels.mean(axis=0)
    offset = (top - around[0].start, left - around[1].start)
    return Ink(
        layer=layer, box=(left, top, width, height),
        patch=own[offset[0] : offset[0] + height, offset[1] : offset[1] + width] > 0,
        area=area, purity=float(np.ptp(middle)), light=float(light[core].mean()), uneven=float(light[core].std()),
        colour=(float(middle[0]), float(middle[1]), float(middle[2])), width=2 * half,
        width_spread=float(ridge.std() / max(half, 0.5)), step=float(steps.mean()) if steps.size else 0.0,
        contrast=float(np.abs(outside.mean(axis=0) - middle).max()) if outside.size else 0.0,
    )  # fmt: skip


_SQUARE = np.ones((3, 3), np.uint8)
