"""Plain twins of fakeproof._kernels.matching, hamming, voting and hashing."""

import numpy as np


def distances(a, b):
    """All Hamming distances between rows of uint64 words."""
    return np.bitwise_count(a[:, None, :] ^ b[None, :, :]).sum(axis=2).astype(np.int64)


def nearest_two(a, b):
    table = distances(a, b)
    far = 64 * a.shape[1] + 1
    order = np.argsort(table, axis=1, kind="stable")
    first = np.take_along_axis(table, order[:, :1], 1)[:, 0]
    second = np.take_along_axis(table, order[:, 1:2], 1)[:, 0] if b.shape[0] > 1 else np.full(len(a), far)
    return order[:, 0], first, second, table.argmin(axis=0)


def scan(words, queries, radius):
    table = distances(queries, np.stack(words, axis=1))
    return sorted((q, i, table[q, i]) for q, i in zip(*np.nonzero(table <= radius), strict=True))


def nearest_in_spans(words, ends, queries):
    codes, low, out = np.stack(words, axis=1), 0, []
    for end in ends:
        out.append(distances(codes[low:end], queries).min(axis=0) if end > low else np.full(len(queries), 257))
        low = end
    return np.array(out)


def project(grey, start_y, weight_y, start_x, weight_x):
    rows = np.stack([w @ grey[s : s + len(w)].astype(np.float64) for s, w in zip(start_y, weight_y, strict=True)])
    return np.stack([rows[:, s : s + len(w)] @ w for s, w in zip(start_x, weight_x, strict=True)], axis=1)
