"""Innocent hands: what honest buyers, phones and apps do to a photo; seeded, so repeatable.

Every change is a function of a photo and a generator, by its kind's name in :data:`KINDS`; :func:`change` looks one up.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from benchmarks.material.marks import MARKS
from benchmarks.material.processing import PROCESSING, RGB, TRANSPORT, Change, Generator

__all__ = ["EXPECTED", "KINDS", "MARKS", "PROCESSING", "TRANSPORT", "app_save", "change", "seeded"]

KINDS: dict[str, Change] = {"none": lambda rgb, _: rgb, **MARKS, **PROCESSING, **TRANSPORT}
"""Every innocent change by name; "none" is the untouched twin."""
EXPECTED: dict[str, frozenset[str]] = {
    "circle": frozenset({"circle"}), "arrow": frozenset({"arrow"}), "box": frozenset({"box"}),
    "pen": frozenset({"stroke"}), "highlighter": frozenset({"stroke"}), "text": frozenset({"text"}),
    "arrow and text": frozenset({"arrow", "text"}), "handwriting": frozenset({"stroke", "text"}),
    "number dots": frozenset({"sticker", "text"}), "sticker": frozenset({"sticker"}), "mosaic": frozenset({"mosaic"}),
    "hide by blur": frozenset({"hidden"}), "blackout": frozenset({"bar"}), "scribble out": frozenset({"stroke"}),
    "timestamp": frozenset({"text", "stamp"}), "stamp": frozenset({"text", "stamp"}),
    "watermark": frozenset({"text", "stamp"}), "border": frozenset({"border"}),
    "rounded corners": frozenset({"border"}), "caption": frozenset({"border", "text"}),
    "blurred bars": frozenset({"border"}), "collage": frozenset({"collage"}),
}  # fmt: skip
"""Kinds of annotation of which at least one should be named, by change."""
APP_QUALITY = (80, 97)
"""IJG qualities at which phones' editors save."""


def seeded(kind: str, seed: int) -> Generator:
    """Return the generator of a change: same kind and seed, same change."""
    return np.random.default_rng(np.random.SeedSequence([seed, *kind.encode()]))


def change(rgb: RGB, kind: str, rng: Generator) -> RGB:
    """Apply the change of a kind to a photo (rows, columns, 3) uint8 and return a new one."""
    return np.ascontiguousarray(KINDS[kind](rgb, rng))


def app_save(rgb: RGB, rng: Generator) -> bytes:
    """Save a photo as phones' editors and apps do."""
    out = io.BytesIO()
    quality, sampling = int(rng.integers(*APP_QUALITY)), int(rng.choice([0, 2, 2]))
    Image.fromarray(rgb).save(out, "JPEG", quality=quality, subsampling=sampling)
    return out.getvalue()
