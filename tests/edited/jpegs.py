"""JPEGs with a known history, made from photos that ship with scikit-image."""

import io

import numpy as np
from PIL import Image


def save(rgb, quality, **options):
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def png(rgb):
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, "PNG")
    return out.getvalue()


def saved(rgb, quality, **options):
    """Pixels after a save."""
    with Image.open(io.BytesIO(save(rgb, quality, **options))) as image:
        return np.array(image.convert("RGB"))


def pasted(host, patch, top, left):
    """The host with a patch, and the mask of the patch."""
    out, mask = host.copy(), np.zeros(host.shape[:2], bool)
    area = (slice(top, top + patch.shape[0]), slice(left, left + patch.shape[1]))
    out[area], mask[area] = patch, True
    return out, mask


def overlap(decided, truth):
    """Intersection over union."""
    return (decided & truth).sum() / max(1, (decided | truth).sum())
