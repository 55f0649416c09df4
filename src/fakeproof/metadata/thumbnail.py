"""The embedded thumbnail held against the picture: same content, turned, a larger view, or something else."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fakeproof.findings import frozen_array
from fakeproof.metadata.thumbnail_places import changed_place

if TYPE_CHECKING:
    from fakeproof.photo import Photo
    from fakeproof.reading.tiff import Tiff
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
"""Similarity from which a thumbnail shows the picture (own thumbnails: none below 0.99)."""
CLEAR = 0.92
"""Similarity from which no other turn is tried (own thumbnails: none below 0.99)."""
DIFFERENT = 0.45
"""Similarity below which it may show something else (foreign thumbnails: 95 % below 0.46; own: none below 0.99)."""
PART = 0.88
"""Similarity from which the picture is a part of the thumbnail (crops: none below 0.90; foreign: none above 0.85)."""
SMALLEST_SHARE = 0.3
"""Share of the thumbnail's side down to which a crop is sought."""
STEP = 0.93
"""Factor between the scales that are tried; a mismatch of 3.5 % costs a correlation little."""
FLAT = 4.0
"""Standard deviation of grey levels below which a picture is too flat to compare."""

Verdict = Literal["same", "turned", "part", "different", "doubtful", "unreadable"]


@dataclass(frozen=True)
class Comparison:
    """What the thumbnail shows, with the best similarity (-1 to 1), and both pictures.

    The photo's picture is made only where it is of use: for a part or a difference. `place` is where a thumbnail of
    the same content differs, as (left, top, right, bottom) in shares of the displayed photo, `levels` by how much.
    """

    verdict: Verdict
    similarity: float
    thumbnail: RGB8
    photo: RGB8
    place: tuple[float, float, float, float] | None = None
    levels: float = 0.0


def compare_thumbnail(photo: Photo, tiff: Tiff) -> Comparison | None:
    """Compare; None where there is no thumbnail, or nothing to compare in it."""
    import cv2
    import numpy as np

    thumb = decode_thumbnail(tiff.thumbnail)
    if thumb is None:
        return None
    body = _body(thumb, photo.size)
    grey = _small(photo, 3 * max(body.shape[:2]))
    view = np.ascontiguousarray(body[..., 1], np.float32)
    if min(float(cv2.meanStdDev(part)[1][0, 0]) for part in (grey, view)) < FLAT:
        return None
    expected = _stored_turns(photo.orientation)
    similarity, turn = _best_turn(grey, view, expected)
    turned = turn not in expected
    verdict: Verdict = "turned" if turned else "same"
    if similarity < SAME:
        part = max(_as_part(grey, np.rot90(view, k)) for k in range(4))
        verdict = "part" if part >= PART else "different" if similarity < DIFFERENT else "doubtful"
        similarity = part if verdict == "part" else similarity
    changed = changed_place(grey, np.rot90(view, turn)) if verdict in ("same", "turned") else None
    wanted = verdict in ("part", "different") or changed
    shown = _exhibit(photo, 2 * max(thumb.shape[:2])) if wanted else thumb[:0]
    levels, place = changed or (0.0, None)
    return Comparison(verdict, float(similarity), frozen_array(thumb), frozen_array(shown), place, levels)


def _exhibit(photo: Photo, side: int) -> RGB8:
    """Return the picture at about `side` pixels, averaged, for people to look at."""
    import cv2

    scale = min(1.0, side / max(photo.size))
    size = (max(1, round(photo.size[0] * scale)), max(1, round(photo.size[1] * scale)))
    return cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


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


def _body(thumb: Any, size: tuple[int, int]) -> Any:
    """Return the thumbnail without bars, unless the dark edges belong to the picture: the shape tells."""
    body = without_bars(thumb)
    ratio = max(size) / min(size)
    shapes = [abs(max(t.shape[:2]) / max(1, min(t.shape[:2])) / ratio - 1) for t in (body, thumb)]
    return body if min(body.shape[:2]) >= MIN_SIDE and shapes[0] < shapes[1] else thumb


