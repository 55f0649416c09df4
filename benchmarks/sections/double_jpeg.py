"""Compression traces under control: double JPEG by quality pair and size, pasted grids, and false alarms."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

import fakeproof as fp
from benchmarks.frame import Options, Table
from benchmarks.material.data import Row, rows, split
from fakeproof.evidence.metrics import wilson
from fakeproof.evidence.pixels import pixel_auc

QUALITIES = (50, 60, 70, 80, 90)
SECOND = (50, 60, 70, 80, 90, 100)
SIDES = (64, 128, 256, 512)
PHOTO_SIDE = 1024
GRID_PHOTO_SIDE = 512
ALARM_QUALITIES = (50, 58, 66, 74, 82, 90, 98)
ALARM_SIZE = (640, 480)
DETECTORS = tuple(d.name for d in fp.edited.detectors() if ".saves." in d.run.__module__)

# Bianchi & Piva 2012, tables III, IV (aligned) and VI, VII (not aligned): the better of both maps, half of a
# 1024 x 1024 picture altered. Rows first quality 50-90, columns second quality 50-100.
ALIGNED = (
    (0.509, 0.948, 0.995, 0.999, 0.999, 0.999),
    (0.745, 0.503, 0.957, 0.997, 0.999, 0.999),
    (0.784, 0.828, 0.502, 0.988, 0.999, 0.999),
    (0.659, 0.640, 0.778, 0.501, 0.995, 0.993),
    (0.540, 0.530, 0.549, 0.621, 0.505, 0.987),
)
SHIFTED = (
    (0.542, 0.729, 0.924, 0.992, 0.998, 0.999),
    (0.497, 0.546, 0.808, 0.975, 0.995, 0.999),
    (0.499, 0.498, 0.557, 0.920, 0.993, 0.999),
    (0.501, 0.502, 0.496, 0.537, 0.955, 0.990),
    (0.499, 0.498, 0.495, 0.496, 0.500, 0.972),
)

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def run(options: Options) -> list[Table]:
    """Return the tables of this section."""
    everything = replace(options, limit=None)  # a limit on the set would take files that are no originals
    photos = [r for r in rows(everything, need="camera") if r.role in ("original", "natural")]
    photos = [r for r in photos if r.path.suffix.lower() in (".jpg", ".jpeg")]
    limit = options.limit or len(photos)
    large = [p for p in (_fresh(r, PHOTO_SIDE) for r in photos) if p is not None][: max(2, limit // 3)]
    tables = [
        _controlled(large, shifted=False, side=256),
        _controlled(large, shifted=True, side=256),
        _controlled(large, shifted=True, side=512),
        _by_side(large),
        _pasted_grids(photos[:limit]),
    ]
    return [*tables, _false_alarms(photos[:limit])]


def _save(rgb: Pixels, quality: int, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, kind, **({"quality": quality} if kind == "JPEG" else {}))
    return out.getvalue()


def _saved(rgb: Pixels, quality: int) -> Pixels:
    with Image.open(io.BytesIO(_save(rgb, quality))) as image:
        return np.array(image.convert("RGB"))


def _fresh(row: Row, side: int) -> Pixels | None:
    """Return the photo's middle at half size or less: the reduction wipes the camera's own JPEG save."""
    with Image.open(row.path) as image:
        scale = min(image.size) / side
        if scale < 1.2:
            return None
        shrink = min(scale, 2.0)
        size = (int(image.width / shrink), int(image.height / shrink))
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    left, top = (small.width - side) // 2, (small.height - side) // 2
    return np.array(small)[top : top + side, left : left + side]


def _altered(rgb: Pixels, first: int, second: int, mask: Mask, shifted: bool) -> bytes:
    """Aligned: the rest was saved before, the place was not. Shifted: the place was saved before on another grid."""
    if shifted:
        earlier = _saved(np.pad(rgb, ((5, 3), (3, 5), (0, 0)), mode="edge"), first)[5:-3, 3:-5]
        return _save(np.where(mask[..., None], earlier, rgb), second)
    return _save(np.where(mask[..., None], rgb, _saved(rgb, first)), second)


def _square(shape: tuple[int, ...], side: int) -> Mask:
    mask = np.zeros(shape[:2], bool)
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    mask[top // 8 * 8 : top // 8 * 8 + side, left // 8 * 8 : left // 8 * 8 + side] = True
    return mask


def _auc(rgb: Pixels, first: int, second: int, mask: Mask, shifted: bool) -> float:
    photo = fp.Photo.from_bytes(_altered(rgb, first, second, mask, shifted))
    finding = fp.edited.double_jpeg(photo)
    return pixel_auc(finding.heatmap, mask) if finding else float("nan")


def _controlled(photos: list[Pixels], *, shifted: bool, side: int) -> Table:
    """Squares in 1024 px: 256 px as in the 2011 paper, and 512 px; the 2012 tables altered half of the picture."""
    title = f"{'not aligned' if shifted else 'aligned'}, {side} px"
    table = Table(
        f"Double JPEG, {title}: pixel AUC (published)",
        ["first \\ second", *map(str, SECOND)],
        note=f"{len(photos)} camera photos, reduced and cut to 1024 px; altered square {side} px. In brackets the better "
        "of the two maps of Bianchi & Piva 2012, who altered half of the picture.",
    )
    published = SHIFTED if shifted else ALIGNED
    below = []
    for i, first in enumerate(QUALITIES):
        cells: list[object] = [first]
        for j, second in enumerate(SECOND):
            if not photos:
                cells.append(None)
                continue
            mask = _square(photos[0].shape, side)
            value = float(np.nanmean([_auc(p, first, second, mask, shifted) for p in photos]))
            cells.append(f"{value:.3f} ({published[i][j]:.3f})")
            if value < published[i][j] - 0.01:
                below.append(f"{first}/{second} {value:.3f} against {published[i][j]:.3f}")
        table.rows.append(cells)
    if below:
        table.shortfalls.append(f"double JPEG {title}, more than .01 below the published AUC: {'; '.join(below)}.")
    return table


def _by_side(photos: list[Pixels]) -> Table:
    table = Table(
        "Double JPEG by size of the altered square: pixel AUC, and places decided",
        ["side", "pair", "aligned AUC", "aligned found", "shifted AUC", "shifted found"],
        note=f"{len(photos)} photos of 1024 px.",
    )
    for side in SIDES:
        for first, second in ((60, 90), (75, 85), (90, 75)):
            cells: list[object] = [side, f"{first}/{second}"]
            for shifted in (False, True):
                aucs, found = [], 0
                for rgb in photos:
                    mask = _square(rgb.shape, side)
                    finding = fp.edited.double_jpeg(fp.Photo.from_bytes(_altered(rgb, first, second, mask, shifted)))
                    aucs.append(pixel_auc(finding.heatmap, mask))
                    found += bool(finding.supports and (finding.mask & mask).any())
                cells += [float(np.nanmean(aucs)) if aucs else None, str(wilson(found, len(photos)))]
            table.rows.append(cells)
    return table


def _pasted_grids(photos: list[Row]) -> Table:
    """Paste a shifted square of a decoded JPEG into it, or nothing, and store it as PNG."""
    table = Table("jpeg_grid in 512 px PNGs", ["quality", "side", "half", "found", "false alarms without paste"])
    for half in ("train", "unseen"):
        chosen = [r for r in photos if split(r) == half]
        bases = [b for b in (_fresh(r, GRID_PHOTO_SIDE) for r in chosen) if b is not None]
        for quality in (70, 80, 90, 95):
            for side in (128, 192, 256):
                found = alarms = 0
                for number, base in enumerate(bases):
                    rng = np.random.default_rng([number, quality, side])
                    host = _saved(base, quality)
                    place, origin = _shift(rng, side)
                    edited = host.copy()
                    edited[place[0] : place[0] + side, place[1] : place[1] + side] = host[
                        origin[0] : origin[0] + side, origin[1] : origin[1] + side
                    ]
                    finding = fp.edited.jpeg_grid(fp.Photo.from_bytes(_save(edited, 0, "PNG")))
                    mask = np.zeros(host.shape[:2], bool)
                    mask[place[0] : place[0] + side, place[1] : place[1] + side] = True
                    found += bool(finding.supports and (finding.mask & mask).sum() > 0.25 * mask.sum())
                    alarms += side == 128 and bool(
                        fp.edited.jpeg_grid(fp.Photo.from_bytes(_save(host, 0, "PNG"))).supports
                    )
                rate = wilson(found, len(bases))
                clean = wilson(alarms, len(bases)) if side == 128 else None
                table.rows.append([quality, side, half, str(rate), str(clean) if clean else None])
                if half == "unseen" and bases and rate.value < 0.95:
                    table.shortfalls.append(
                        f"jpeg_grid finds {rate} of {side} px pastes at quality {quality} (target .95)."
                    )
    return table


def _shift(rng: np.random.Generator, side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return a place and an origin whose distance is no multiple of 8 in both directions."""
    room = GRID_PHOTO_SIDE - side
    while True:
        y, x, v, u = (int(n) for n in rng.integers(0, room + 1, 4))
        if (y - v) % 8 or (x - u) % 8:
            return (y, x), (v, u)


