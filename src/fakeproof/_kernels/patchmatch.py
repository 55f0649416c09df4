"""Dense nearest-neighbour field of a picture with itself by PatchMatch, deterministic.

Barnes et al. 2009, doi:10.1145/1531326.1531330; first-order predictors and the use on features instead of patches:
Cozzolino, Poggi & Verdoliva 2015, doi:10.1109/TIFS.2015.2455334.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel

__all__ = ["match_field", "next_random"]


@kernel
def next_random(state: np.uint64) -> np.uint64:
    """Return the next state of a xorshift generator (Marsaglia 2003): the same on every machine."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@kernel
def _try(
    features: npt.NDArray[np.float32],
    field: npt.NDArray[np.int32],
    cost: npt.NDArray[np.float32],
    y: int,
    x: int,
    dy: int,
    dx: int,
    least: int,
) -> None:
    """Take the offset (dy, dx) at (y, x) if it lies inside, reaches far enough and is better.

    The squared distance is left once it passes the best, looked at every fourth feature: a branch for each costs more
    than the features.
    """
    v, u = y + dy, x + dx
    rows, columns, count = features.shape
    if v < 0 or u < 0 or v >= rows or u >= columns or dy * dy + dx * dx < least * least:
        return
    if dy == field[y, x, 0] and dx == field[y, x, 1]:
        return
    best = cost[y, x]
    total = np.float32(0.0)
    fours = count - count % 4
    for k in range(0, fours, 4):
        for i in range(k, k + 4):
            d = features[y, x, i] - features[v, u, i]
            total += d * d
        if total >= best:
            return
    for i in range(fours, count):
        d = features[y, x, i] - features[v, u, i]
        total += d * d
    if total < best:
        cost[y, x] = total
        field[y, x, 0] = dy
        field[y, x, 1] = dx


@kernel
def _start(
    features: npt.NDArray[np.float32],
    field: npt.NDArray[np.int32],
    cost: npt.NDArray[np.float32],
    least: int,
    state: np.uint64,
) -> np.uint64:
    rows, columns = cost.shape
    for y in range(rows):
        for x in range(columns):
            cost[y, x] = np.float32(3.0e38)
            for _ in range(8):
                state = next_random(state)
                v = int((state >> np.uint64(33)) % np.uint64(rows))
                state = next_random(state)
                u = int((state >> np.uint64(33)) % np.uint64(columns))
                _try(features, field, cost, y, x, v - y, u - x, least)
                if cost[y, x] < np.float32(1.0e38):
                    break
    return state


@kernel
def match_field(
    features: npt.NDArray[np.float32], least: int, rounds: int, seed: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return for each position the offset to its most similar other position, and the squared distance there.

    Parameters
    ----------
    features : ndarray, shape (rows, columns, features), float32
    least : int
        Smallest offset length, px.
    rounds : int
        Passes over the picture, alternating in direction.
    seed : int
        Start of the generator, not 0.

    Returns
    -------
    field : ndarray, shape (rows, columns, 2), int32
        (down, right) offsets.
    cost : ndarray, shape (rows, columns), float32
    """
    rows, columns = features.shape[0], features.shape[1]
    field = np.zeros((rows, columns, 2), np.int32)
    cost = np.empty((rows, columns), np.float32)
    state = _start(features, field, cost, least, np.uint64(seed))
    reach = max(rows, columns)
    for turn in range(rounds):
        step = 1 if turn % 2 == 0 else -1
        for i in range(rows):
            y = i if step == 1 else rows - 1 - i
            for j in range(columns):
                x = j if step == 1 else columns - 1 - j
                tried_y, tried_x = 0, 0
                for way in range(4):
                    # Neighbours already visited in this pass: beside, above, and both diagonals.
                    ny = y - step if way != 0 else y
                    nx = x - step if way % 2 == 0 else (x + step if way == 3 else x)
                    if ny < 0 or nx < 0 or ny >= rows or nx >= columns:
                        continue
                    dy, dx = int(field[ny, nx, 0]), int(field[ny, nx, 1])
                    if dy != tried_y or dx != tried_x:  # neighbours mostly agree
                        _try(features, field, cost, y, x, dy, dx, least)
                        tried_y, tried_x = dy, dx
                    my, mx = 2 * ny - y, 2 * nx - x
                    if my >= 0 and mx >= 0 and my < rows and mx < columns:
                        # Going on as the last two did follows rotation and scale.
                        py, px = 2 * dy - field[my, mx, 0], 2 * dx - field[my, mx, 1]
                        if py != dy or px != dx:
                            _try(features, field, cost, y, x, py, px, least)
                radius = reach
                while radius >= 1:
                    state = next_random(state)
                    dy = field[y, x, 0] + int((state >> np.uint64(33)) % np.uint64(2 * radius + 1)) - radius
                    state = next_random(state)
                    dx = field[y, x, 1] + int((state >> np.uint64(33)) % np.uint64(2 * radius + 1)) - radius
                    _try(features, field, cost, y, x, dy, dx, least)
                    radius //= 4
    return field, cost
