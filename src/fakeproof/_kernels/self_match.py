"""The likest few of a table of likenesses, leaving out what lies too near."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel

__all__ = ["likest_elsewhere"]


@kernel
def likest_elsewhere(
    likeness: npt.NDArray[np.float32],
    here: npt.NDArray[np.float32],
    there: npt.NDArray[np.float32],
    least: float,
    top: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the `top` likest columns of each row, best first; the lower index wins a tie.

    Parameters
    ----------
    likeness : ndarray, shape (rows, columns), float32
        Above -1.
    here, there : ndarray, shape (rows, 2) and (columns, 2), float32
        Where rows and columns lie; pairs nearer than `least` px do not count.
    least : float
    top : int

    Returns
    -------
    index : ndarray, shape (rows, top), int64
    value : ndarray, shape (rows, top), float32
        -1 where fewer than `top` columns count.
    """
    rows, columns = likeness.shape
    index = np.zeros((rows, top), np.int64)
    value = np.full((rows, top), np.float32(-1.0), np.float32)
    reach = np.float32(least * least)
    for i in range(rows):
        x, y = here[i, 0], here[i, 1]
        worst = value[i, top - 1]
        for j in range(columns):
            candidate = likeness[i, j]
            if candidate <= worst:
                continue
            across, down = x - there[j, 0], y - there[j, 1]
            if across * across + down * down < reach:
                continue
            rank = top - 1
            while rank > 0 and value[i, rank - 1] < candidate:
                value[i, rank] = value[i, rank - 1]
                index[i, rank] = index[i, rank - 1]
                rank -= 1
            value[i, rank] = candidate
            index[i, rank] = j
            worst = value[i, top - 1]
    return index, value
