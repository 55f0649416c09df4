"""One exhibit: a picture with numbers in it, the words that stand beside it, and its file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from fakeproof.errors import ParameterError
from fakeproof.findings import frozen_array
from fakeproof.types import Category, Language
from fakeproof.words import frozen_words, languages, said, text

if TYPE_CHECKING:
    from fakeproof.types import RGB8

__all__ = ["MAX_BYTES", "MAX_SIDE", "Exhibit"]

MAX_BYTES = 2 * 2**20
"""Default size of a file, bytes: the smallest cap among the upload forms that we know of."""
MAX_SIDE = 2048
"""Default long edge of a file, px."""
QUALITIES = (92, 88, 84, 80, 74, 68, 60, 50)
"""JPEG qualities tried from the best down until a file fits; below 50 the picture is made smaller instead."""
SHRINK = 0.8
"""Factor by which both sides shrink where no quality fits."""
MIN_BYTES = 4096
"""Smallest cap that makes sense: below it nothing can be recognised."""
FLICKER_SIDE = 640
"""Long edge of a GIF, px: about half a megabyte, and enough to see what jumps."""
FLICKER_MS = 900
"""Time of a frame: slow enough to look around, and far below the three flashes a second that can hurt."""

Kind = Literal["circled", "copied", "compared", "original", "product", "embedded", "recapture"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """A picture that shows one piece of evidence; it carries numbers only, words stand beside it.

    Parameters
    ----------
    image : ndarray of uint8, shape (rows, columns, 3)
        The picture, at most 2048 px a side.
    category : Category
        The claim that it belongs to.
    kind : {'circled', 'copied', 'compared', 'original', 'product', 'embedded', 'recapture'}
        Altered places circled; a copied place and its origin; what changed against the original; photo and original;
        photo and the shop's photos; photo and a picture that was found inside its file; a photo of a
        screen, outlined, and a place of it with its spectrum.
    legend : mapping
        What the numbers in the picture mean, by language.
    claims : tuple of mapping
        What can be seen in it, one sentence each, by language: what a statement may say.
    band : tuple of mapping
        Lines to be set below the picture, by language: who took which part, where and when it was seen.
    supported : bool
        Whether the weighed evidence supports the category; an exhibit of an unsupported one only helps people look.
    facts : mapping
        Plain values behind the caption: address, date, transform.
    frames : tuple of ndarray, optional
        Two pictures of one size, laid over each other: :meth:`flicker` shows them in turn.
    """

    image: RGB8
    category: Category
    kind: Kind
    legend: Mapping[Language, str] = field(default_factory=dict)
    claims: tuple[Mapping[Language, str], ...] = ()
    band: tuple[Mapping[Language, str], ...] = ()
    supported: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    frames: tuple[RGB8, ...] = ()

    def __post_init__(self) -> None:
        import numpy as np

        object.__setattr__(self, "image", frozen_array(self.image, np.uint8))
        object.__setattr__(self, "frames", tuple(frozen_array(f, np.uint8) for f in self.frames))
        object.__setattr__(self, "legend", frozen_words(self.legend))
        object.__setattr__(self, "claims", tuple(map(frozen_words, self.claims)))
        object.__setattr__(self, "band", tuple(map(frozen_words, self.band)))
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))

    @property
    def name(self) -> str:
        """A name for its file, without ending: ``edited-circled``."""
        return f"{self.category.value.replace('_', '-')}-{self.kind}"

    def caption(self, lang: Language = "en") -> str:
        """Return the words that belong beside the picture."""
        parts = [said(words, lang) for words in (self.legend, *self.claims)]
        return text("caption.parts", lang, parts=parts)

    def encode(
        self, *, file_format: Literal["jpeg", "png"] = "jpeg", max_bytes: int = MAX_BYTES, max_side: int = MAX_SIDE
    ) -> bytes:
        """Return the picture as a file's bytes, the same ones every time.

        Parameters
        ----------
        file_format : {'jpeg', 'png'}
            PNG is exact and larger.
        max_bytes, max_side : int
            Caps of the upload form. Quality falls first, then size.

        Raises
        ------
        ParameterError
            A cap is too small to recognise anything.
        """
        if file_format not in ("jpeg", "png"):
            raise ParameterError("file_format", file_format, ("jpeg", "png"))
        if max_bytes < MIN_BYTES:
            raise ParameterError("max_bytes", max_bytes, f"{MIN_BYTES} or more")
        if max_side < 64:
            raise ParameterError("max_side", max_side, "64 or more")
        side = min(max_side, max(self.image.shape[:2]))
        while True:
            for quality in QUALITIES if file_format == "jpeg" else (0,):
                data = _encoded(self.image, side, quality)
                if len(data) <= max_bytes:
                    return data
            side = max(16, round(side * SHRINK))

    def save(self, path: str | Path, *, max_bytes: int = MAX_BYTES, max_side: int = MAX_SIDE) -> Path:
        """Write the picture; the ending, ``.jpg`` or ``.png``, chooses the format.

        Raises
        ------
        ParameterError
            Another ending, or a cap that is too small.
        """
        path = Path(path)
        if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
            raise ParameterError("path", path.name, "a name that ends in .jpg or .png")
        kind: Literal["jpeg", "png"] = "png" if path.suffix.lower() == ".png" else "jpeg"
        path.write_bytes(self.encode(file_format=kind, max_bytes=max_bytes, max_side=max_side))
        return path

    def flicker(self, *, max_side: int = FLICKER_SIDE) -> bytes | None:
        """Return a GIF that shows the two frames in turn, the same bytes every time; None without frames.

        What stays still is the same in both; what jumps was changed.
        """
        from PIL import Image

        if len(self.frames) < 2:
            return None
        height, width = self.frames[0].shape[:2]
        scale = min(1.0, max_side / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = [Image.fromarray(f).resize(size, Image.Resampling.LANCZOS) for f in self.frames]
        # Dithered to its own 256 colours each: without, skies and skin fall into bands that look like edits.
        turns = [f.quantize(palette=f.quantize(256), dither=Image.Dither.FLOYDSTEINBERG) for f in small]
        out = io.BytesIO()
        turns[0].save(out, "GIF", save_all=True, append_images=turns[1:], duration=FLICKER_MS, loop=0)
        return out.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the picture as JSON-ready values."""
        return {
            "category": self.category.value,
            "kind": self.kind,
            "supported": self.supported,
            "size": [int(self.image.shape[1]), int(self.image.shape[0])],
            "caption": {lang: self.caption(lang) for lang in languages()},
            "facts": dict(self.facts),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # Mapping proxies do not pickle.
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        plain = {k: dict(v) if isinstance(v, MappingProxyType) else v for k, v in values.items()}
        for name in ("claims", "band"):
            plain[name] = tuple(dict(w) if isinstance(w, MappingProxyType) else w for w in plain[name])
        return _rebuild, (type(self), plain)

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"Exhibit({self.category.value}, {self.kind}, {width}x{height})"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.encode(max_bytes=200_000, max_side=960)).decode()
        picture = f'<img alt="" style="max-width:100%" src="data:image/jpeg;base64,{data}">'
        return f"<figure>{picture}<figcaption>{escape(self.caption())}</figcaption></figure>"


def _rebuild(cls: type[Exhibit], values: dict[str, Any]) -> Exhibit:
    return cls(**values)


def _encoded(image: RGB8, side: int, quality: int) -> bytes:
    """Encode with the long edge at `side`; quality 0 means PNG."""
    from PIL import Image

    picture = Image.fromarray(image)
    if max(picture.size) > side:
        scale = side / max(picture.size)
        size = tuple(max(1, round(v * scale)) for v in picture.size)
        picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if quality:
        sampling = 0 if quality >= 84 else 2
        try:
            picture.save(out, "JPEG", quality=quality, subsampling=sampling, optimize=True)
        except OSError:  # Pillow's room for optimised tables is a byte a pixel; noise takes more
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality, subsampling=sampling)
    else:
        picture.save(out, "PNG", optimize=True)
    return out.getvalue()
