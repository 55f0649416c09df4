"""Whether anything agrees at all: a few hundred points of a source, in 32 bytes each, against all of the photo's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from fakeproof.findings import frozen_array
from fakeproof.geometry.fit import fit_homography
from fakeproof.geometry.keypoints import (
    LARGE_SIDE,
    LEAST_SIDE,
    SIFT_ALL,
    WORKING_SIDE,
    Keypoints,
    mirrored_descriptors,
    rootsift,
    working_picture,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.photo import Photo

__all__ = ["agrees_somewhere", "compact", "few_points", "paired"]

FEW = 224
"""Points of a source, strongest first: with their places 8 kB."""
LEAST_AGREEING = 6
"""Of them, so many agree with one transform before all are compared. Of 84 re-used photos of the hard kinds all had more,
of 84 unrelated pairs none (benchmarks web)."""
STEP = 1 / 256
"""Value of one of a byte's steps; the largest coefficients stay within half a unit of length."""
KEPT = (
    1, 3, 9, 2, 34, 17, 25, 11, 4, 66, 35, 8, 42, 0, 10, 36, 41, 74, 12, 98, 32, 49, 19, 33, 50, 5, 89, 7, 44, 114, 43, 18,
)  # fmt: skip
"""Coefficients that vary most over photos, of 128: cosine transform over rows and columns of cells, Fourier over turns.
They hold .78 of the variance; a fitted basis would hold .85, and be one more learned part."""


@cache
def _basis() -> npt.NDArray[np.float32]:
    """Return the transform's kept rows, shape (32, 128), orthonormal."""
    import numpy as np

    k, i = np.arange(4)[:, None], np.arange(4)
    cosine = np.cos(np.pi * (2 * i + 1) * k / 8) * np.where(k, np.sqrt(0.5), 0.5)
    turn = 2 * np.pi * np.arange(8) / 8
    waves = [np.full(8, np.sqrt(1 / 8))]
    waves += [wave(n * turn) / 2 for n in (1, 2, 3) for wave in (np.cos, np.sin)]
    waves.append(np.cos(4 * turn) / np.sqrt(8))
    whole = np.einsum("ai,bj,ck->abcijk", cosine, cosine, np.array(waves)).reshape(128, 128)
    return frozen_array(np.ascontiguousarray(whole[list(KEPT)], np.float32))


def compact(descriptors: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return RootSIFT descriptors (n, 128) in 32 bytes each, shape (n, 32), uint8.

    Distances between them follow those of the descriptors up to what the left-out coefficients hold.

    Examples
    --------
    >>> import numpy as np
    >>> compact(np.full((1, 128), 128**-0.5, np.float32))[0, KEPT.index(0)]
    np.uint8(255)
    """
    import numpy as np

    steps: Any = np.round(descriptors @ _basis().T / STEP) + 128
    return frozen_array(np.clip(steps, 0, 255).astype(np.uint8))


def few_points(source: Photo) -> Keypoints:
    """Return a source's strongest RootSIFT points, their descriptors compact, as rows that pair like full ones."""
    strongest = rootsift(source, count=FEW, least=LEAST_SIDE)
    return replace(strongest, descriptors=paired(compact(strongest.descriptors)))


def agrees_somewhere(few: Keypoints, photo: Photo) -> bool:
    """Return whether the few points agree with the photo, plain or mirrored, at either working size."""
    return any(fit_homography(few, whole).inliers >= LEAST_AGREEING for whole in _whole(photo))


def _whole(photo: Photo) -> Iterator[Keypoints]:
    """Yield all points of the photo: as it is, mirrored, and larger where a source may fill a small part of it."""
    large = max(photo.size) >= 1.5 * WORKING_SIDE
    for side in (WORKING_SIDE, LARGE_SIDE) if large else (WORKING_SIDE,):
        for mirrored in (False, True):
            yield photo.cached(("few", side, mirrored), partial(_compacted, photo, side, mirrored))


def _compacted(photo: Photo, side: int, mirrored: bool) -> Keypoints:
    """Return all points, compact; those of the mirrored photo from the plain one's, at no cost."""
    every = rootsift(photo, side=side, count=SIFT_ALL, least=LEAST_SIDE)
    if mirrored:
        picture = working_picture(photo, side=side, mirrored=True, least=LEAST_SIDE)
        points = every.points * (-1, 1) + (picture.size[0] - 1, 0)
        turned = mirrored_descriptors(every.descriptors)
        every = replace(every, points=frozen_array(points.astype("float32")), descriptors=turned, picture=picture)
    return replace(every, descriptors=paired(compact(every.descriptors)))


def paired(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return codes as rows of unit length: what pairs by a matrix product."""
    import numpy as np

    rows: Any = codes.astype(np.float32) - 128
    return frozen_array(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))
