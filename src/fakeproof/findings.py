"""What detectors hand out: findings, regions, matches, and the answer "not applicable"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from enum import Flag as _EnumFlag
from enum import auto
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar, overload

from fakeproof.errors import PhotoError
from fakeproof.heatmaps import BlockHeatmap, map_picture, spread_from
from fakeproof.types import Category, Language
from fakeproof.words import FALLBACK, Phrase, frozen_words, phrase, said, text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.types import RGB8, Heatmap, Mask, Polygon

Scalar = TypeVar("Scalar", bound="np.generic")

__all__ = [
    "OWN_LISTING",
    "Finding",
    "Flag",
    "Match",
    "NotApplicable",
    "Problem",
    "Region",
    "Role",
    "Source",
    "frozen_array",
    "shown_name",
    "too_small",
]

OWN_LISTING: Phrase = phrase("shared.own_listing")
"""Where a source was seen that is one of the shop's own pictures."""


class Flag(_EnumFlag):
    """Circumstances that touch a result; each is defined once, here, and explained by :meth:`sentences`."""

    NONE = 0
    SMALL = auto()
    FLAT = auto()
    SATURATED = auto()
    TRUNCATED = auto()
    REPETITIVE = auto()
    UNVERIFIED = auto()
    PARSE_ERROR = auto()
    LOW_QUALITY = auto()
    DAMAGED = auto()

    def sentences(self, lang: Language = "en") -> tuple[str, ...]:
        """Return one sentence for each flag that is set.

        Examples
        --------
        >>> from fakeproof.findings import Flag
        >>> (Flag.SMALL | Flag.TRUNCATED).sentences()
        ('the photo is small, so little can be measured', 'the file is cut off; only a part was read')
        """
        return tuple(text(f"flag.{flag.name}", lang) for flag in self)


@overload
def frozen_array(array: npt.NDArray[Scalar], dtype: None = None) -> npt.NDArray[Scalar]: ...
@overload
def frozen_array(array: npt.ArrayLike, dtype: type[Scalar]) -> npt.NDArray[Scalar]: ...
def frozen_array(array: Any, dtype: Any = None) -> npt.NDArray[Any]:
    """Return `array` as a read-only array; a caller's writable array is copied, never locked."""
    import numpy as np

    out = np.asarray(array, dtype=dtype)
    if out.flags.writeable:
        out = out.copy() if out is array or out.base is not None else out
        out.flags.writeable = False
    return out


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """A place in the photo, in displayed pixels.

    Parameters
    ----------
    polygon : ndarray, shape (points, 2), float32
        Outline as (x, y).
    area : int
        Pixels inside.
    label : str
        A short name, ``"1"`` or ``"1a"``; pairs of a copy-move share the number.
    score : float
        The detector's score for this place.
    role : {'altered', 'either', 'matched', 'mark'}
        What the place is; ``'either'`` where copy and origin cannot be told apart, ``'mark'`` what was
        laid over openly.
    traces : tuple of str
        Names of the detectors that support it.
    facts : mapping
        Plain numbers and words about the place.
    """

    polygon: Polygon
    area: int
    label: str = ""
    score: float = 0.0
    role: Literal["altered", "either", "matched", "mark"] = "altered"
    traces: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import numpy as np

        object.__setattr__(self, "polygon", frozen_array(self.polygon, np.float32))
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Smallest upright box as (left, top, right, bottom)."""
        low, high = self.polygon.min(axis=0), self.polygon.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), _plain_fields(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the region as JSON-ready values."""
        return {
            "label": self.label,
            "role": self.role,
            "score": _number(self.score),
            "area": int(self.area),
            "box": [round(v, 1) for v in self.box],
            "polygon": [[round(float(x), 1), round(float(y), 1)] for x, y in self.polygon],
            "traces": list(self.traces),
            "facts": _plain(self.facts),
        }


