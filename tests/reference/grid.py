"""Plain twins of fakeproof._kernels.grid, written from the paper's definitions."""

from fractions import Fraction
from math import comb

import numpy as np

from tests.reference.dct import blocks

NO_VOTE = 255


def grid_votes(luma):
    """Each pixel keeps the vote of the covering block with most zeros; ties and constant blocks do not vote."""
    height, width = luma.shape
    most = np.full((height, width), -1)
    votes = np.full((height, width), NO_VOTE)
    every = np.abs(blocks(luma, 0, 0, 1)) < 0.5
    zeros = every.sum(axis=(2, 3)) - every[:, :, 0, 0]
    for y in range(height - 7):
        for x in range(width - 7):
            block = luma[y : y + 8, x : x + 8]
            flat = (block == block[:, :1]).all() or (block == block[:1]).all()
            here, vote = most[y : y + 8, x : x + 8], votes[y : y + 8, x : x + 8]
            more = zeros[y, x] > here
            vote[zeros[y, x] == here] = NO_VOTE
            vote[more] = NO_VOTE if flat else x % 8 + 8 * (y % 8)
            here[more] = zeros[y, x]
    votes[:7] = votes[-7:] = NO_VOTE
    votes[:, :7] = votes[:, -7:] = NO_VOTE
    return votes


def vote_regions(votes, skip, min_votes):
    """Flood fill over the elected blocks of each grid; rows as the kernel's, sorted."""
    found = []
    for grid in range(64):
        if skip[grid]:
            continue
        elected = {}
        for y, x in np.argwhere(votes == grid):
            block = (int(y - (y - grid // 8) % 8), int(x - (x - grid) % 8))
            elected[block] = elected.get(block, 0) + 1
        while elected:
            first = min(elected)
            todo, region, total = [first], [], 0
            while todo:
                block = todo.pop()
                if block in elected:
                    total += elected.pop(block)
                    region.append(block)
                    todo += [(block[0] + dy, block[1] + dx) for dy in (-8, 0, 8) for dx in (-8, 0, 8)]
            if total >= min_votes:
                ys, xs = zip(*region, strict=True)
                found.append((grid, total, min(xs), min(ys), max(xs) + 8, max(ys) + 8))
    return sorted(found)


def binomial_tail(k, n, p):
    """Exact P(Binomial(n, p) >= k) as a fraction."""
    p = Fraction(p)
    return sum((comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(max(k, 0), n + 1)), Fraction(0))
