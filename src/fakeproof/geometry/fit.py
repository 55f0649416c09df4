"""Pair descriptors and fit one transform to the pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.errors import ParameterError
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.keypoints import Keypoints

__all__ = ["Fit", "NoFit", "fit_affine", "fit_homography", "pair"]

ORB_RATIO = 0.85
"""First to second distance; above it the nearest is no clear choice (Lowe 2004; set on benchmarks web)."""
SIFT_RATIO = 0.8
"""The same for RootSIFT: Lowe's own value."""
INLIER_PX = 3.0
"""Largest reprojection error, working pixels."""
CONFIDENCE = 0.999
MAX_ITERATIONS = 2000
MIN_PAIRS = 5
"""Four determine a homography; without a fifth nothing has been verified."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A transform and the pairs that agree with it.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3), float64
        Takes working pixels (x, y) of the first picture to those of the second.
    displayed : ndarray, shape (3, 3), float64
        The same between displayed pixels of the two photos, any mirroring included.
    pairs : ndarray, shape (n, 2), int32
        Rows of the two keypoint sets that agree with it.
    tried : int
        Pairs that went in.
    points_a, points_b : ndarray, shape (n, 2), float32
        The agreeing points, working pixels.
    """

    matrix: npt.NDArray[np.float64]
    displayed: npt.NDArray[np.float64]
    pairs: npt.NDArray[np.int32]
    tried: int
    points_a: npt.NDArray[np.float32]
    points_b: npt.NDArray[np.float32]

    @property
    def inliers(self) -> int:
        """Pairs that agree."""
        return len(self.pairs)


@dataclass(frozen=True)
class NoFit:
    """No transform was found: falsy, with the reason."""

    reason: str
    tried: int = 0

    def __bool__(self) -> bool:
        return False

    @property
    def inliers(self) -> int:
        """None agree."""
        return 0


def pair(a: Keypoints, b: Keypoints, *, ratio: float | None = None, one_to_one: bool = True) -> npt.NDArray[np.int32]:
    """Return index pairs (n, 2) of descriptors that choose each other clearly.

    Parameters
    ----------
    a, b : Keypoints
        Of one kind.
    ratio : float, optional
        Largest ratio of nearest to second nearest distance; 0.85 for ORB, 0.8 for RootSIFT by default.
    one_to_one : bool
        Keep a pair only if it is the nearest from both sides.

    Raises
    ------
    ParameterError
        If the kinds differ.
    """
    import numpy as np

    if a.kind != b.kind:
        raise ParameterError("b", b.kind, f"keypoints of kind {a.kind}")
    if len(a) == 0 or len(b) < 2:
        return np.zeros((0, 2), np.int32)
    if a.kind == "orb":
        from fakeproof._kernels.matching import nearest_two

        index, first, second, back = nearest_two(a.descriptors, b.descriptors)
        good = first <= np.float64(ORB_RATIO if ratio is None else ratio) * second
    else:
        index, first, second, back = _nearest_two_float(a.descriptors, b.descriptors)
        good = first <= (SIFT_RATIO if ratio is None else ratio) ** 2 * second
    own = np.arange(len(a), dtype=np.int32)
    if one_to_one:
        good &= back[index] == own
    return np.stack([own[good], index[good].astype(np.int32)], axis=1)


def _nearest_two_float(a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """Nearest two by squared Euclidean distance; rows have unit length, so one matrix product does it.

    Two passes for the largest value cost a quarter of a partition of each row.
    """
    import numpy as np

    likeness = a @ b.T
    back = likeness.argmax(axis=0)
    own = np.arange(len(a))
    index = likeness.argmax(axis=1)
    first = likeness[own, index]
    likeness[own, index] = -np.inf
    second = likeness.max(axis=1)
    return index, np.maximum(2.0 - 2.0 * first, 0.0), np.maximum(2.0 - 2.0 * second, 0.0), back


def fit_homography(
    a: Keypoints, b: Keypoints, pairs: npt.NDArray[np.int32] | None = None, *, tolerance: float = INLIER_PX
) -> Fit | NoFit:
    """Fit a homography from `a` to `b` by MAGSAC; the same pairs always give the same answer.

    References
    ----------
    Barath et al., "MAGSAC++, a fast, reliable and accurate robust estimator", CVPR 2020,
    doi:10.1109/CVPR42600.2020.00138.
    """
    import cv2

    def estimate(x: Any, y: Any) -> tuple[Any, Any]:
        return cv2.findHomography(x, y, cv2.USAC_MAGSAC, tolerance, maxIters=MAX_ITERATIONS, confidence=CONFIDENCE)

    return _fit(a, b, pairs, estimate)


def fit_affine(
    a: Keypoints, b: Keypoints, pairs: npt.NDArray[np.int32] | None = None, *, tolerance: float = INLIER_PX
) -> Fit | NoFit:
    """Fit an affine transform from `a` to `b`: fewer freedoms, steadier than a homography on small objects."""
    import cv2
    import numpy as np

    def estimate(x: Any, y: Any) -> tuple[Any, Any]:
        matrix, inside = cv2.estimateAffine2D(
            x,
            y,
            method=cv2.USAC_MAGSAC,
            ransacReprojThreshold=tolerance,
            maxIters=MAX_ITERATIONS,
            confidence=CONFIDENCE,
        )
        return (None if matrix is None else np.vstack([matrix, [0.0, 0.0, 1.0]])), inside

    return _fit(a, b, pairs, estimate)


def _fit(a: Keypoints, b: Keypoints, pairs: npt.NDArray[np.int32] | None, estimate: Any) -> Fit | NoFit:
    import cv2
    import numpy as np

    pairs = pair(a, b) if pairs is None else np.asarray(pairs, np.int32)
    if len(pairs) < MIN_PAIRS:
        return NoFit(f"{len(pairs)} pairs are below {MIN_PAIRS}", len(pairs))
    x, y = a.points[pairs[:, 0]], b.points[pairs[:, 1]]
    try:
        matrix, inside = estimate(x, y)
    except cv2.error as error:
        return NoFit(f"the estimator gave up ({error.err})", len(pairs))
    if matrix is None or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        return NoFit("no transform fits", len(pairs))
    keep = inside.ravel().astype(bool)
    displayed = b.picture.displayed @ matrix @ np.linalg.inv(a.picture.displayed)
    return Fit(
        matrix=frozen_array(np.asarray(matrix, np.float64)),
        displayed=frozen_array(displayed / displayed[2, 2]),
        pairs=frozen_array(pairs[keep]),
        tried=len(pairs),
        points_a=frozen_array(x[keep]),
        points_b=frozen_array(y[keep]),
    )