@dataclass(frozen=True, kw_only=True)
class NotApplicable:
    """The answer of a detector that cannot look at this photo: falsy, neutral, never "innocent".

    Parameters
    ----------
    reason : mapping, or str
        Why it cannot look, by language; a text alone is taken for English.
    version : int
        The detector's version.
    unreadable : tuple of Problem
        Pictures that could not be read, where that is why.

    Examples
    --------
    >>> from fakeproof import NotApplicable
    >>> answer = NotApplicable(detector="noise", reason="96x96 is below 128 px")
    >>> bool(answer), str(answer)
    (False, '96x96 is below 128 px')
    """

    reason: Mapping[Language, str] | str
    detector: str = ""
    version: int = 1
    unreadable: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        reason = {FALLBACK: self.reason} if isinstance(self.reason, str) else self.reason
        object.__setattr__(self, "reason", frozen_words(reason))

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return self.wording()

    def wording(self, lang: Language = "en") -> str:
        """Return the reason in the language asked for; English where it has no other."""
        return said(self.reason, lang)  # type: ignore[arg-type]  # made a mapping on creation

    def stamped(self, detector: str, version: int) -> Self:
        """Return the answer with its detector's name and version."""
        return replace(self, detector=detector, version=version)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), _plain_fields(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON-ready values."""
        return {
            "detector": self.detector,
            "version": self.version,
            "reason": self.wording("en"),
            "reason_zh": self.wording("zh"),
        }


Role: TypeAlias = Literal["photo", "source", "product"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A picture that was given and not used.

    Parameters
    ----------
    role : {'photo', 'source', 'product'}
        What it was given as.
    name : str
        The picture as its caller named it.
    words : mapping
        Why it was not used, by language.
    code : str
        The reason in one word, such as ``empty``; that of :class:`fakeproof.PhotoError`.

    Examples
    --------
    >>> from fakeproof.findings import Problem
    >>> from fakeproof.words import phrase
    >>> problem = Problem(role="product", name="/shop/1.jpg", words=phrase("problem.empty"), code="empty")
    >>> str(problem), problem.wording("zh")
    ('product /shop/1.jpg: is empty (0 bytes)', '1.jpg：是空文件')
    """

    role: Role
    name: str
    words: Mapping[Language, str]
    code: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", frozen_words(self.words))

    @classmethod
    def of(cls, role: Role, name: str, error: Exception) -> Self:
        """Say what an error says."""
        words = error.words if isinstance(error, PhotoError) else phrase("problem.unreadable", why=str(error))
        return cls(role=role, name=name, words=words, code=getattr(error, "code", "") or "unreadable")

    def wording(self, lang: Language = "en") -> str:
        """Return it for people: the file's name without folders, and the reason."""
        return text("problem.said", lang, name=shown_name(self.name), why=said(self.words, lang))

    def __str__(self) -> str:
        return f"{self.role} {self.name}: {said(self.words, FALLBACK)}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), _plain_fields(self))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; the name without folders, for this is handed over."""
        return {"role": self.role, "name": shown_name(self.name), "code": self.code, "words": dict(self.words)}


def shown_name(name: str) -> str:
    """Return a file's name for people: no folders, no control characters, no direction tricks, bounded."""
    last = Path(name.replace("\\", "/")).name or name
    clean = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "�", last)
    return clean if len(clean) <= 80 else clean[:60] + "…" + clean[-16:]


def too_small(size: tuple[int, int], least: int) -> NotApplicable:
    """Return the answer to a photo whose shorter side is below `least` px."""
    return NotApplicable(reason=phrase("shared.too_small", size=f"{size[0]}x{size[1]}", least=least))


