"""Three cases made from photos that ship with scikit-image, analysed for real: what comes out is what is printed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakeproof.findings import Source
from fakeproof.types import Language

if TYPE_CHECKING:
    from fakeproof.types import RGB8

__all__ = ["Case", "cases", "run"]

CHAT_QUALITY = 82
CHAT_SIDE = 1440


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case: a title, the evidence's bytes, and what the merchant has beside it."""

    name: str
    title: str
    evidence: bytes
    sources: list[Any] = field(default_factory=list)
    products: list[Any] = field(default_factory=list)


def _jpeg(rgb: RGB8, quality: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _again(rgb: RGB8, quality: int) -> RGB8:
    """Save and open: the phone's own first compression."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(_jpeg(rgb, quality))))


def _edited() -> bytes:
    """Clone the bowl of the spoon onto the table, retouch a part of the wood, save as a chat app would."""
    import cv2
    import numpy as np
    import skimage.data

    rgb = _again(skimage.data.coffee(), 90).copy()
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    to, origin = np.array([330, 84]), np.array([270, 372])
    soft = np.clip((58 - np.hypot(y - to[0], x - to[1])) / 6, 0, 1)[..., None]
    moved = np.roll(rgb, tuple(to - origin), axis=(0, 1))
    rgb = (rgb * (1 - soft) + moved * soft).astype(np.uint8)
    wood = (np.hypot(y - 215, x - 520) < 26).astype(np.uint8)
    return _jpeg(np.asarray(cv2.inpaint(rgb, wood, 5, cv2.INPAINT_TELEA)), 88)


def _copied() -> tuple[bytes, list[Source]]:
    """Crop, mirror and re-save the cat; its original waits among distractors."""
    import skimage.data
    from PIL import Image, ImageOps

    cat = Image.fromarray(skimage.data.chelsea())
    out = io.BytesIO()
    ImageOps.mirror(cat.crop((45, 20, 415, 280))).resize((740, 520)).save(out, "JPEG", quality=78)
    seen = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
    sources = []
    for name in ("astronaut", "chelsea", "rocket", "coffee", "retina"):
        rgb = getattr(skimage.data, name)()[:1000, :1000]
        address = f"https://pictures.example/{name}"
        sources.append(Source(_jpeg(rgb, 92), url=address, seen_on="pictures.example", seen_at=seen, key=f"{name}.jpg"))
    return out.getvalue(), sources


def _motorcycle(side: str) -> RGB8:
    import numpy as np
    import skimage
    from PIL import Image

    path = Path(skimage.__file__).parent / "data" / f"motorcycle_{side}.png"
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def cases() -> Iterator[Case]:
    """Make the cases one after the other."""
    import skimage.data

    yield Case(name="edited", title="An edited photo: a part cloned, another retouched", evidence=_edited())
    evidence, sources = _copied()
    yield Case(
        name="web-image", title="A web image: cropped, mirrored, saved again", evidence=evidence, sources=sources
    )
    shop = [_jpeg(_motorcycle("left"), 92)]
    other = _jpeg(skimage.data.rocket(), 85)
    yield Case(name="wrong-product", title="A wrong product: a rocket for a motorcycle", evidence=other, products=shop)
    same = _jpeg(_motorcycle("right"), 85)
    yield Case(
        name="right-product",
        title="Counter-case: the shop's motorcycle, seen from elsewhere",
        evidence=same,
        products=shop,
    )
    clean = _jpeg(_again(skimage.data.coffee(), 90), 93)
    yield Case(name="untouched", title="Counter-case: the coffee photo, only saved again", evidence=clean)


def run(folder: Path, *, lang: Language = "en") -> Iterator[str]:
    """Analyse the cases, write their dossiers to `folder`, and yield what to print."""
    from fakeproof.analysis import analyze
    from fakeproof.exhibits.report import told
    from fakeproof.photo import Photo

    for case in cases():
        photo = Photo.from_bytes(case.evidence, name=f"{case.name}.jpg")
        verdict = analyze(photo, sources=case.sources, products=case.products)
        place = verdict.dossier(folder / case.name, lang=lang, overwrite=True)
        yield f"== {case.title}"
        yield told(verdict, lang)
        yield f"  dossier: {place}\n"