def _cases(row: Row, pairs: list[tuple[int, int]]) -> Iterator[bytes]:
    """Yield the photo's middle, on its own grid, saved once and twice, the second time also cropped."""
    with Image.open(row.path) as image:
        width, height = (min(a, b) // 8 * 8 for a, b in zip(image.size, ALARM_SIZE, strict=True))
        left, top = (image.width - width) // 2 // 8 * 8, (image.height - height) // 2 // 8 * 8
        rgb = np.array(image.convert("RGB").crop((left, top, left + width, top + height)))
    for first, second in pairs:
        if not first:
            yield _save(rgb, second)
            continue
        again = _saved(rgb, first)
        yield _save(again, second)
        yield _save(again[5:, 3:], second)


def _false_alarms(photos: list[Row]) -> Table:
    """Every photo meets a seventh of the pairs, drawn by its name, so that all pairs are met."""
    table = Table(
        "False alarms on camera originals saved once and twice",
        ["detector", "half", "saves", "alarms", "rate"],
        note=f"Middles of {ALARM_SIZE[0]} x {ALARM_SIZE[1]} px; qualities {ALARM_QUALITIES}, the second save on the same "
        "grid and after cropping 3 x 5 px.",
    )
    pairs = [(a, b) for a in (0, *ALARM_QUALITIES) for b in ALARM_QUALITIES]
    for half in ("train", "unseen"):
        chosen = [r for r in photos if split(r) == half]
        alarms, looked = dict.fromkeys(DETECTORS, 0), 0
        for row in chosen:
            offset = hashlib.sha256(row.path.name.encode()).digest()[0] % 4
            for data in _cases(row, pairs[offset::4]):
                photo = fp.Photo.from_bytes(data)
                looked += 1
                for name in DETECTORS:
                    finding = getattr(fp.edited, name)(photo)
                    alarms[name] += bool(finding and finding.supports)
        for name in DETECTORS:
            rate = wilson(alarms[name], looked)
            table.rows.append([name, half, looked, alarms[name], str(rate)])
            if looked and rate.value > 0.01:
                table.shortfalls.append(f"{name} accuses {rate} of untouched {half} saves (target .01).")
    return table
