"""Finding the original by hand, offline: the crops worth a reverse picture search, the words, and where to take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fakeproof._folders import appearing
from fakeproof.errors import ParameterError
from fakeproof.findings import Finding, Region
from fakeproof.geometry.foreground import find_foreground
from fakeproof.types import Language
from fakeproof.web.watermarks import watermarks
from fakeproof.words import check_language, text

if TYPE_CHECKING:
    from fakeproof.photo import Photo
    from fakeproof.types import RGB8

__all__ = ["Crop", "search_crops", "search_kit"]

Kind = Literal["whole", "unmirrored", "product", "cell", "beside_mark"]
Box = tuple[int, int, int, int]

PAGES = (
    ("page_baidu", "https://graph.baidu.com/pcpage/index?tpl_from=pc"),
    ("page_sogou", "https://pic.sogou.com/"),
    ("page_taobao", "https://www.taobao.com/"),
    ("page_bing", "https://www.bing.com/visualsearch"),
    ("page_google", "https://lens.google.com/"),
    ("page_yandex", "https://yandex.com/images/"),
    ("page_tineye", "https://tineye.com/"),
)
"""Keys of the texts, and addresses, of the pages on which a person uploads a picture; nothing here opens them."""
FLAT = 6.0
"""Standard deviation, grey levels, below which a row or column is a bar or a gap and no picture."""
LEAST_SIDE = 96
"""Shorter side, px, of a crop worth searching for."""
MOST_TRIMMED = 0.45
"""Share of a side that bars may take away at one end; more is a plain picture."""
LEAST_CELL = 0.15
"""Share of the picture's area that a cell of a collage has at least."""
SAVED_SIDE, SAVED_QUALITY = 1600, 92
"""Longer side, px, and JPEG quality of the files: upload pages shrink what is larger."""
MARK = "index.html"


@dataclass(frozen=True, eq=False)
class Crop:
    """A part of the photo to search for.

    Parameters
    ----------
    kind : {'whole', 'unmirrored', 'product', 'cell', 'beside_mark'}
        Without bars and frame; that mirrored back; the product alone; a cell of a collage; the largest part beside a
        visible mark.
    image : ndarray of uint8, shape (rows, columns, 3)
        Its pixels.
    box : tuple of int
        (left, top, right, bottom) in the photo.
    """

    kind: Kind
    image: RGB8
    box: Box

    def why(self, lang: Language = "en") -> str:
        """Return what it is good for."""
        return text(f"kit.{self.kind}", lang)


def search_crops(photo: Photo, /, *, marks: Finding | None = None) -> tuple[Crop, ...]:
    """Return the parts of a photo that are worth a reverse picture search, the most promising first.

    Parameters
    ----------
    photo : Photo
    marks : Finding, optional
        Of :func:`fakeproof.web.watermarks`; looked for here if left out.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> [crop.kind for crop in fp.web.search_crops(fp.Photo.from_array(skimage.data.chelsea()))]
    ['whole', 'unmirrored', 'product']
    """
    rgb = photo.rgb
    whole = _trimmed(rgb, (0, 0, rgb.shape[1], rgb.shape[0]))
    boxes: list[tuple[Kind, Box]] = [("whole", whole), ("unmirrored", whole)]
    boxes += [("cell", cell) for cell in _cells(rgb, whole)]
    boxes.append(("product", _product(rgb, whole)))
    found = marks if marks is not None else watermarks(photo)
    if isinstance(found, Finding):
        boxes += [("beside_mark", _beside(whole, region)) for region in found.regions]
    return tuple(_crops(rgb, boxes))


def search_kit(photo: Photo, folder: str | Path, /, *, lang: Language = "zh", overwrite: bool = False) -> Path:
    """Write what a person needs to look for the photo's original: crops, words, and links to upload pages. Offline.

    Parameters
    ----------
    photo : Photo
    folder : path
        A new folder; it appears only when it is complete. ``index.html`` in it explains the rest.
    lang : {'zh', 'en'}
        Language of the page.
    overwrite : bool
        Replace an earlier kit.

    Returns
    -------
    Path
        The page. Nothing is sent anywhere: a person opens an upload page from it and drops a crop there.

    Raises
    ------
    ParameterError
        The folder exists and `overwrite` is false, or what is there is no kit.
    """
    check_language(lang)
    folder = Path(folder)
    if folder.exists() and not (overwrite and (folder / MARK).is_file()):
        raise ParameterError(
            "folder", str(folder), "a folder that does not exist, or overwrite=True for an earlier kit"
        )
    marks = watermarks(photo)
    found = marks if isinstance(marks, Finding) else None
    with appearing(folder) as part:
        crops = [(f"{n}-{crop.kind}.jpg", crop) for n, crop in enumerate(search_crops(photo, marks=found), 1)]
        for name, crop in crops:
            _save(crop.image, part / name)
        (part / MARK).write_text(_page(crops, _words(found), lang), encoding="utf-8")
    return folder / MARK


