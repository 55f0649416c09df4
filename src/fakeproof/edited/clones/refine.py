"""A pair's transform, fitted to the pixels themselves.

Evangelidis & Psarakis 2008, "Parametric image alignment using enhanced correlation coefficient maximization",
doi:10.1109/TPAMI.2008.113.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof.edited.clones.verify import Clone

__all__ = ["fitted_to_pixels"]

Affine = npt.NDArray[np.float64]

MAX_PIXELS = 160_000
"""Larger boxes are left as they are: many points fitted them."""
LEAST_SIDE = 16
"""px of the box below which nothing is fitted."""
ROUNDS, ENOUGH = 20, 1e-4
"""Steps at most, and the gain in correlation below which no further step is taken."""
RIM = 12
"""px around where the place is seen again, for the fit to move in."""


def fitted_to_pixels(grey: npt.NDArray[np.float32], clone: Clone) -> Affine | None:
    """Return the affine transform under which the place agrees best with where it is seen again; None if none is found."""
    here = _box(clone.first, 0)
    there = _box(clone.second, RIM)
    if here is None or there is None:
        return None
    part, target = grey[here], grey[there]
    if part.size > MAX_PIXELS or min(*part.shape, *target.shape) < LEAST_SIDE:
        return None
    start = clone.affine.copy()
    start[:, 2] += start[:, :2] @ np.array([here[1].start, here[0].start]) - np.array([there[1].start, there[0].start])
    counts = clone.second[there].astype(np.uint8)  # what lies around the place is not seen again
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ROUNDS, ENOUGH)
    try:
        _, found = cv2.findTransformECC(part, target, start.astype(np.float32), cv2.MOTION_AFFINE, stop, counts)
    except cv2.error:  # it does not converge: nothing to correlate
        return None
    affine = np.asarray(found, np.float64)
    affine[:, 2] += np.array([there[1].start, there[0].start]) - affine[:, :2] @ np.array(
        [here[1].start, here[0].start]
    )
    return affine


def _box(mask: npt.NDArray[np.bool_], rim: int) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return (
        slice(max(0, int(rows[0]) - rim), int(rows[-1]) + 1 + rim),
        slice(max(0, int(columns[0]) - rim), int(columns[-1]) + 1 + rim),
    )
