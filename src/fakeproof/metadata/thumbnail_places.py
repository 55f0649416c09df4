"""Places where the embedded thumbnail, which was made at the capture, differs from the picture.

The two are brought to the thumbnail's size, aligned, levelled (one gain and offset, fitted to the 80 % that agree best) and
averaged over windows; the difference of a window counts only if no shift by up to two pixels explains it and if the
structure inside differs, too, so that tone mapping of a part is no difference.
"""

from __future__ import annotations

from typing import Any

__all__ = ["changed_place"]

WINDOW = 7
"""Pixels of the averaging window, about 4 % of a thumbnail's width."""
SHIFT = 2
"""Pixels of misalignment that explain a difference."""
CHANGED = 32.0
"""Grey levels between window means from which a place differs (untouched camera files: at most 12 once aligned)."""
OUTLINE = 16.0
"""Grey levels down to which the place is outlined."""
LARGEST = 0.35
"""Share of the picture above which it is no place but another exposure or another picture."""
STRUCTURE = 0.5
"""Correlation inside the place above which only its tone differs."""
TRUST = 0.55
"""Correlation of the whole below which the two are too unlike to be aligned."""
AGREEING = 80
"""Percentage of pixels, those that agree best, to which gain and offset are fitted."""


def changed_place(grey: Any, view: Any) -> tuple[float, tuple[float, float, float, float]] | None:
    """Find the place that differs most.

    Parameters
    ----------
    grey : ndarray of uint8
        The picture's green channel, of any size.
    view : ndarray of float32
        The thumbnail's, turned like the picture, without bars.

    Returns
    -------
    (float, tuple of float) or None
        The difference in grey levels and the place as (left, top, right, bottom) in shares of the picture; None
        where nothing differs.
    """
    import cv2
    import numpy as np

    height, width = view.shape
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = cv2.GaussianBlur(small, (0, 0), 1.2)
    view = cv2.GaussianBlur(np.ascontiguousarray(view), (0, 0), 1.2)
    # a shift can only lessen a difference, so most photos are done before any is tried
    if float(_difference(small, view, shift=0).max()) < CHANGED or float(_difference(small, view).max()) < CHANGED:
        return None
    # nearly no untouched file comes this far; the few that do have thumbnails of a slightly narrower view
    moved = _aligned(small, view)
    if moved is None:
        return None
    small, valid = moved
    difference = np.where(valid, _difference(small, view), 0.0).astype(np.float32)
    peak = float(difference.max())
    outline = difference >= OUTLINE
    if peak < CHANGED or float(outline.mean()) > LARGEST:
        return None
    box = _box(outline, np.unravel_index(int(np.argmax(difference)), difference.shape))
    left, top, right, bottom = box
    if _correlation(small[top:bottom, left:right], view[top:bottom, left:right]) > STRUCTURE:
        return None
    return peak, (left / width, top / height, right / width, bottom / height)


def _difference(small: Any, view: Any, shift: int = SHIFT) -> Any:
    """Return the smallest difference of window means over all shifts; the border, where windows end, is 0."""
    import cv2
    import numpy as np

    levelled = _levelled(small, view)
    mean = cv2.blur(view, (WINDOW, WINDOW))
    own = cv2.blur(cv2.copyMakeBorder(levelled, shift, shift, shift, shift, cv2.BORDER_REPLICATE), (WINDOW, WINDOW))
    height, width = view.shape
    best = np.full(view.shape, np.inf, np.float32)
    for y in range(2 * shift + 1):
        for x in range(2 * shift + 1):
            np.minimum(best, np.abs(mean - own[y : y + height, x : x + width]), out=best)
    edge = WINDOW // 2 + SHIFT
    best[:edge], best[-edge:], best[:, :edge], best[:, -edge:] = 0, 0, 0, 0
    return best


def _levelled(small: Any, view: Any) -> Any:
    """Fit gain and offset, leave the fifth that fits worst out, fit again."""
    import numpy as np

    gain, offset = _line(small, view)
    error = np.abs(view - (gain * small + offset))
    keep = error <= np.partition(error.ravel(), kept := error.size * AGREEING // 100)[kept]
    gain, offset = _line(small[keep], view[keep])
    return (gain * small + offset).astype(np.float32)


def _line(x: Any, y: Any) -> tuple[float, float]:
    spread = float(x.var())
    gain = float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread > 0 else 0.0
    return gain, float(y.mean()) - gain * float(x.mean())


def _aligned(small: Any, view: Any) -> tuple[Any, Any] | None:
    """Warp the picture onto the thumbnail (ECC, Evangelidis and Psarakis 2008, doi:10.1109/TPAMI.2008.113)."""
    import cv2
    import numpy as np

    warp: Any = np.eye(2, 3, dtype=np.float32)
    everywhere = np.ones(view.shape, np.uint8)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    try:
        correlation, warp = cv2.findTransformECC(view, small, warp, cv2.MOTION_AFFINE, criteria, everywhere, 5)
    except cv2.error:
        return None
    if correlation < TRUST or float(np.abs(warp[:, :2] - np.eye(2)).max()) > 0.2:
        return None
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (view.shape[1], view.shape[0])
    inside = cv2.warpAffine(np.ones_like(small), warp, size, flags=flags, borderValue=0)
    moved = cv2.warpAffine(small, warp, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return moved, cv2.erode(inside, np.ones((WINDOW, WINDOW), np.uint8)) > 0.99


def _box(outline: Any, peak: Any) -> tuple[int, int, int, int]:
    """Return the box of the connected place around the peak, widened by half a window."""
    import cv2
    import numpy as np

    _, labels = cv2.connectedComponents(outline.astype(np.uint8))
    rows, columns = np.nonzero(labels == labels[peak])
    half = WINDOW // 2
    top, bottom = max(int(rows.min()) - half, 0), min(int(rows.max()) + half + 1, outline.shape[0])
    left, right = max(int(columns.min()) - half, 0), min(int(columns.max()) + half + 1, outline.shape[1])
    return left, top, right, bottom


def _correlation(a: Any, b: Any) -> float:
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 0 else 0.0
