"""Was the photo saved as JPEG twice, and which places once less, or once more, than the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fakeproof.detector import detector, own_map
from fakeproof.edited.block_maps import Place, block_heatmap, block_places, box_mean, outlines, to_mask
from fakeproof.edited.marks.aside import aside_cells, cleared
from fakeproof.edited.planes import ijg_table, jpeg_planes
from fakeproof.edited.saves.first_save import FREQUENCIES, FirstSave, estimate_first_save, ratio_by_block
from fakeproof.edited.saves.shifted_grid import FLOOR, ShiftedGrid, shifted_grid
from fakeproof.edited.saves.shifted_save import estimate_shifted_save, shifted_ratio
from fakeproof.findings import Finding, NotApplicable
from fakeproof.heatmaps import BlockHeatmap
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["double_jpeg"]

Plane = npt.NDArray[np.float32]

MIN_SIDE = 128
"""Pixels; below, the histograms have too few values."""
WINDOW = 5
LEAST_SEEN = 0.5
"""Share of a window that must not be left out."""
"""Blocks (40 px) over which a place's evidence is pooled."""
NATS_PER_LOG10 = 2.302585
CANDIDATE = 1.0
"""log10 likelihood ratio at which a pooled block belongs to a place."""
MISJUDGED = 3.0
"""log10 likelihood ratio that a place's mean reaches in untouched photos where first steps were misjudged: large weak
places come from texture in photos saved three times, real ones rise above it (4 to 40)."""
DECISION = 16.0
"""Strength of a place at which the photo is called edited: none of 1,044 untouched photos of the training half, saved
up to three times, reached it (collected by benchmarks/training/localize.py)."""
MIN_BLOCKS = 16
"""Blocks (32 x 32 px) that make a place."""
MAX_SHARE = 0.5
"""Share of the photo above which a place is the photo's own history."""
MAX_CLIPPED = 0.05
"""Share of clipped pixels above which a block says nothing: clipping wipes the first save's steps."""
WHOLE_SHARE = 0.5
"""Share of blocks above which an earlier save is the whole photo's."""
DOUBTFUL_SHARE = 0.3
"""Share from which the places may show that it is more than half after all."""
QUALITY_RANGE = (30, 99)
FEWEST_FOR_CODEC = 5
"""Frequencies with a first step from which a table and one step for all can be told apart."""


@dataclass(frozen=True)
class _Evidence:
    """A pooled map in log10 units in displayed pixels' blocks, and the places that it shows."""

    heat: Plane
    origin: tuple[int, int]
    places: list[Place]
    kind: str


def _load_rare_kernels(photo: Photo) -> None:
    """Call what is called only after a first or a shifted save was found."""
    import numpy as np

    from fakeproof._kernels.dct import placed_dct
    from fakeproof._kernels.double_jpeg import block_ratio, phase_sums, wrapped_ratio

    frequencies, tables = np.ones((1, 2), np.int64), np.zeros((1, 256), np.float32)
    placed_dct(photo.luma, np.zeros((1, 2), np.int64))
    phase_sums(np.zeros(8, np.float32), np.ones(1, np.int64))
    wrapped_ratio(photo.luma, (0, 0), frequencies, np.ones(1, np.float32), tables)
    if photo.jpeg is not None:
        block_ratio(photo.jpeg.coefficients()[0], frequencies, tables)


