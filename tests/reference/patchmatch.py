"""Plain twins of the dense field: exhaustive search, and affine fits solved one disc at a time."""

import numpy as np

MASK = 2**64 - 1


def xorshift(state):
    """Return the next state of Marsaglia's generator, in Python's integers."""
    state ^= (state << 13) & MASK
    state ^= state >> 7
    return state ^ (state << 17) & MASK


def field_one_by_one(features, least, rounds, seed, stride=1):
    """Return PatchMatch's field and costs, each offset held against the best so far before the next is looked at."""
    rows, columns, depth = features.shape
    down, across = -(-rows // stride), -(-columns // stride)
    field, cost = np.zeros((down, across, 2), np.int32), np.full((down, across), np.float32(3e38))

    def attempt(y, x, dy, dx):
        v, u = y * stride + dy, x * stride + dx
        if not (0 <= v < rows and 0 <= u < columns) or dy * dy + dx * dx < least * least:
            return
        total = np.float32(0)
        for k in range(depth):
            d = features[y * stride, x * stride, k] - features[v, u, k]
            total += d * d
        if total < cost[y, x]:
            cost[y, x], field[y, x] = total, (dy, dx)

    state = seed
    for y, x in np.ndindex(down, across):
        for _ in range(8):
            state = xorshift(state)
            v = (state >> 33) % rows
            state = xorshift(state)
            attempt(y, x, v - y * stride, (state >> 33) % columns - x * stride)
            if cost[y, x] < 1e38:
                break
    for turn in range(rounds):
        step = 1 if turn % 2 == 0 else -1
        for y in range(down)[::step]:
            for x in range(across)[::step]:
                for ny, nx in ((y, x - step), (y - step, x), (y - step, x - step), (y - step, x + step)):
                    if not (0 <= ny < down and 0 <= nx < across):
                        continue
                    dy, dx = (int(v) for v in field[ny, nx])
                    attempt(y, x, dy, dx)
                    my, mx = 2 * ny - y, 2 * nx - x
                    if 0 <= my < down and 0 <= mx < across:
                        attempt(y, x, 2 * dy - int(field[my, mx, 0]), 2 * dx - int(field[my, mx, 1]))
                radius = max(rows, columns)
                while radius >= 1:
                    moves = []
                    for _ in range(2):
                        state = xorshift(state)
                        moves.append((state >> 33) % (2 * radius + 1) - radius)
                    attempt(y, x, int(field[y, x, 0]) + moves[0], int(field[y, x, 1]) + moves[1])
                    radius //= 4
    return field, cost


def nearest(features, least):
    """Return for each position the least squared distance to any other at least `least` px away."""
    rows, columns, depth = features.shape
    y, x = np.mgrid[:rows, :columns]
    at = np.stack([y.ravel(), x.ravel()], axis=1)
    flat = features.reshape(-1, depth).astype(np.float64)
    cost = ((flat[:, None] - flat[None, :]) ** 2).sum(axis=2)
    apart = ((at[:, None] - at[None, :]) ** 2).sum(axis=2)
    cost[apart < least * least] = np.inf
    return cost.min(axis=1).reshape(rows, columns)


def fit_error_at(field, y, x, radius):
    """Return the summed squared residual of the best affine fit of both offset components in a disc."""
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = dy**2 + dx**2 <= radius**2
    design = np.column_stack([np.ones(inside.sum()), dx[inside], dy[inside]])
    total = 0.0
    for k in range(2):
        values = field[y - radius : y + radius + 1, x - radius : x + radius + 1, k][inside].astype(float)
        solution, *_ = np.linalg.lstsq(design, values, rcond=None)
        total += float(((values - design @ solution) ** 2).sum())
    return total
