"""The cells of a collage: straight cuts from one side of the photo, or of a cell, to the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeproof.edited.marks.mark import Grey

__all__ = ["Cell", "cells"]

LEAST_CELL = 0.12
"""Shortest side of a cell as a share of the photo's."""
GAP_SPREAD = 3.0
"""Largest luma deviation along a separator of one colour."""
CUT_SHARE = 0.85
"""Share of a line on which the luma jumps, and beside which it does not."""
JUMP = 12
MOST_DEPTH = 2


@dataclass(frozen=True)
class Cell:
    """A rectangle of the photo: left, top, right, bottom in working pixels."""

    left: int
    top: int
    right: int
    bottom: int


def cells(luma: Grey) -> list[Cell]:
    """Return the cells of a collage in reading order; a single one where there is none."""
    whole = Cell(0, 0, luma.shape[1], luma.shape[0])
    return _divided(luma, whole, luma.shape, 0)


def _divided(luma: Grey, cell: Cell, shape: tuple[int, ...], depth: int) -> list[Cell]:
    if depth > MOST_DEPTH:
        return [cell]
    part = luma[cell.top : cell.bottom, cell.left : cell.right]
    for across in (False, True):
        lines = _cuts(part.T if across else part, LEAST_CELL * shape[1 if across else 0])
        if not lines:
            continue
        edges = [0, *[v for pair in lines for v in pair], part.shape[1 if across else 0]]
        spans = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 4]
        if across:
            parts = [Cell(cell.left + a, cell.top, cell.left + b, cell.bottom) for a, b in spans]
        else:
            parts = [Cell(cell.left, cell.top + a, cell.right, cell.top + b) for a, b in spans]
        return [c for p in parts for c in _divided(luma, p, shape, depth + 1)]
    return [cell]


def _cuts(part: npt.NDArray[np.uint8], least: float) -> list[tuple[int, int]]:
    """Return where rows of one colour, or a jump along a whole row, divide a part: (last row before, first after)."""
    height = part.shape[0]
    if height < 2 * least or part.shape[1] < 32:
        return []
    found = [*_gaps(part), *_jumps(part)]
    out: list[tuple[int, int]] = []
    for top, bottom in sorted(found):
        before = out[-1][1] if out else 0
        if top - before >= least and height - bottom >= least:
            out.append((top, bottom))
    return out


def _gaps(part: npt.NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return bands of rows of one colour with jumps on both sides."""
    plain = part.std(axis=1) <= GAP_SPREAD
    edges = np.flatnonzero(np.diff(np.concatenate([[False], plain, [False]]).astype(np.int8)))
    found = []
    for top, bottom in zip(edges[::2], edges[1::2], strict=True):
        if not 2 <= bottom - top <= 0.1 * len(part) or top < 4 or bottom > len(part) - 4:
            continue
        tone = float(part[top:bottom].mean())
        sides = [
            np.abs(part[row].astype(np.float32) - tone) for row in (max(0, top - 3), min(len(part) - 1, bottom + 2))
        ]
        if min(float((s >= JUMP).mean()) for s in sides) >= 0.7:
            found.append((int(top), int(bottom)))
    return found


def _jumps(part: npt.NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return rows across which the luma jumps nearly everywhere, and does not one step before or after.

    A chat app's smaller copy spreads the jump over two rows, so the difference is taken over two.
    """
    values = part.astype(np.int16)
    wide = np.abs(values[2:] - values[:-2])
    share = (wide >= JUMP).mean(axis=1)
    calm = np.abs(values[1:] - values[:-1])
    found = []
    for row in np.flatnonzero(share >= CUT_SHARE):
        above, below = calm[max(0, row - 5) : max(1, row - 1)], calm[row + 3 : row + 7]
        if not len(above) or not len(below) or share[row] < share[max(0, row - 2) : row + 3].max():
            continue
        quiet = max(float((above >= JUMP).mean()), float((below >= JUMP).mean()))
        if quiet <= 0.35:
            found.append((int(row) + 1, int(row) + 2))
    return found
