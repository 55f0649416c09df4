"""Visible platform marks and AI labels: leads to where a photo comes from."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.findings import Finding, Flag, NotApplicable, Region
from fakeproof.types import Category
from fakeproof.web.generator_marks import GeneratorMark, generator_marks
from fakeproof.web.marks import Mark, promising, read_marks
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.photo import Photo

__all__ = ["watermarks"]

MIN_SIDE = 120
"""Shorter side, px, below which marks cannot be read."""
STRIP = 0.2
"""Share of the height read at the top and at the bottom first."""
READ_WIDTH = 1600
"""Width, px, that a strip is brought to: letters of 22 px at 1,000 px width become 35 px high."""
MAX_ENLARGE = 2.0
MAX_SHRINK_WIDTH = 2400
"""Strips of wide photos are reduced to this width; their marks are larger."""
WHOLE_SIDE = 1280
"""Longer side, px, at which the whole photo is read when that is asked for."""
STROKE = 21
"""Widest stroke, px of the enlarged strip, that counts as writing in the second reading."""
MIN_STROKE_CONTRAST = 30.0
"""Grey levels below which strokes are not amplified to full contrast: that would read noise."""
FAINT = 12
"""Grey levels of a stroke against its surroundings, below which nobody reads it."""
LEAST_INK = 80
"""Pixels of strokes that the shortest mark has."""
AROUND = 7.0
"""Letter heights beside a line that are looked at more closely: a platform's name, or the rest of a number."""
CLOSER_HEIGHT, MAX_CLOSER = 56.0, 3.0
"""Height, px, that its letters are brought to, and by how much at most."""
MAX_CLOSER_LOOKS = 3
MIN_CONFIDENCE = 0.6
"""Mean confidence of a line, 0-1, below which it is not believed."""
AI_HEIGHT = 0.05
"""China's labelling rule (GB 45438-2025): letters of at least 5 % of the short side."""
_WEIGHT = {"stock": 3.0, "platform": 2.0, "ai_label": 1.0, "account": 0.5}
_COLON = re.compile(r"^\D{1,2}(?=\d{6})")
"""What a colon before a number is read as."""
_reading = threading.Lock()


@detector(version=3, category=Category.WEB_IMAGE, least_side=MIN_SIDE, weighed="assigned", cost_ms=400)
def watermarks(photo: Photo, /, *, whole: bool = False) -> Finding | NotApplicable:
    """Read platform marks (小红书号, 抖音号, @微博), stock agencies and AI labels that are drawn on the photo.

    Also finds, without the `ocr` extra, the star that Gemini lays into the lower right corner, and the message that
    Stable Diffusion XL hides in its pixels.

    Parameters
    ----------
    photo : Photo
        The questioned photo.
    whole : bool
        Read the middle too, where agencies write across the picture; takes a second or more.

    Returns
    -------
    Finding
        ``facts["marks"]`` lists kind, platform, account, text, confidence and box of each; ``regions`` outline them.
        The score is the weight of the best mark (stock agency 3, platform 2, AI label 1, bare @name 0.5) plus 1 where
        an account was read, times the confidence. It supports `Category.WEB_IMAGE` for an agency, or a platform with
        an account: the photo was published there. It is a lead to the original, which proves it.
    NotApplicable
        Without the `ocr` extra and such a mark, or if the photo is below 120 px a side.

    Notes
    -----
    It sees nothing in marks below about 16 px, in strong tilt, in logos without text, and in marks that were removed.

    Examples
    --------
    >>> import numpy as np, fakeproof as fp
    >>> str(fp.web.watermarks(fp.Photo.from_array(np.zeros((64, 64, 3), np.uint8))))
    '64x64 is below 120 px'
    """
    drawn = [_laid(mark) for mark in generator_marks(photo.rgb)]
    reader = _reader()
    if reader is None:
        return _finding(photo, drawn) if drawn else _not("needs_ocr")
    windows = [w for w in _windows(photo, whole) if _any_writing(photo.rgb, w)]
    lines = [line for window in windows for line in _read(reader, photo.rgb, window)]
    marks = _marks(lines, photo)
    if not any(mark.kind == "stock" for mark, _ in marks):
        again: list[_Line] = []
        if not any(mark.parted for mark, _ in marks):
            again = [line for window in windows for line in _read(reader, photo.rgb, window, strokes=True)]
        for window in _closer([*lines, *again], photo):
            again += _read(reader, photo.rgb, window) + _read(reader, photo.rgb, window, strokes=True)
        marks += [found for found in _marks(again, photo) if found[0].kind == "platform"]
    return _finding(photo, [*_surest(marks), *drawn])


