"""Copy-move: a part of the photo that was cloned elsewhere in it, however it was turned."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof.artefact import shipped
from fakeproof.detector import detector
from fakeproof.edited.block_maps import outlines
from fakeproof.edited.clones.groups import LETTERS, Link, grouped
from fakeproof.edited.clones.keypoints import keypoint_candidates
from fakeproof.edited.clones.patch_field import dense_candidates
from fakeproof.edited.clones.refine import fitted_to_pixels
from fakeproof.edited.clones.verify import Clone, Ground, verify_clone
from fakeproof.edited.clones.words import describe, numbers
from fakeproof.edited.marks.aside import across_cells, aside
from fakeproof.edited.marks.laid_over import laid_over
from fakeproof.findings import Finding, Flag, NotApplicable, Region, frozen_array
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo
    from fakeproof.types import Mask

__all__ = ["clone_score", "copy_move"]

MIN_SIDE = 96
"""px of the shorter side."""
SPARSE_PIXELS = 1_000_000
"""Largest working picture for keypoints and verification."""
DENSE_PIXELS = 200_000
"""Largest working picture for the dense field, the costly part."""
LEAST_SHARE = 0.04
"""Smallest distance of a clone as a share of the working picture's longer side, at least LEAST_PX."""
LEAST_PX = 20.0
DECIDES = 2.0
"""Score from which the finding supports `Category.EDITED` (benchmarks copy_move, training half: all 33 clones of cmh and
cvip that were tried lie above 2.3; of 55 untouched photos one does, and the next reach 1.2)."""
CROWD_FREE, CROWD_COST = 0.3, 30.0
"""Share of crowded keypoints up to which nothing is taken off the score, and what each share beyond takes off: print,
tiles and patterns repeat by nature (above .9 on drawn ones, whose pairs reach 14 without it; nine of ten altered
photos lie below .15)."""
LAID_OVER = 0.25
"""Share of either place of a pair that may lie on marks."""
REFINED_FROM = -6.0
"""Score from which a candidate's transform is worth fitting to the pixels."""
CROWDED = 0.10
"""Share of keypoints with three or more near-equal partners from which the content counts as repetitive."""


@detector(version=3, category=Category.EDITED, least_side=MIN_SIDE, cost_ms=600)
def copy_move(photo: Photo, /, *, dense: bool = True) -> Finding | NotApplicable:
    """Find cloned parts of a photo.

    Candidates come from a dense field of nearest neighbours over rotation-invariant features and from matched
    keypoints, mirrored ones too. Each is held against the photo pixel by pixel under its transform; what repeats by
    nature (patterns that go on, print, several equal objects) fails there, because only a clone copies its light and its noise.

    Parameters
    ----------
    photo : Photo
        The questioned photo.
    dense : bool
        Also search the dense field. Without it small clones on weak structure are missed.

    Returns
    -------
    Finding
        ``mask`` holds source and copies; ``regions`` are labelled by group (1a, 1b, 1c for a source and two copies);
        ``facts["pairs"]`` gives each transform in numbers and words, with the centres to link. The score is the log
        odds that the best pair is a clone and no likeness, on the training photos; it supports `Category.EDITED` from 2.0.
    NotApplicable
        If the shorter side is below 96 px.

    Notes
    -----
    It sees nothing where the copied part is flat, saturated, or smaller than about 24 px at the working size (one
    megapixel). Which of two places is the copy cannot be told from the likeness alone; regions then have the role
    ``'either'``. Two exactly equal computer-made graphics are the same as a clone to it.

    References
    ----------
    Cozzolino, Poggi & Verdoliva 2015, doi:10.1109/TIFS.2015.2455334. Amerini et al. 2011,
    doi:10.1109/TIFS.2011.2129512.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> rgb = skimage.data.coffee().copy()
    >>> rgb[40:150, 20:130] = rgb[240:350, 400:510]
    >>> finding = fp.edited.copy_move(fp.Photo.from_array(rgb))
    >>> finding.supports.value, finding.facts["pairs"][0]["mirrored"]
    ('edited', False)
    """
    grey = _working(photo.luma, SPARSE_PIXELS)
    pairs, crowded = _pairs(grey, dense=dense)
    pairs = [pair for pair in pairs if not _laid_over(photo, pair[0])]
    return _finding(photo, pairs, crowded, grey.shape)


