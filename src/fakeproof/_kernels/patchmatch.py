"""Dense nearest-neighbour field of a picture with itself by PatchMatch, deterministic.

Barnes et al. 2009, doi:10.1145/1531326.1531330; first-order predictors and the use on features instead of patches:
Cozzolino, Poggi & Verdoliva 2015, doi:10.1109/TIFS.2015.2455334.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fakeproof._kernels._jit import kernel

__all__ = ["DEPTH", "match_field", "next_random"]

DEPTH = 12
"""Features a position: a number known when the kernel is compiled halves the time."""
_FAR = np.float32(3.0e38)
_REACHES = 32
"""Room for neighbours' offsets (8 at most) and radii (each a quarter of the one before)."""


@kernel
def next_random(state: np.uint64) -> np.uint64:
    """Return the next state of a xorshift generator (Marsaglia 2003): the same on every machine."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@kernel
def _remainder(state: np.uint64, span: int, inverse: float) -> Any:
    """Return the upper 31 bits modulo `span`; by a multiplication, which costs a tenth of the division."""
    number = np.int64(state >> np.uint64(33))
    rest = number - np.int64(number * inverse) * span
    if rest < 0:
        return rest + span
    return rest - span if rest >= span else rest


@kernel
def _distance(flat: npt.NDArray[np.float32], here: int, there: int) -> np.float32:
    """Return the squared distance of two positions' features, summed in their order."""
    a, b = DEPTH * here, DEPTH * there
    total = np.float32(0.0)
    for k in range(DEPTH):
        d = flat[a + k] - flat[b + k]
        total += d * d
    return total


@kernel
def _start(
    flat: npt.NDArray[np.float32],
    field: npt.NDArray[np.int32],
    cost: npt.NDArray[np.float32],
    least: int,
    state: np.uint64,
    shape: tuple[int, int, int],
) -> np.uint64:
    """Give each position a partner at random, far enough away; the eighth is the last that is tried."""
    rows, columns, stride = shape
    for i in range(cost.shape[0]):
        for j in range(cost.shape[1]):
            y, x = i * stride, j * stride
            cost[i, j] = _FAR
            for _ in range(8):
                state = next_random(state)
                v = int((state >> np.uint64(33)) % np.uint64(rows))
                state = next_random(state)
                u = int((state >> np.uint64(33)) % np.uint64(columns))
                dy, dx = v - y, u - x
                if dy * dy + dx * dx >= least * least:
                    field[i, j, 0], field[i, j, 1] = dy, dx
                    cost[i, j] = _distance(flat, y * columns + x, v * columns + u)
                    break
    return state


@kernel
def _neighbours(field: npt.NDArray[np.int32], y: int, x: int, step: int, offsets: npt.NDArray[np.int64]) -> int:
    """Write the offsets that neighbours already visited in this pass propose; return their number."""
    rows, columns = field.shape[:2]
    number = 0
    for way in range(4):
        # Beside, above, and both diagonals.
        ny = y - step if way != 0 else y
        nx = x - step if way % 2 == 0 else (x + step if way == 3 else x)
        if ny < 0 or nx < 0 or ny >= rows or nx >= columns:
            continue
        dy, dx = int(field[ny, nx, 0]), int(field[ny, nx, 1])
        offsets[number, 0], offsets[number, 1] = dy, dx
        number += 1
        my, mx = 2 * ny - y, 2 * nx - x
        if my >= 0 and mx >= 0 and my < rows and mx < columns:
            # Going on as the last two did follows rotation and scale.
            offsets[number, 0], offsets[number, 1] = 2 * dy - field[my, mx, 0], 2 * dx - field[my, mx, 1]
            number += 1
    return number


