"""Parts of a photo that come out of a source: where they lie, and whether they are its pixels or its subject anew."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fakeproof.findings import frozen_array
from fakeproof.geometry.alignment import register
from fakeproof.geometry.fit import Fit, fit_homography, pair
from fakeproof.geometry.warp import apply, sane, warp

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.keypoints import Keypoints, WorkingPicture
    from fakeproof.types import Polygon

__all__ = ["Likeness", "Part", "find_parts"]

MIN_INLIERS = 10
"""Pairs that agree with one transform before a part is looked at."""
MAX_PARTS = 4
"""Parts of one source that are looked for: photoshops repeat a subject two or three times."""
WINDOW = 13
"""Side, working px, of the windows in which two pictures are compared."""
FINE_WINDOW = 21
"""Side, working px, of the windows in which what is finer than :data:`FINE_SIGMA` is compared."""
FINE_SIGMA = 2.0
"""Gaussian sigma, working px, below which detail is fine: grain, speculars and edges, not print."""
SMOOTHING = 1.0
"""Gaussian sigma, working px, of both pictures: forgives half a pixel of misfit and JPEG."""
STRUCTURED, FINELY_STRUCTURED = 4.0, 2.0
"""Standard deviations, grey levels, from which a window has something to compare."""
FIRM = 0.95
"""Correlation that a copy reaches nearly everywhere."""
RESEMBLES = 0.8
"""Correlation from which light and contrast are compared: a window that differs says nothing of them."""
LEAST_WINDOWS = 50
"""Pixels with structure below which nothing is said."""
SAME_TONE = 8.0
"""Grey levels, after one tone curve, within which flat places agree."""
WEIGHTS = (3.9, -2.4, -2.9, -7.8)
"""Log odds, to base e, of a copy: a unit of `firm`, of the logarithms of `light` and of `bent` + .1 px, and the rest.
Logistic regression, both classes weighing alike, on the training half of made cut-outs and of other photos of one
product (benchmarks web)."""
COPIED = 1.0
"""Log odds from which a part counts as copied: no pair of photos of one product of either half came so far."""
SAME_LIGHT = 0.2
"""Largest `light` of a copy: artwork that was printed, or drawn on a picture of a bottle, has the bottle's shading."""


@dataclass(frozen=True)
class Likeness:
    """How alike a part and its place in the source are.

    Parameters
    ----------
    firm : float
        Share of the structured windows that correlate above .95, 0-1.
    fine : float
        Median correlation of what is finer than 2 px, -1 to 1.
    light : float
        What one tone curve leaves of the local means, over their spread: the light fell differently.
    contrast : float
        Standard deviation of the natural logarithm of the ratio of local contrasts.
    bent : float
        Median distance, working px, of the agreeing points from the best shift, turn, mirroring and scale.
    windows : float
        Independent structured windows.
    """

    firm: float = 0.0
    fine: float = 0.0
    light: float = 1.0
    contrast: float = 1.0
    bent: float = 10.0
    windows: float = 0.0

    @property
    def logit(self) -> float:
        """Log odds, to base e and with even priors, of a copy against the same subject photographed anew."""
        firm, light, bent, rest = WEIGHTS
        return firm * self.firm + light * math.log(max(self.light, 1e-3)) + bent * math.log(self.bent + 0.1) + rest

    @property
    def copied(self) -> bool:
        """Whether it is a copy: at most .3 % of other photos of one product are called one."""
        return self.logit >= COPIED and self.light <= SAME_LIGHT


@dataclass(frozen=True, eq=False)
class Part:
    """A place of the photo that agrees with a place of the source.

    Parameters
    ----------
    fit : Fit
        Its transform and pairs.
    polygon : ndarray, shape (points, 2), float32
        Outline of what agrees, displayed pixels of the photo.
    share : float
        Part of the photo inside it, 0-1.
    likeness : Likeness
        What tells a copy from the same subject photographed anew.
    """

    fit: Fit
    polygon: Polygon
    share: float
    likeness: Likeness


