"""How well each pixel is predicted by its neighbours: the map in which interpolation shows as a period."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel

__all__ = ["prediction_map"]


@kernel
def prediction_map(luma: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return exp(-e*e) with e the error of Kirchner's fixed predictor, grey levels; 0 at the rim.

    Parameters
    ----------
    luma : ndarray, shape (rows, columns), float32

    Returns
    -------
    ndarray, shape (rows, columns), float32, 0-1
    """
    height, width = luma.shape
    out = np.zeros((height, width), np.float32)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            cross = luma[y - 1, x] + luma[y + 1, x] + luma[y, x - 1] + luma[y, x + 1]
            corners = luma[y - 1, x - 1] + luma[y - 1, x + 1] + luma[y + 1, x - 1] + luma[y + 1, x + 1]
            error = luma[y, x] - np.float32(0.5) * cross + np.float32(0.25) * corners
            out[y, x] = np.exp(-error * error)
    return out
