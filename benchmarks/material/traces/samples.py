"""One training sample: a photo's part with its history, the share of each cell that was altered, and its luma's DCT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.material.traces.alterations import KINDS
from benchmarks.material.traces.delivery import CHAINS, Saved, deliver, jpeg, scale_of
from benchmarks.material.traces.innocents import MARKS, WHOLE
from benchmarks.material.traces.shapes import BGR, Generator, Mask
from fakeproof.edited.trace_net import Seen, quantised

SIDE = 256
"""Pixels of a training sample, a multiple of 8, unless asked otherwise."""
ALTERED = 0.48
"""Share of samples with an alteration."""
KEPT = 60
"""Samples that wait for their second use."""
TWIN = 0.25
"""Share of altered samples that are given unaltered instead, with everything else alike: hard negatives."""
WHOLE_SHARE = 0.4
"""Share of the samples that are changed as a whole, before or after an alteration."""
MARK_SHARE = 0.12
"""Share of the samples that carry an open mark."""
LARGEST_REDUCTION = 4.5
"""Parts are reduced by up to this: small ones alone lack sky beside leaves, and the net would take sky for retouched."""
SAMPLINGS = ("4:2:0", "4:2:0", "4:2:0", "4:2:2", "4:4:4")


@dataclass(frozen=True)
class Sample:
    """What the net sees of a square of SIDE px, and the share of each cell that was altered."""

    view: Seen
    altered: Mask
    kind: str
    chain: str


def sources(folder: Path, part: str) -> list[npt.NDArray[np.uint8]]:
    """Map the reduced photos of one part (``train`` or ``held``) into memory."""
    return [np.load(path, mmap_mode="r") for path in sorted(folder.glob(f"{part}__*.npy"))]


def stream(
    photos: Sequence[BGR], seed: int, *, chains: Mapping[str, float] = CHAINS, side: int = SIDE
) -> Iterator[Sample]:
    """Yield samples without end, each a second time later, mirrored or turned; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    kept: list[Sample] = []
    while True:
        made = sample(photos, rng, chains=chains, size=side)
        yield made
        if len(kept) < KEPT:
            kept.append(made)
            continue
        place = int(rng.integers(KEPT))
        yield turned(kept[place], rng)
        kept[place] = made


def turned(made: Sample, rng: Generator) -> Sample:
    """Mirror and transpose a sample by chance: the grid stays, and so do the coefficients' sizes."""
    rgb, dct, altered = made.view.rgb, made.view.dct, made.altered
    for axis in (0, 1):
        if rng.random() < 0.5:
            rgb, altered = np.flip(rgb, axis), np.flip(altered, axis)
            dct = None if dct is None else np.flip(dct, axis)
    if rng.random() < 0.5:
        rgb, altered = rgb.swapaxes(0, 1), altered.T
        if dct is not None:
            dct = dct.swapaxes(0, 1).reshape(*altered.shape, 8, 8).swapaxes(2, 3).reshape(*altered.shape, 64)
    own = Seen(np.ascontiguousarray(rgb), None if dct is None else np.ascontiguousarray(dct))
    return replace(made, view=own, altered=np.ascontiguousarray(altered))


def sample(photos: Sequence[BGR], rng: Generator, *, chains: Mapping[str, float] = CHAINS, size: int = SIDE) -> Sample:
    """Make one sample."""
    chain = str(rng.choice(list(chains), p=list(chains.values())))
    scale = scale_of(chain, rng)
    side = int(np.ceil((size + 9) / scale)) + int(rng.integers(0, 9))
    photo = _history(_part(photos, side, rng, old=chain == "old"), rng)
    mask, kind = np.zeros((side, side), np.float32), ""
    if rng.random() < ALTERED:
        kind = str(rng.choice(list(KINDS), p=[share for _, share in KINDS.values()]))
        altered, place = KINDS[kind][0](photo, _part(photos, side, rng, old=chain == "old"), rng)
        if rng.random() < TWIN:
            kind = ""
        else:
            photo, mask = altered, place
    if rng.random() < MARK_SHARE:
        marked = MARKS[int(rng.integers(len(MARKS)))](photo, rng)
        touched = cv2.dilate((marked != photo).any(-1).astype(np.float32), np.ones((3, 3)))
        photo, mask = marked, np.where(touched > 0, 0.0, mask).astype(np.float32)
    if rng.random() < WHOLE_SHARE / 2:
        photo = WHOLE[int(rng.integers(10))](photo, rng)  # none that moves pixels: the mask stays where it is
    if rng.random() < 0.8:
        photo = jpeg(photo, int(rng.integers(82, 100)), str(rng.choice(SAMPLINGS)))
    share, view = _window(deliver(photo, chain, scale, rng), mask, size, rng)
    return Sample(view, share, kind, chain)


def _part(photos: Sequence[BGR], side: int, rng: Generator, *, old: bool) -> BGR:
    """Cut a square from a photo and reduce it; old pictures are reduced a lot."""
    photo = photos[int(rng.integers(len(photos)))]
    factor = rng.uniform(1.6, 3.5) if old else float(np.exp(rng.uniform(0, np.log(LARGEST_REDUCTION))))
    cut = min(int(side * factor), *photo.shape[:2])
    top, left = (int(rng.integers(0, n - cut + 1)) for n in photo.shape[:2])
    part = np.ascontiguousarray(photo[top : top + cut, left : left + cut])
    if rng.random() < 0.5:
        part = np.ascontiguousarray(part[:, ::-1])
    if rng.random() < 0.3:
        part = np.ascontiguousarray(np.rot90(part, int(rng.integers(4))))
    return part if cut == side else cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)


def _history(photo: BGR, rng: Generator) -> BGR:
    """Give the photo the past that an untouched one has: sensor noise, processing, its first save, a crop."""
    if rng.random() < 0.25:
        photo = WHOLE[8](photo, rng)
    if rng.random() < WHOLE_SHARE / 2:
        photo = WHOLE[int(rng.integers(len(WHOLE)))](photo, rng)
    if rng.random() < 0.12:
        return photo
    photo = jpeg(photo, int(rng.integers(70, 99)), str(rng.choice(SAMPLINGS)))
    if rng.random() < 0.25:  # cropped by hand: the first grid no longer fits the last
        down, right = (int(v) for v in rng.integers(0, 8, 2))
        photo = np.ascontiguousarray(np.roll(photo, (down, right), (0, 1)))
    if rng.random() < 0.2:  # sent on before
        photo = jpeg(photo, int(rng.integers(60, 96)))
    return photo


def _window(saved: Saved, mask: Mask, size: int, rng: Generator) -> tuple[Mask, Seen]:
    """Cut a window on the grid; return the altered share of its cells, and what the net sees."""
    height, width = saved.luma.shape
    if mask.shape != saved.luma.shape:
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    top = 8 * int(rng.integers((height - size) // 8 + 1))
    left = 8 * int(rng.integers((width - size) // 8 + 1))
    window = (slice(top, top + size), slice(left, left + size))
    share = mask[window].reshape(size // 8, 8, size // 8, 8).mean((1, 3)).astype(np.float32)
    dct = None if saved.table is None else quantised(saved.luma[window], saved.table)
    return share, Seen(np.ascontiguousarray(saved.pixels[window][..., ::-1]), dct)
