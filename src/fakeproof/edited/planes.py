"""The luma and chroma planes of a photo on the 8x8 grid of its last JPEG save."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["IJG_CHROMA", "IJG_LUMA", "ijg_table", "jpeg_planes"]

Plane = npt.NDArray[np.float32]

# ITU-T T.81, tables K.1 and K.2: the examples that the Independent JPEG Group scales to its qualities 1-100.
IJG_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.int64,
)
IJG_CHROMA = np.full((8, 8), 99, np.int64)
IJG_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]

DARKEST, BRIGHTEST = 2, 253
"""Channel values beyond which a decoder may have clipped."""

_FLIPPED_X = (2, 3, 6, 7)
_FLIPPED_Y = (3, 4, 7, 8)


@dataclass(frozen=True)
class JpegPlanes:
    """Planes in displayed orientation and the first whole block of each grid as (row, column).

    Chroma is at half the luma's resolution, as most cameras store it; an array without a JPEG has its grid at (0, 0).
    `clipped` is the share of over- or underexposed pixels by luma block: there an earlier save's steps are cut off.
    """

    luma: Plane
    blue: Plane
    red: Plane
    origin: tuple[int, int]
    chroma_origin: tuple[int, int]
    clipped: Plane


def ijg_table(quality: int, *, chroma: bool = False) -> npt.NDArray[np.float32]:
    """Return the quantisation steps of an Independent JPEG Group quality 1-100, shape (8, 8)."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    base = IJG_CHROMA if chroma else IJG_LUMA
    return np.clip((base * scale + 50) // 100, 1, 255).astype(np.float32)


def jpeg_planes(photo: Photo) -> JpegPlanes:
    """Return the photo's planes, computed once a photo."""
    return photo.cached("edited.jpeg_planes", lambda: _jpeg_planes(photo))


def _jpeg_planes(photo: Photo) -> JpegPlanes:
    import cv2

    width, height = photo.size
    rgb = photo.rgb
    half = cv2.resize(rgb[: height // 2 * 2, : width // 2 * 2], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    turned = cv2.cvtColor(half, cv2.COLOR_RGB2YCrCb)
    origin, chroma = (0, 0), (0, 0)
    if photo.format == "JPEG":
        # A mirrored photo keeps its blocks whole at what is now the far side.
        down, right = photo.orientation in _FLIPPED_Y, photo.orientation in _FLIPPED_X
        origin = (height % 8 if down else 0, width % 8 if right else 0)
        chroma = (height % 16 // 2 if down else 0, width % 16 // 2 if right else 0)
    red, blue = turned[:, :, 1].astype(np.float32), turned[:, :, 2].astype(np.float32)
    red.flags.writeable = blue.flags.writeable = False
    return JpegPlanes(photo.luma, blue, red, origin, chroma, _clipped(rgb, origin))


def _clipped(rgb: npt.NDArray[np.uint8], origin: tuple[int, int]) -> Plane:
    import cv2

    inside = cv2.inRange(rgb, (DARKEST,) * 3, (BRIGHTEST,) * 3)[origin[0] :, origin[1] :]
    rows, columns = inside.shape[0] // 8, inside.shape[1] // 8
    share = cv2.resize(inside[: rows * 8, : columns * 8], (columns, rows), interpolation=cv2.INTER_AREA)
    return frozen_array(1 - share.astype(np.float32) / 255, np.float32)
