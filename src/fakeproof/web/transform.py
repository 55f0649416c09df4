"""A homography in words: how a photo was made from its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.geometry import Motion, motion, overlap
from fakeproof.types import Language

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Transform", "describe"]

WHOLE = 0.97
"""Share of the source from which nothing counts as cropped: fits err by a few pixels at the edges."""
FILLS = 0.95
"""Share of the photo from which the source fills it."""
TURNED_DEG = 1.0
"""Smallest rotation worth a word."""
RESIZED = 0.03
"""Smallest relative change of scale worth a word."""
STRETCHED = 1.06
"""Ratio of the two scales from which the picture is called stretched or seen at an angle."""


@dataclass(frozen=True)
class Transform:
    """Motion and overlap of a source in a photo, with the words for it."""

    motion: Motion
    overlap_photo: float
    overlap_source: float

    @property
    def facts(self) -> dict[str, Any]:
        """Plain numbers: degrees counter-clockwise, scale of the source's pixels in the photo, shares 0-1."""
        return {
            "mirrored": self.motion.mirrored,
            "rotation_deg": round(self.motion.rotation_deg, 2),
            "scale": round(self.motion.scale, 4),
            "stretch": round(self.motion.stretch, 4),
            "cropped_to": round(self.overlap_source, 4),
            "covers": round(self.overlap_photo, 4),
        }

    def words(self) -> dict[Language, str]:
        """Return the sentence in both languages."""
        parts = self._parts()
        if not parts:
            return {"en": "the whole source, unchanged in position", "zh": "整图一致，位置未变"}
        return {"en": ", ".join(p[0] for p in parts), "zh": "，".join(p[1] for p in parts)}

    def _parts(self) -> list[tuple[str, str]]:
        m, parts = self.motion, []
        if m.mirrored:
            parts.append(("mirrored", "左右镜像"))
        if self.overlap_source < WHOLE:
            share = f"{self.overlap_source:.0%}"
            parts.append((f"cropped to {share} of the source", f"裁剪至原图的 {share}"))
        if abs(m.rotation_deg) >= TURNED_DEG:
            side = ("counter-clockwise", "逆时针") if m.rotation_deg > 0 else ("clockwise", "顺时针")
            angle = abs(m.rotation_deg)
            parts.append((f"rotated by {angle:.0f}° {side[0]}", f"{side[1]}旋转 {angle:.0f}°"))
        if m.stretch > STRETCHED:
            parts.append(("stretched or seen at an angle", "有拉伸或透视变形"))
        if self.overlap_photo < FILLS:
            share = f"{self.overlap_photo:.0%}"
            parts.append((f"placed in a larger picture, of which it fills {share}", f"嵌入更大的画面，占其 {share}"))
        if abs(m.scale - 1) >= RESIZED:
            verb = ("enlarged", "放大") if m.scale > 1 else ("reduced", "缩小")
            parts.append((f"{verb[0]} to {m.scale:.0%}", f"{verb[1]}至 {m.scale:.0%}"))
        return parts


def describe(matrix: npt.NDArray[np.float64], source: tuple[int, int], photo: tuple[int, int]) -> Transform:
    """Describe a homography from source pixels to photo pixels; sizes are (width, height)."""
    covered, seen = overlap(matrix, source, photo)
    return Transform(motion(matrix, source), covered, seen)
