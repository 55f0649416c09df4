"""Tell marks that were laid over a photo (text, translucent logos) from content that was replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["is_mark"]

TRANSLUCENT = (0.1, 0.95)
"""Share of the source that must still show through a translucent mark."""
FOLLOWS = 0.6
"""Share of the photo's variation that the source must explain in a translucent mark."""
FINE_STRUCTURE = 1.5
"""Standard deviation, grey levels, that the source needs for that to be told."""
SAME_SLOPE = 0.25
"""Largest difference between the slopes of coarse and fine structure; a blur wipes the fine one."""
LIGHT = 150.0
"""Mean of the channels from which a mark's colour is light: platforms write in white and light grey."""
NEUTRAL = 60.0
"""Largest spread of the channels of such a colour."""
CORE = 0.4
"""Change, relative to the strongest of the group, from which a pixel belongs to a stroke."""
ONE_COLOUR = 0.3
"""Median part of the change that a blend towards one colour may leave unexplained."""
LETTERS = 4
"""Separate strokes from which a row of them is text; a scratch or a stain has fewer."""
ROW = 2.0
"""Width over height (or the reverse) of a line of text."""
THIN = 0.22
"""Half stroke width over the height of the line; letters stay below 0.15, patches reach 0.5."""
ALIKE = 0.45
"""Share of strokes whose height is at least half of the line's: letters stand in a row, specks scatter."""


def is_mark(photo: Any, source: Any, inside: npt.NDArray[np.bool_]) -> bool:
    """Return whether a changed place is a light mark laid over an unchanged background.

    Parameters
    ----------
    photo, source : ndarray, shape (rows, columns, 3)
        The aligned pictures, cut to the place.
    inside : ndarray of bool, shape (rows, columns)
        The changed pixels.
    """
    import numpy as np

    p, s = photo.astype(np.float32), source.astype(np.float32)
    return _is_light_text(p, s, inside) or _is_veil(p, s, inside)


def _is_veil(p: Any, s: Any, inside: npt.NDArray[np.bool_]) -> bool:
    """Return whether the photo is a * source + b there, 0 < a < 1, towards a light grey, detail included.

    Replaced content does not follow the source; a blurred place follows it in the large only; a painted stain is dark
    or coloured.
    """
    import cv2
    import numpy as np

    x, y = s.mean(axis=2), p.mean(axis=2)
    slope, likeness = _regression(x[inside], y[inside])
    fine, fine_likeness = _regression(
        (x - cv2.GaussianBlur(x, (0, 0), 2.0))[inside], (y - cv2.GaussianBlur(y, (0, 0), 2.0))[inside]
    )
    if not (TRANSLUCENT[0] < slope < TRANSLUCENT[1] and likeness >= FOLLOWS and fine_likeness >= FOLLOWS):
        return False
    colour = (p[inside].mean(axis=0) - slope * s[inside].mean(axis=0)) / (1 - slope)
    return bool(abs(fine - slope) <= SAME_SLOPE and _is_light(np.clip(colour, 0, 255)))


def _regression(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Return the slope of y over x and the share of y's variation that it explains."""
    import numpy as np

    if len(x) < 30 or x.std() < FINE_STRUCTURE or y.std() < 0.5:
        return 0.0, 0.0
    covariance = float(((x - x.mean()) * (y - y.mean())).mean())
    return covariance / float(np.var(x)), covariance**2 / float(np.var(x) * np.var(y))


def _is_light(colour: Any) -> bool:
    return bool(colour.mean() >= LIGHT and colour.max() - colour.min() <= NEUTRAL)


def _is_light_text(p: Any, s: Any, inside: npt.NDArray[np.bool_]) -> bool:
    """Return whether there are several thin strokes in a row, all blending the source towards one light grey."""
    import cv2
    import numpy as np

    change = np.abs(p - s).max(axis=2) * inside
    core = change > CORE * np.percentile(change[inside], 98)
    if core.sum() < 20:
        return False
    strongest = core & (change >= np.percentile(change[core], 80))
    if not _is_light(np.median(p[strongest], axis=0)) or _unexplained(p[core], s[core]) > ONE_COLOUR:
        return False
    rows, columns = np.flatnonzero(core.any(axis=1)), np.flatnonzero(core.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    line = min(height, width)
    if max(height, width) < ROW * line:
        return False
    count, _, stats, _ = cv2.connectedComponentsWithStats(core.astype(np.uint8), connectivity=8)
    big = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= 4]
    across = big[:, cv2.CC_STAT_HEIGHT if width >= height else cv2.CC_STAT_WIDTH]
    half_stroke = float(cv2.distanceTransform(np.pad(core, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
    return bool(
        count > LETTERS
        and len(big) >= LETTERS
        and half_stroke <= max(2.5, THIN * line)
        and (across >= 0.5 * line).mean() >= ALIKE
    )


def _unexplained(p: npt.NDArray[np.float32], s: npt.NDArray[np.float32]) -> float:
    """Return what a blend towards the colour of the most changed pixels leaves of the change, median, 0-1."""
    import numpy as np

    change = p - s
    size = np.linalg.norm(change, axis=1)
    strongest = size >= np.percentile(size, 80)
    best = 1.0
    for colour in (np.median(p[strongest], axis=0), np.full(3, 255.0), np.zeros(3)):
        towards = colour - s
        share = (change * towards).sum(axis=1) / np.maximum((towards * towards).sum(axis=1), 1.0)
        left = np.linalg.norm(change - np.clip(share, 0, 1)[:, None] * towards, axis=1)
        best = min(best, float(np.median(left / np.maximum(size, 1.0))))
    return best