def _laid_over(photo: Photo, clone: Clone) -> bool:
    """Tell whether a pair is explained by what was laid over the photo: two equal letters, two cells of a collage."""
    mask, size = aside(photo), clone.first.shape
    if mask is not None:
        small = cv2.resize(mask.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
        if any(small[place].mean() > LAID_OVER for place in (clone.first, clone.second) if place.any()):
            return True
    return across_cells(laid_over(photo), clone.first, clone.second)


def _working(luma: npt.NDArray[np.float32], pixels: int) -> npt.NDArray[np.float32]:
    scale = np.sqrt(pixels / luma.size)
    if scale >= 1:
        return np.asarray(luma, np.float32)
    size = (max(1, round(luma.shape[1] * scale)), max(1, round(luma.shape[0] * scale)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)


def candidates(
    grey: npt.NDArray[np.float32], *, dense: bool
) -> tuple[list[tuple[npt.NDArray[np.bool_] | None, npt.NDArray[np.float64]]], float, float]:
    """Return candidate places and transforms at working size, the smallest distance, and how crowded keypoints are."""
    least = max(LEAST_PX, LEAST_SHARE * max(grey.shape))
    sparse, crowded = keypoint_candidates(np.clip(grey + 0.5, 0, 255).astype(np.uint8), least=least)
    found: list[tuple[npt.NDArray[np.bool_] | None, npt.NDArray[np.float64]]] = [(None, a) for a in sparse]
    if dense:
        small = _working(grey, DENSE_PIXELS)
        factor = grey.shape[1] / small.shape[1]
        for mask, affine in dense_candidates(small, least=max(10, round(least / factor))):
            grown = cv2.resize(mask.astype(np.uint8), (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_NEAREST)
            scaled = affine.copy()
            scaled[:, 2] = factor * affine[:, 2] + 0.5 * (factor - 1) * (1 - affine[:, :2].sum(axis=1))
            found.append((grown > 0, scaled))
    return found, least, crowded


def _pairs(grey: npt.NDArray[np.float32], *, dense: bool) -> tuple[list[tuple[Clone, float]], float]:
    """Verify candidates; return those that passed, best first, and how crowded the keypoints are."""
    found, least, crowded = candidates(grey, dense=dense)
    verified, ground = [], Ground.of(grey)
    for seed, affine in found:
        clone = verify_clone(ground, _sharpened(grey, affine, seed), seed=seed, least=least)
        if clone is not None:
            clone = _refined(ground, clone, least)
            verified.append((clone, clone_score(clone) - CROWD_COST * max(0.0, crowded - CROWD_FREE)))
    verified.sort(key=lambda pair: -pair[1])
    return verified, crowded


def _sharpened(
    grey: npt.NDArray[np.float32], affine: npt.NDArray[np.float64], seed: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.float64]:
    """Move the transform by the sub-pixel shift that aligns the place best; fitted offsets are whole pixels."""
    if seed is None:
        return affine
    y, x = np.nonzero(seed)
    top, left = max(0, y.min() - 4), max(0, x.min() - 4)
    box = (slice(top, y.max() + 5), slice(left, x.max() + 5))
    size = (grey.shape[1], grey.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(grey, affine, size, flags=flags, borderMode=cv2.BORDER_REFLECT)[box]
    here = grey[box]
    if min(here.shape) < 16:
        return affine
    (dx, dy), response = cv2.phaseCorrelate(
        np.ascontiguousarray(here, np.float32),
        np.ascontiguousarray(seen, np.float32),
        cv2.createHanningWindow(here.shape[::-1], cv2.CV_32F),
    )
    if response < 0.05 or max(abs(dx), abs(dy)) > 4:
        return affine
    moved = affine.copy()
    moved[:, 2] += affine[:, :2] @ np.array([dx, dy])
    return moved


def _refined(ground: Ground, clone: Clone, least: float) -> Clone:
    """Fit the transform to the pixels of the place and judge it anew, where that says more: few points fit it roughly."""
    if clone_score(clone) < REFINED_FROM:
        return clone
    affine = fitted_to_pixels(ground.grey, clone)
    again = verify_clone(ground, affine, seed=clone.first, least=least) if affine is not None else None
    return again if again is not None and clone_score(again) > clone_score(clone) else clone


def measurements(clone: Clone) -> dict[str, float]:
    """Return what a pair is judged by."""
    return {
        "bias": 1.0,
        "pixels": float(np.log10(clone.pixels)),
        "fine": clone.fine,
        "filled": clone.filled,
        "repeats": max(0.0, clone.repeats),
        "light": float(np.log1p(clone.light)),
        "contrast": min(clone.contrast, 1.0),
    }


@lru_cache(maxsize=1)
def _weights() -> dict[str, float]:
    """Return the logistic weights of a pair's measurements (copy_move.json)."""
    return {name: float(weight) for name, weight in shipped("edited.clones.copy_move").values["weights"].items()}


def clone_score(clone: Clone) -> float:
    """Return the log odds that a verified pair is a clone and no likeness."""
    weights = _weights()
    return float(sum(weights[name] * value for name, value in measurements(clone).items()))


def _finding(photo: Photo, pairs: list[tuple[Clone, float]], crowded: float, shape: tuple[int, ...]) -> Finding:
    groups = grouped(pair for pair in pairs if pair[1] >= DECIDES)
    factor = photo.size[0] / shape[1]
    flags = Flag.REPETITIVE if crowded > CROWDED else Flag.NONE
    mask = np.zeros((photo.size[1], photo.size[0]), bool)
    regions: list[Region] = []
    facts: list[dict[str, Any]] = []
    for number, group in enumerate(groups, start=1):
        facts += [_pair_facts(link, number, factor) for link in group.links]
        for place, letter in zip(group.places, LETTERS, strict=False):
            part = _full(place, photo.size)
            mask |= part
            regions += _regions(part, f"{number}{letter}", group.links[0].score)
    best = max((score for _, score in pairs), default=NOTHING)
    return Finding(
        score=float(max(best, NOTHING)),
        supports=Category.EDITED if groups else None,
        sentence=_sentence(facts),
        mask=frozen_array(mask) if groups else None,
        regions=tuple(regions),
        facts={
            "pairs": facts,
            "candidates": len(pairs),
            "crowded": round(crowded, 4),
            "which_is_the_copy": "cannot tell",
        },
        flags=flags,
    )


NOTHING = -12.0
"""Score where no candidate passed the verification."""


def _full(part: Mask, size: tuple[int, int]) -> Mask:
    grown = cv2.resize(part.astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown > 127)


def _regions(part: Mask, label: str, score: float) -> list[Region]:
    """Outline a place; its specks are left out of the outlines, not of the mask."""
    found = outlines(part, trace="copy_move")
    if not found:
        return []
    least = 0.1 * found[0].area
    return [replace(r, label=label, score=score, role="either") for r in found if r.area >= least]


def _pair_facts(pair: Link, number: int, factor: float) -> dict[str, Any]:
    y, x = np.nonzero(pair.clone.first)
    affine = pair.clone.affine.copy()
    affine[:, 2] *= factor
    centre = (float(x.mean()) * factor, float(y.mean()) * factor)
    values = numbers(affine, centre)
    return {
        "pair": number,
        "places": list(pair.letters),
        **values,
        "words": describe(values),
        "score": round(pair.score, 3),
        "agreement": round(pair.clone.agreement, 3),
        "fine": round(pair.clone.fine, 3),
        "pixels": int(pair.clone.pixels * factor * factor),
        "repeats": round(pair.clone.repeats, 3),
        "light": round(pair.clone.light, 2),
        "contrast": round(pair.clone.contrast, 3),
    }


def _sentence(facts: list[dict[str, Any]]) -> Phrase:
    if not facts:
        return phrase("copy_move.nothing")
    more = phrase("copy_move.more", count=len(facts) - 1) if len(facts) > 1 else ""
    return phrase("copy_move.pairs", parts=(phrase("copy_move.first", how=facts[0]["words"]), more))