@dataclass(frozen=True)
class Source:
    """A candidate original: an image and where it was seen.

    Parameters
    ----------
    image : str, path, bytes or Photo
        The picture itself.
    url : str, optional
        The address at which it was seen.
    seen_on : str, optional
        Platform or site, as a person would name it.
    seen_at : date or datetime, optional
        When it was seen or published.
    key : str, optional
        The caller's own identifier. In an index each source has one: the SHA-256 of its file where none was given. It is
        what ``in``, ``remove``, iteration and matches of an index speak of.
    order : str, optional
        The earlier order that the picture came with, if it is evidence of an earlier case.
    title : str, optional
        What people call it; the key, else the file's name, by default.
    """

    image: Any
    url: str = ""
    seen_on: str = ""
    seen_at: datetime | date | None = None
    key: str = ""
    order: str = ""
    title: str = ""

    @property
    def name(self) -> str:
        """The title, the key or the file's name: the first that there is."""
        if self.title or self.key:
            return self.title or self.key
        name = self.image if isinstance(self.image, str | Path) else getattr(self.image, "name", "")
        return Path(name).name or "source"

    def light(self) -> Self:
        """Return a copy without a picture; a path stays, anything else leaves its name."""
        return self if isinstance(self.image, str | Path) else replace(self, image=None, title=self.name)

    def seen(self, lang: Language = "en") -> str:
        """Return where it was seen; this shop's own listing in the language asked for."""
        return OWN_LISTING[lang] if self.own_listing else self.seen_on

    @property
    def own_listing(self) -> bool:
        """Whether it is one of the shop's own pictures."""
        return self.seen_on == OWN_LISTING["en"]

    def to_dict(self) -> dict[str, Any]:
        """Return the description (never the picture) as JSON-ready values."""
        seen = self.seen_at.isoformat() if self.seen_at else ""
        return {
            "name": self.name,
            "key": self.key,
            "url": self.url,
            "seen_on": self.seen_on,
            "seen_at": seen,
            "order": self.order,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Match:
    """A source held against the photo.

    Parameters
    ----------
    source : Source
        What was matched.
    sha256 : str
        Of the source's file.
    kind : {'same_photo', 'cut_out', 'same_product', 'unverified'}
        What the verification says: the photo was made from the source, or a part of it was cut out of the source, or
        it shows the same label or product; ``'unverified'`` for results of a search alone.
    inliers : int
        Feature pairs that agree with one transform.
    alignment : float
        Fraction of structured blocks in the overlap that agree pixel by pixel, 0-1.
    homography : ndarray, shape (3, 3), or None
        Takes source pixels (x, y) to photo pixels.
    overlap_photo, overlap_source : float
        Share of each picture that the other covers, 0-1.
    distance : int or None
        Hash distance in bits, where a hash was compared.
    facts : mapping
        ``mirrored``, ``rotation_deg``, ``scale``, ``cropped_to`` and others.
    words : mapping
        The transform in words, by language.
    photo : Photo or None
        The source's picture as it was opened; None where a search only named it, and in light verdicts.
    parts : tuple of Region
        Of a cut-out, the parts of the photo that come from the source, role ``'matched'``; empty where all of it does.
    """

    source: Source
    sha256: str = ""
    kind: Literal["same_photo", "cut_out", "same_product", "unverified"] = "unverified"
    inliers: int = 0
    alignment: float = 0.0
    homography: npt.NDArray[np.float64] | None = None
    overlap_photo: float = 0.0
    overlap_source: float = 0.0
    distance: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[Language, str] = field(default_factory=dict)
    photo: Any = field(default=None, repr=False)
    parts: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        import numpy as np

        if self.homography is not None:
            object.__setattr__(self, "homography", frozen_array(self.homography, np.float64))
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        object.__setattr__(self, "words", frozen_words(self.words))

    def transform(self, lang: Language = "en") -> str:
        """Return in words how the photo was made from the source."""
        return said(self.words, lang)

    def light(self) -> Self:
        """Return a copy that holds no picture, neither opened nor in the source; a path stays."""
        return replace(self, photo=None, source=self.source.light())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), _plain_fields(self))

    def __repr__(self) -> str:
        return f"Match({self.source.name!r}, {self.kind}, inliers={self.inliers}, alignment={self.alignment:.2f})"

    def to_dict(self) -> dict[str, Any]:
        """Return the match as JSON-ready values."""
        return {
            "source": self.source.to_dict(),
            "sha256": self.sha256,
            "kind": self.kind,
            "inliers": int(self.inliers),
            "alignment": _number(self.alignment),
            "homography": None if self.homography is None else [[float(v) for v in r] for r in self.homography],
            "overlap_photo": _number(self.overlap_photo),
            "overlap_source": _number(self.overlap_source),
            "distance": self.distance,
            "facts": _plain(self.facts),
            "transform": dict(self.words),
            **({"parts": [part.to_dict() for part in self.parts]} if self.parts else {}),
        }


