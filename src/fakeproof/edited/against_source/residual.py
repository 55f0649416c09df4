"""Fit a source to a photo in position, colour and sharpness, and measure what remains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.geometry import motion, warp

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.photo import Photo
    from fakeproof.types import RGB8

__all__ = ["Comparison", "compare"]

SIDE = 1024
"""Longer side, px, at which pictures are compared: small edits survive, misfits of a pixel shrink."""
BORDER = 4
"""Compared pixels at the rim of the overlap that are left out: warping and frames disturb them."""
MIN_VALID = 2000
"""Compared pixels below which no colours are fitted."""
KEEP_SCALE = 1.6
"""Source pixels a compared pixel that are kept: warping wants more than one."""
WORTH_SHRINKING = 0.8
LARGEST_WARPED = 8192
BLURS = (0.0, 0.6, 1.0, 1.5, 2.2, 3.2)
"""Gaussian sigmas, compared px, tried to make one picture as soft as the other."""
SMOOTH = 0.8
"""Gaussian sigma, compared px, of both before they are compared: below it lies JPEG noise."""
FLOOR = 2.5
"""Grey levels of residual that are always expected: rounding, chroma subsampling, quantisation."""
SAMPLES = 20_000
"""Pixels to which colours are fitted."""
ROUNDS = 6
"""Times that the worst fitting pixels are left out anew."""
RIDGE = 1e-4
"""Pull of the colours towards "unchanged", so that rare colours are not invented."""
CLIPPED = 4
"""Grey levels from black and white within which a channel counts as clipped."""
TONES = 24
"""Classes of tone a channel."""
TONE_SHARE = 0.01
"""Share of the pixels that a tone needs to be followed."""
TONE_SHIFT = 12.0
"""Grey levels by which a tone may be followed: more is an edit, not a curve."""
CELLS = 6
"""Blocks a side in which slow changes of light are followed."""
BINS = 12
"""Classes of local structure for which the expected residual is measured."""
SPREAD = 1.5
"""Gaussian sigma, compared px, of the residual: single pixels are noise."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two aligned pictures and their residual.

    Parameters
    ----------
    photo, source : ndarray, shape (rows, columns, 3), uint8
        At the compared size; the source as the photo would show it.
    valid : ndarray of bool, shape (rows, columns)
        Where both have content.
    z : ndarray of float32, shape (rows, columns)
        Residual over what local structure explains; 0 outside.
    to_displayed : ndarray, shape (3, 3)
        Takes compared pixels to displayed pixels of the photo.
    share : float
        Part of the photo that was compared, 0-1.
    blur : float
        Sigma that made the sharper as soft as the other; negative where the photo was the sharper.
    noise : float
        Median residual, grey levels.
    """

    photo: RGB8
    source: RGB8
    valid: npt.NDArray[np.bool_]
    z: npt.NDArray[np.float32]
    to_displayed: npt.NDArray[np.float64]
    share: float
    blur: float
    noise: float


def compare(photo: Photo, source: Photo, matrix: npt.NDArray[np.float64]) -> Comparison | None:
    """Fit `source` to `photo` and measure the residual; None where the overlap is too small.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Takes source pixels to photo pixels, both displayed.
    """
    import cv2
    import numpy as np

    enlarged = max(1.0, motion(matrix, source.size).scale)
    shrink = min(1.0, SIDE / max(photo.size), 1.0 / enlarged)
    size = max(1, round(photo.size[0] * shrink)), max(1, round(photo.size[1] * shrink))
    x, y = photo.size[0] / size[0], photo.size[1] / size[1]
    to_displayed = np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2], [0.0, 0.0, 1.0]])
    seen = photo.rgb if size == photo.size else cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA)
    original, reduced = _reduced(source.rgb, motion(np.linalg.inv(to_displayed) @ matrix, source.size).scale)
    start = np.linalg.inv(to_displayed) @ matrix @ reduced
    moved, inside = warp(original, start, size)
    valid = cv2.erode(inside.astype(np.uint8), np.ones((2 * BORDER + 1,) * 2, np.uint8), borderValue=0) > 0
    if valid.sum() < MIN_VALID:
        return None
    step = _refine(seen, moved, valid)
    if step is not None:
        moved, inside = warp(original, step @ start, size)
        valid = cv2.erode(inside.astype(np.uint8), np.ones((2 * BORDER + 1,) * 2, np.uint8), borderValue=0) > 0
    p, s, blur = _same_softness(seen.astype(np.float32), moved.astype(np.float32), valid)
    s = _same_colours(p, s, valid)
    residual = _residual(p, s)
    z = _relative(residual, s, valid)
    return Comparison(
        photo=np.ascontiguousarray(seen),
        source=np.clip(np.round(s), 0, 255).astype(np.uint8),
        valid=valid,
        z=z,
        to_displayed=to_displayed,
        share=float(valid.mean()),
        blur=blur,
        noise=float(np.median(residual[valid])),
    )


def _reduced(rgb: RGB8, scale: float) -> tuple[Any, npt.NDArray[np.float64]]:
    """Shrink a source that is much larger than it will be shown; OpenCV warps no side above 32,767 px."""
    import cv2
    import numpy as np

    shrink = min(1.0, KEEP_SCALE * scale, LARGEST_WARPED / max(rgb.shape[:2]))
    if shrink > WORTH_SHRINKING:
        return rgb, np.eye(3)
    height, width = (max(1, round(n * shrink)) for n in rgb.shape[:2])
    x, y = rgb.shape[1] / width, rgb.shape[0] / height
    back = np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2], [0.0, 0.0, 1.0]])
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), back


def _grey(rgb: Any) -> Any:
    import cv2
    import numpy as np

    return cv2.cvtColor(np.clip(rgb, 0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)


def _refine(seen: Any, moved: Any, valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64] | None:
    """Shift the fit by the fraction of a pixel that keypoints leave; None where it does not converge nearby."""
    import cv2
    import numpy as np

    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    try:
        _, inverse = cv2.findTransformECC(
            _grey(seen), _grey(moved), np.eye(3, dtype=np.float32), cv2.MOTION_HOMOGRAPHY, criteria,
            valid.astype(np.uint8), 5,
        )  # fmt: skip
    except cv2.error:
        return None
    height, width = valid.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    step = np.linalg.inv(inverse.astype(np.float64))
    from fakeproof.geometry import apply

    shift = np.abs(apply(step, corners) - corners).max()
    return step if shift < 0.02 * max(width, height) + 4 else None


def _same_softness(p: Any, s: Any, valid: npt.NDArray[np.bool_]) -> tuple[Any, Any, float]:
    """Blur the sharper of the two until their fine structure has the same strength."""
    import cv2
    import numpy as np

    def detail(image: Any) -> float:
        grey = image.mean(axis=2)
        return float(np.median(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.2))[valid]))

    def soft(image: Any, sigma: float) -> Any:
        return cv2.GaussianBlur(image, (0, 0), float(np.hypot(sigma, SMOOTH)))

    base_p, base_s = soft(p, 0.0), soft(s, 0.0)
    sharper_is_source = detail(base_s) >= detail(base_p)
    target = detail(base_p if sharper_is_source else base_s)
    image = s if sharper_is_source else p
    sigma = min(BLURS, key=lambda b: abs(detail(soft(image, b)) - target))
    if sharper_is_source:
        return base_p, soft(s, sigma), sigma
    return soft(p, sigma), base_s, -sigma


def _same_colours(p: Any, s: Any, valid: npt.NDArray[np.bool_]) -> Any:
    """Map the source's colours to the photo's: a quadratic polynomial with slow changes of light, then tone by tone.

    Everything is fitted to the pixels that agree, so that an edit does not pull the colours towards itself.
    """
    import numpy as np

    where = np.flatnonzero(valid)
    where = where[:: max(1, len(where) // SAMPLES)]
    terms = _colour_terms(s)
    source, target = terms.reshape(-1, terms.shape[-1])[where], p.reshape(-1, 3)[where]
    inside = (target > CLIPPED).all(axis=1) & (target < 255 - CLIPPED).all(axis=1)
    keep = inside if inside.mean() > 0.2 else np.ones(len(where), bool)
    usable = keep
    ridge = RIDGE * len(where) * np.eye(source.shape[1])
    prior = np.zeros((source.shape[1], 3))
    prior[1:4] = 255.0 * np.eye(3)
    coefficients = prior
    for _ in range(ROUNDS):
        a, b = source[keep], target[keep]
        coefficients = np.linalg.solve(a.T @ a + ridge, a.T @ b + ridge @ prior)
        error = np.abs(source @ coefficients - target).max(axis=1)
        keep = usable & (error <= max(6.0, 2.5 * float(np.median(error[usable]))))
    out = np.clip(terms @ coefficients.astype(np.float32), 0, 255).astype(np.float32)
    out = _same_tones(p, out, valid)
    return np.clip(_same_light(p, out, valid), 0, 255)


def _colour_terms(rgb: Any) -> Any:
    """Return 1, the channels, their products, and grey times slow functions of the place: (rows, columns, 15)."""
    import numpy as np

    r, g, b = (rgb[..., i] / np.float32(255) for i in range(3))
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in rgb.shape[:2])
    y, x = np.broadcast_arrays(y[:, None], x[None, :])
    grey = (r + g + b) / 3
    slow = [grey * f for f in (x, y, x * x, y * y, x * y)]
    return np.stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, g * b, r * b, *slow], axis=-1)


def _same_tones(p: Any, s: Any, valid: npt.NDArray[np.bool_]) -> Any:
    """Follow what curves leave: per channel, the median difference at each tone, where many pixels have it."""
    import numpy as np

    out = s.copy()
    edges = np.linspace(0, 255, TONES + 1)
    for c in range(3):
        x, gap = s[..., c][valid], (p[..., c] - s[..., c])[valid]
        tone = np.clip(np.digitize(x, edges) - 1, 0, TONES - 1)
        enough = np.bincount(tone, minlength=TONES) >= TONE_SHARE * len(x)
        shift = [float(np.median(gap[tone == t])) if enough[t] else 0.0 for t in range(TONES)]
        limited = np.clip(shift, -TONE_SHIFT, TONE_SHIFT)
        out[..., c] += np.interp(s[..., c], (edges[1:] + edges[:-1]) / 2, limited)
    return out


def _same_light(p: Any, s: Any, valid: npt.NDArray[np.bool_]) -> Any:
    """Follow slow changes of brightness, as of a photographed screen, by medians of large blocks."""
    import cv2
    import numpy as np

    height, width = valid.shape
    offsets = np.zeros((CELLS, CELLS, 3), np.float32)
    for i in range(CELLS):
        for j in range(CELLS):
            window = (
                slice(i * height // CELLS, (i + 1) * height // CELLS),
                slice(j * width // CELLS, (j + 1) * width // CELLS),
            )
            inside = valid[window]
            if inside.sum() >= 200:
                offsets[i, j] = np.median((p[window] - s[window])[inside], axis=0)
    smooth = cv2.resize(cv2.medianBlur(offsets, 3), (width, height), interpolation=cv2.INTER_LINEAR)
    return s + smooth


def _residual(p: Any, s: Any) -> Any:
    """Return by how much the photo leaves the range that the source has within a pixel, and the other way round."""
    import cv2
    import numpy as np

    around = np.ones((3, 3), np.uint8)

    def outside(a: Any, b: Any) -> Any:
        return np.maximum(np.maximum(a - cv2.dilate(b, around), cv2.erode(b, around) - a), 0)

    both = np.maximum(outside(p, s), outside(s, p))
    return np.sqrt((both * both).mean(axis=2)).astype(np.float32)


def _relative(residual: npt.NDArray[np.float32], s: Any, valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Divide the residual by what places of like structure have: edges misfit and ring more than walls do."""
    import cv2
    import numpy as np

    grey = s.mean(axis=2)
    structure = cv2.GaussianBlur(
        np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)), (0, 0), 2.0
    )
    inside = structure[valid]
    edges = np.quantile(inside, np.linspace(0, 1, BINS + 1))
    centres = (edges[1:] + edges[:-1]) / 2
    classes = np.clip(np.searchsorted(edges, inside, side="right") - 1, 0, BINS - 1)
    values = residual[valid]
    expected = np.array([np.quantile(values[classes == k], 0.6) if (classes == k).any() else 0 for k in range(BINS)])
    allowed = FLOOR + np.interp(structure, centres, np.maximum.accumulate(expected))
    smooth = cv2.GaussianBlur(np.where(valid, residual, 0).astype(np.float32), (0, 0), SPREAD)
    return np.where(valid, smooth / allowed, 0).astype(np.float32)