@detector(
    version=2,
    category=Category.EDITED,
    least_side=MIN_SIDE,
    maps={"double_jpeg": own_map},
    warm_up=_load_rare_kernels,
    cost_ms=110,
)
def double_jpeg(photo: Photo, /) -> Finding | NotApplicable:
    """Find whether the photo was saved twice, and places whose number of saves differs.

    On the photo's own grid the histogram of each quantised frequency is explained by one save or by two; the first
    step is estimated for each frequency, the share of twice saved blocks for all together. On the best of the shifted
    grids, coefficients cluster around multiples of an earlier step. Where most of the photo was saved twice, a place
    saved once stands out, and the other way round.

    It sees pastes and repainted parts in a photo whose first save was coarser than, or at least as coarse as, its
    last; and parts pasted from a coarser JPEG. It sees nothing when the first and last steps are equal, when the last
    save is much coarser, after a resize between the saves, in flat parts, and where the first save was AVIF's or HEIC's
    (one step for all frequencies), which looks altered from place to place. Two saves by themselves are no sign of
    an edit: chat apps and galleries save again.

    Parameters
    ----------
    photo : Photo

    Returns
    -------
    Finding
        `heatmap`: log10 likelihood ratio of another number of saves than the rest, pooled over 5 x 5 blocks; 0 where
        nothing can be said. `score`: the strongest place's mean ratio above 3, times the square root of its blocks;
        0 without such a place. `facts`: ``saved_twice``, ``first_quality`` (nearest IJG quality of the first steps, or None),
        ``second_quality``, ``share`` (of blocks saved twice), ``gain`` (nats), ``first_steps``, ``shifted_grid``,
        ``shifted_strength``, ``shifted_quality``, ``video_codec`` (whether one step fits all frequencies: AVIF or HEIC).
    NotApplicable
        When the photo's shorter side is below 128 px.

    References
    ----------
    Bianchi & Piva 2012, "Image forgery localization via block-grained analysis of JPEG artifacts",
    doi:10.1109/TIFS.2012.2187516; Lin et al. 2009, doi:10.1016/j.patcog.2009.03.019. Here the reference distribution
    is smoothed on a logarithmic scale, the share is common to all frequencies, zeros are left out, and the shifted
    grid is found by summing all frequencies in cells of 64 px, not by the DC alone over the whole photo.

    Examples
    --------
    >>> from skimage import data
    >>> import fakeproof as fp
    >>> fp.edited.double_jpeg(fp.Photo.from_array(data.coffee())).facts["saved_twice"]
    False
    """
    first, twice, evidence = _aligned(photo)
    shifted = shifted_grid(photo)
    if shifted.local:
        evidence += _shifted(photo, shifted)
    mask = to_mask(np.zeros((0, 0), bool), (0, 0), photo.size)
    score = 0.0
    for part in evidence:
        for place in part.places:
            strength = float(max(0.0, place.mean - MISJUDGED) * np.sqrt(place.blocks))
            score = max(score, strength)
            if strength >= DECISION:
                mask = mask | to_mask(place.mask, part.origin, photo.size)
    decided = bool(mask.any())
    return Finding(
        score=score,
        supports=Category.EDITED if decided else None,
        sentence=_sentence(twice, decided),
        mask=mask,
        heatmap=_heatmap(evidence, photo.size),
        regions=outlines(mask, trace="double_jpeg"),
        facts=_facts(photo, first, twice, shifted),
    )


def _heatmap(evidence: list[_Evidence], size: tuple[int, int]) -> Plane | BlockHeatmap:
    """Return the sum of the maps, each on its own grid; one alone stays by block."""
    maps = [block_heatmap(part.heat, part.origin, size) for part in evidence]
    if len(maps) < 2:
        return maps[0] if maps else block_heatmap(np.zeros((0, 0), np.float32), (0, 0), size)
    total = maps[0].picture() + maps[1].picture()
    total.flags.writeable = False
    return total


def _aligned(photo: Photo) -> tuple[FirstSave | None, bool, list[_Evidence]]:
    """Return the fit, whether most of the photo was saved twice, and the places that were not like the most."""
    jpeg = photo.jpeg
    if jpeg is None or jpeg.colour not in ("grey", "ycc") or jpeg.damaged:
        return None, False, []
    blocks, plane = jpeg.coefficients()[0], jpeg.luma_plane()
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    if blocks.shape[0] < rows or blocks.shape[1] < columns:
        return None, False, []  # luma stored below full size: nothing of the kind is written by cameras
    first = estimate_first_save(blocks, jpeg.quantization[0], _stored_luma(photo))
    if not first.steps or _by_video_codec(first.steps):
        return first, False, []
    ratio = ratio_by_block(first, blocks)[:rows, :columns]
    twice = mostly_twice(ratio, first.share)
    if twice:
        ratio = -ratio
    planes = jpeg_planes(photo)
    upright = np.where(planes.clipped > MAX_CLIPPED, 0, jpeg.upright(ratio)).astype(np.float32)
    return first, twice, [_pool(photo, upright, planes.origin, "aligned")]


def mostly_twice(ratio: Plane, share: float) -> bool:
    """Return whether most of the photo was saved twice, by the fitted share; a doubtful one is settled by the places.

    Blocks that say little pull the share down, never up.
    """
    if not DOUBTFUL_SHARE <= share < WHOLE_SHARE:
        return share >= WHOLE_SHARE
    mean, _ = box_mean(ratio, np.ones_like(ratio), WINDOW)
    limit = CANDIDATE * NATS_PER_LOG10 / WINDOW
    twice, once = int((mean > limit).sum()), int((mean < -limit).sum())
    return twice > once


