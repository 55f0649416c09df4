"""Spectra of small tiles: where a screen's pixel grid, its moiré, or the dots of a print stand out of a photo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BANDS", "TILE", "Peak", "TileSpectra", "peaks_of", "spectral_features", "tile_spectra"]

Plane = npt.NDArray[np.float32]

TILE = 128
"""Side, px, of a tile: long enough to part a grid of 3 px from its neighbours, short enough that moiré keeps its pitch."""
BANDS = ((0.04, 0.09), (0.09, 0.16), (0.16, 0.25), (0.25, 0.36), (0.36, 0.5))
"""Bands of frequency, cycles per pixel."""
FLOOR = 1e-2 * TILE * TILE
"""Power below which nothing is measured: rounding to whole grey levels alone gives about eight times as much."""
RINGS = 64
"""Whole frequencies, each a ring whose median stands for what the content has there anyhow."""
HIGH = 2.5
"""Natural logarithm of power over the ring's median from which a place of the spectrum counts as standing out."""
CLEAR_OF_DC = 0.06
"""Cycles per pixel below which the content itself fills the axes."""
NEAR_LATTICE = 1.01 / TILE
"""Half width, cycles per pixel, of what is left out around the frequencies k/8 on the axes: JPEG's own block edges."""


class Peak(NamedTuple):
    """A place that stands out of a tile's spectrum: cycles per pixel across and down, and ln power over its ring."""

    across: float
    down: float
    height: float


@dataclass(frozen=True)
class TileSpectra:
    """What tiles of one plane have over their rings' medians.

    `excess` and `level` are natural logarithms of power: shape (tiles, 128, 65) over the ring's median, and (tiles, 64)
    the median itself. `spread` is each tile's standard deviation, `corners` its (row, column).
    """

    excess: Plane
    level: Plane
    spread: npt.NDArray[np.float32]
    corners: tuple[tuple[int, int], ...]


class _Ground(NamedTuple):
    window: Plane
    ring: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    bands: tuple[npt.NDArray[np.bool_], ...]
    upright: npt.NDArray[np.bool_]
    level: npt.NDArray[np.bool_]
    clear: npt.NDArray[np.bool_]


@cache
def _ground() -> _Ground:
    """Return what every tile is measured with: the window, the rings, and the bands without JPEG's lattice."""
    window = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
    down, across = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None]
    radius = np.hypot(down, across)
    ring = np.clip((radius * TILE).round().astype(int), 0, RINGS - 1)
    upright, level = np.abs(across) < 1.5 / TILE, np.abs(down) < 1.5 / TILE
    lattice = (upright & _eighth(down)) | (level & _eighth(across))
    order = np.argsort(ring.ravel(), kind="stable")
    starts = np.searchsorted(ring.ravel()[order], np.arange(RINGS + 1))
    bands = tuple((radius >= low) & (radius < high) & ~lattice for low, high in BANDS)
    clear = (radius > CLEAR_OF_DC) & ~lattice
    shape = ring.shape
    return _Ground(
        window, ring, order, starts, bands, np.broadcast_to(upright, shape), np.broadcast_to(level, shape), clear
    )


