"""How a photo's blocks stand a second quantisation, each held against the photo's blocks of like texture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fakeproof.edited.block_maps import BlockMap, box_mean
from fakeproof.edited.planes import JpegPlanes, Plane, ijg_table, jpeg_planes
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["SHARED_QUALITIES", "Deviations", "deviations", "photo_deviations", "spread_of"]

TEXTURE_CLASSES = 12
"""Classes of texture in a large photo."""
CLASS_BLOCKS = 60
"""Blocks that a class needs for a median that is steadier than what it judges."""
MIN_TELLING = 4.0
"""Telling coefficients below which a block says nothing."""
MIN_SPREAD = 0.05
"""Floor of a class's spread, in units of an untouched block's loss."""
CLIP = 6.0
"""Deviations beyond this many spreads count as this many: one odd block is not a place."""
WINDOW = 9
"""Blocks (72 px) over which neighbours are averaged; 9 measured best among 5 to 13 on the training halves."""
MIN_MASS = 9.0
"""Telling blocks that a window needs."""
WINDOW_FLOOR = 0.3
"""Floor of the windowed spread: a photo of one texture has next to none."""
SHARED_QUALITIES = (60, 70, 80, 90)
"""Qualities at which both `ela` and `jpeg_ghosts` look unless told otherwise: kept with the photo."""
SAMPLE = 20_000
"""Values from which a map's spread is read; more would only cost time."""


@dataclass(frozen=True)
class Deviations:
    """Windowed deviations by quality, in the photo's own robust standard deviations, on luma's blocks.

    Parameters
    ----------
    luma : float32 (qualities, block rows, block columns)
    joint : float32, same shape
        Luma and both chroma planes averaged before windowing.
    levels : tuple of float
        The photo's median loss by quality, 1 for a photo that was never saved as JPEG.
    shares : tuple of float
        Share of luma blocks that say anything, by quality.
    """

    luma: BlockMap
    joint: BlockMap
    levels: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def telling(self) -> float:
        """Share of luma blocks that say anything at the quality at which most do."""
        return max(self.shares, default=0.0)

    def at(self, number: int) -> Deviations:
        """Return those of one quality, by its place in the order asked for; read-only."""
        part = slice(number, number + 1)
        luma, joint = frozen_array(self.luma[part]), frozen_array(self.joint[part])
        return Deviations(luma, joint, self.levels[part], self.shares[part])


def photo_deviations(photo: Photo, qualities: tuple[int, ...]) -> Deviations:
    """Return :func:`deviations` of a photo; those that another detector asks for as well are computed once."""
    known: dict[int, Deviations] = photo.cached("edited.deviations", dict)
    parts = {q: known[q] for q in qualities if q in known}
    missing = tuple(q for q in dict.fromkeys(qualities) if q not in parts)
    if missing:
        found = deviations(jpeg_planes(photo), missing)
        if missing == qualities:
            known.update({q: found.at(i) for i, q in enumerate(missing) if q in SHARED_QUALITIES})
            return found
        parts |= {q: found.at(i) for i, q in enumerate(missing)}
        known.update({q: parts[q] for q in missing if q in SHARED_QUALITIES})
    ordered = [parts[q] for q in qualities]
    return Deviations(
        luma=np.concatenate([p.luma for p in ordered]),
        joint=np.concatenate([p.joint for p in ordered]),
        levels=tuple(p.levels[0] for p in ordered),
        shares=tuple(p.shares[0] for p in ordered),
    )


def deviations(planes: JpegPlanes, qualities: tuple[int, ...]) -> Deviations:
    """Quantise every block with each IJG quality's tables and compare the losses."""
    single, telling, levels = _deviation(planes.luma, planes.origin, np.stack([ijg_table(q) for q in qualities]))
    total, weight = single.copy(), telling.copy()
    tables = np.stack([ijg_table(q, chroma=True) for q in qualities])
    for plane in (planes.blue, planes.red):
        value, mass, _ = _deviation(plane, planes.chroma_origin, tables)
        value, mass = (a.repeat(2, axis=1).repeat(2, axis=2) for a in (value, mass))
        rows, columns = min(total.shape[1], value.shape[1]), min(total.shape[2], value.shape[2])
        total[:, :rows, :columns] += value[:, :rows, :columns]
        weight[:, :rows, :columns] += mass[:, :rows, :columns]
    total /= np.maximum(weight, 1)
    return Deviations(
        luma=np.stack([_windowed(v, w) for v, w in zip(single, telling, strict=True)]),
        joint=np.stack([_windowed(v, w) for v, w in zip(total, weight, strict=True)]),
        levels=levels,
        shares=tuple(float(v) for v in telling.mean(axis=(1, 2))) if telling.size else (0.0,) * len(qualities),
    )


def _deviation(
    plane: Plane, origin: tuple[int, int], tables: npt.NDArray[np.float32]
) -> tuple[BlockMap, BlockMap, tuple[float, ...]]:
    """Return the clipped deviation and 1 where a block tells anything, by table; and the median losses."""
    from fakeproof._kernels.dct import requantise
    from fakeproof._kernels.ela import texture_baseline

    cost, telling = requantise(plane, origin, 8, tables)
    valid = telling >= MIN_TELLING
    levels = []
    for t in range(len(tables)):
        number = telling[t].astype(np.int64)
        blocks = int(valid[t].sum())
        table = np.empty((2, 64), np.float32)
        texture_baseline(
            cost[t], telling[t], MIN_TELLING, int(np.clip(blocks // CLASS_BLOCKS, 1, TEXTURE_CLASSES)), table
        )
        spread = np.maximum(1.4826 * table[1], MIN_SPREAD)
        loss = cost[t] / np.maximum(telling[t], 1)
        cost[t] = np.clip((loss - table[0][number]) / spread[number], -CLIP, CLIP) * valid[t]
        levels.append(
            float(np.average(table[0], weights=np.bincount(number[valid[t]], minlength=64))) if blocks else 1.0
        )
    return cost, valid.astype(np.float32), tuple(levels)


def _windowed(value: BlockMap, weight: BlockMap) -> BlockMap:
    """Average over the window, then again in units of the photo's own spread: neighbours are not independent."""
    mean, mass = box_mean(value, weight, WINDOW)
    strength = mean * np.sqrt(mass)
    enough = mass >= MIN_MASS
    middle, spread = spread_of(strength[enough])
    return np.where(enough, (strength - middle) / (spread + WINDOW_FLOOR), 0).astype(np.float32)


def spread_of(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Return median and 1.4826 times the median absolute deviation, from an even sample; (0, 1) of nothing."""
    if not values.size:
        return 0.0, 1.0
    values = values[:: max(1, values.size // SAMPLE)]
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))
