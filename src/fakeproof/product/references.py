"""A shop's product, prepared once: what comparing needs of each of its photos, to be saved and loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fakeproof.errors import FakeproofError, ParameterError, PhotoError
from fakeproof.findings import Problem, Source, frozen_array
from fakeproof.geometry.foreground import Foreground, find_foreground
from fakeproof.geometry.keypoints import Keypoints, WorkingPicture, rootsift
from fakeproof.photo import Photo
from fakeproof.product.codes import Code, read_codes
from fakeproof.product.colour import colours
from fakeproof.product.embedding import DIGEST, embed
from fakeproof.words import phrase

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Described", "Embedder", "ProductReferences", "describe", "prepare"]

Embedder = Callable[[Any], Any]
"""A user's own: takes RGB8, returns one vector or one a row."""
POINTS = 700
"""RootSIFT points a photo: ten shop photos must be matched within 250 ms."""
FORMAT = 2
"""Of saved files; 1 held other views."""
MAX_PHOTOS = 20
"""Shop photos of one product that are used; further ones only cost time."""


@dataclass(frozen=True, eq=False)
class Described:
    """One photo, as comparing sees it; all arrays are read-only.

    Parameters
    ----------
    name, sha256 : str
        Of the photo.
    size : tuple of int
        Displayed width and height.
    views : ndarray, shape (views, dimensions), float32
        Unit vectors of the embedding.
    chroma : ndarray, shape (2, 256), float32
        Colours of the product.
    points : Keypoints
        RootSIFT.
    foreground : Foreground
        Where the product lies.
    codes : tuple of Code
        Barcodes and QR codes that were read.
    """

    name: str
    sha256: str
    size: tuple[int, int]
    views: npt.NDArray[Any]
    chroma: npt.NDArray[Any]
    points: Keypoints
    foreground: Foreground
    codes: tuple[Code, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, eq=False)
class ProductReferences:
    """Photos of one product, prepared by :func:`prepare`; cheap to compare with, safe to share between threads.

    Parameters
    ----------
    name : str
        The product's name or article number; may be empty.
    photos : tuple of Described
        What could be read.
    unreadable : tuple of Problem
        Photos that could not be read, and why.
    embedding : str
        Which embedding the vectors come from; those of different ones are never compared.
    """

    name: str
    photos: tuple[Described, ...]
    unreadable: tuple[Problem, ...]
    embedding: str = DIGEST

    def __len__(self) -> int:
        return len(self.photos)

    def __repr__(self) -> str:
        return f"ProductReferences({self.name!r}, {len(self.photos)} photos)"

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write everything to one ``.npz`` file, without pickle.

        Raises
        ------
        ParameterError
            The file exists and `overwrite` is False.
        """
        import numpy as np

        path = Path(path)
        if path.exists() and not overwrite:
            raise ParameterError("path", str(path), "a file that does not exist yet, or overwrite=True")
        head: dict[str, Any] = {
            "format": FORMAT,
            "name": self.name,
            "embedding": self.embedding,
            "unreadable": [problem.to_dict() for problem in self.unreadable],
            "photos": [_header(photo) for photo in self.photos],
        }
        arrays: dict[str, Any] = {"head": np.frombuffer(json.dumps(head).encode(), np.uint8)}
        for index, photo in enumerate(self.photos):
            arrays |= {f"{index}/{key}": value for key, value in _arrays(photo).items()}
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ParameterError
            The file is none of ours, or of a later format.
        """
        import zipfile

        import numpy as np

        try:
            with np.load(Path(path), allow_pickle=False) as stored:
                head = json.loads(bytes(stored["head"]))
                if head.get("format") != FORMAT:
                    raise ParameterError("path", str(path), f"a file of format {FORMAT}, not {head.get('format')}")
                photos = tuple(_restored(item, stored, index) for index, item in enumerate(head["photos"]))
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            if isinstance(error, FakeproofError):
                raise
            raise ParameterError("path", str(path), f"a file that ProductReferences.save wrote ({error})") from error
        return cls(head["name"], photos, _problems(head["unreadable"]), head["embedding"])


def prepare(
    products: Iterable[Any], /, *, name: str = "", embedder: Embedder | None = None, codes: bool = True
) -> ProductReferences:
    """Prepare a product's photos for comparing, once for all orders.

    Parameters
    ----------
    products : iterable of Photo, Source, path or bytes
        Up to 20 photos of one product; all views count.
    name : str
        The product's name or article number.
    embedder : callable, optional
        Your own in place of the built-in one: takes uint8 (rows, columns, 3), returns a vector or one a row.
    codes : bool
        Read barcodes and QR codes too.

    Returns
    -------
    ProductReferences
        A photo that cannot be read stands in its ``unreadable``; it does not stop the rest.
    """
    described: list[Described] = []
    unreadable: list[Problem] = []
    for index, item in enumerate(products):
        if index >= MAX_PHOTOS:
            words = phrase("problem.too_many_photos", limit=MAX_PHOTOS)
            unreadable.append(Problem(role="product", name=_label(item, index), words=words, code="too_many_photos"))
            continue
        try:
            photo = Photo.of(item)
            # The photo goes along, so that an exhibit can show it; a saved product has its numbers only.
            source = item if isinstance(item, Source) else Source(photo, key=photo.name)
            described.append(describe(photo, embedder=embedder, codes=codes, source=source))
        except PhotoError as error:
            unreadable.append(Problem.of("product", _label(item, index), error))
    return ProductReferences(name, tuple(described), tuple(unreadable), DIGEST if embedder is None else "user")