def _eighth(frequency: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    near = np.abs(frequency - np.round(frequency * 8) / 8) < NEAR_LATTICE
    return np.asarray(near & (np.abs(frequency) > 0.05), np.bool_)


def tile_spectra(plane: Plane, *, most: int) -> TileSpectra:
    """Measure at most `most` tiles of a plane, spread evenly over it; both sides must reach 128 px."""
    import cv2
    import scipy.fft

    ground = _ground()
    corners = _corners(plane.shape[0], plane.shape[1], most)
    tiles = np.stack([plane[y : y + TILE, x : x + TILE] for y, x in corners])
    spread = tiles.std(axis=(1, 2))
    tiles = (tiles - tiles.mean(axis=(1, 2), keepdims=True)) * ground.window
    power = np.abs(scipy.fft.rfft2(tiles, axes=(1, 2))) ** 2 + np.float32(FLOOR)
    log = np.stack([cv2.blur(spectrum, (3, 3)) for spectrum in np.log(power)])
    level = _ring_medians(log)
    return TileSpectra(log - level[:, ground.ring], level, spread, corners)


def _corners(height: int, width: int, most: int) -> tuple[tuple[int, int], ...]:
    rows, columns = max(1, height // TILE), max(1, width // TILE)
    while rows * columns > most:
        rows, columns = (rows - 1, columns) if rows >= columns else (rows, columns - 1)
    return tuple((y, x) for y in _even(height, rows) for x in _even(width, columns))


def _even(length: int, count: int) -> list[int]:
    room = length - TILE
    return [room // 2] if count == 1 else [int(v) for v in np.linspace(0, room, count).round()]


def _ring_medians(log: Plane) -> Plane:
    ground = _ground()
    flat = log.reshape(len(log), -1)[:, ground.order]
    spans = zip(ground.starts[:-1], ground.starts[1:], strict=True)
    return np.stack([np.median(flat[:, a:b], axis=1) for a, b in spans], axis=1)


def spectral_features(spectra: TileSpectra, name: str) -> dict[str, float]:
    """Return the numbers that the learned part takes of one plane: peaks by band, axes, and the fall of the spectrum."""
    return {f"{name}_{k}": float(v) for k, v in (_peaks(spectra) | _axes(spectra) | _fall(spectra)).items()}


def _peaks(spectra: TileSpectra) -> dict[str, Any]:
    """Peaks of single tiles, and of all together: a screen's grid is the same all over, a fence's is not."""
    mean, out = spectra.excess.mean(axis=0), {}
    for i, band in enumerate(_ground().bands):
        there = spectra.excess[:, band]
        highest = np.sort(there.max(axis=1))
        out[f"peak_max{i}"], out[f"peak_median{i}"] = highest[-1], np.median(highest)
        out[f"peak_most{i}"] = highest[int(0.8 * (len(highest) - 1))]
        out[f"spread{i}"] = np.median(there.std(axis=1))
        out[f"shared_peak{i}"], out[f"shared_spread{i}"] = mean[band].max(), mean[band].std()
        out[f"standing_out{i}"] = (there > HIGH).mean()
    return out


def _axes(spectra: TileSpectra) -> dict[str, Any]:
    mean, ground, out = spectra.excess.mean(axis=0), _ground(), {}
    for name, axis in (("upright", ground.upright), ("level", ground.level)):
        there = mean[axis & ground.clear]
        out[f"{name}_mean"], out[f"{name}_max"] = there.mean(), there.max()
    return out


def _fall(spectra: TileSpectra) -> dict[str, Any]:
    """How power falls with frequency: over all tiles, and over the flattest quarter, where noise and grid are alone."""
    profile = np.median(spectra.level, axis=0)
    low = profile[2:5].mean()
    flattest = np.argsort(spectra.spread)[: max(1, len(spectra.spread) // 4)]
    flat = spectra.level[flattest].mean(axis=0)
    out: dict[str, Any] = {"low": low}
    for i, (a, b) in enumerate(BANDS):
        band = slice(int(a * TILE), int(b * TILE))
        out[f"slope{i}"], out[f"power{i}"] = profile[band].mean() - low, profile[band].mean()
        out[f"flat{i}"] = flat[band].mean()
    out["flat_peak"] = spectra.excess[flattest][:, _ground().clear].max(axis=1).mean()
    out["contrast"] = np.log(np.median(spectra.spread) + 0.1)
    out["contrast_least"] = np.log(spectra.spread.min() + 0.1)
    return out


def peaks_of(excess: Plane, *, least: float, most: int = 6) -> tuple[Peak, ...]:
    """Return the highest separate places of one spectrum, shape (128, 65), that stand out by at least `least`."""
    import cv2

    there = np.where(_ground().clear, excess, -np.inf).astype(np.float32)
    top = (there == cv2.dilate(there, np.ones((7, 7), np.uint8))) & (there >= least)
    rows, columns = np.nonzero(top)
    order = np.argsort(-there[rows, columns], kind="stable")[:most]
    down = np.fft.fftfreq(TILE)
    return tuple(
        Peak(c / TILE, float(down[r]), float(there[r, c])) for r, c in zip(rows[order], columns[order], strict=True)
    )


def strongest(planes: Mapping[str, TileSpectra]) -> tuple[str, int]:
    """Return the plane and the tile whose spectrum has the highest place."""
    clear = _ground().clear
    heights = {name: spectra.excess[:, clear].max(axis=1) for name, spectra in planes.items()}
    name = max(heights, key=lambda n: float(heights[n].max()))
    return name, int(heights[name].argmax())
