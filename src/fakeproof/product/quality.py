"""Whether the photo shows enough of anything: a blank table or a hand is no other product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.findings import Flag
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo
    from fakeproof.product.references import Described

__all__ = ["Doubt", "doubts"]

SIDE = 256
"""Longer side, px, on which sharpness and light are judged."""
SHARP = 12.0
"""Standard deviation of the Laplacian's strongest tenth, grey levels, below which nothing fine is left to compare."""
DARK, BRIGHT = 22.0, 245.0
"""Median luma outside which little is seen."""
FEW_POINTS = 40
"""RootSIFT points below which the photo shows hardly any structure (a table, a wall)."""
BARE = 0.72
"""Share of the product's place in skin and cardboard tones from which it may be a hand or the bare outer box."""
BARE_POINTS = 260
"""Points above which such tones are print or texture after all (bread, potatoes, wood grain come close)."""
SMALL_SIDE = 120
"""Shorter side, px, below which siblings and kinds blur together."""


@dataclass(frozen=True)
class Doubt:
    """A reason why the photo cannot show that it is another product."""

    name: str
    flag: Flag

    @property
    def words(self) -> Phrase:
        """The reason."""
        return phrase(f"compare.doubt.{self.name}")


SMALL = Doubt("small", Flag.SMALL)
BLURRED = Doubt("blurred", Flag.LOW_QUALITY)
UNLIT = Doubt("light", Flag.LOW_QUALITY)
EMPTY = Doubt("empty", Flag.FLAT)
BARE_BOX = Doubt("bare", Flag.LOW_QUALITY)


def doubts(photo: Photo, described: Described) -> tuple[Doubt, ...]:
    """Return the reasons for which only "cannot tell" is left, were the photo unlike the product."""
    import cv2
    import numpy as np

    scale = min(1.0, SIDE / max(photo.size))
    size = max(1, round(photo.size[0] * scale)), max(1, round(photo.size[1] * scale))
    rgb = cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    edges = np.abs(cv2.Laplacian(grey.astype(np.float32), cv2.CV_32F))
    strong = float(np.percentile(edges, 95))
    weight = described.foreground.resized(size[1], size[0])
    bare = float((weight * _bare(rgb)).sum() / max(float(weight.sum()), 1e-9))
    points = len(described.points)
    found = (
        (min(photo.size) < SMALL_SIDE, SMALL),
        (strong < SHARP, BLURRED),
        (not DARK <= float(np.median(grey)) <= BRIGHT and _dim(grey), UNLIT),
        (points < FEW_POINTS, EMPTY),
        (bare > BARE and points < BARE_POINTS, BARE_BOX),
    )
    return tuple(doubt for holds, doubt in found if holds)


def _dim(grey: Any) -> bool:
    """Without contrast; a product cut out on white or black has plenty."""
    import numpy as np

    low, high = np.percentile(np.asarray(grey), (2, 98))
    return bool(high - low < 90)


def _bare(rgb: Any) -> Any:
    """Skin and cardboard in YCrCb: the cluster of Chai and Ngan, doi:10.1109/76.767122, widened to brown paper."""
    import cv2
    import numpy as np

    ycc = cv2.cvtColor(np.asarray(rgb, np.uint8), cv2.COLOR_RGB2YCrCb)
    cr, cb = ycc[..., 1], ycc[..., 2]
    return ((cr > 134) & (cr < 173) & (cb > 77) & (cb < 124)).astype(np.float32)
