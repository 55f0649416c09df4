"""Whether two pictures that a transform lays over each other agree pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.geometry.warp import apply, warp

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.keypoints import WorkingPicture

__all__ = ["Alignment", "block_alignment", "register"]

BLOCK = 32
"""Working pixels a block; smaller where the overlap is small, never below 12."""
SMALLEST_BLOCK = 12
BLOCKS_ACROSS = 8
"""Blocks wanted across a small overlap."""
SMOOTHING = 2.0
"""Gaussian sigma, working pixels: forgives JPEG, resampling and a pixel of misfit."""
STRUCTURED = 4.0
"""Standard deviation, grey levels, from which a block has something to compare."""
RESEMBLES = 0.7
"""Normalised correlation from which a block resembles: prints bent around a bottle still reach it."""
AGREES = 0.9
"""Correlation from which a block agrees: on registered copies .95 of what resembles (train half, benchmarks web)."""
FIRM = 0.95
"""Correlation that copies reach wherever nothing covers them; on prints photographed anew it fades towards the edge."""
SHOWS, ALMOST, FADES, DIFFERS = 1.0, 0.3, -1.0, -1.5
"""What a block adds to the rectangle that shows the source, if it agrees firmly, agrees, resembles, or does not: half a
block of a neighbour must not be worth including."""
CLEAR = 0.9
"""Share of agreeing blocks from which there is nothing to register."""
HOPELESS = 0.3
"""Share of resembling blocks below which displacements of blocks say nothing."""
ROUNDS = 2
TRACKED = 96
"""Blocks, most structured first, whose displacement is measured."""
REACH = 5
"""A block is looked for within its size divided by this."""
FOUND = 0.6
"""Correlation from which a displaced block counts as found."""
DISPLACED_PX = 1.0
"""Largest error, working pixels, of a displacement that agrees with the correction."""
LEAST_TRACKED = 6


@dataclass(frozen=True)
class Alignment:
    """How well two laid-over pictures agree.

    Parameters
    ----------
    fraction : float
        Share of the structured blocks that agree, 0-1.
    blocks : int
        Structured blocks in the overlap; flat ones agree with anything and are left out.
    correlation : float
        Their median correlation.
    firm : float
        Blocks that agree firmly over those that resemble at all: near 1 on a copy, where a block is either the same or
        covered, lower on a print that was photographed, where agreement fades.
    spread : float
        Share of the overlap, by area, that the agreeing blocks span.
    shown : float
        Share of the blocks inside the rectangle that shows the source, where it was cropped and then placed beside
        others, as in a collage.
    shown_fraction, shown_firm : float
        Share of that rectangle's blocks that agree, and that agree firmly.
    outside : float
        Share of the agreeing blocks that lie outside the rectangle.
    """

    fraction: float
    blocks: int
    correlation: float
    firm: float = 0.0
    spread: float = 0.0
    shown: float = 0.0
    shown_fraction: float = 0.0
    shown_firm: float = 0.0
    outside: float = 0.0


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Structured blocks: their size, row and column, correlation and structure; and the two smoothed pictures."""

    size: int
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    correlation: npt.NDArray[np.float32]
    structure: npt.NDArray[np.float32]
    moved: npt.NDArray[np.float32]
    still: npt.NDArray[np.float32]
    area: int

    def share(self, least: float) -> float:
        return float((self.correlation > least).mean()) if len(self.correlation) else 0.0


def block_alignment(a: WorkingPicture, b: WorkingPicture, matrix: npt.NDArray[np.float64]) -> Alignment:
    """Lay `a` over `b` by `matrix` (working pixels) and compare blocks."""
    return _summary(_blocks(a, b, matrix))


def register(
    a: WorkingPicture, b: WorkingPicture, matrix: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], Alignment]:
    """Correct a transform by the displacement of blocks; return it with the alignment that it gives.

    Keypoints at low resolution place a small copy up to some pixels wrong, which costs more correlation than any
    re-encoding. One homography takes that out of a flat copy, but not the bend of a bottle or the depth of a scene,
    so that what agrees only roughly afterwards was photographed anew.
    """
    best = _blocks(a, b, matrix)
    tried = best
    for _ in range(ROUNDS):
        if tried.share(AGREES) >= CLEAR or tried.share(RESEMBLES) < HOPELESS:
            break
        correction = _correction(tried)
        if correction is None:
            break
        moved = correction @ matrix
        tried = _blocks(a, b, moved)
        # A correction that pushes the source out of the photo leaves few blocks, and those few agree easily.
        if tried.share(AGREES) <= best.share(AGREES) or len(tried.row) < 0.7 * len(best.row):
            break
        matrix, best = moved / moved[2, 2], tried
    return matrix, _summary(best)


def _blocks(a: WorkingPicture, b: WorkingPicture, matrix: npt.NDArray[np.float64]) -> _Blocks:
    import cv2
    import numpy as np

    moved, inside = warp(a.grey, matrix, b.size)
    area = int(inside.sum())
    size = int(np.clip(np.sqrt(area) / BLOCKS_ACROSS, SMALLEST_BLOCK, BLOCK))
    sigma = SMOOTHING * size / BLOCK
    x: Any
    y: Any
    x = cv2.GaussianBlur(moved.astype(np.float32), (0, 0), sigma)
    y = cv2.GaussianBlur(b.grey.astype(np.float32), (0, 0), sigma)
    rows, columns = inside.shape[0] // size, inside.shape[1] // size

    def tiles(image: Any) -> Any:
        cut = image[: rows * size, : columns * size].reshape(rows, size, columns, size)
        return cut.swapaxes(1, 2).reshape(rows * columns, size * size)

    whole = np.flatnonzero(tiles(inside).all(axis=1))
    p, q = tiles(x)[whole], tiles(y)[whole]
    p, q = p - p.mean(axis=1, keepdims=True), q - q.mean(axis=1, keepdims=True)
    dp, dq = np.sqrt((p * p).mean(axis=1)), np.sqrt((q * q).mean(axis=1))
    some = np.maximum(dp, dq) >= STRUCTURED
    correlation = (p * q).mean(axis=1)[some] / np.maximum(dp * dq, 1.0)[some]
    row, column = np.divmod(whole[some], max(1, columns))
    return _Blocks(size, row, column, correlation, np.minimum(dp, dq)[some], x, y, area)


