"""Votes for the JPEG grid that each pixel belongs to, their connected regions, and exact binomial tails."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel
from fakeproof._kernels.dct import BASIS

__all__ = ["NO_VOTE", "grid_votes", "log10_binomial_tail", "vote_regions"]

NO_VOTE = 255
_TIE = 64
_POSITION = 127
_ZERO_BELOW = np.float32(0.5)

_A0, _A1, _A2, _A3 = (np.float32(v) for v in BASIS[1, :4])
_B0, _B1, _B2, _B3 = (np.float32(v) for v in BASIS[3, :4])
_C0, _C1, _C2, _C3 = (np.float32(v) for v in BASIS[5, :4])
_D0, _D1, _D2, _D3 = (np.float32(v) for v in BASIS[7, :4])
_E0, _E1 = (np.float32(v) for v in BASIS[2, :2])
_MEAN = np.float32(BASIS[0, 0])


@kernel
def grid_votes(luma: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return each pixel's vote ``x % 8 + 8 * (y % 8)`` for the grid of the block with most zeros, or NO_VOTE.

    Of the 64 blocks that cover a pixel the one with most DCT coefficients below 0.5 wins; a tie, a winner that is
    constant along rows or columns, and the outer 7 pixels have no vote.
    """
    height, width = luma.shape
    votes = np.full((height, width), NO_VOTE, np.uint8)
    if height < 16 or width < 16:
        return votes
    span = width - 7
    # best[y % 8]: the winner among the blocks that start on row y and cover the column
    best = np.zeros((8, width), np.int32)
    pair, quad, whole = np.empty(width, np.int32), np.empty(width, np.int32), np.empty(width, np.int32)
    column = np.empty((8, width), np.float32)
    same_row = np.zeros(width, np.int32)
    same_column = np.zeros(width, np.int32)
    code = np.zeros(width, np.int32)
    for y in range(7):
        _flat_row(luma, y, same_row, same_column)
    for y in range(height - 7):
        _columns(luma, y, column)
        _flat_row(luma, y + 7, same_row, same_column)
        _count_zeros(column, code, span)
        _encode(code, same_row, same_column, y, span)
        _widest(code, pair, quad, best[y % 8], span)
        if y >= 7:
            _tallest(best, whole)
            _read(whole, votes[y], span)
    return votes


@kernel
def _columns(luma: npt.NDArray[np.float32], top: int, out: npt.NDArray[np.float32]) -> None:
    """Write the vertical DCT of every column of eight rows."""
    r0, r1, r2, r3 = luma[top], luma[top + 1], luma[top + 2], luma[top + 3]
    r4, r5, r6, r7 = luma[top + 4], luma[top + 5], luma[top + 6], luma[top + 7]
    f0, f1, f2, f3, f4, f5, f6, f7 = out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7]
    for x in range(luma.shape[1]):
        s0, s1, s2, s3 = r0[x] + r7[x], r1[x] + r6[x], r2[x] + r5[x], r3[x] + r4[x]
        d0, d1, d2, d3 = r0[x] - r7[x], r1[x] - r6[x], r2[x] - r5[x], r3[x] - r4[x]
        p0, p1, m0, m1 = s0 + s3, s1 + s2, s0 - s3, s1 - s2
        f0[x] = _MEAN * (p0 + p1)
        f4[x] = _MEAN * (p0 - p1)
        f2[x] = _E0 * m0 + _E1 * m1
        f6[x] = _E1 * m0 - _E0 * m1
        f1[x] = _A0 * d0 + _A1 * d1 + _A2 * d2 + _A3 * d3
        f3[x] = _B0 * d0 + _B1 * d1 + _B2 * d2 + _B3 * d3
        f5[x] = _C0 * d0 + _C1 * d1 + _C2 * d2 + _C3 * d3
        f7[x] = _D0 * d0 + _D1 * d1 + _D2 * d2 + _D3 * d3


@kernel
def _count_zeros(column: npt.NDArray[np.float32], count: npt.NDArray[np.int32], span: int) -> None:
    """Write how many AC coefficients of each block of the row are below one half."""
    count[:] = 0
    for k in range(8):
        _count_row(column[k], count, span)
    # DC was counted with the others
    first = column[0]
    for x in range(span):
        total = first[x] + first[x + 1] + first[x + 2] + first[x + 3]
        total += first[x + 4] + first[x + 5] + first[x + 6] + first[x + 7]
        count[x] -= np.int32(abs(_MEAN * total) < _ZERO_BELOW)


