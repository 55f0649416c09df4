"""Plain twins of fakeproof._kernels.resampling."""

import numpy as np


def prediction_map(luma):
    out = np.zeros(luma.shape)
    p = luma.astype(float)
    cross = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]
    corners = p[:-2, :-2] + p[:-2, 2:] + p[2:, :-2] + p[2:, 2:]
    out[1:-1, 1:-1] = np.exp(-((p[1:-1, 1:-1] - 0.5 * cross + 0.25 * corners) ** 2))
    return out
