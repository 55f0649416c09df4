"""Colours of the product, compared so that another light does not make it another product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.foreground import Foreground
    from fakeproof.types import RGB8

__all__ = ["colours", "likeness"]

SIDE = 96
"""Longer side, px, on which colours are counted."""
BINS = 16
"""Bins on each of the a and b axes over +-CHROMA."""
CHROMA = 80.0
"""Lab units at the histogram's edge."""
SOFTEN = 0.9
"""Gaussian sigma in bins: forgives small casts and JPEG."""
CAST = 0.5
"""Share of the rim's average cast that is taken off: a full grey-world correction turns a coloured table into a cast."""


def colours(rgb: RGB8, foreground: Foreground) -> npt.NDArray[np.float32]:
    """Return the product's chroma histogram: square roots of shares, so that a dot product is a Bhattacharyya one.

    Returns
    -------
    ndarray, shape (2, 256), float32
        As photographed, and with half of the picture's average cast taken off.
    """
    import cv2
    import numpy as np

    height, width = rgb.shape[:2]
    shrink = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab: Any = cv2.cvtColor(small, cv2.COLOR_RGB2Lab)
    weight = foreground.resized(size[1], size[0])
    usable = weight * ((lab[..., 0] > 8) & (lab[..., 0] < 98))
    cast = lab[..., 1:].reshape(-1, 2).mean(axis=0)
    return frozen_array(np.stack([_histogram(lab[..., 1:], usable), _histogram(lab[..., 1:] - CAST * cast, usable)]))


def _histogram(chroma: Any, weight: Any) -> Any:
    import cv2
    import numpy as np

    index = np.clip((chroma + CHROMA) / (2 * CHROMA) * BINS, 0, BINS - 1).astype(int)
    flat = index[..., 0] * BINS + index[..., 1]
    counts = np.bincount(flat.ravel(), weights=weight.ravel(), minlength=BINS * BINS).reshape(BINS, BINS)
    soft = cv2.GaussianBlur(counts.astype(np.float32), (0, 0), SOFTEN)
    return np.sqrt(soft / max(float(soft.sum()), 1e-9)).ravel().astype(np.float32)


def likeness(a: Any, b: Any) -> float:
    """Return how far two colour descriptions agree, 0-1, under the light that suits them best."""
    return float(max((a[i] * b[i]).sum() for i in range(len(a))))