class _HeatmapField:
    """Keeps a heatmap as it was given, and hands it out by pixel.

    A large photo's maps, spread over its pixels, would together take more memory than all else that is known of it.
    """

    def __get__(self, finding: Finding | None, owner: type[Finding]) -> Heatmap | None:
        if finding is None:
            return None  # what dataclass takes for the field's default
        kept = finding.kept_heatmap
        return kept.picture() if isinstance(kept, BlockHeatmap) else kept

    def __set__(self, finding: Finding, value: Heatmap | BlockHeatmap | None) -> None:
        import numpy as np

        if value is not None and not isinstance(value, BlockHeatmap):
            # A copy with other fields is handed the picture of the block map that it was made of.
            value = spread_from(value) or frozen_array(value, np.float32)
        finding.__dict__["kept_heatmap"] = value


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """What one detector saw.

    Parameters
    ----------
    score : float
        The detector's raw number; its docstring gives unit and range. Calibration makes it an llr.
    detector : str
        The detector's name: its module, its calibration key, its docs page. Filled in where the detector answers.
    version : int
        Rises whenever a number can change. Filled in where the detector answers.
    supports : Category or None
        The category for which the detector decides at its stated error rate, or None where it only informs or
        saw nothing.
    sentence : mapping
        What was seen, one sentence a language.
    mask : ndarray of bool, shape (rows, columns), optional
        The decided places.
    heatmap : ndarray of float32, shape (rows, columns), optional
        The unit stands in the detector's docstring. One that is constant within blocks is kept by block
        (:class:`BlockHeatmap`) and spread over the pixels on each access: hold on to the array to use it twice.
    regions : tuple of Region
        The decided places as outlines.
    facts : mapping
        Plain numbers and words, JSON-ready.
    flags : Flag
        Circumstances that touch the result.
    matches, related : tuple of Match
        For searches: verified same photos, best first; and the same product in other photos.
    unreadable : tuple of Problem
        Pictures that were to be compared and could not be read.
    pictures : mapping of str to ndarray
        RGB8 pictures that belong to the exhibit, such as an embedded thumbnail.
    """

    score: float
    detector: str = ""
    version: int = 1
    supports: Category | None = None
    sentence: Mapping[Language, str] = field(default_factory=dict)
    mask: Mask | None = None
    heatmap: _HeatmapField = _HeatmapField()
    regions: tuple[Region, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    flags: Flag = Flag.NONE
    matches: tuple[Match, ...] = ()
    related: tuple[Match, ...] = ()
    unreadable: tuple[Problem, ...] = ()
    pictures: Mapping[str, RGB8] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import numpy as np

        if self.mask is not None:
            object.__setattr__(self, "mask", frozen_array(self.mask, np.bool_))
        pictures = {name: frozen_array(picture, np.uint8) for name, picture in self.pictures.items()}
        object.__setattr__(self, "pictures", MappingProxyType(pictures))
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        object.__setattr__(self, "sentence", frozen_words(self.sentence))

    def wording(self, lang: Language = "en") -> str:
        """Return what was seen in one sentence."""
        return said(self.sentence, lang)

    @property
    def kept_heatmap(self) -> Heatmap | BlockHeatmap | None:
        """The heatmap as it is kept, for those who need but some of its rows."""
        return self.__dict__["kept_heatmap"]  # type: ignore[no-any-return]

    def light(self) -> Self:
        """Return a copy without arrays, for long batches."""
        matches, related = (tuple(m.light() for m in found) for found in (self.matches, self.related))
        return replace(self, mask=None, heatmap=None, pictures={}, matches=matches, related=related)

    def stamped(self, detector: str, version: int) -> Self:
        """Return the finding with its detector's name and version."""
        return type(self)(**{**self._fields(), "detector": detector, "version": version})

    def _fields(self) -> dict[str, Any]:
        return {**_plain_fields(self), "heatmap": self.kept_heatmap}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._fields())

    def __repr__(self) -> str:
        says = f"supports {self.supports.value}" if self.supports else "informs"
        places = f", {len(self.regions)} regions" if self.regions else ""
        return f"Finding({self.detector} v{self.version}, score={self.score:.4g}, {says}{places})"

    def _repr_html_(self) -> str:
        from html import escape

        picture = map_picture(self.heatmap, self.mask)
        shown = f'<img alt="" src="data:image/png;base64,{picture}">' if picture else ""
        caption = f"<code>{escape(repr(self))}</code><br>{escape(self.wording())}"
        return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding without its arrays as JSON-ready values."""
        return {
            "detector": self.detector,
            "version": self.version,
            "score": _number(self.score),
            "supports": self.supports.value if self.supports else None,
            "sentence": dict(self.sentence),
            "regions": [region.to_dict() for region in self.regions],
            "facts": _plain(self.facts),
            "flags": [flag.name for flag in self.flags],
            "matches": [match.to_dict() for match in self.matches],
            "related": [match.to_dict() for match in self.related],
            "unreadable": [problem.to_dict() for problem in self.unreadable],
        }


def _plain_fields(value: Any) -> dict[str, Any]:
    """Fields with mapping proxies as dicts: proxies do not pickle, results cross process borders."""
    out = {f.name: getattr(value, f.name) for f in fields(value) if f.name != "heatmap"}
    return {k: dict(v) if isinstance(v, MappingProxyType) else v for k, v in out.items()}


def _rebuild(cls: type[Any], values: dict[str, Any]) -> Any:
    return cls(**values)


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    value = float(value)
    return value if abs(value) < float("inf") else None


def _plain(value: Any) -> Any:
    """Return `value` as JSON-ready types; anything else becomes its text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return str(value)
