"""Delivery chains that a photo goes through before it reaches a merchant, with the same done to masks."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

CHAINS = ("asis", "chat", "screenshot")
CHAT_LONG_EDGE = 1440
CHAT_QUALITY = (70, 85)
SCREENS = ((1080, 2400), (1170, 2532), (1440, 3200), (1290, 2796))


@dataclass(frozen=True)
class Delivered:
    """A photo after its chain, and where its pixels came to lie."""

    data: bytes
    size: tuple[int, int]
    box: tuple[int, int, int, int]
    source_size: tuple[int, int]

    def mask(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Take a mask of the photo (displayed pixels) through the same geometry."""
        left, top, right, bottom = self.box
        out = np.zeros((self.size[1], self.size[0]), bool)
        image = Image.fromarray(mask.astype(np.uint8) * 255).resize(
            (right - left, bottom - top), Image.Resampling.BILINEAR
        )
        out[top:bottom, left:right] = np.asarray(image) > 127
        return out


def apply_chain(data: bytes, chain: str, *, seed: int = 0) -> Delivered:
    """Send a photo's bytes through a chain: ``asis``, ``chat`` or ``screenshot``; seeded, so repeatable."""
    with Image.open(io.BytesIO(data)) as opened:
        image = ImageOps.exif_transpose(opened)
        if chain == "asis":
            return Delivered(data, image.size, (0, 0, *image.size), image.size)
        image = image.convert("RGB")
    rng = np.random.default_rng(seed)
    if chain == "chat":
        return _chat(image, rng)
    if chain == "screenshot":
        return _screenshot(image, rng)
    raise ValueError(f"chain {chain!r} is not one of {CHAINS}")


def _chat(image: Image.Image, rng: np.random.Generator) -> Delivered:
    before = image.size
    scale = min(1.0, CHAT_LONG_EDGE / max(before))
    if scale < 1:
        size = (max(1, round(before[0] * scale)), max(1, round(before[1] * scale)))
        image = image.resize(size, Image.Resampling.BICUBIC)
    quality = int(rng.integers(CHAT_QUALITY[0], CHAT_QUALITY[1] + 1))
    return Delivered(_save(image, "JPEG", quality=quality), image.size, (0, 0, *image.size), before)


def _screenshot(image: Image.Image, rng: np.random.Generator) -> Delivered:
    before = image.size
    width, height = SCREENS[int(rng.integers(len(SCREENS)))]
    bar = round(height * 0.045)
    room = height - 4 * bar
    scale = min(width / before[0], room / before[1])
    size = (max(1, round(before[0] * scale)), max(1, round(before[1] * scale)))
    shade = int(rng.choice([0, 18, 255]))
    screen = Image.new("RGB", (width, height), (shade, shade, shade))
    ink = 235 if shade < 128 else 20
    for x, w in ((0.06, 0.09), (0.80, 0.04), (0.86, 0.04), (0.92, 0.05)):
        screen.paste((ink, ink, ink), (round(x * width), bar // 3, round((x + w) * width), 2 * bar // 3))
    left, top = (width - size[0]) // 2, 2 * bar + (room - size[1]) // 2
    screen.paste(image.resize(size, Image.Resampling.BICUBIC), (left, top))
    return Delivered(_save(screen, "PNG"), screen.size, (left, top, left + size[0], top + size[1]), before)


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