def _crops(rgb: RGB8, boxes: list[tuple[Kind, Box]]) -> Iterator[Crop]:
    import numpy as np

    seen: set[tuple[bool, Box]] = set()
    for kind, box in boxes:
        left, top, right, bottom = box
        if (kind == "unmirrored", box) in seen or min(right - left, bottom - top) < LEAST_SIDE:
            continue
        seen.add((kind == "unmirrored", box))
        part = rgb[top:bottom, left:right]
        image = np.ascontiguousarray(part[:, ::-1] if kind == "unmirrored" else part)
        image.flags.writeable = False
        yield Crop(kind, image, box)


def _flat(rgb: RGB8, box: Box, axis: int) -> Any:
    """Return for each row (axis 1) or column (axis 0) of a box whether it is one colour."""
    import numpy as np

    left, top, right, bottom = box
    return np.asarray(rgb[top:bottom, left:right], np.float32).std(axis=axis).max(axis=-1) < FLAT


def _trimmed(rgb: RGB8, box: Box) -> Box:
    """Take bars and a plain frame away from the edges."""
    left, top, right, bottom = box
    rows, columns = _ends(_flat(rgb, box, 1)), _ends(_flat(rgb, box, 0))
    return left + columns[0], top + rows[0], right - columns[1], bottom - rows[1]


def _ends(flat: Any) -> tuple[int, int]:
    """Return how many flat rows stand at the beginning and at the end."""
    import numpy as np

    busy = np.flatnonzero(~flat)
    if busy.size == 0:
        return 0, 0
    first, last = int(busy[0]), int(flat.size - 1 - busy[-1])
    most = MOST_TRIMMED * flat.size
    return (first if first <= most else 0), (last if last <= most else 0)


def _cells(rgb: RGB8, box: Box) -> list[Box]:
    """Return the cells of a collage: parts between straight gaps that go all the way through."""
    left, top, right, bottom = box
    out: list[Box] = []
    for low, high in _spans(_flat(rgb, box, 1)):
        row = (left, top + low, right, top + high)
        out += [(left + a, row[1], left + b, row[3]) for a, b in _spans(_flat(rgb, row, 0))]
    least = LEAST_CELL * (right - left) * (bottom - top)
    return out if len(out) > 1 and all((r - a) * (b - t) >= least for a, t, r, b in out) else []


def _spans(flat: Any) -> list[tuple[int, int]]:
    """Return the runs that are not flat, as (first, behind the last)."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[True], flat, [True]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 8]


def _product(rgb: RGB8, box: Box) -> Box:
    """Return the box of what stands out, in the photo."""
    left, top, right, bottom = box
    shares = find_foreground(rgb[top:bottom, left:right]).box
    width, height = right - left, bottom - top
    a, t, r, b = (round(v) for v in (shares[0] * width, shares[1] * height, shares[2] * width, shares[3] * height))
    return left + a, top + t, left + r, top + b


def _beside(box: Box, region: Region) -> Box:
    """Return the largest part of the box above, below, left or right of a mark."""
    left, top, right, bottom = box
    a, t, r, b = (round(v) for v in region.box)
    parts = [(left, top, right, t), (left, b, right, bottom), (left, top, a, bottom), (r, top, right, bottom)]
    inside = [(max(left, p[0]), max(top, p[1]), min(right, p[2]), min(bottom, p[3])) for p in parts]
    return max(inside, key=lambda p: max(0, p[2] - p[0]) * max(0, p[3] - p[1]))


def _words(marks: Finding | None) -> list[str]:
    """Return what to type into a search box: platforms with their account numbers, and marks as read."""
    listed = marks.facts.get("marks", ()) if marks is not None else ()
    said = (f"{mark['platform']} {mark['account']}".strip() or mark["text"] for mark in listed)
    return list(dict.fromkeys(said))


def _save(rgb: RGB8, path: Path) -> None:
    from PIL import Image

    image = Image.fromarray(rgb)
    image.thumbnail((SAVED_SIDE, SAVED_SIDE), Image.Resampling.LANCZOS)
    image.save(path, "JPEG", quality=SAVED_QUALITY)


def _page(crops: list[tuple[str, Crop]], words: list[str], lang: Language) -> str:
    """Return the page: no script, nothing loaded from elsewhere, everything from the photo escaped."""

    def say(key: str) -> str:
        return escape(text(f"kit.{key}", lang))

    pictures = "".join(
        f'<figure><img src="{name}" alt=""><figcaption>{escape(name)}<br>{escape(crop.why(lang))}</figcaption></figure>'
        for name, crop in crops
    )
    links = "".join(
        f'<li><a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{say(name)}</a></li>'
        for name, address in PAGES
    )
    typed = "".join(f"<li><code>{escape(word)}</code></li>" for word in words) or f"<li>{say('no_words')}</li>"
    return f"""<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer"><title>{say("title")}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}}
main{{display:flex;flex-wrap:wrap;gap:1rem}}figure{{margin:0;width:15rem}}img{{width:100%;border:1px solid #ccc}}
figcaption{{font-size:.85rem;overflow-wrap:anywhere}}li{{margin:.3rem 0}}</style></head>
<body><h1>{say("title")}</h1><p>{say("how")}</p>
<h2>{say("pictures")}</h2><main>{pictures}</main>
<h2>{say("pages")}</h2><ul>{links}</ul>
<h2>{say("words")}</h2><ul>{typed}</ul>
<p>{say("then")}</p></body></html>
"""
