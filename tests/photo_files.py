"""Files that the photo's tests are made from."""

from __future__ import annotations

import io

import numpy as np
import skimage.data
from PIL import Image


def picture(width: int = 60, height: int = 44) -> Image.Image:
    return Image.fromarray(skimage.data.astronaut()).crop((150, 20, 150 + width, 20 + height))


def encode(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def shown(data: bytes) -> np.ndarray:
    """Return a file's pixels as Pillow shows them."""
    from PIL import ImageOps

    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
