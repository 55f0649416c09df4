"""The sparse path to clones: SIFT descriptors matched within one picture, clustered by transform.

Amerini, Ballan, Caldelli, Del Bimbo & Serra 2011, doi:10.1109/TIFS.2011.2129512 (g2NN). Mirrored clones are found by
matching descriptors of the mirrored patch, which are a permutation of the descriptor's own cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fakeproof._kernels.self_match import likest_elsewhere
from fakeproof.geometry import mirrored_descriptors

__all__ = ["SelfMatches", "keypoint_candidates", "match_within"]

Affine = npt.NDArray[np.float64]

PIXELS = 700_000
"""Largest picture that points are looked for in; SIFT doubles it first, and its finest points seldom survive a save."""
COUNT = 3500
"""Strongest points that are matched; the table of distances grows with the square."""
CONTRAST = 0.015
"""SIFT's contrast threshold: clones of stains and dull surfaces have weak points."""
RATIO = 0.55
"""Angle to a neighbour over the angle to the next one (g2NN; .5 in Amerini et al., .55 in later code)."""
NEIGHBOURS = 5
BLOCK = 256
"""Rows of the table of likenesses that are held at once: what fits a processor's cache."""
LEAST_PAIRS = 4
MAX_TRANSFORMS = 8
REPROJECTION = 2.5
"""px at working size."""
SCALES = (0.35, 2.9)


@dataclass(frozen=True)
class SelfMatches:
    """Pairs of places with like descriptors: (pairs, 2) px each, and how often a point has several partners."""

    here: npt.NDArray[np.float64]
    there: npt.NDArray[np.float64]
    crowded: float


def _features(grey: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    factor = max(1.0, float(np.sqrt(grey.size / PIXELS)))
    if factor > 1:
        size = (round(grey.shape[1] / factor), round(grey.shape[0] / factor))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    points, descriptors = cv2.SIFT.create(nfeatures=COUNT, contrastThreshold=CONTRAST).detectAndCompute(grey, None)
    if not points:
        return np.empty((0, 2)), np.empty((0, 128), np.float32)
    at = (np.array([p.pt for p in points], np.float64) + 0.5) * factor - 0.5
    norm = np.linalg.norm(descriptors, axis=1, keepdims=True)
    return at, (descriptors / np.maximum(norm, 1e-6)).astype(np.float32)


def match_within(
    at: npt.NDArray[np.float64],
    one: npt.NDArray[np.float32],
    other: npt.NDArray[np.float32],
    least: float,
) -> SelfMatches:
    """Match each point with its like ones elsewhere, up to the last jump of the angles (g2NN).

    Points nearer than `least` px are the same structure seen at another scale and do not count as partners.
    """
    n = at.shape[0]
    if n < 3:
        return SelfMatches(np.empty((0, 2)), np.empty((0, 2)), 0.0)
    top = min(NEIGHBOURS + 1, n)
    where = at.astype(np.float32)
    parts = [
        likest_elsewhere(one[i : i + BLOCK] @ other.T, where[i : i + BLOCK], where, least, top)
        for i in range(0, n, BLOCK)
    ]
    best = np.concatenate([part[0] for part in parts])
    values = np.concatenate([part[1] for part in parts])
    angle = np.arccos(np.clip(values, -1, 1))
    jump = angle[:, :-1] < RATIO * np.maximum(angle[:, 1:], 1e-6)
    # Everything before the last jump counts: of several copies the first two are alike, so no jump lies between them.
    accepted = np.logical_or.accumulate(jump[:, ::-1], axis=1)[:, ::-1]
    rows, ranks = np.nonzero(accepted)
    partner = best[rows, ranks]
    crowded = float((angle[:, min(2, top - 1)] < 0.35).mean())
    return SelfMatches(at[rows], at[partner], crowded)


def keypoint_candidates(grey: npt.NDArray[np.uint8], *, least: float) -> tuple[list[Affine], float]:
    """Return transforms that several matched pairs agree with, most pairs first, and the share of crowded points.

    Parameters
    ----------
    grey : ndarray, shape (rows, columns), uint8
    least : float
        Smallest distance of a clone, px.
    """
    at, descriptors = _features(grey)
    plain = match_within(at, descriptors, descriptors, least)
    turned = match_within(at, descriptors, mirrored_descriptors(descriptors), least)
    found = _transforms(plain, mirrored=False) + _transforms(turned, mirrored=True)
    found.sort(key=lambda pair: -pair[0])
    return [affine for _, affine in found[:MAX_TRANSFORMS]], plain.crowded


def _transforms(matches: SelfMatches, *, mirrored: bool) -> list[tuple[int, Affine]]:
    """Take out one transform after the other, with the pairs that go either way along it."""
    here, there = matches.here, matches.there
    flip = np.diag([-1.0, 1.0]) if mirrored else np.eye(2)
    out: list[tuple[int, Affine]] = []
    for _ in range(MAX_TRANSFORMS):
        if here.shape[0] < LEAST_PAIRS:
            break
        fitted, inside = cv2.estimateAffinePartial2D(
            here @ flip, there, method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION, maxIters=3000, confidence=0.995
        )
        if fitted is None or int(inside.sum()) < LEAST_PAIRS:
            break
        affine = np.asarray(fitted, np.float64)
        affine[:, :2] = affine[:, :2] @ flip
        forward = np.linalg.norm(here @ affine[:, :2].T + affine[:, 2] - there, axis=1) < 2 * REPROJECTION
        backward = np.linalg.norm(there @ affine[:, :2].T + affine[:, 2] - here, axis=1) < 2 * REPROJECTION
        used = forward | backward
        scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
        distinct = np.unique(np.round(here[forward]), axis=0).shape[0]
        if SCALES[0] < scale < SCALES[1] and distinct >= LEAST_PAIRS:
            refined = _refined(here[forward], there[forward], affine, mirrored)
            out.append((distinct, refined))
        here, there = here[~used], there[~used]
    return out


def _refined(here: npt.NDArray[np.float64], there: npt.NDArray[np.float64], affine: Affine, mirrored: bool) -> Affine:
    """Let many pairs bend the similarity into an affine transform; few would only fit their noise."""
    if mirrored or here.shape[0] < 12:
        return affine
    better, inside = cv2.estimateAffine2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION)
    if better is None or inside.sum() < 0.6 * here.shape[0]:
        return affine
    return np.asarray(better, np.float64)
