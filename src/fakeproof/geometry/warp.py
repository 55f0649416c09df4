"""Transforms between pictures: warping, sanity, overlap, and the transform in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.types import Polygon

__all__ = ["Motion", "apply", "corners", "motion", "outline", "overlap", "sane", "warp"]

MAX_SCALE = 12.0
"""A picture enlarged or reduced by more than this carries nothing that could have been verified."""
MAX_STRETCH = 2.5
"""Ratio of the two local scales; re-used photos are stretched by less."""
MAX_PERSPECTIVE = 3.0
"""Ratio of local area scale between corners; photographed screens stay below 2."""


@dataclass(frozen=True)
class Motion:
    """A homography near the picture's centre: rotation in degrees counter-clockwise, scale, stretch, mirrored."""

    rotation_deg: float
    scale: float
    stretch: float
    mirrored: bool


def apply(matrix: npt.NDArray[np.float64], points: Any) -> npt.NDArray[np.float64]:
    """Take (n, 2) points (x, y) through a homography."""
    import numpy as np

    points = np.asarray(points, np.float64).reshape(-1, 2)
    out = np.column_stack([points, np.ones(len(points))]) @ np.asarray(matrix).T
    return out[:, :2] / out[:, 2:3]


def corners(size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return the outline of a picture of (width, height), pixel edges included, clockwise from top left."""
    import numpy as np

    right, bottom = size[0] - 0.5, size[1] - 0.5
    return np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])


def _jacobian(matrix: Any, point: Any) -> npt.NDArray[np.float64]:
    import numpy as np

    x, y, w = np.asarray(matrix, np.float64) @ [point[0], point[1], 1.0]
    m = np.asarray(matrix, np.float64)
    local: npt.NDArray[np.float64] = np.array([m[0, :2] * w - m[2, :2] * x, m[1, :2] * w - m[2, :2] * y]) / (w * w)
    return local


def motion(matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> Motion:
    """Read rotation, scale, stretch and mirroring of a homography at the centre of the first picture.

    Examples
    --------
    >>> import numpy as np
    >>> motion(np.diag([2.0, 2.0, 1.0]), (100, 50))
    Motion(rotation_deg=0.0, scale=2.0, stretch=1.0, mirrored=False)
    """
    import numpy as np

    local = _jacobian(matrix, ((size[0] - 1) / 2, (size[1] - 1) / 2))
    mirrored = bool(np.linalg.det(local) < 0)
    if mirrored:
        local = local @ np.diag([-1.0, 1.0])
    u, values, vt = np.linalg.svd(local)
    turn = u @ vt
    angle = float(-np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))) + 0.0
    return Motion(angle, float(np.sqrt(values[0] * values[1])), float(values[0] / max(values[1], 1e-12)), mirrored)


def sane(matrix: npt.NDArray[np.float64], size: tuple[int, int], *, points: Any = None) -> bool:
    """Return whether a homography could come from re-using a flat picture of (width, height).

    It must not fold (the third coordinate keeps its sign), stretch, shear or enlarge beyond belief over the area that
    `points` span (the whole picture without them).
    """
    import numpy as np

    if points is not None and len(points) >= 3:
        low, high = np.min(points, axis=0), np.max(points, axis=0)
        frame = np.array([low, [high[0], low[1]], high, [low[0], high[1]]], np.float64)
    else:
        frame = corners(size)
    depth = np.column_stack([frame, np.ones(4)]) @ np.asarray(matrix)[2]
    if not (np.all(depth > 1e-9) or np.all(depth < -1e-9)):
        return False
    areas = []
    for point in [*frame, frame.mean(axis=0)]:
        values = np.linalg.svd(_jacobian(matrix, point), compute_uv=False)
        if values[0] > MAX_SCALE or values[1] < 1 / MAX_SCALE or values[0] > MAX_STRETCH * values[1]:
            return False
        areas.append(values[0] * values[1])
    return bool(max(areas) <= MAX_PERSPECTIVE * min(areas))


def outline(matrix: npt.NDArray[Any], size: tuple[int, int], into: tuple[int, int]) -> Polygon:
    """Return the outline of a picture of `size` taken through `matrix` and clipped to a picture of size `into`.

    Returns
    -------
    ndarray, shape (points, 2), float32
        (x, y); empty where the two do not overlap or the transform folds.
    """
    import cv2
    import numpy as np

    frame = corners(size)
    depth = np.column_stack([frame, np.ones(4)]) @ np.asarray(matrix)[2]
    if not (np.all(depth > 1e-9) or np.all(depth < -1e-9)):
        return np.zeros((0, 2), np.float32)
    moved = cv2.convexHull(apply(matrix, frame).astype(np.float32))
    target = corners(into).astype(np.float32).reshape(-1, 1, 2)
    area, polygon = cv2.intersectConvexConvex(moved, target, handleNested=True)
    if area <= 0 or polygon is None:
        return np.zeros((0, 2), np.float32)
    return polygon.reshape(-1, 2).astype(np.float32)


def overlap(matrix: npt.NDArray[np.float64], size: tuple[int, int], into: tuple[int, int]) -> tuple[float, float]:
    """Return the share of the second picture that the first covers, and the share of the first that is seen there."""
    import numpy as np

    return _share(outline(matrix, size, into), into), _share(outline(np.linalg.inv(matrix), into, size), size)


def _share(polygon: Polygon, size: tuple[int, int]) -> float:
    import cv2

    return min(1.0, cv2.contourArea(polygon) / (size[0] * size[1])) if len(polygon) >= 3 else 0.0


def warp(
    image: npt.NDArray[Any], matrix: npt.NDArray[np.float64], size: tuple[int, int]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Take an image through `matrix` onto a canvas of (width, height); return it and where it has content.

    Where the image shrinks by more than 1.5 it is smoothed first, since bilinear sampling would alias.
    """
    import cv2
    import numpy as np

    size_in = (image.shape[1], image.shape[0])
    shrink = 1 / max(motion(matrix, size_in).scale, 1e-6)
    if shrink > 1.5:
        image = cv2.GaussianBlur(image, (0, 0), 0.45 * shrink)
    out = cv2.warpPerspective(image, np.asarray(matrix), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpPerspective(
        np.full(image.shape[:2], 255, np.uint8), np.asarray(matrix), size, flags=cv2.INTER_LINEAR
    )
    return out, inside > 250