def _problems(stored: Any) -> tuple[Problem, ...]:
    """Read what was stored; files of version 0.1 hold names with English reasons."""
    if isinstance(stored, Mapping):
        return tuple(Problem(role="product", name=name, words={"en": why}) for name, why in stored.items())
    return tuple(Problem(**item) for item in stored)


def _label(item: Any, index: int) -> str:
    return str(item) if isinstance(item, str | Path) else str(getattr(item, "name", f"photo {index + 1}"))


def describe(
    photo: Photo, /, *, embedder: Embedder | None = None, codes: bool = True, source: Source | None = None
) -> Described:
    """Measure what comparing needs of one photo; cached with it unless an own embedder is used."""
    if embedder is not None:
        return _describe(photo, embedder, codes, source)
    found = photo.cached(("product", codes), lambda: _describe(photo, None, codes, None))
    return found if source is None else Described(**{**vars(found), "source": source})


def _describe(photo: Photo, embedder: Embedder | None, codes: bool, source: Source | None) -> Described:
    rgb = photo.rgb
    foreground = find_foreground(rgb)
    return Described(
        name=photo.name,
        sha256=photo.sha256,
        size=photo.size,
        views=embed(rgb, foreground) if embedder is None else _own(embedder, rgb),
        chroma=colours(rgb, foreground),
        points=rootsift(photo, count=POINTS),
        foreground=foreground,
        codes=read_codes(photo) if codes else (),
        source=source,
    )


def _own(embedder: Embedder, rgb: Any) -> npt.NDArray[Any]:
    import numpy as np

    views = np.atleast_2d(np.asarray(embedder(rgb), np.float32))
    if views.ndim != 2 or views.size == 0 or not np.isfinite(views).all():
        raise ParameterError("embedder", f"returned {views.shape}", "one finite vector, or one a row")
    norm = np.maximum(np.linalg.norm(views, axis=1, keepdims=True), 1e-9)
    return frozen_array(views / norm)


def _header(photo: Described) -> dict[str, Any]:
    source = photo.source
    return {
        "name": photo.name,
        "sha256": photo.sha256,
        "size": list(photo.size),
        "share": photo.foreground.share,
        "certain": photo.foreground.certain,
        "codes": [code.to_dict() for code in photo.codes],
        "source": None
        if source is None
        else {"key": source.name, "url": source.url, "seen_on": source.seen_on, "order": source.order},
    }


def _arrays(photo: Described) -> dict[str, Any]:
    import numpy as np

    return {
        "views": photo.views.astype(np.float16),
        "chroma": photo.chroma,
        "weight": (photo.foreground.weight * 255).round().astype(np.uint8),
        "points": photo.points.points,
        "sizes": photo.points.sizes,
        "angles": photo.points.angles,
        "descriptors": (photo.points.descriptors * 512).round().clip(0, 255).astype(np.uint8),
        "grey": photo.points.picture.grey,
        "displayed": photo.points.picture.displayed,
    }


def _restored(item: dict[str, Any], stored: Any, index: int) -> Described:
    import numpy as np

    def get(key: str) -> Any:
        return stored[f"{index}/{key}"]

    def unit(rows: Any) -> Any:
        rows = rows.astype(np.float32)
        return frozen_array(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))

    picture = WorkingPicture(frozen_array(get("grey")), frozen_array(get("displayed")))
    points = Keypoints(
        kind="rootsift",
        points=frozen_array(get("points")),
        sizes=frozen_array(get("sizes")),
        angles=frozen_array(get("angles")),
        descriptors=unit(get("descriptors")),
        picture=picture,
    )
    weight = frozen_array(get("weight").astype(np.float32) / 255)
    source = item["source"]
    return Described(
        name=item["name"],
        sha256=item["sha256"],
        size=(item["size"][0], item["size"][1]),
        views=unit(get("views")),
        chroma=frozen_array(get("chroma")),
        points=points,
        foreground=Foreground(weight, item["share"], item["certain"]),
        codes=tuple(Code.from_dict(code) for code in item["codes"]),
        source=None if source is None else Source(item["name"], **source),
    )
