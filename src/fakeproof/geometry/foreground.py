"""Where the product lies in a photo, roughly: so that a table, a shelf or a hand does not decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.types import RGB8

__all__ = ["Foreground", "find_foreground"]

SIDE = 64
"""Longer side, cells, of the map; finer maps only follow texture."""
RIM = 0.08
"""Share of each side that is taken for surroundings."""
RIM_COLOURS = 4
"""Colours that surroundings may have: table, wall, shadow, hand."""
CENTRE_SPREAD = 0.42
"""Sigma of the prior that people aim at what they show, in shares of the sides."""
SMALLEST, LARGEST = 0.006, 0.85
"""Shares of the picture outside which the map is no use and the prior alone counts."""
TAIL = 0.03
"""Share of the weight that the box leaves out on each side."""
AIR = 0.04
"""Share of the picture's sides by which the box is widened."""
MIDDLE_BOX = (0.14, 0.14, 0.86, 0.86)
"""The box where nothing stands out."""


@dataclass(frozen=True, eq=False)
class Foreground:
    """A soft map of the product.

    Parameters
    ----------
    weight : ndarray, shape (rows, columns), float32
        0-1, at most 64 cells on the longer side, read-only.
    share : float
        Share of the picture above one half, 0-1.
    certain : bool
        False where only the prior counts, because nothing stands out from the rim.
    """

    weight: npt.NDArray[np.float32]
    share: float
    certain: bool

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the product's place, in shares of the sides."""
        import numpy as np

        if not self.certain or int((self.weight > 0.5).sum()) < 8:
            return MIDDLE_BOX
        ends = []
        for axis in (0, 1):
            running = np.cumsum(self.weight.sum(axis=axis))
            running = running / running[-1]
            first, last = np.searchsorted(running, (TAIL, 1 - TAIL))
            ends.append((max(0.0, first / len(running) - AIR), min(1.0, (last + 1) / len(running) + AIR)))
        (left, right), (top, bottom) = ends
        return float(left), float(top), float(right), float(bottom)

    def at(self, points: Any, size: tuple[int, int]) -> npt.NDArray[np.float32]:
        """Return the weight at points (x, y) of a picture of (width, height)."""
        import numpy as np

        rows, columns = self.weight.shape
        points = np.asarray(points, np.float64).reshape(-1, 2)
        x = np.clip((points[:, 0] + 0.5) / size[0] * columns, 0, columns - 1).astype(int)
        y = np.clip((points[:, 1] + 0.5) / size[1] * rows, 0, rows - 1).astype(int)
        return np.asarray(self.weight[y, x], np.float32)

    def resized(self, rows: int, columns: int) -> npt.NDArray[np.float32]:
        """Return the weights averaged on another grid."""
        import cv2
        import numpy as np

        return np.asarray(cv2.resize(self.weight, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def find_foreground(rgb: RGB8) -> Foreground:
    """Tell what stands out from the colours of the rim, near the middle.

    Boundary connectivity in its plainest form (after Zhu et al., "Saliency optimization from robust background
    detection", CVPR 2014, doi:10.1109/CVPR.2014.360): the rim's colours are clustered, each cell is measured against
    the nearest cluster by that cluster's own spread, the result is weighted by a centre prior.

    Examples
    --------
    >>> import numpy as np
    >>> plate = np.full((90, 120, 3), 200, np.uint8)
    >>> plate[30:60, 40:80] = (180, 20, 20)
    >>> found = find_foreground(plate)
    >>> found.certain, bool(found.weight[32, 32] > 0.9), bool(found.weight[2, 2] < 0.1)
    (True, True, True)
    """
    import cv2
    import numpy as np

    height, width = rgb.shape[:2]
    shrink = SIDE / max(height, width)
    columns, rows = max(8, round(width * shrink)), max(8, round(height * shrink))
    small = cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    distance = _distance_to_rim(lab)
    y, x = np.mgrid[:rows, :columns]
    away = ((x + 0.5) / columns - 0.5) ** 2 + ((y + 0.5) / rows - 0.5) ** 2
    prior = np.exp(-away / (2 * CENTRE_SPREAD**2)).astype(np.float32)
    stands_out = cv2.GaussianBlur(distance, (0, 0), 1.5) * prior
    weight = 1 / (1 + np.exp(-3.0 * (stands_out - 2.0)))
    share = float((weight > 0.5).mean())
    certain = SMALLEST <= share <= LARGEST
    if not certain:
        weight = prior**2
    return Foreground(frozen_array(np.ascontiguousarray(weight, np.float32)), share, certain)


def _distance_to_rim(lab: Any) -> Any:
    """Distance of each cell from the nearest rim colour, in that colour's standard deviations."""
    import cv2
    import numpy as np

    rows, columns = lab.shape[:2]
    deep_y, deep_x = max(1, round(RIM * rows)), max(1, round(RIM * columns))
    rim = np.ones((rows, columns), bool)
    rim[deep_y : rows - deep_y, deep_x : columns - deep_x] = False
    colours = np.ascontiguousarray(lab[rim] * (0.6, 1.0, 1.0), np.float32)
    seeds = np.linspace(0, len(colours) - 1, RIM_COLOURS).astype(int)
    order = np.argsort(colours @ np.array([1.0, 0.7, 0.4], np.float32), kind="stable")
    first = np.zeros(len(colours), np.int32)
    for index, part in enumerate(np.array_split(order, len(seeds))):
        first[part] = index
    criteria = (cv2.TERM_CRITERIA_MAX_ITER, 8, 0.0)
    _, labels, centres = cv2.kmeans(colours, RIM_COLOURS, first[:, None], criteria, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    labels = labels.ravel()
    best = np.full((rows, columns), np.inf, np.float32)
    flat = lab * np.array([0.6, 1.0, 1.0], np.float32)
    for index in range(RIM_COLOURS):
        members = colours[labels == index]
        if len(members) < 0.04 * len(colours):
            continue
        spread = max(4.0, float(np.sqrt(members.var(axis=0).sum())))
        best = np.minimum(best, np.linalg.norm(flat - centres[index], axis=2) / spread)
    return best.astype(np.float32)