@kernel
def _costs(
    flat: npt.NDArray[np.float32],
    place: tuple[int, int, int, int],
    base: tuple[int, int],
    offsets: npt.NDArray[np.int64],
    span: tuple[int, int],
    reach: int,
    out: npt.NDArray[np.float32],
) -> None:
    """Write what the offsets from `span[0]` to `span[1]`, moved by `base`, cost at the place; much where they may not lead.

    No branch depends on a distance, so that a processor fetches the features of all at once.
    """
    y, x, rows, columns = place
    here = y * columns + x
    for k in range(span[0], span[1]):
        dy, dx = base[0] + offsets[k, 0], base[1] + offsets[k, 1]
        v, u = y + dy, x + dx
        inside = (v >= 0) & (u >= 0) & (v < rows) & (u < columns) & (dy * dy + dx * dx >= reach)
        found = _distance(flat, here, v * columns + u if inside else here)
        out[k] = found if inside else _FAR


@kernel
def _improve(
    flat: npt.NDArray[np.float32],
    place: tuple[int, int, int, int],
    start: tuple[int, int, np.float32],
    draws: npt.NDArray[np.int64],
    number: int,
    reach: int,
    found: npt.NDArray[np.float32],
) -> tuple[int, int, np.float32]:
    """Search around the best offset by random moves; those after one that helped start from it."""
    by, bx, best = start
    first = 0
    while first < number:
        _costs(flat, place, (by, bx), draws, (first, number), reach, found)
        last = number
        for k in range(first, number):
            if found[k] < best:
                by, bx, best, last = by + draws[k, 0], bx + draws[k, 1], found[k], k + 1
                break
        first = last
    return by, bx, best


@kernel
def match_field(
    features: npt.NDArray[np.float32], least: int, rounds: int, seed: int, stride: int = 1
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return for positions on a grid the offset to their most similar other position, and the squared distance there.

    Parameters
    ----------
    features : ndarray, shape (rows, columns, 12), float32
    least : int
        Smallest offset length, px.
    rounds : int
        Passes over the picture, alternating in direction.
    seed : int
        Start of the generator, not 0.
    stride : int
        Positions from one of the grid to the next; they may lead to any position, on the grid or off.

    Returns
    -------
    field : ndarray, shape (rows / stride, columns / stride, 2), int32
        (down, right) offsets in positions; sides are rounded up.
    cost : ndarray, shape (rows / stride, columns / stride), float32
    """
    rows, columns = features.shape[0], features.shape[1]
    if features.shape[2] != DEPTH:
        raise ValueError("features must be 12 a position")
    flat = features.reshape(-1)
    down, across = (rows + stride - 1) // stride, (columns + stride - 1) // stride
    field = np.zeros((down, across, 2), np.int32)
    cost = np.empty((down, across), np.float32)
    reach = least * least
    state = _start(flat, field, cost, least, np.uint64(seed), (rows, columns, stride))
    radii, inverse = np.zeros(_REACHES, np.int64), np.zeros(_REACHES, np.float64)
    number, radius = 0, max(rows, columns)
    while radius >= 1:
        radii[number], inverse[number] = radius, 1.0 / (2 * radius + 1)
        number, radius = number + 1, radius // 4
    offsets, found = np.zeros((_REACHES, 2), np.int64), np.zeros(_REACHES, np.float32)
    for turn in range(rounds):
        step = 1 if turn % 2 == 0 else -1
        for i in range(down):
            y = i if step == 1 else down - 1 - i
            for j in range(across):
                x = j if step == 1 else across - 1 - j
                place = (y * stride, x * stride, rows, columns)
                by, bx, best = int(field[y, x, 0]), int(field[y, x, 1]), cost[y, x]
                proposed = _neighbours(field, y, x, step, offsets)
                _costs(flat, place, (0, 0), offsets, (0, proposed), reach, found)
                for k in range(proposed):
                    if found[k] < best:
                        by, bx, best = offsets[k, 0], offsets[k, 1], found[k]
                for k in range(number):
                    for side in range(2):
                        state = next_random(state)
                        offsets[k, side] = _remainder(state, 2 * radii[k] + 1, inverse[k]) - radii[k]
                by, bx, best = _improve(flat, place, (by, bx, best), offsets, number, reach, found)
                field[y, x, 0], field[y, x, 1], cost[y, x] = by, bx, best
    return field, cost
