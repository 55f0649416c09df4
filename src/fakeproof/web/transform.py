"""A homography in words: how a photo was made from its source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fakeproof.geometry import Motion, motion, overlap
from fakeproof.words import Phrase, phrase

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

    def words_of_part(self, share: float) -> Phrase:
        """Return how a part that covers `share` of the photo was made from the source."""
        whole = replace(self, overlap_photo=1.0, overlap_source=1.0)
        parts = whole._parts()
        how = phrase("transform.parts", parts=parts) if parts else phrase("transform.as_it_was")
        return phrase("transform.cut_out", share=share, how=how)

    def words(self) -> Phrase:
        """Return how the photo was made from the source."""
        parts = self._parts()
        return phrase("transform.parts", parts=parts) if parts else phrase("transform.whole")

    def _parts(self) -> list[Phrase]:
        m, parts = self.motion, []
        if m.mirrored:
            parts.append(phrase("transform.mirrored"))
        if self.overlap_source < WHOLE:
            parts.append(phrase("transform.cropped", share=self.overlap_source))
        if abs(m.rotation_deg) >= TURNED_DEG:
            side = "counter_clockwise" if m.rotation_deg > 0 else "clockwise"
            parts.append(phrase(f"transform.{side}", angle=abs(m.rotation_deg)))
        if m.stretch > STRETCHED:
            parts.append(phrase("transform.stretched"))
        if self.overlap_photo < FILLS:
            parts.append(phrase("transform.placed", share=self.overlap_photo))
        if abs(m.scale - 1) >= RESIZED:
            parts.append(phrase(f"transform.{'enlarged' if m.scale > 1 else 'reduced'}", scale=m.scale))
        return parts


def describe(matrix: npt.NDArray[np.float64], source: tuple[int, int], photo: tuple[int, int]) -> Transform:
    """Describe a homography from source pixels to photo pixels; sizes are (width, height)."""
    covered, seen = overlap(matrix, source, photo)
    return Transform(motion(matrix, source), covered, seen)
