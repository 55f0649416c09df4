"""Four cases and two counter-cases made from photos that ship with scikit-image, analysed for real: what comes out is what is printed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakeproof.findings import Source
from fakeproof.order import Message, Order, Report
from fakeproof.types import Category, Language

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
    order: Order | None = None


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


def _cloned() -> bytes:
    """Clone the bowl of the spoon onto the table, save as a chat app would."""
    import numpy as np
    import skimage.data

    rgb = _again(skimage.data.coffee(), 90).copy()
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    to, origin = np.array([330, 84]), np.array([270, 372])
    soft = np.clip((58 - np.hypot(y - to[0], x - to[1])) / 6, 0, 1)[..., None]
    moved = np.roll(rgb, tuple(to - origin), axis=(0, 1))
    return _jpeg((rgb * (1 - soft) + moved * soft).astype(np.uint8), 88)


def _cracked() -> tuple[bytes, list[Source]]:
    """Paint a crack into the cup: the original beside it shows what was added."""
    import cv2
    import numpy as np
    import skimage.data

    rgb = _again(skimage.data.coffee(), 90)
    crack = np.zeros(rgb.shape[:2], np.float32)
    line = np.array([[340, 50], [362, 74], [356, 94], [378, 116], [374, 140], [392, 162]], np.int32)
    cv2.polylines(crack, [line], isClosed=False, color=1.0, thickness=3, lineType=cv2.LINE_AA)
    soft = cv2.GaussianBlur(crack, (0, 0), 0.8)[..., None]
    changed = (rgb * (1 - soft * 0.85)).astype(np.uint8)
    seen = Source(_jpeg(rgb, 95), url="https://pictures.example/coffee", seen_on="pictures.example", key="coffee.jpg")
    return _jpeg(changed, 88), [seen]


def _order() -> Order:
    """Make an order with its chat and an earlier report, refunded already."""
    at = datetime(2026, 5, 3, 6, 2, tzinfo=UTC)
    chat = (
        Message(at=at, side="buyer", text="The cup came with two spoons, one is bent.", photo="edited.jpg"),
        Message(at=at + timedelta(hours=1), side="shop", text="Could you send another photo?"),
        Message(at=at + timedelta(hours=2), side="buyer", text="Here it is again.", photo="edited.jpg"),
    )
    earlier = Report(at=at + timedelta(days=1), category=Category.WEB_IMAGE, photo="edited.jpg", outcome="refused")
    return Order(
        number="260501-000123", reported_at=at + timedelta(days=2), messages=chat, reports=(earlier,), report_limit=3,
        refunded_at=at + timedelta(days=1), appeal_until=at + timedelta(days=8),
    )  # fmt: skip


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

    title = "An edited photo: a part cloned; with the order's chat and an earlier report"
    yield Case(name="edited", title=title, evidence=_cloned(), order=_order())
    evidence, sources = _cracked()
    yield Case(name="cracked", title="A crack painted in, beside the original", evidence=evidence, sources=sources)
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
        verdict = analyze(photo, sources=case.sources, products=case.products, order=case.order)
        place = verdict.dossier(folder / case.name, lang=lang, overwrite=True)
        yield f"== {case.title}"
        yield told(verdict, lang)
        yield f"  dossier: {place}\n"
