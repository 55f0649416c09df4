"""The examiner's page: every map over the photo, rings by detector, the original in step, evidence that shows its place."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fakeproof._version import __version__
from fakeproof.exhibits.compose import laid_over
from fakeproof.exhibits.report import headline
from fakeproof.findings import shown_name
from fakeproof.types import Language
from fakeproof.words import text

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.photo import Photo
    from fakeproof.types import RGB8
    from fakeproof.verdict import Verdict

__all__ = ["explore"]

PHOTO_SIDE, MAP_SIDE = 2000, 640
"""Longer side, px, of the photo and of a map in the page: to zoom in on, and as fine as any map's blocks."""
QUALITY = 88
PEAK = 99.7
"""Percentile of a map that is shown in full colour."""


def explore(verdict: Verdict, *, lang: Language) -> str:
    """Return the page as HTML text: one file, its own script alone may run, nothing is loaded.

    Raises
    ------
    ParameterError
        The verdict is light: its pictures are gone.
    """
    # No "<" in the data, so that no name or sentence can end the element that holds it.
    data = json.dumps(_content(verdict, lang), ensure_ascii=False).replace("<", "\\u003c")
    script = _part("explore.js")
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {"lang": lang, "seal": seal, "style": _part("explore.css"), "data": data, "script": script}
    page = _part("explore.html")
    for name, value in parts.items():
        before, mark, after = page.partition(f"@@{name}@@")
        page = before + value + after if mark else page
    return page


@lru_cache
def _part(name: str) -> str:
    return (resources.files("fakeproof.exhibits") / "templates" / name).read_text(encoding="utf-8")


def _content(verdict: Verdict, lang: Language) -> dict[str, Any]:
    photo = verdict.picture
    names = (
        "title",
        "map",
        "strength",
        "no_map",
        "rings",
        "original",
        "evidence",
        "looked",
        "saw",
        "weight",
        "how",
        "reset",
    )
    return {
        "t": {name: text(f"explore.{name}", lang) for name in names},
        "name": shown_name(photo.name),
        "size": list(photo.size),
        "headline": headline(verdict, lang),
        "photo": _jpeg(photo.rgb),
        "originals": _originals(verdict, photo),
        "maps": [_map(f, lang) for f in verdict.findings if f.kept_heatmap is not None or f.mask is not None],
        "rings": [ring for f in verdict.findings for ring in _rings(f)],
        "evidence": _evidence(verdict, lang),
        "version": __version__,
    }


def _originals(verdict: Verdict, photo: Photo) -> list[dict[str, str]]:
    """Return the best original, laid over the photo where the two were aligned."""
    for match in verdict.matches[:1]:
        if match.photo is not None:
            matrix = match.homography
            shown = match.photo.rgb if matrix is None else laid_over(photo, match.photo, matrix)
            return [{"name": shown_name(match.source.name), "image": _jpeg(shown)}]
    return []


def _map(finding: Finding, lang: Language) -> dict[str, Any]:
    return {"detector": finding.detector, "name": _name(finding.detector, lang), "image": _heat(finding)}


def _rings(finding: Finding) -> list[dict[str, Any]]:
    return [
        {"detector": finding.detector, "role": r.role, "label": r.label, "points": r.polygon.round(1).tolist()}
        for r in finding.regions
        if len(r.polygon) >= 3
    ]


def _evidence(verdict: Verdict, lang: Language) -> list[dict[str, Any]]:
    """Return a row a finding, with the weight that it got."""
    weights = {
        c.detector: f"{c.llr:+.2f}"
        for score in verdict.scores.values()
        for c in score.contributions
        if abs(c.llr) >= 0.005
    }
    return [
        {
            "detector": f.detector,
            "name": _name(f.detector, lang),
            "sentence": f.wording(lang),
            "weight": weights.get(f.detector, ""),
        }
        for f in verdict.findings
    ]


def _name(detector: str, lang: Language) -> str:
    return text(f"{detector}.name", lang)


def _jpeg(rgb: RGB8) -> str:
    import cv2

    small = _within(rgb, PHOTO_SIDE)
    _, packed = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(packed.tobytes()).decode()


def _heat(finding: Finding) -> str:
    """Return a map as a picture that is clear where it is low, and yellow to red where it is high."""
    import cv2
    import numpy as np

    heat = finding.heatmap
    values = finding.mask if heat is None else heat
    small: Any = np.nan_to_num(_within(np.asarray(values, np.float32), MAP_SIDE), posinf=0.0, neginf=0.0)
    peak = max(float(np.percentile(small, PEAK)), float(small.max()) * 0.2, 1e-9)
    share = np.clip(small / peak, 0, 1)
    out = np.zeros((*share.shape, 4), np.uint8)
    out[..., 2], out[..., 1], out[..., 3] = 230, np.round(200 * (1 - share)), np.round(255 * share)
    _, packed = cv2.imencode(".png", out)
    return "data:image/png;base64," + base64.b64encode(packed.tobytes()).decode()


def _within(image: Any, side: int) -> Any:
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
