"""Interest points of a photo, computed once and kept with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.photo import Photo

__all__ = ["Keypoints", "WorkingPicture", "mirrored_descriptors", "orb", "rootsift", "working_picture"]

WORKING_SIDE = 512
"""Longer side, px, at which pictures are compared: ORB there verifies .996 of re-uses (docs/benchmarks.md, web)."""
LARGE_SIDE = 1024
"""Working side for sources pasted small into the photo, or photos cropped small out of the source."""
LEAST_SIDE = 256
"""Side, px, to which a smaller picture is enlarged for RootSIFT: a thumbnail has a dozen points, enlarged a hundred."""
ORB_COUNT = 1000
"""Points a picture; 300 suffice for voting, verification wants more."""
SIFT_COUNT = 1500
"""Points a picture, strongest first."""
ORB_FAST_THRESHOLD = 10
"""Grey levels; OpenCV's 20 leaves too few points on blurred and darkened photos."""
SIFT_ALL = 5000
"""Points where a source may fill a small part of the photo: the strongest 1,500 of a collage leave too few to a cell."""
SIFT_CONTRAST = 0.02
"""Half of Lowe's 0.04, for soft and re-saved photos."""


@dataclass(frozen=True, eq=False)
class WorkingPicture:
    """A grey picture of limited size, and where its pixels lie.

    Parameters
    ----------
    grey : ndarray, shape (rows, columns), uint8
        Read-only.
    displayed : ndarray, shape (3, 3), float64
        Takes its (x, y) to displayed pixels of the photo; contains the flip where `mirrored`.
    mirrored : bool
        Whether left and right are exchanged.
    """

    grey: npt.NDArray[np.uint8]
    displayed: npt.NDArray[np.float64]
    mirrored: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in working pixels."""
        return self.grey.shape[1], self.grey.shape[0]


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Interest points with descriptors; all arrays are read-only and rows belong together.

    Parameters
    ----------
    kind : {'orb', 'rootsift'}
        What the descriptors are.
    points : ndarray, shape (n, 2), float32
        (x, y) in working pixels.
    sizes, angles : ndarray, shape (n,), float32
        Diameter in working pixels; orientation in degrees.
    descriptors : ndarray
        (n, 4) uint64 for ORB, compared by Hamming distance; (n, 128) float32 of unit length for RootSIFT.
    picture : WorkingPicture
        Where the points were found.
    """

    kind: Literal["orb", "rootsift"]
    points: npt.NDArray[np.float32]
    sizes: npt.NDArray[np.float32]
    angles: npt.NDArray[np.float32]
    descriptors: npt.NDArray[Any]
    picture: WorkingPicture

    def __len__(self) -> int:
        return len(self.points)


def working_picture(
    photo: Photo, /, *, side: int = WORKING_SIDE, mirrored: bool = False, least: int = 0
) -> WorkingPicture:
    """Return the photo in grey with a longer side of at most `side` px, enlarged where it has less than `least` px.

    Cached, upright.

    A JPEG that is much larger is decoded at 1/2, 1/4 or 1/8 of its size straight away. Which way is taken depends on
    the file alone, so that the same bytes always give the same pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from fakeproof.photo import Photo
    >>> working_picture(Photo.from_array(np.zeros((600, 1024, 3), np.uint8))).size
    (512, 300)
    """
    key = ("working_picture", side, mirrored, least)
    return photo.cached(key, lambda: _working_picture(photo, side, mirrored, least))