def _stored_luma(photo: Photo) -> Plane:
    """Return luma as stored; the photo's own view where nothing turns it."""
    if photo.orientation == 1 or photo.jpeg is None:
        return photo.luma
    # Read-only as the photo's own view is: another kind of array would have another kernel compiled.
    plane = photo.jpeg.luma_plane().astype(np.float32)
    plane.flags.writeable = False
    return plane


def _shifted(photo: Photo, shifted: ShiftedGrid) -> list[_Evidence]:
    luma = jpeg_planes(photo).luma
    found = estimate_shifted_save(luma, shifted)
    if not found.steps or _by_video_codec(found.steps):
        return []
    ratio = shifted_ratio(found, luma, shifted.grid)
    return [_pool(photo, ratio, shifted.grid[::-1], "shifted")]


def _pool(photo: Photo, ratio: Plane, origin: tuple[int, int], kind: str) -> _Evidence:
    """Pool over the window as if one block in WINDOW were independent: neighbours share their content."""
    left_out = aside_cells(photo, ratio.shape, origin=origin)
    weight = np.ones_like(ratio) if left_out is None else (~left_out).astype(np.float32)
    mean, mass = box_mean(ratio, weight, WINDOW)
    heat = mean * (WINDOW / NATS_PER_LOG10)
    if left_out is not None:
        heat[mass < LEAST_SEEN * WINDOW * WINDOW] = 0
    heat = cleared(photo, heat.astype(np.float32), origin)
    places = [p for p in block_places(heat, CANDIDATE, min_blocks=MIN_BLOCKS) if p.blocks <= MAX_SHARE * heat.size]
    return _Evidence(heat.astype(np.float32), origin, places, kind)


def _quality_of(steps: dict[int, int]) -> int | None:
    """Return the IJG quality whose steps are nearest, or None where they fit none within a tenth."""
    if len(steps) < 3:
        return None
    best, misfit = _nearest_quality(steps, np.median)
    return best if misfit < 0.1 else None


def _nearest_quality(steps: dict[int, int], middle: Callable[[Plane], Any]) -> tuple[int, float]:
    seen = np.array(list(steps.values()), float)
    places = FREQUENCIES[list(steps)]
    misfit = {
        q: float(middle(np.abs(np.log(seen / ijg_table(q)[places[:, 0], places[:, 1]]))))
        for q in range(QUALITY_RANGE[0], QUALITY_RANGE[1] + 1)
    }
    best = min(misfit, key=lambda q: misfit[q])
    return best, misfit[best]


def _by_video_codec(steps: dict[int, int]) -> bool:
    """Return whether one step for all frequencies explains the first save better than any JPEG table does.

    AVIF and HEIC quantise that way, in transforms of several sizes: where one has 8 x 8 px, a block looks saved twice,
    elsewhere once. That differs from place to place in every such photo, and is no sign of an edit.
    """
    if len(steps) < FEWEST_FOR_CODEC:
        return False
    logs = np.log(np.array(list(steps.values()), float))
    return float(np.mean(np.abs(logs - np.median(logs)))) < _nearest_quality(steps, np.mean)[1]


def _facts(photo: Photo, first: FirstSave | None, twice: bool, shifted: ShiftedGrid) -> dict[str, Any]:
    believed = shifted.strength >= FLOOR
    steps = first.steps if first else {}
    codec = _by_video_codec(steps)
    return {
        "saved_twice": twice or shifted.global_,
        "video_codec": codec,
        "first_quality": None if codec else _quality_of(steps) if steps else shifted.quality if believed else None,
        "second_quality": photo.jpeg.quality if photo.jpeg else None,
        "share": first.share if steps and first else 0.0,
        "gain": round(first.gain, 1) if first else 0.0,
        "first_steps": {f"{FREQUENCIES[f][0]},{FREQUENCIES[f][1]}": step for f, step in steps.items()},
        "shifted_grid": shifted.grid if believed else None,
        "shifted_strength": round(shifted.strength, 2),
        "shifted_quality": shifted.quality if believed else None,
        "shifted_share": round(shifted.share, 3),
    }


def _sentence(twice: bool, decided: bool) -> Phrase:
    return phrase(f"double_jpeg.{'places' if decided else 'whole' if twice else 'nothing'}")
