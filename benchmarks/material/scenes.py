"""Generated phone-like photos of any size, from pictures that ship with scikit-image; no data needed."""

from __future__ import annotations

import io
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

SIZES = {"0.3 MP": (640, 480), "1 MP": (1156, 868), "4 MP": (2312, 1736), "12 MP": (4032, 3024), "48 MP": (8064, 6048)}


def scene(width: int, height: int, *, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return an RGB8 scene: four photos enlarged side by side, with sensor-like noise that grows with the light."""
    import skimage.data

    tiles = [skimage.data.coffee(), skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.rocket()]
    half_w, half_h = (width + 1) // 2, (height + 1) // 2
    rows = []
    for pair in (tiles[:2], tiles[2:]):
        rows.append(np.hstack([cv2.resize(t, (half_w, half_h), interpolation=cv2.INTER_CUBIC) for t in pair]))
    canvas = np.vstack(rows)[:height, :width]
    rng = np.random.default_rng(seed)
    # One noise tile, repeated: drawing 48 MP of noise would take longer than what is measured.
    noise = rng.normal(size=(512, 512, 3)).astype(np.float32)
    out = np.empty_like(canvas)
    for top in range(0, height, 512):
        for left in range(0, width, 512):
            block = canvas[top : top + 512, left : left + 512].astype(np.float32)
            grain = noise[: block.shape[0], : block.shape[1]] * np.sqrt(1.0 + block * 0.04)
            out[top : top + 512, left : left + 512] = np.clip(block + grain + 0.5, 0, 255)
    return out


@lru_cache(maxsize=8)
def phone_jpeg(width: int, height: int, *, quality: int = 92, progressive: bool = False) -> bytes:
    """Return a scene as a phone would save it: 4:2:0, one save."""
    out = io.BytesIO()
    Image.fromarray(scene(width, height)).save(out, "JPEG", quality=quality, progressive=progressive)
    return out.getvalue()