def _summary(blocks: _Blocks) -> Alignment:
    import numpy as np

    correlation = blocks.correlation
    if not len(correlation):
        return Alignment(0.0, 0, 0.0)
    agrees = correlation > AGREES
    inside = _shown(blocks)
    return Alignment(
        fraction=float(agrees.mean()),
        blocks=len(correlation),
        correlation=float(np.median(correlation)),
        firm=blocks.share(FIRM) / max(blocks.share(RESEMBLES), 1e-9),
        spread=_spread(blocks, agrees),
        shown=float(inside.mean()),
        shown_fraction=float(agrees[inside].mean()) if inside.any() else 0.0,
        shown_firm=float((correlation[inside] > FIRM).mean()) if inside.any() else 0.0,
        outside=float((agrees & ~inside).sum() / max(1, agrees.sum())),
    )


def _shown(blocks: _Blocks) -> npt.NDArray[np.bool_]:
    """Return which blocks lie in the rectangle where agreement outweighs the rest by most."""
    import numpy as np

    levels = [blocks.correlation > least for least in (FIRM, AGREES, RESEMBLES)]
    value = np.select(levels, [SHOWS, ALMOST, FADES], DIFFERS)
    grid = np.zeros((int(blocks.row.max()) + 2, int(blocks.column.max()) + 2))
    grid[blocks.row + 1, blocks.column + 1] = value
    total = grid.cumsum(axis=0).cumsum(axis=1)
    top, bottom = np.triu_indices(len(total), 1)
    run = total[bottom] - total[top]
    lowest = np.minimum.accumulate(run, axis=1)
    k, right = np.unravel_index((run - lowest).argmax(), run.shape)
    left = int(run[k, : right + 1].argmin())
    rows = (blocks.row >= top[k]) & (blocks.row < bottom[k])
    inside: npt.NDArray[np.bool_] = rows & (blocks.column >= left) & (blocks.column < right)
    return inside


def _spread(blocks: _Blocks, agrees: npt.NDArray[np.bool_]) -> float:
    """Share of the overlap inside the convex hull of the blocks that agree."""
    import cv2
    import numpy as np

    if not agrees.any():
        return 0.0
    row, column = blocks.row[agrees], blocks.column[agrees]
    corner = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    points = (np.column_stack([column, row])[:, None] + corner).reshape(-1, 2) * blocks.size
    return min(1.0, cv2.contourArea(cv2.convexHull(points.astype(np.float32))) / max(blocks.area, 1))


def _correction(blocks: _Blocks) -> npt.NDArray[np.float64] | None:
    """Return the homography that most displacements of blocks agree with."""
    import cv2
    import numpy as np

    size, reach = blocks.size, max(2, blocks.size // REACH)
    height, width = blocks.still.shape
    at, to = [], []
    for k in np.argsort(-blocks.structure, kind="stable")[:TRACKED]:
        y, x = int(blocks.row[k]) * size, int(blocks.column[k]) * size
        if min(x, y) < reach or y + size + reach > height or x + size + reach > width:
            continue
        place = blocks.still[y - reach : y + size + reach, x - reach : x + size + reach]
        likeness = cv2.matchTemplate(place, blocks.moved[y : y + size, x : x + size], cv2.TM_CCOEFF_NORMED)
        i, j = np.unravel_index(likeness.argmax(), likeness.shape)
        if likeness[i, j] < FOUND or not (0 < i < 2 * reach and 0 < j < 2 * reach):
            continue
        centre = (x + (size - 1) / 2, y + (size - 1) / 2)
        at.append(centre)
        to.append(
            (
                centre[0] + j - reach + _vertex(likeness[i, j - 1 : j + 2]),
                centre[1] + i - reach + _vertex(likeness[i - 1 : i + 2, j]),
            )
        )
    if len(at) < LEAST_TRACKED:
        return None
    source, target = np.array(at, np.float32), np.array(to, np.float32)
    if len(at) >= 2 * LEAST_TRACKED:
        matrix: Any = cv2.findHomography(source, target, cv2.RANSAC, DISPLACED_PX)[0]
    else:
        affine: Any = cv2.estimateAffine2D(source, target, ransacReprojThreshold=DISPLACED_PX)[0]
        matrix = None if affine is None else np.vstack([affine, [0.0, 0.0, 1.0]])
    if matrix is None or not np.isfinite(apply(matrix, source)).all():
        return None
    return np.asarray(matrix, np.float64)


def _vertex(three: Any) -> float:
    """Where the parabola through three values has its top, -0.5 to 0.5 of a step from the middle."""
    low, middle, high = (float(v) for v in three)
    bend = low - 2 * middle + high
    return 0.5 * (low - high) / bend if bend < -1e-9 else 0.0
