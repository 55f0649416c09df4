"""What an index keeps of one source, and how a source comes back from it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakeproof.findings import Source
from fakeproof.geometry import compact, orb, rootsift
from fakeproof.geometry.hints import FEW
from fakeproof.geometry.keypoints import LEAST_SIDE
from fakeproof.photo import Photo
from fakeproof.web.catalog import read_time
from fakeproof.web.hashes import dihedral_hashes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry import Keypoints

__all__ = ["Entry", "describe_source", "restore"]

DESCRIPTORS = 300
"""ORB points kept of a source: .966 of blind queries found first with that many (docs/benchmarks.md, web)."""
POINT_STEPS = 64
"""Steps a working pixel in which points are stored as uint16."""
PICTURE_SIDE = 1024
"""Longer side, px, of the copy kept of a source that has no file."""
PICTURE_QUALITY = 88


@dataclass(frozen=True, eq=False)
class Entry:
    """What is kept of one source.

    Parameters
    ----------
    record : dict
        Its row of the catalogue.
    words : ndarray, shape (4,), uint64
        Its hash.
    descriptors, points : ndarrays, shape (n, 4) uint64 and (n, 2) uint16
        ORB codes, and their places in 1/64 working pixels.
    few, few_points : ndarrays, shape (m, 4) uint64 and (m, 2) uint16
        Compact RootSIFT codes and their places; without rows where an index of the first format kept none.
    """

    record: dict[str, Any]
    words: npt.NDArray[np.uint64]
    descriptors: npt.NDArray[np.uint64]
    points: npt.NDArray[np.uint16]
    few: npt.NDArray[np.uint64]
    few_points: npt.NDArray[np.uint16]


def describe_source(source: Source) -> Entry:
    """Read a source and compute what the index keeps of it.

    Raises
    ------
    PhotoError
        If it cannot be read.
    """
    import numpy as np

    photo = Photo.of(source)
    code = dihedral_hashes(photo)[0]
    found: Keypoints = orb(photo, count=DESCRIPTORS)
    path = str(Path(source.image).resolve()) if isinstance(source.image, str | Path) else ""
    record = {
        "key": source.key or photo.sha256,
        "name": source.name if source.name != "source" else photo.name,
        "url": source.url,
        "seen_on": source.seen_on,
        "seen_at": source.seen_at.isoformat() if source.seen_at else "",
        "order_id": source.order,
        "sha256": photo.sha256,
        "path": path,
        "width": photo.size[0],
        "height": photo.size[1],
        "quality": code.quality,
        "picture": None if path else _picture(photo),
    }
    strongest = rootsift(photo, count=FEW, least=LEAST_SIDE)
    few = np.ascontiguousarray(compact(strongest.descriptors)).view(np.uint64)[:FEW]
    return Entry(
        record,
        code.words,
        found.descriptors[:DESCRIPTORS],
        _steps(found.points)[:DESCRIPTORS],
        few,
        _steps(strongest.points)[:FEW],
    )


def _steps(points: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Return places as whole numbers of 1/64 working pixels."""
    import numpy as np

    return np.clip(np.round(points * POINT_STEPS), 0, 65535).astype(np.uint16)


def _picture(photo: Photo) -> bytes:
    """Return the file itself where it is small, else a copy of limited size."""
    from PIL import Image

    if photo.data is not None and max(photo.size) <= PICTURE_SIDE:
        return photo.data
    image = Image.fromarray(photo.rgb)
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=PICTURE_QUALITY, subsampling=0)
    return out.getvalue()


def restore(record: dict[str, Any]) -> Source:
    """Return the source that a record describes; its picture is the file, or the copy that was kept."""
    image: Any = Path(record["path"]) if record["path"] else record["picture"]
    return Source(
        image,
        url=record["url"],
        seen_on=record["seen_on"],
        seen_at=read_time(record["seen_at"]),
        key=record["key"],
        order=record["order_id"],
        title=record["name"],
    )
