"""Pixels of a JPEG, stored orientation.

OpenCV decodes grey and three-component files: the same libjpeg-turbo, the same values as Pillow (a test holds them
against each other), in about half the time. Pillow decodes four components, where OpenCV has its own conversion, and
every file with anything odd in it: it turns libjpeg's complaints into errors, OpenCV prints them. Either gets only the segments that a decoder needs, so that metadata bombs, second images and trailers never reach it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from fakeproof.jpeg.markers import Structure
    from fakeproof.types import RGB8

__all__ = ["JpegDecodeError", "decode_luma", "decode_rgb", "sure_to_decode"]

LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as in JFIF."""


class JpegDecodeError(ValueError):
    """The decoder gave up; a photo turns this into a PhotoError with its name."""


def sure_to_decode(structure: Structure) -> bool:
    """Tell whether a decoder cannot fail on this file: nothing odd on the walk, usual coding, all tables there."""
    frame = structure.frame
    if frame is None or not frame.readable or structure.problems or structure.end is None or not structure.quantization:
        return False
    high, wide = max(c.v for c in frame.components), max(c.h for c in frame.components)
    if any(wide % c.h or high % c.v or wide == 3 or high == 3 for c in frame.components):
        return False
    if len(frame.components) not in (1, 3):
        return False
    covered: set[int] = set()
    for scan in structure.scans:
        if not frame.progressive and scan.band != (0, 63):
            return False
        slots = [(0, dc) for dc, _ in scan.tables] if scan.band[0] == 0 and scan.bits[0] == 0 else []
        slots += [(1, ac) for _, ac in scan.tables] if scan.band[1] > 0 else []
        if any(slot not in scan.huffman for slot in slots):
            return False
        covered.update(scan.components)
    return len(covered) == len(frame.components)


def decode_rgb(data: bytes, structure: Structure, *, reduce: int = 1) -> RGB8:
    """Return pixels as stored, uint8 (rows, columns, 3).

    Parameters
    ----------
    data : bytes
        The file.
    structure : Structure
        Its map.
    reduce : {1, 2, 4, 8}
        Divide both sides by this through a smaller inverse DCT, rounding up.

    Raises
    ------
    JpegDecodeError
        The decoder gave up.
    """
    needed = structure.pixel_bytes(data)
    if not (sure_to_decode(structure) or _rest_missing(structure)):
        return _with_pillow(needed, reduce)
    import cv2

    flags = {1: cv2.IMREAD_COLOR_RGB, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
             8: cv2.IMREAD_REDUCED_COLOR_8}[reduce]  # fmt: skip
    image = _with_opencv(needed, flags)
    if image is None:
        return _with_pillow(needed, reduce)
    if reduce > 1:
        cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    return image


def decode_luma(data: bytes, structure: Structure, *, reduce: int = 1) -> npt.NDArray[np.uint8]:
    """Return the Y plane as stored, uint8 (rows, columns), read-only; of RGB and CMYK files BT.601 luma.

    `reduce` divides both sides by 1, 2, 4 or 8 as in :func:`decode_rgb`.
    """
    import cv2

    luma = None
    if structure.colour in ("grey", "ycc"):
        flag = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
                8: cv2.IMREAD_REDUCED_GRAYSCALE_8}[reduce]  # fmt: skip
        needed = structure.pixel_bytes(data)
        direct = sure_to_decode(structure) or _rest_missing(structure)
        luma = _with_opencv(needed, flag) if direct else None
        luma = _with_pillow(needed, reduce, mode="L") if luma is None else luma
    if luma is None:
        rgb = decode_rgb(data, structure, reduce=reduce).astype(np.float32)
        luma = np.rint(rgb @ np.array(LUMA_WEIGHTS, np.float32)).astype(np.uint8)
    luma.flags.writeable = False
    return luma


def _rest_missing(structure: Structure) -> bool:
    """Tell whether a file just stops: Pillow waits for the rest of a progressive one, OpenCV shows what is there."""
    return structure.end is None and len(structure.frame.components if structure.frame else ()) in (1, 3)


def _with_opencv(needed: bytes, flags: int) -> npt.NDArray[np.uint8] | None:
    import cv2

    try:
        image = cv2.imdecode(np.frombuffer(needed, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return image  # type: ignore[return-value]


def _with_pillow(needed: bytes, reduce: int, *, mode: str = "RGB") -> npt.NDArray[np.uint8]:
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        with JpegImageFile(io.BytesIO(needed)) as image:
            if mode == "L" or reduce > 1:
                image.draft(mode if mode == "L" else None, (-(-image.width // reduce), -(-image.height // reduce)))
            return np.array(image.convert(mode))
    except (OSError, ValueError, SyntaxError, Warning) as error:
        raise JpegDecodeError(str(error)) from error