@kernel
def _count_row(v: npt.NDArray[np.float32], count: npt.NDArray[np.int32], span: int) -> None:
    for x in range(span):
        s0, s1, s2, s3 = v[x] + v[x + 7], v[x + 1] + v[x + 6], v[x + 2] + v[x + 5], v[x + 3] + v[x + 4]
        d0, d1, d2, d3 = v[x] - v[x + 7], v[x + 1] - v[x + 6], v[x + 2] - v[x + 5], v[x + 3] - v[x + 4]
        p0, p1, m0, m1 = s0 + s3, s1 + s2, s0 - s3, s1 - s2
        n = np.int32(abs(_MEAN * (p0 + p1)) < _ZERO_BELOW)
        n += np.int32(abs(_MEAN * (p0 - p1)) < _ZERO_BELOW)
        n += np.int32(abs(_E0 * m0 + _E1 * m1) < _ZERO_BELOW)
        n += np.int32(abs(_E1 * m0 - _E0 * m1) < _ZERO_BELOW)
        n += np.int32(abs(_A0 * d0 + _A1 * d1 + _A2 * d2 + _A3 * d3) < _ZERO_BELOW)
        n += np.int32(abs(_B0 * d0 + _B1 * d1 + _B2 * d2 + _B3 * d3) < _ZERO_BELOW)
        n += np.int32(abs(_C0 * d0 + _C1 * d1 + _C2 * d2 + _C3 * d3) < _ZERO_BELOW)
        n += np.int32(abs(_D0 * d0 + _D1 * d1 + _D2 * d2 + _D3 * d3) < _ZERO_BELOW)
        count[x] += n


@kernel
def _flat_row(
    luma: npt.NDArray[np.float32], y: int, same_row: npt.NDArray[np.int32], same_column: npt.NDArray[np.int32]
) -> None:
    """Advance by row y: rows whose 8 pixels from x are equal, and pixels equal to the one above, both in a run."""
    width = luma.shape[1]
    row = luma[y]
    run = 0
    for x in range(width - 1, -1, -1):
        run = run + 1 if x + 1 < width and row[x] == row[x + 1] else 0
        same_row[x] = same_row[x] + 1 if run >= 7 else 0
    if y > 0:
        above = luma[y - 1]
        for x in range(width):
            same_column[x] = same_column[x] + 1 if row[x] == above[x] else 0


@kernel
def _encode(
    code: npt.NDArray[np.int32],
    same_row: npt.NDArray[np.int32],
    same_column: npt.NDArray[np.int32],
    y: int,
    span: int,
) -> None:
    """Turn counts into count * 128 + position, with position 64 where a constant block must not vote."""
    run = 0
    for x in range(7):
        run = run + 1 if same_column[x] >= 7 else 0
    for x in range(span):
        run = run + 1 if same_column[x + 7] >= 7 else 0
        flat = same_row[x] >= 8 or run >= 8
        code[x] = code[x] * 128 + (_TIE if flat else (x % 8) + 8 * (y % 8))


@kernel
def _better(a: int, b: int) -> int:
    """Return the code with more zeros, or a tie."""
    first, second = a >> 7, b >> 7
    winner = a if first > second else b
    return a | _TIE if first == second else winner


@kernel
def _widest(
    code: npt.NDArray[np.int32],
    pair: npt.NDArray[np.int32],
    quad: npt.NDArray[np.int32],
    out: npt.NDArray[np.int32],
    span: int,
) -> None:
    """Write at x + 7 the winner among the blocks that start at x to x + 7, by windows of 2, 4 and 8."""
    for x in range(span - 1):
        pair[x] = _better(code[x], code[x + 1])
    for x in range(span - 3):
        quad[x] = _better(pair[x], pair[x + 2])
    for x in range(span - 7):
        out[x + 7] = _better(quad[x], quad[x + 4])


@kernel
def _tallest(best: npt.NDArray[np.int32], out: npt.NDArray[np.int32]) -> None:
    for x in range(out.size):
        a = _better(_better(best[0, x], best[1, x]), _better(best[2, x], best[3, x]))
        b = _better(_better(best[4, x], best[5, x]), _better(best[6, x], best[7, x]))
        out[x] = _better(a, b)


@kernel
def _read(whole: npt.NDArray[np.int32], votes: npt.NDArray[np.uint8], span: int) -> None:
    for x in range(7, span):
        position = whole[x] & _POSITION
        votes[x] = NO_VOTE if position >= _TIE else position


