"""The altered places of a photo as they would be circled: collected from the findings, numbered once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fakeproof.findings import Finding, Region, frozen_array
from fakeproof.types import Category

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.types import Mask

__all__ = ["Places", "altered_places"]

LOCALIZER = "localize"
SAME_PLACE = 0.5
"""Share of the smaller of two outlines that lies in the other, from which both are one place (our choice)."""
GRID = 512
"""Long side, cells, on which outlines are compared; finer than any circle that people see."""
MAX_PLACES = 9
"""Places that are circled: more cannot be told apart in one picture."""


@dataclass(frozen=True, eq=False)
class Places:
    """Regions with their numbers, strongest first; a mask where some detector drew one."""

    regions: tuple[Region, ...] = ()
    mask: Mask | None = None


def altered_places(findings: Sequence[Finding], size: tuple[int, int]) -> Places:
    """Collect the places that detectors decided on: the fused ones first, then what others add.

    Parameters
    ----------
    findings : sequence of Finding
        Those of one photo.
    size : tuple of int
        (width, height) of the photo, px.

    Returns
    -------
    Places
        Regions labelled ``"1"``, ``"2"``…; the parts of a copied pair share a number: ``"2a"``, ``"2b"``.
    """
    deciding = [f for f in findings if f.supports is Category.EDITED and f.regions]
    deciding.sort(key=lambda f: f.detector != LOCALIZER)
    chosen: list[list[Region]] = []
    for finding in deciding:
        for group in _groups(finding):
            if len(chosen) < MAX_PLACES and not _merged(group, chosen, size):
                chosen.append(group)
    regions = tuple(r for number, group in enumerate(chosen, 1) for r in _numbered(group, number))
    return Places(regions=regions, mask=_mask(deciding, regions, size))


def _groups(finding: Finding) -> list[list[Region]]:
    """Regions whose labels share a number belong together: a copy and its origin."""
    groups: dict[str, list[Region]] = {}
    for i, region in enumerate(finding.regions):
        region = region if region.traces else replace(region, traces=(finding.detector,))
        number = region.label.rstrip("abcdefghijklmnopqrstuvwxyz")
        paired = bool(number) and number != region.label
        groups.setdefault(number if paired else f"single {i}", []).append(region)
    return list(groups.values())


def _merged(group: list[Region], chosen: list[list[Region]], size: tuple[int, int]) -> bool:
    """Add a lone region's traces to the place where it already lies; pairs replace the lone places in them."""
    if len(group) > 1:
        return _pair_merged(group, chosen, size)
    region = group[0]
    for known in chosen:
        for j, other in enumerate(known):
            if _overlap(region, other, size) >= SAME_PLACE:
                known[j] = _with_traces(other, region)
                return True
    return False


def _pair_merged(group: list[Region], chosen: list[list[Region]], size: tuple[int, int]) -> bool:
    """Put a pair where the first lone place in it stood and take the others away: both its halves may stand alone."""
    inside = [i for i, known in enumerate(chosen) if len(known) == 1 and _covers(group, known[0], size)]
    if not inside:
        return any(len(known) > 1 and all(_covers(known, part, size) for part in group) for known in chosen)
    for i in inside:
        lone = chosen[i][0]
        group[:] = [_with_traces(r, lone) if _overlap(lone, r, size) >= SAME_PLACE else r for r in group]
    chosen[:] = [group if i == inside[0] else known for i, known in enumerate(chosen) if i not in inside[1:]]
    return True


def _covers(group: Sequence[Region], region: Region, size: tuple[int, int]) -> bool:
    return any(_overlap(part, region, size) >= SAME_PLACE for part in group)


def _with_traces(region: Region, other: Region) -> Region:
    return replace(region, traces=tuple(dict.fromkeys((*region.traces, *other.traces))))


def _numbered(group: list[Region], number: int) -> list[Region]:
    if len(group) == 1:
        return [replace(group[0], label=str(number))]
    # A half may be in several pieces: they keep its letter.
    return [replace(r, label=f"{number}{r.label.lstrip('0123456789')}") for r in group]


def _overlap(a: Region, b: Region, size: tuple[int, int]) -> float:
    """Share of the smaller outline that lies in the other, 0-1."""
    left, right = (_filled([r], size, GRID / max(size)) for r in (a, b))
    smaller = min(int(left.sum()), int(right.sum()))
    return float((left & right).sum()) / smaller if smaller else 0.0


def _filled(regions: Sequence[Region], size: tuple[int, int], scale: float = 1.0) -> npt.NDArray[np.bool_]:
    import cv2
    import numpy as np

    width, height = (max(1, round(v * scale)) for v in size)
    out = np.zeros((height, width), np.uint8)
    polygons = [np.round(r.polygon * scale).astype(np.int32) for r in regions if len(r.polygon) >= 3]
    for polygon in polygons:
        cv2.fillPoly(out, [polygon], 1)
    return out.astype(np.bool_)


def _mask(deciding: Sequence[Finding], regions: Sequence[Region], size: tuple[int, int]) -> Mask | None:
    """Unite the decided masks and outlines."""
    altered = [r for r in regions if r.role in ("altered", "either")]
    if not altered:
        return None
    out = _filled(altered, size)
    for finding in deciding:
        mask = finding.mask
        if mask is not None and mask.shape == out.shape:
            out |= mask
    return frozen_array(out)