def _working_picture(photo: Photo, side: int, mirrored: bool, least: int) -> WorkingPicture:
    import cv2
    import numpy as np

    width, height = photo.size
    if mirrored:
        plain = working_picture(photo, side=side, least=least)
        flip = np.array([[-1.0, 0.0, plain.size[0] - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        return WorkingPicture(
            frozen_array(np.ascontiguousarray(plain.grey[:, ::-1])),
            frozen_array(plain.displayed @ flip),
            True,
        )
    longer = max(width, height)
    scale = min(max(longer, least), side) / longer
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey: Any = photo.reduced(side)
    if (grey.shape[1], grey.shape[0]) != size:
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    ratio_x, ratio_y = width / size[0], height / size[1]
    displayed = np.array([[ratio_x, 0.0, (ratio_x - 1) / 2], [0.0, ratio_y, (ratio_y - 1) / 2], [0.0, 0.0, 1.0]])
    return WorkingPicture(frozen_array(np.ascontiguousarray(grey, np.uint8)), frozen_array(displayed))


def orb(photo: Photo, /, *, side: int = WORKING_SIDE, count: int = ORB_COUNT, mirrored: bool = False) -> Keypoints:
    """Return ORB points, cached with the photo: cheap, binary, good for most re-uses.

    References
    ----------
    Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011, doi:10.1109/ICCV.2011.6126544.
    """
    key = ("orb", side, count, mirrored)
    return photo.cached(key, lambda: _orb(working_picture(photo, side=side, mirrored=mirrored), count))


def _orb(picture: WorkingPicture, count: int) -> Keypoints:
    import cv2
    import numpy as np

    detector = cv2.ORB.create(
        nfeatures=count, scaleFactor=1.2, nlevels=8, edgeThreshold=19, fastThreshold=ORB_FAST_THRESHOLD
    )
    found: Any
    descriptors: Any
    found, descriptors = detector.detectAndCompute(picture.grey, None)
    if descriptors is None:
        descriptors = np.zeros((0, 32), np.uint8)
    return _keypoints("orb", found, np.ascontiguousarray(descriptors).view(np.uint64), picture)


def rootsift(
    photo: Photo, /, *, side: int = WORKING_SIDE, count: int = SIFT_COUNT, mirrored: bool = False, least: int = 0
) -> Keypoints:
    """Return SIFT points with Hellinger-normalised descriptors, cached with the photo: dearer, finds more.

    References
    ----------
    Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004,
    doi:10.1023/B:VISI.0000029664.99615.94.
    Arandjelovic and Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012,
    doi:10.1109/CVPR.2012.6248018.
    """
    key = ("rootsift", side, count, mirrored, least)
    return photo.cached(
        key, lambda: _rootsift(working_picture(photo, side=side, mirrored=mirrored, least=least), count)
    )


def _rootsift(picture: WorkingPicture, count: int) -> Keypoints:
    import cv2
    import numpy as np

    found: Any
    descriptors: Any
    found, descriptors = cv2.SIFT.create(nfeatures=count, contrastThreshold=SIFT_CONTRAST).detectAndCompute(
        picture.grey, None
    )
    if descriptors is None:
        descriptors = np.zeros((0, 128), np.float32)
    total = descriptors.sum(axis=1, keepdims=True)
    return _keypoints("rootsift", found, np.sqrt(descriptors / np.maximum(total, 1e-6)), picture)


def mirrored_descriptors(descriptors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the descriptors that the mirrored patches would have: rows of cells and turning sense reversed."""
    import numpy as np

    cells = descriptors.reshape(-1, 4, 4, 8)
    bins = (-np.arange(8)) % 8
    return np.ascontiguousarray(cells[:, ::-1, :, bins].reshape(descriptors.shape))


def _keypoints(
    kind: Literal["orb", "rootsift"], found: Any, descriptors: npt.NDArray[Any], picture: WorkingPicture
) -> Keypoints:
    import numpy as np

    rows = np.array([(k.pt[0], k.pt[1], k.size, k.angle) for k in found], np.float32).reshape(-1, 4)
    return Keypoints(
        kind=kind,
        points=frozen_array(np.ascontiguousarray(rows[:, :2])),
        sizes=frozen_array(np.ascontiguousarray(rows[:, 2])),
        angles=frozen_array(np.ascontiguousarray(rows[:, 3])),
        descriptors=frozen_array(np.ascontiguousarray(descriptors)),
        picture=picture,
    )