@kernel
def _root(parent: npt.NDArray[np.int32], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _elect(votes: npt.NDArray[np.uint8], skip: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Return, at each block's first pixel, how many pixels voted for it."""
    height, width = votes.shape
    elected = np.zeros((height, width), np.uint8)
    for y in range(7, height - 7):
        for x in range(7, width - 7):
            vote = int(votes[y, x])
            if vote != NO_VOTE and not skip[vote]:
                elected[y - ((y - vote // 8) & 7), x - ((x - vote) & 7)] += 1
    return elected


@kernel
def _join(elected: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the elected blocks' places in the flat photo, and a forest in which touching ones of a grid share a root."""
    height, width = elected.shape
    at = np.empty(np.count_nonzero(elected[: height - 7, : width - 7]), np.int32)
    parent = np.empty(at.size, np.int32)
    # The numbers of the blocks on this row and the eight above; a photo's worth would take four times its memory.
    recent = np.full((9, width), -1, np.int32)
    node = 0
    for y in range(height - 7):
        here, above = recent[y % 9], recent[(y + 1) % 9]
        here[:] = -1
        for x in range(width - 7):
            if elected[y, x] == 0:
                continue
            at[node], parent[node], here[x] = y * width + x, node, node
            if x >= 8:
                _unite(parent, node, here[x - 8])
                _unite(parent, node, above[x - 8])
            _unite(parent, node, above[x])
            if x + 8 < width:
                _unite(parent, node, above[x + 8])
            node += 1
    return at, parent


@kernel
def _unite(parent: npt.NDArray[np.int32], node: int, other: int) -> None:
    if other >= 0:
        a, b = _root(parent, node), _root(parent, other)
        parent[max(a, b)] = min(a, b)


@kernel
def vote_regions(votes: npt.NDArray[np.uint8], skip: npt.NDArray[np.bool_], min_votes: int) -> npt.NDArray[np.int32]:
    """Return the regions of blocks that neighbouring pixels of one vote elect, one row each.

    Blocks of one grid are neighbours when they touch, also at a corner. `skip` (64,) names grids to leave out.
    Columns: grid, votes, left, top, right, bottom (pixels, exclusive ends).
    """
    width = votes.shape[1]
    elected = _elect(votes, skip)
    at, parent = _join(elected)
    size = np.zeros(parent.size, np.int32)
    count = elected.reshape(-1)
    for node in range(parent.size):
        size[_root(parent, node)] += count[at[node]]
    number = np.full(parent.size, -1, np.int32)
    keep = 0
    for node in range(size.size):
        if size[node] >= min_votes:
            number[node] = keep
            keep += 1
    out = np.zeros((keep, 6), np.int32)
    for node in range(parent.size):
        n = number[_root(parent, node)]
        if n < 0:
            continue
        y, x = at[node] // width, at[node] % width
        if out[n, 1] == 0:
            out[n] = np.array([(x % 8) + 8 * (y % 8), 0, x, y, x + 8, y + 8], np.int32)
        out[n, 1] += count[at[node]]
        out[n, 2], out[n, 3] = min(out[n, 2], x), min(out[n, 3], y)
        out[n, 4], out[n, 5] = max(out[n, 4], x + 8), max(out[n, 5], y + 8)
    return out


@kernel
def log10_binomial_tail(k: int, n: int, p: float) -> float:
    """Return log10 of P(Binomial(n, p) >= k), exact to rounding however small it is.

    Above the mean the terms fall and are summed from k upwards; below it the other side is summed and taken from 1.
    """
    if k <= 0:
        return 0.0
    if k > n:
        return -np.inf
    upward = k > n * p
    i = k if upward else k - 1
    start = math.lgamma(n + 1.0) - math.lgamma(i + 1.0) - math.lgamma(n - i + 1.0)
    start += i * math.log(p) + (n - i) * math.log1p(-p)
    odds = p / (1.0 - p)
    total, term = 1.0, 1.0
    while (i < n if upward else i > 0) and term > 1e-17 * total:
        if upward:
            term *= (n - i) / (i + 1.0) * odds
            i += 1
        else:
            term *= i / ((n - i + 1.0) * odds)
            i -= 1
        total += term
    tail = start + math.log(total)
    return tail / math.log(10.0) if upward else math.log1p(-min(math.exp(tail), 1.0)) / math.log(10.0)
