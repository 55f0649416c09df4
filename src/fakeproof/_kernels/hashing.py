"""Reduce a picture to the small grid that a perceptual hash is made of, in one pass over its pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from fakeproof._kernels._jit import kernel

__all__ = ["project"]


@kernel
def project(grey: Any, start_y: Any, weight_y: Any, start_x: Any, weight_x: Any) -> Any:
    """Return sums of `grey` (rows, columns) under separable windows, float32 (windows y, windows x).

    Window i of an axis starts at ``start[i]`` and weighs by ``weight[i]`` (windows, length), zero-padded. Columns
    are gathered a row at a time, so that the picture is read once, in order.
    """
    high, wide = start_y.shape[0], start_x.shape[0]
    out = np.zeros((high, wide), np.float32)
    line = np.zeros(grey.shape[1], np.float32)
    for i in range(high):
        line[:] = np.float32(0.0)
        for k in range(weight_y.shape[1]):
            share = weight_y[i, k]
            if share != 0:
                row = grey[start_y[i] + k]
                for x in range(grey.shape[1]):
                    line[x] += share * np.float32(row[x])
        for j in range(wide):
            total = np.float32(0.0)
            for k in range(weight_x.shape[1]):
                share = weight_x[j, k]
                if share != 0:
                    total += share * line[start_x[j] + k]
            out[i, j] = total
    return out
