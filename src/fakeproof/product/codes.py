"""Barcodes and QR codes: which article the photo itself names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.findings import Finding, Flag, NotApplicable, Region
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.photo import Photo

__all__ = ["Code", "articles", "codes", "gtin", "read_codes"]

MIN_SIDE = 64
"""Shorter side, px, below which no code can be read."""
FULL_SIDE = 2048
"""Longer side, px, to which larger photos are reduced; codes smaller than that are beyond both readers anyway."""
READINGS = 2
"""Readings that must agree: single ones with a valid check digit were wrong even at 3-px bars (tilted, drawn codes)."""
SMALLER = 0.6
"""Size of the second look at large photos."""
RETAIL = frozenset({"EAN13", "EAN8", "UPCA", "UPCE"})
"""Codes with an article number and a check digit."""
MODULES = {"EAN13": 95, "UPCA": 95, "EAN8": 67, "UPCE": 51}
"""Modules across the bars."""
_CV_NAMES = {"EAN_13": "EAN13", "EAN_8": "EAN8", "UPC_A": "UPCA", "UPC_E": "UPCE"}


@dataclass(frozen=True, eq=False)
class Code:
    """One code in a photo.

    Parameters
    ----------
    kind : str
        ``EAN13``, ``QRCode`` and so on.
    text : str
        What it says; for retail codes the digits.
    polygon : ndarray, shape (4, 2), float32
        Displayed pixels (x, y).
    module : float
        Width of the narrowest bar, px; 0 where the kind does not tell.
    readers : tuple of str
        Which programs or picture sizes read the same.
    valid : bool
        The check digit holds (retail codes), or the symbol's own error correction did (all others).
    """

    kind: str
    text: str
    polygon: npt.NDArray[np.float32]
    module: float
    readers: tuple[str, ...]
    valid: bool = True

    @property
    def counts(self) -> bool:
        """Valid, and read twice: a check digit alone lets one misreading in ten through."""
        return self.valid and (self.kind not in RETAIL or len(self.readers) >= READINGS)

    def to_dict(self) -> dict[str, Any]:
        """Return the code as JSON-ready values."""
        return {
            "kind": self.kind,
            "text": self.text,
            "article": gtin(self.text) if self.kind in RETAIL and self.valid else None,
            "polygon": [[round(float(x), 1), round(float(y), 1)] for x, y in self.polygon],
            "module_px": round(self.module, 2),
            "readers": list(self.readers),
            "counts": self.counts,
            "valid": self.valid,
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Code:
        """Restore what :meth:`to_dict` wrote."""
        import numpy as np

        polygon = np.asarray(item["polygon"], np.float32).reshape(-1, 2)
        return cls(item["kind"], item["text"], polygon, item["module_px"], tuple(item["readers"]), item["valid"])


def gtin(digits: str) -> str | None:
    """Return the 14-digit article number of EAN-13, EAN-8 or UPC digits, or None if the check digit does not hold.

    Examples
    --------
    >>> from fakeproof.product.codes import gtin
    >>> gtin("4006381333931"), gtin("4006381333932")
    ('04006381333931', None)
    """
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in (8, 12, 13, 14):
        return None
    full = digits.zfill(14)
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(full[:13]))
    return full if (10 - total % 10) % 10 == int(full[13]) else None


def articles(found: Iterable[Code]) -> frozenset[str]:
    """Return the article numbers among codes that count."""
    numbers = (gtin(code.text) for code in found if code.counts and code.kind in RETAIL)
    return frozenset(number for number in numbers if number)


@detector(version=1, least_side=MIN_SIDE, cost_ms=100)
def codes(photo: Photo, /) -> Finding | NotApplicable:
    """Read barcodes and QR codes: the article that the photo itself names.

    Parameters
    ----------
    photo : Photo
        At least 64 px on the shorter side.

    Returns
    -------
    Finding
        Its score is the number of codes that count; it never supports a category: :func:`compare` holds the numbers
        against those on the shop's photos. ``facts["codes"]`` lists each code, ``facts["articles"]`` the 14-digit
        article numbers. Nothing is seen where bars are below about 1.5 px or the code is bent, torn or covered.

    Notes
    -----
    OpenCV's readers always look; zxing-cpp looks too where it is installed (extra ``codes``): they fail on different
    photos. A retail code counts when its check digit holds and two readings agree, by two programs or at two sizes of
    the picture, and none from the same bars contradicts. Check digits: GS1 General Specifications, section 7.9.

    Examples
    --------
    >>> import numpy as np
    >>> from fakeproof.photo import Photo
    >>> from fakeproof.product import codes
    >>> codes(Photo.from_array(np.full((200, 200, 3), 128, np.uint8))).facts["codes"]
    []
    """
    found = read_codes(photo)
    counting = [code for code in found if code.counts]
    numbers = sorted(articles(found))
    doubtful = Flag.LOW_QUALITY if len(counting) < len(found) else Flag.NONE
    return Finding(
        score=float(len(counting)),
        sentence=_sentence(counting, numbers),
        regions=tuple(
            Region(
                polygon=code.polygon,
                area=_area(code.polygon),
                label=str(index + 1),
                role="matched",
                traces=("codes",),
                facts=code.to_dict(),
            )
            for index, code in enumerate(counting)
        ),
        facts={"codes": [code.to_dict() for code in found], "articles": numbers, "readers": list(_readers())},
        flags=doubtful,
    )


def _sentence(counting: list[Code], numbers: list[str]) -> Phrase:
    if numbers:
        return phrase("codes.articles", numbers=numbers)
    return phrase("codes.others" if counting else "codes.nothing", count=len(counting))


def _area(polygon: Any) -> int:
    import cv2

    return int(cv2.contourArea(polygon))


def _readers() -> tuple[str, ...]:
    from importlib.util import find_spec

    return ("cv2", "zxing") if find_spec("zxingcpp") else ("cv2",)


def read_codes(photo: Photo, /) -> tuple[Code, ...]:
    """Return every code that a reader saw, those that do not count included; cached with the photo."""
    return photo.cached("codes", lambda: _read(photo))


def _read(photo: Photo) -> tuple[Code, ...]:
    import cv2
    import numpy as np

    grey = cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, FULL_SIDE / max(photo.size))
    size = max(1, round(photo.size[0] * scale)), max(1, round(photo.size[1] * scale))
    if scale < 1:
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    back = np.array([photo.size[0] / size[0], photo.size[1] / size[1]], np.float32)
    readings = [*_once(grey, ""), *_again(grey)]
    return _merged([(kind, text, polygon * back, reader) for kind, text, polygon, reader in readings], back)


Reading = tuple[str, str, Any, str]


def _once(grey: Any, note: str) -> Iterator[Reading]:
    yield from _cv2_bars(grey, note)
    if not note:
        yield from _cv2_qr(grey)
    yield from _zxing(grey, note)


def _again(grey: Any) -> Iterator[Reading]:
    """Read once more at another size: small pictures doubled, so that thin bars become legible, large ones reduced."""
    import cv2

    small = max(grey.shape) <= FULL_SIDE // 2
    factor, way = (2.0, cv2.INTER_CUBIC) if small else (SMALLER, cv2.INTER_AREA)
    other = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=way)
    for kind, text, polygon, reader in _once(other, f" x{factor:g}"):
        yield kind, text, polygon / factor, reader


def _cv2_bars(grey: Any, note: str) -> Iterator[Reading]:
    import cv2
    import numpy as np

    _, texts, kinds, polygons = cv2.barcode.BarcodeDetector().detectAndDecodeWithType(grey)
    for text, kind, polygon in zip(texts or (), kinds or (), () if polygons is None else polygons, strict=False):
        if text:
            yield _CV_NAMES.get(kind, kind), text, np.asarray(polygon, np.float32).reshape(-1, 2), "cv2" + note


def _cv2_qr(grey: Any) -> Iterator[Reading]:
    import cv2
    import numpy as np

    try:
        _, texts, polygons, _ = cv2.QRCodeDetector().detectAndDecodeMulti(grey)
    except cv2.error:
        return  # some flat or tiny pictures trip an assertion inside the detector
    for text, polygon in zip(texts or (), () if polygons is None else polygons, strict=False):
        if text:
            yield "QRCode", text, np.asarray(polygon, np.float32).reshape(-1, 2), "cv2"


def _zxing(grey: Any, note: str) -> Iterator[Reading]:
    import numpy as np

    if "zxing" not in _readers():
        return
    import zxingcpp

    for found in zxingcpp.read_barcodes(np.ascontiguousarray(grey)):
        at = found.position
        corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        polygon = np.array([[corner.x, corner.y] for corner in corners], np.float32)
        kind = str(found.format).rsplit(".", 1)[-1].replace("-", "").replace(" ", "")
        yield kind, found.text, polygon, "zxing" + note


def _merged(readings: list[Reading], back: Any) -> tuple[Code, ...]:
    """Join readings that say the same; contradicting ones of one place make neither count."""
    import numpy as np

    groups: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        kind, text = reading[0], reading[1]
        number = gtin(text) if kind in RETAIL else None
        groups.setdefault(("retail", number) if number else (kind, text), []).append(reading)
    found = []
    for members in groups.values():
        kind, text, polygon, _ = members[0]
        across = float(np.linalg.norm(polygon[1] - polygon[0])) if len(polygon) == 4 else 0.0
        along = float(np.linalg.norm(polygon[2] - polygon[1])) if len(polygon) == 4 else 0.0
        module = max(across, along) / float(back.max()) / MODULES[kind] if kind in MODULES else 0.0
        valid = kind not in RETAIL or gtin(text) is not None
        found.append(Code(kind, text, polygon, module, tuple(dict.fromkeys(m[3] for m in members)), valid))
    return tuple(code if not _contradicted(code, found) else _doubted(code) for code in found)


def _contradicted(code: Code, others: list[Code]) -> bool:
    """Another number was read, at least as often, from the same bars."""
    import numpy as np

    if code.kind not in RETAIL:
        return False
    for other in others:
        if other is code or other.kind not in RETAIL or not other.valid or len(other.readers) < len(code.readers):
            continue
        if any(
            _holds(a, np.mean(b, axis=0)) for a, b in ((code.polygon, other.polygon), (other.polygon, code.polygon))
        ):
            return True
    return False


def _holds(polygon: Any, point: Any) -> bool:
    low, high = polygon.min(axis=0) - 4, polygon.max(axis=0) + 4
    return bool((point >= low).all() and (point <= high).all())


def _doubted(code: Code) -> Code:
    return Code(code.kind, code.text, code.polygon, code.module, code.readers, valid=False)
