"""Photos that ship with scikit-image, and ways to alter them."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from fakeproof.photo import Photo

NAMES = ("astronaut", "coffee", "chelsea", "rocket")


@cache
def pixels(name):
    array = getattr(skimage.data, name)()
    return array if array.ndim == 3 else np.repeat(array[..., None], 3, axis=2)


def image(name):
    return Image.fromarray(pixels(name))


def jpeg(picture, quality=80, **options):
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def photo(picture, quality=80, name="photo"):
    return Photo.from_bytes(jpeg(picture, quality), name=name)


def motorcycles():
    """Two views of one scene, a hand's breadth apart."""
    folder = Path(skimage.data.__file__).parent
    return folder / "motorcycle_left.png", folder / "motorcycle_right.png"