def _laid(mark: GeneratorMark) -> tuple[Mark, _Line]:
    """Return a generator's mark as if it had been read."""
    import numpy as np

    left, top, right, bottom = mark.box
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
    return Mark("ai_label", mark.platform, "", mark.text), _Line(mark.text, mark.confidence, corners)


def _not(why: str, **given: Any) -> NotApplicable:
    return NotApplicable(reason=phrase(f"watermarks.{why}", **given))


@lru_cache(maxsize=1)
def _reader() -> Any:
    """Load the reader once; one thread, since sums over several depend on how many there are."""
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError:
        return None
    return RapidOCR(
        det_limit_type="min", det_limit_side_len=32, use_cls=False, text_score=0.3, width_height_ratio=-1,
        intra_op_num_threads=1, inter_op_num_threads=1,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Line:
    """A line of text with its confidence and its corners, (4, 2) displayed pixels."""

    text: str
    confidence: float
    corners: npt.NDArray[np.float64]

    @property
    def height(self) -> float:
        import numpy as np

        return float(np.linalg.norm(self.corners[3] - self.corners[0]))


def _windows(photo: Photo, whole: bool) -> list[tuple[int, int, int, int, float]]:
    """Return (left, top, right, bottom, scale) of what is read: bottom and top strip, then all where asked."""
    width, height = photo.size
    strip = max(round(STRIP * height), min(height, 96))
    scale = min(MAX_ENLARGE, READ_WIDTH / width) if width < READ_WIDTH else min(1.0, MAX_SHRINK_WIDTH / width)
    windows = [(0, height - strip, width, height, scale), (0, 0, width, strip, scale)]
    if whole:
        windows.append((0, strip, width, height - strip, min(MAX_ENLARGE, WHOLE_SIDE / max(photo.size))))
    return [w for w in windows if w[3] - w[1] >= 16]


def _any_writing(rgb: Any, window: tuple[int, int, int, int, float]) -> bool:
    """Whether a window has enough thin strokes for a word, lighter or darker: a plain ground needs no reader."""
    import cv2
    import numpy as np

    left, top, right, bottom, _ = window
    grey = cv2.cvtColor(np.ascontiguousarray(rgb[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    element = cv2.getStructuringElement(cv2.MORPH_RECT, (STROKE, STROKE))
    light = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, element)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, element)
    return int((np.maximum(light, dark) >= FAINT).sum()) >= LEAST_INK


def _closer(lines: list[_Line], photo: Photo) -> list[tuple[int, int, int, int, float]]:
    """Return windows around lines that may be part of a mark, wide enough for the rest of it, with larger letters."""
    width, height = photo.size
    windows: list[tuple[int, int, int, int, float]] = []
    for line in sorted(lines, key=lambda ln: -ln.confidence):
        (left, top), (right, bottom) = line.corners.min(axis=0), line.corners.max(axis=0)
        middle = ((left + right) / 2, (top + bottom) / 2)
        seen = any(w[0] <= middle[0] <= w[2] and w[1] <= middle[1] <= w[3] for w in windows)
        if seen or line.confidence < MIN_CONFIDENCE or not promising(line.text):
            continue
        beside, over = AROUND * line.height, 0.7 * line.height
        box = (max(0, left - beside), max(0, top - over), min(width, right + beside), min(height, bottom + over))
        x0, y0, x1, y1 = (round(float(v)) for v in box)
        windows.append((x0, y0, x1, y1, float(min(MAX_CLOSER, CLOSER_HEIGHT / max(line.height, 8.0)))))
    return windows[:MAX_CLOSER_LOOKS]


def _surest(marks: list[tuple[Mark, _Line]]) -> list[tuple[Mark, _Line]]:
    """Keep one mark a platform and place, an account once: what most readings share, parted from its name, is surest."""
    votes = Counter((mark.platform, mark.account) for mark, _ in marks)

    def rank(found: tuple[Mark, _Line]) -> tuple[bool, int, bool, float]:
        mark, line = found
        return mark.account != "", votes[mark.platform, mark.account], mark.parted, line.confidence

    best: dict[tuple[str, str, int], tuple[Mark, _Line]] = {}
    for mark, line in marks:
        place = (mark.kind, mark.platform, round(float(line.corners[:, 1].mean()) / max(4 * line.height, 1.0)))
        if place not in best or rank((mark, line)) > rank(best[place]):
            best[place] = (mark, line)
    said: dict[tuple[str, str, str], tuple[Mark, _Line]] = {}
    for mark, line in sorted(best.values(), key=rank, reverse=True):
        said.setdefault((mark.kind, mark.platform, mark.account or str(line.corners[0])), (mark, line))
    return list(said.values())


def _read(reader: Any, rgb: Any, window: tuple[int, int, int, int, float], *, strokes: bool = False) -> list[_Line]:
    """Read one window; `strokes` leaves of it only what is thin and lighter than its surroundings."""
    import cv2
    import numpy as np

    left, top, right, bottom, scale = window
    part = np.ascontiguousarray(rgb[top:bottom, left:right, ::-1])
    if scale != 1.0:
        method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=method)
    if strokes:
        part = _light_strokes(part)
    with _reading:
        lines, _ = reader(part)
    return [
        _Line(str(text), float(confidence), np.asarray(box, np.float64) / scale + (left, top))
        for box, text, confidence in lines or ()
    ]


def _light_strokes(part: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return thin light strokes as dark on white: pale writing on a pale or busy ground."""
    import cv2
    import numpy as np

    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (STROKE, STROKE))
    raised = cv2.morphologyEx(np.ascontiguousarray(part.min(axis=2)), cv2.MORPH_TOPHAT, element).astype(np.float32)
    level = max(MIN_STROKE_CONTRAST, float(np.percentile(raised, 99.7)))
    dark = 255 - np.clip(raised * (255 / level), 0, 255).astype(np.uint8)
    return np.repeat(dark[..., None], 3, axis=2)


def _marks(lines: list[_Line], photo: Photo) -> list[tuple[Mark, _Line]]:
    """Find marks in the lines; a number that stands on its own line beneath a platform's name belongs to it."""
    found = [(mark, line) for line in lines if line.confidence >= MIN_CONFIDENCE for mark in read_marks(line.text)]
    out = []
    for mark, line in found:
        if mark.kind == "platform" and not mark.account:
            for other in lines:
                if other is line or other.confidence < MIN_CONFIDENCE or not _beneath(line, other):
                    continue
                number = _COLON.sub("", other.text.strip())
                joined = [m for m in read_marks(f"{mark.platform}号:{number}") if m.account]
                if joined:
                    mark = Mark(mark.kind, mark.platform, joined[0].account, f"{line.text} {number}")
                    break
        out.append((mark, line))
    short = min(photo.size)
    return [(m, ln) for m, ln in out if m.kind != "ai_label" or ln.height >= 0.25 * AI_HEIGHT * short]


def _beneath(line: _Line, other: _Line) -> bool:
    import numpy as np

    gap = other.corners[0] - line.corners[0]
    nearby = abs(gap[1]) < 2.5 * line.height
    overlap = min(line.corners[1, 0], other.corners[1, 0]) - max(line.corners[0, 0], other.corners[0, 0])
    return bool(nearby and overlap > -2 * line.height and np.isfinite(gap).all())


def _finding(photo: Photo, marks: list[tuple[Mark, _Line]]) -> Finding:
    scored = sorted(marks, key=lambda m: -_score(*m))
    best = scored[0][0] if scored else None
    published = best is not None and (best.kind == "stock" or (best.kind == "platform" and best.account != ""))
    return Finding(
        score=_score(*scored[0]) if scored else 0.0,
        supports=Category.WEB_IMAGE if published else None,
        sentence=_sentence([m for m, _ in scored]),
        regions=tuple(_region(i, m, ln) for i, (m, ln) in enumerate(scored, 1)),
        facts={"marks": [_describe(m, ln, min(photo.size)) for m, ln in scored]},
        flags=Flag.UNVERIFIED if scored else Flag.NONE,
    )


def _score(mark: Mark, line: _Line) -> float:
    return (_WEIGHT[mark.kind] + (1.0 if mark.account and mark.kind == "platform" else 0.0)) * line.confidence


def _region(number: int, mark: Mark, line: _Line) -> Region:
    import cv2
    import numpy as np

    corners = line.corners.astype(np.float32)
    return Region(
        polygon=corners,
        area=max(1, round(cv2.contourArea(corners))),
        label=str(number),
        score=_score(mark, line),
        role="matched",
        traces=("watermarks",),
        facts={"kind": mark.kind, "platform": mark.platform, "account": mark.account, "text": mark.text},
    )


def _describe(mark: Mark, line: _Line, short: int) -> dict[str, Any]:
    return {
        "kind": mark.kind,
        "platform": mark.platform,
        "account": mark.account,
        "text": mark.text,
        "confidence": round(line.confidence, 3),
        "height_share": round(line.height / short, 4),
        "box": [[round(float(x), 1), round(float(y), 1)] for x, y in line.corners],
    }


def _sentence(marks: list[Mark]) -> Phrase:
    if not marks:
        return phrase("watermarks.nothing")
    mark = marks[0]
    if mark.kind == "ai_label":
        said = f"{mark.platform}, {mark.text}" if mark.platform and mark.platform not in mark.text else mark.text
        return phrase("watermarks.ai_label", text=said)
    where = mark.platform or phrase("watermarks.an_account")
    return phrase("watermarks.mark", where=where, who=f" {mark.account}" if mark.account else "")
