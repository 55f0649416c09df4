"""What broken transport leaves: rows of blocks that come again, and rows of one colour down to the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fakeproof.edited.marks.mark import MaskPatch

__all__ = ["Damage", "transport_damage"]

STEP = 8
"""Rows of a JPEG's blocks come whole."""
LARGEST = 64
"""Largest strip that is looked for, px."""
EQUAL = 2.5
"""Mean absolute luma difference of rows that are the same, after another save."""
LEAST_DETAIL = 2.5
"""Mean absolute luma difference of neighbouring strips that are not: without detail nothing is told."""
ONE_COLOUR = 1.5
"""Largest deviation of the luma in rows that never came."""


@dataclass(frozen=True)
class Damage:
    """Rows that were lost in transport: `repeated` or `blank`; True per row of the photo."""

    kind: str
    rows: npt.NDArray[np.bool_]

    def mask(self, width: int) -> MaskPatch:
        """Return the rows as a mask."""
        return np.repeat(self.rows[:, None], width, axis=1)


def transport_damage(luma: npt.NDArray[np.floating]) -> tuple[Damage, ...]:
    """Look for damage in a photo's luma, shape (rows, columns)."""
    found = (Damage("repeated", _repeated(luma)), Damage("blank", _blank(luma)))
    return tuple(d for d in found if d.rows.any())


def _blank(luma: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return the rows of one colour that reach the lower rim and begin on a block's edge, as a lost rest does."""
    out = np.zeros(luma.shape[0], bool)
    thin = luma[:, :: max(1, luma.shape[1] // 400)]
    same = (thin.std(axis=1) <= ONE_COLOUR) & (np.abs(thin.mean(axis=1) - thin[-1].mean()) <= ONE_COLOUR)
    start = luma.shape[0] - int(np.argmin(same[::-1])) if not same.all() else luma.shape[0]
    middling = 20 < float(thin[-1].mean()) < 235
    if luma.shape[0] - start >= 16 and middling:
        out[max(0, start - 16) :] = True  # the last row of blocks is often whole only in part
    return out


def _repeated(luma: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return rows that equal those one strip above, where two strips or more follow each other."""
    out = np.zeros(luma.shape[0], bool)
    thin = np.asarray(luma[:, :: max(1, luma.shape[1] // 300)], np.float32)
    half = STEP // 2
    near = np.abs(thin[half:] - thin[:-half]).mean(axis=1)
    rest = np.zeros(half, np.float32)
    # The lesser of the change before and after: a straight edge between two even grounds is no detail.
    detail = np.minimum(np.concatenate([near, rest]), np.concatenate([rest, near]))
    for step in range(STEP, LARGEST + 1, STEP):
        if luma.shape[0] < 3 * step:
            break
        gap = np.abs(thin[step:] - thin[:-step]).mean(axis=1)
        equal = (gap <= EQUAL) & (gap <= 0.3 * detail[step:])
        # A whole strip must agree, apart from rows that have no detail of their own.
        weight = detail[step:] >= LEAST_DETAIL
        for top in _runs(equal | (~weight & (gap <= EQUAL)), step):
            inside = slice(top[0], top[1])
            if (equal & weight)[inside].mean() >= 0.6:
                out[top[0] : top[1] + step] = True
        if out.any():
            break
    return out


def _runs(flag: npt.NDArray[np.bool_], least: int) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flag, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]