def find_parts(a: Keypoints, b: Keypoints) -> tuple[Part, ...]:
    """Return the places of the second picture that agree with the first, each under a transform of its own.

    The transform that most pairs agree with is fitted, the place around its pairs is grown over what agrees window by
    window, its pairs are set aside, and the rest is asked again, so that a subject that was pasted twice, or two
    subjects of one source, are found one after the other.
    """
    import numpy as np

    pairs = pair(a, b)
    out: list[Part] = []
    while len(pairs) >= MIN_INLIERS and len(out) < MAX_PARTS:
        fit = fit_homography(a, b, pairs)
        if not isinstance(fit, Fit) or fit.inliers < MIN_INLIERS:
            break
        taken = {tuple(p) for p in fit.pairs.tolist()}
        if sane(fit.matrix, a.picture.size, points=fit.points_a):
            part = _part(a.picture, b.picture, fit)
            if part is not None:
                out.append(part)
        pairs = np.array([p for p in pairs.tolist() if tuple(p) not in taken], np.int32).reshape(-1, 2)
    return tuple(out)


def _part(a: WorkingPicture, b: WorkingPicture, fit: Fit) -> Part | None:
    import cv2
    import numpy as np

    matrix, _ = register(a, b, fit.matrix)
    moved, inside = warp(a.grey, matrix, b.size)
    hull = np.zeros(b.grey.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(fit.points_b).astype(np.int32)), 1)
    core: Any = (cv2.dilate(hull, np.ones((9, 9), np.uint8)) > 0) & inside
    compared = _Compared(moved, b.grey)
    polygon = _grown(compared, core, inside, fit.points_b)
    if len(polygon) < 3:
        return None
    displayed = b.displayed @ matrix @ np.linalg.inv(a.displayed)
    corrected = replace(fit, matrix=frozen_array(matrix.copy()), displayed=frozen_array(displayed / displayed[2, 2]))
    return Part(
        fit=corrected,
        polygon=frozen_array(apply(b.displayed, polygon).astype(np.float32)),
        share=min(1.0, float(cv2.contourArea(polygon.astype(np.float32))) / (b.size[0] * b.size[1])),
        likeness=_likeness(compared, core, _bend(fit)),
    )