def without_bars(rgb: Any) -> Any:
    """Cut black letterbox bars off; genuine cameras pad 3:2 and 16:9 pictures to 160x120."""
    import numpy as np

    grey = rgb[..., 1].astype(np.float32)
    if min(float(edge.mean()) for edge in (grey[0], grey[-1], grey[:, 0], grey[:, -1])) >= BAR_LEVEL:
        return rgb
    rows = (grey.mean(axis=1) < BAR_LEVEL) & (grey.std(axis=1) < BAR_SPREAD)
    columns = (grey.mean(axis=0) < BAR_LEVEL) & (grey.std(axis=0) < BAR_SPREAD)
    if rows.all() or columns.all():
        return rgb
    top, bottom = int(np.argmin(rows)), len(rows) - int(np.argmin(rows[::-1]))
    left, right = int(np.argmin(columns)), len(columns) - int(np.argmin(columns[::-1]))
    # one more pixel off each cut side: JPEG blurs the bar's edge into the picture
    trim = [1 if v else 0 for v in (top, len(rows) - bottom, left, len(columns) - right)]
    return rgb[top + trim[0] : bottom - trim[1], left + trim[2] : right - trim[3]]


def _small(photo: Photo, side: int) -> Any:
    """Return green at every n-th pixel, `side` to twice `side` of them; the comparison averages and blurs anyway."""
    import numpy as np

    step = max(1, max(photo.size) // side)
    return np.ascontiguousarray(photo.rgb[::step, ::step, 1])


def _stored_turns(orientation: int) -> tuple[int, ...]:
    """Quarter turns (np.rot90) from the stored to the displayed picture; the thumbnail is stored like the picture."""
    return {3: (0, 2), 4: (0, 2), 5: (0, 1, 3), 6: (0, 3), 7: (0, 1, 3), 8: (0, 1)}.get(orientation, (0,))


def _plausible_turns(grey: Any, view: Any) -> list[int]:
    """List the turns that give the thumbnail the picture's shape, or all where the shapes differ anyway."""
    ratio, own = grey.shape[1] / grey.shape[0], view.shape[1] / view.shape[0]
    fits = [k for k in range(4) if abs(((own if k % 2 == 0 else 1 / own) / ratio) - 1) < 0.12]
    return fits or [0, 1, 2, 3]


def _best_turn(grey: Any, view: Any, expected: tuple[int, ...]) -> tuple[float, int]:
    """Return the best similarity over the turns that fit, and its turn in quarters.

    Expected turns come first, and a clear match ends the search: nearly all thumbnails match at once.
    """
    import numpy as np

    best, turn = -1.0, 0
    for k in sorted(_plausible_turns(grey, view), key=lambda k: k not in expected):
        found = _similarity(grey, np.rot90(view, k))
        if found > best:
            best, turn = found, k
        if best >= CLEAR:
            break
    return best, turn


def _similarity(grey: Any, view: Any) -> float:
    """Correlation at the thumbnail's size after a blur, best over a shift of two pixels."""
    import cv2
    import numpy as np

    height, width = view.shape
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    small, view = cv2.GaussianBlur(small, (0, 0), 1.2), cv2.GaussianBlur(view, (0, 0), 1.2)
    inner = small[2:-2, 2:-2]
    if inner.std() < FLAT / 4 or min(inner.shape) < MIN_SIDE // 2:
        return 0.0
    return float(cv2.matchTemplate(view, inner, cv2.TM_CCOEFF_NORMED).max())


def _as_part(grey: Any, view: Any) -> float:
    """Best correlation of the picture, shrunk step by step, inside the thumbnail (the photo was cropped)."""
    import cv2
    import numpy as np

    best = 0.0
    height, width = view.shape
    view = cv2.GaussianBlur(view, (0, 0), 1.0)
    share = STEP
    while share >= SMALLEST_SHARE:
        scale = share * min(width / grey.shape[1], height / grey.shape[0])
        size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
        if min(size) < MIN_SIDE:
            break
        shrunk = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        small = cv2.GaussianBlur(shrunk, (0, 0), 1.0)
        if small.std() >= FLAT / 2:
            best = max(best, float(cv2.matchTemplate(view, small, cv2.TM_CCOEFF_NORMED).max()))
        share *= STEP
    return best
