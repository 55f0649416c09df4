"""Plain twins of fakeproof._kernels.noise."""

import numpy as np


def cell_histograms(luma, use, symmetry, cell, every, step):
    height, width = luma.shape
    rows, columns = height // cell, width // cell
    level_x, level_y = np.ones((height, width), int), np.ones((height, width), int)
    rx = luma[:, :-3] - 3 * luma[:, 1:-2] + 3 * luma[:, 2:-1] - luma[:, 3:]
    ry = luma[:-3] - 3 * luma[1:-2] + 3 * luma[2:-1] - luma[3:]
    level_x[:, 1:-2] = 1 + (rx >= step / 2) - (rx <= -step / 2).astype(int)
    level_y[1:-2] = 1 + (ry >= step / 2) - (ry <= -step / 2).astype(int)
    out = np.zeros((rows, columns, 2, symmetry.max() + 1))
    for y in range(1, min(rows * cell, height - 5), every):
        for x in range(1, min(columns * cell, width - 5)):
            if not use[y, x]:
                continue
            for plane, level in ((0, level_x[y, x : x + 4]), (0, level_y[y : y + 4, x]),
                                 (1, level_x[y : y + 4, x]), (1, level_y[y, x : x + 4])):  # fmt: skip
                word = int("".join(map(str, level)), 3)
                out[y // cell, x // cell, plane, symmetry[word]] += 1
    return out


def window_features(counts, window, least):
    pooled = np.lib.stride_tricks.sliding_window_view(counts, (window, window), axis=(0, 1)).sum(axis=(-2, -1))
    valid = pooled.sum(axis=-1) > least
    return np.sqrt(pooled[valid] / pooled[valid].sum(axis=-1, keepdims=True)), valid