class _Compared:
    """Two laid-over pictures window by window: correlation, contrasts, means, and the fine detail's correlation."""

    def __init__(self, moved: npt.NDArray[np.uint8], still: npt.NDArray[np.uint8]) -> None:
        import cv2
        import numpy as np

        self.moved, self.still = moved.astype(np.float32), still.astype(np.float32)
        x: Any = cv2.GaussianBlur(self.moved, (0, 0), SMOOTHING)
        y: Any = cv2.GaussianBlur(self.still, (0, 0), SMOOTHING)
        self.correlation, self.contrast_a, self.contrast_b, self.mean_a, self.mean_b = _windows(x, y, WINDOW)
        self.structured = np.maximum(self.contrast_a, self.contrast_b) >= STRUCTURED

    def fine(self, core: npt.NDArray[np.bool_]) -> float:
        """Return the median correlation, inside `core`, of what is finer than FINE_SIGMA."""
        import cv2
        import numpy as np

        x = self.moved - cv2.GaussianBlur(self.moved, (0, 0), FINE_SIGMA)
        y = self.still - cv2.GaussianBlur(self.still, (0, 0), FINE_SIGMA)
        correlation, contrast_a, contrast_b, _, _ = _windows(x, y, FINE_WINDOW)
        inside = core & (np.maximum(contrast_a, contrast_b) >= FINELY_STRUCTURED)
        return float(np.median(correlation[inside])) if inside.sum() >= LEAST_WINDOWS else 0.0

    def tones(self, where: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Fit one quadratic tone curve from the source's local means to the photo's."""
        import numpy as np

        x, y = self.mean_a[where].astype(np.float64) / 255, self.mean_b[where]
        return np.asarray(np.linalg.lstsq(np.stack([np.ones_like(x), x, x * x], axis=1), y, rcond=None)[0])

    def toned(self, curve: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Take the source's local means through a tone curve."""
        x = self.mean_a / 255
        return curve[0] + curve[1] * x + curve[2] * x * x  # type: ignore[no-any-return]


def _windows(x: Any, y: Any, side: int) -> tuple[Any, Any, Any, Any, Any]:
    """Return correlation, both standard deviations and both means of the windows around each pixel."""
    import cv2
    import numpy as np

    window = (side, side)
    mean_x, mean_y = cv2.blur(x, window), cv2.blur(y, window)
    spread_x = np.maximum(cv2.blur(x * x, window) - mean_x * mean_x, 0)
    spread_y = np.maximum(cv2.blur(y * y, window) - mean_y * mean_y, 0)
    together = cv2.blur(x * y, window) - mean_x * mean_y
    correlation = together / np.sqrt(np.maximum(spread_x * spread_y, 1e-3))
    return correlation, np.sqrt(spread_x), np.sqrt(spread_y), mean_x, mean_y


def _likeness(compared: _Compared, core: npt.NDArray[np.bool_], bent: float) -> Likeness:
    import numpy as np

    looked = core & compared.structured
    alike = looked & (compared.correlation > RESEMBLES)
    if looked.sum() < LEAST_WINDOWS or alike.sum() < LEAST_WINDOWS:
        return Likeness(bent=bent)
    left = compared.mean_b[alike] - compared.toned(compared.tones(alike))[alike]
    ratio = (compared.contrast_b[alike] + 0.5) / (compared.contrast_a[alike] + 0.5)
    return Likeness(
        firm=float((compared.correlation[looked] > FIRM).mean()),
        fine=compared.fine(core),
        light=float(left.std() / max(float(compared.mean_b[alike].std()), 1.0)),
        contrast=float(np.log(ratio).std()),
        bent=bent,
        windows=float(looked.sum()) / WINDOW**2,
    )


def _bend(fit: Fit) -> float:
    """Return the median distance, working px, of a fit's points from the best shift, turn, mirroring and scale."""
    import numpy as np

    x = fit.points_a.astype(np.float64) @ [1, 1j]
    y = fit.points_b.astype(np.float64) @ [1, 1j]
    distances = []
    for side in (x, x.conj()):
        system = np.stack([side, np.ones_like(side)], axis=1)
        left = y - system @ np.linalg.lstsq(system, y, rcond=None)[0]
        distances.append(float(np.median(np.abs(left))))
    return min(distances)


def _grown(
    compared: _Compared, core: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_], points: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return the outline, working px, of what agrees and hangs together with the agreeing points."""
    import cv2
    import numpy as np

    alike = compared.structured & (compared.correlation > RESEMBLES)
    if (alike & core).sum() < LEAST_WINDOWS:
        return np.zeros((0, 2))
    toned = np.abs(compared.mean_b - compared.toned(compared.tones(alike & core))) < SAME_TONE
    agrees = inside & (alike | (~compared.structured & toned))
    opened = cv2.morphologyEx(agrees.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    _, labels = cv2.connectedComponents(opened)
    at = np.clip(np.round(points).astype(int), 0, np.array(labels.shape)[::-1] - 1)
    seeds = labels[at[:, 1], at[:, 0]]
    if not (seeds > 0).any():
        return np.zeros((0, 2))
    part = (labels == np.bincount(seeds[seeds > 0]).argmax()).astype(np.uint8)
    closed = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(outlines, key=cv2.contourArea)
    return cv2.approxPolyDP(largest, 1.5, closed=True).reshape(-1, 2).astype(np.float64)
