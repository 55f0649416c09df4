"""The embedded thumbnail held against the picture: same content, turned, a larger view, or something else."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    from fakeproof.metadata.tiff import Tiff
    from fakeproof.photo import Photo
    from fakeproof.types import RGB8

__all__ = ["Comparison", "compare_thumbnail"]

MAX_THUMBNAIL_PIXELS = 1_000_000
"""Larger "thumbnails" are previews of another kind and are left alone; Exif names 160x120."""
MIN_SIDE = 16
"""Pixels of a thumbnail's shorter side below which nothing can be compared."""
BAR_LEVEL = 24.0
"""Mean grey level below which an outer row or column counts as a letterbox bar (black with JPEG noise)."""
BAR_SPREAD = 10.0
"""Standard deviation of grey levels above which it does not."""
SAME = 0.80
"""Similarity from which a thumbnail shows the picture (own thumbnails: 99 % above 0.86)."""
DIFFERENT = 0.45
"""Similarity below which it may show something else (foreign thumbnails: 95 % below 0.46; own: none below 0.65)."""
PART = 0.88
"""Similarity from which the picture is a part of the thumbnail (crops: none below 0.90; foreign: none above 0.83)."""
SMALLEST_SHARE = 0.3
"""Share of the thumbnail's side down to which a crop is sought."""
STEP = 0.93
"""Factor between the scales that are tried; a mismatch of 3.5 % costs a correlation little."""
FLAT = 4.0
"""Standard deviation of grey levels below which a picture is too flat to compare."""

Verdict = Literal["same", "turned", "part", "different", "doubtful", "unreadable"]


@dataclass(frozen=True)
class Comparison:
    """What the thumbnail shows, with the best similarity (-1 to 1) and both pictures at its size."""

    verdict: Verdict
    similarity: float
    thumbnail: RGB8
    photo: RGB8


def compare_thumbnail(photo: Photo, tiff: Tiff) -> Comparison | None:
    """Compare; None where there is no thumbnail, or nothing to compare in it."""
    import cv2
    import numpy as np

    thumb = decode_thumbnail(tiff.thumbnail)
    if thumb is None:
        return None
    body = without_bars(thumb)
    if min(body.shape[:2]) < MIN_SIDE:
        return None
    picture = _small(photo, 2 * max(body.shape[:2]))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    view = cv2.cvtColor(body, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if grey.std() < FLAT or view.std() < FLAT:
        return None
    turns = _stored_turns(photo.orientation)
    similarity, turned = max(
        (_similarity(grey, np.rot90(view, k)), k not in turns) for k in _plausible_turns(grey, view)
    )
    verdict: Verdict = "turned" if turned else "same"
    if similarity < SAME:
        part = max(_as_part(grey, np.rot90(view, k)) for k in range(4))
        verdict = "part" if part >= PART else "different" if similarity < DIFFERENT else "doubtful"
        similarity = part if verdict == "part" else similarity
    height, width = thumb.shape[:2]
    side = max(height, width) * 2
    scale = side / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    shown = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return Comparison(verdict, float(similarity), frozen_array(thumb), frozen_array(shown))


def decode_thumbnail(data: bytes) -> Any:
    """Return the thumbnail as RGB8; None where it is too large or cannot be decoded."""
    import numpy as np
    from PIL import Image

    if not data:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            width, height = image.size
            if width * height > MAX_THUMBNAIL_PIXELS or min(width, height) < MIN_SIDE:
                return None
            return np.array(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def without_bars(rgb: Any) -> Any:
    """Cut black letterbox bars off; genuine cameras pad 3:2 and 16:9 pictures to 160x120."""
    import numpy as np

    grey = rgb.mean(axis=2)
    rows = (grey.mean(axis=1) < BAR_LEVEL) & (grey.std(axis=1) < BAR_SPREAD)
    columns = (grey.mean(axis=0) < BAR_LEVEL) & (grey.std(axis=0) < BAR_SPREAD)
    if rows.all() or columns.all():
        return rgb
    top, bottom = int(np.argmin(rows)), len(rows) - int(np.argmin(rows[::-1]))
    left, right = int(np.argmin(columns)), len(columns) - int(np.argmin(columns[::-1]))
    # one more pixel off each cut side: JPEG blurs the bar's edge into the picture
    trim = [1 if v else 0 for v in (top, len(rows) - bottom, left, len(columns) - right)]
    return rgb[top + trim[0] : bottom - trim[1], left + trim[2] : right - trim[3]]


def _small(photo: Photo, side: int) -> RGB8:
    """Return the picture at about `side` pixels: every n-th pixel first, then averaged; a blur follows anyway."""
    import cv2

    rgb = photo.rgb
    step = max(1, max(rgb.shape[:2]) // (2 * side))
    rgb = rgb[::step, ::step]
    scale = min(1.0, side / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _stored_turns(orientation: int) -> tuple[int, ...]:
    """Quarter turns (np.rot90) from the stored to the displayed picture; the thumbnail is stored like the picture."""
    return {3: (0, 2), 4: (0, 2), 5: (0, 1, 3), 6: (0, 3), 7: (0, 1, 3), 8: (0, 1)}.get(orientation, (0,))


def _plausible_turns(grey: Any, view: Any) -> list[int]:
    """List the turns that give the thumbnail the picture's shape, or all where the shapes differ anyway."""
    ratio, own = grey.shape[1] / grey.shape[0], view.shape[1] / view.shape[0]
    fits = [k for k in range(4) if abs(((own if k % 2 == 0 else 1 / own) / ratio) - 1) < 0.12]
    return fits or [0, 1, 2, 3]


def _similarity(grey: Any, view: Any) -> float:
    """Correlation at the thumbnail's size after a blur, best over a shift of two pixels."""
    import cv2

    height, width = view.shape
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    small, view = cv2.GaussianBlur(small, (0, 0), 1.2), cv2.GaussianBlur(view, (0, 0), 1.2)
    inner = small[2:-2, 2:-2]
    if inner.std() < FLAT / 4 or min(inner.shape) < MIN_SIDE // 2:
        return 0.0
    return float(cv2.matchTemplate(view, inner, cv2.TM_CCOEFF_NORMED).max())


def _as_part(grey: Any, view: Any) -> float:
    """Best correlation of the picture, shrunk step by step, inside the thumbnail (the photo was cropped)."""
    import cv2

    best = 0.0
    height, width = view.shape
    view = cv2.GaussianBlur(view, (0, 0), 1.0)
    share = STEP
    while share >= SMALLEST_SHARE:
        scale = share * min(width / grey.shape[1], height / grey.shape[0])
        size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
        if min(size) < MIN_SIDE:
            break
        small = cv2.GaussianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
        if small.std() >= FLAT / 2:
            best = max(best, float(cv2.matchTemplate(view, small, cv2.TM_CCOEFF_NORMED).max()))
        share *= STEP
    return best
