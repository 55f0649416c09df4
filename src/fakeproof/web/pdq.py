"""PDQ, the 256-bit perceptual hash, with its eight turned and mirrored variants from one transform."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["VARIANTS", "pdq_bits"]

GRID = 64
"""Samples a side of the reduced picture."""
ORDER = 16
"""Frequencies kept a side, the constant left out."""
QUALITY_STEP = 90
"""Sum of gradients a quality unit (PDQ's own scale)."""
VARIANTS = ("plain", "rotate90", "rotate180", "rotate270", "flip_rows", "flip_columns", "transpose", "antitranspose")
"""What was done to the picture before hashing; rotations are counter-clockwise."""


@lru_cache(maxsize=64)
def _windows(length: int, factor: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Two box filters of 1/128 of the length, cut at the edges, read at 64 sample points: start and weights.

    For a picture decoded at 1/`factor`, the weights of the `factor` pixels that became one are added up: the windows
    stay those of the full picture.
    """
    import numpy as np

    width = (length + 2 * GRID - 1) // (2 * GRID)
    after = width // 2
    before = width - 1 - after
    low = np.maximum(np.arange(length) - before, 0)
    high = np.minimum(np.arange(length) + after, length - 1)
    samples = np.minimum(((np.arange(GRID) + 0.5) * length / GRID).astype(np.int64), length - 1)
    full = np.zeros((GRID, -(-length // factor) * factor))
    for i, sample in enumerate(samples):
        middles = range(low[sample], high[sample] + 1)
        for middle in middles:
            share = 1.0 / (len(middles) * (high[middle] - low[middle] + 1))
            full[i, low[middle] : high[middle] + 1] += share
    reduced = full.reshape(GRID, -1, factor).sum(axis=2)
    used = reduced > 0
    first = used.argmax(axis=1)
    span = int((reduced.shape[1] - used[:, ::-1].argmax(axis=1) - first).max())
    start = np.minimum(first, reduced.shape[1] - span)
    weight = np.stack([row[s : s + span] for row, s in zip(reduced, start, strict=True)])
    return start, weight.astype(np.float32)


@lru_cache(maxsize=1)
def _cosines() -> npt.NDArray[np.float64]:
    import numpy as np

    k, n = np.arange(1, ORDER + 1)[:, None], np.arange(GRID)[None, :]
    return np.sqrt(2.0 / GRID) * np.cos(np.pi / (2 * GRID) * k * (2 * n + 1))  # type: ignore[no-any-return]


def pdq_bits(grey: Any, *, size: tuple[int, int] | None = None, factor: int = 1) -> tuple[npt.NDArray[np.bool_], int]:
    """Return the bits of all :data:`VARIANTS`, bool (8, 16, 16), and the quality 0-100 of a grey picture.

    Parameters
    ----------
    grey : ndarray, shape (rows, columns), uint8 or float32
        The picture, or the picture at 1/`factor` of its size, each pixel a mean.
    size : tuple of int, optional
        Full width and height, where `factor` is above 1.
    factor : {1, 2, 4, 8}
        The reduction.

    References
    ----------
    Facebook, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019.
    """
    import numpy as np

    from fakeproof._kernels.hashing import project

    width, height = size or (grey.shape[1], grey.shape[0])
    small = project(np.ascontiguousarray(grey), *_windows(height, factor), *_windows(width, factor))
    cosines = _cosines()
    plain = cosines @ small.astype(np.float64) @ cosines.T
    sign = np.where(np.arange(1, ORDER + 1) % 2, -1.0, 1.0)
    rows, columns = plain * sign[:, None], plain * sign[None, :]
    both = rows * sign[None, :]
    turned = (plain, columns.T, both, rows.T, rows, columns, plain.T, both.T)
    bits = np.stack([t > np.partition(t.ravel(), ORDER * ORDER // 2 - 1)[ORDER * ORDER // 2 - 1] for t in turned])
    return bits, _quality(small)


def _quality(small: npt.NDArray[np.float32]) -> int:
    """Sum the steps between neighbouring samples, in percent of the range: featureless pictures score low."""
    import numpy as np

    steps = sum(int(np.abs(np.trunc(np.diff(small, axis=a) * 100 / 255)).sum()) for a in (0, 1))
    return min(100, steps // QUALITY_STEP)
