"""What an analysis hands out: scores, findings, places, and on request pictures, a page, a dossier."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, Self

from fakeproof import read_back
from fakeproof._maker import bound
from fakeproof._version import __version__
from fakeproof.edited.places import Places, altered_places
from fakeproof.errors import ParameterError
from fakeproof.findings import Finding, Match, NotApplicable, Problem, Region
from fakeproof.order import Order
from fakeproof.types import Category, Language
from fakeproof.words import check_language, said

if TYPE_CHECKING:
    from fakeproof.evidence import CategoryScore
    from fakeproof.exhibit import Exhibit
    from fakeproof.photo import Photo
    from fakeproof.types import Heatmap, Mask

__all__ = ["SCHEMA", "CaseLink", "CaseVerdict", "Maker", "PhotoRecord", "Verdict", "opened"]

SCHEMA = 2
"""Number of the JSON schema; rises only when a field changes its meaning or goes away."""


@dataclass(frozen=True, kw_only=True)
class PhotoRecord:
    """A photo's description without its pixels: what a light verdict keeps."""

    name: str
    sha256: str
    format: str
    size: tuple[int, int]
    chain: Any = None

    @classmethod
    def of(cls, photo: Photo | PhotoRecord) -> PhotoRecord:
        """Describe a photo."""
        return cls(name=photo.name, sha256=photo.sha256, format=photo.format, size=photo.size, chain=photo.chain)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the description that was written."""
        chain = values.get("chain")
        return cls(
            name=values["name"],
            sha256=values["sha256"],
            format=values["format"],
            size=(values["size"][0], values["size"][1]),
            chain=None
            if chain is None
            else SimpleNamespace(kind=chain["kind"], reasons=tuple(chain["reasons"]), app=chain.get("app", "unknown")),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON-ready values."""
        return {"name": self.name, "sha256": self.sha256, "format": self.format, "size": list(self.size)}


def opened(shots: Iterable[Photo | PhotoRecord]) -> tuple[Photo, ...]:
    """Return those that have their pixels: the one place that tells a photo from its record."""
    return tuple(shot for shot in shots if not isinstance(shot, PhotoRecord))


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """Everything that is known about one photo.

    Parameters
    ----------
    photo : Photo
        The questioned photo; a :class:`PhotoRecord` in a light verdict.
    scores : mapping of Category to CategoryScore
        One for each of the three categories.
    findings : tuple of Finding
        What the detectors saw.
    skipped : tuple of NotApplicable
        Detectors that could not look, with the reason. Neutral.
    problems : tuple of Problem
        Sources and products that could not be read, each with the reason.
    sources, products : tuple of Photo
        Originals that matched, and the shop's photos: what exhibits show beside the photo.
    order : Order or None
        The order, if it was given.
    version : str
        The version of fakeproof that made it.
    timings : mapping of str to float
        Seconds that each step took, in their order; side by side they overlap. Not part of the JSON: a photo gives the
        same one every time.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> verdict = fp.analyze(fp.Photo.from_array(skimage.data.chelsea(), name="cat"))
    >>> verdict.best is None, len(verdict.scores)
    (True, 3)
    """

    photo: Photo | PhotoRecord
    scores: Mapping[Category, CategoryScore]
    findings: tuple[Finding, ...] = ()
    skipped: tuple[NotApplicable, ...] = ()
    problems: tuple[Problem, ...] = ()
    sources: tuple[Photo | PhotoRecord, ...] = ()
    products: tuple[Photo | PhotoRecord, ...] = ()
    order: Order | None = None
    version: str = __version__
    timings: Mapping[str, float] = field(default_factory=dict, repr=False)
    _places: Places | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("scores", "timings"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def web_image(self) -> CategoryScore:
        """Score of the claim that the photo was taken from elsewhere."""
        return self.scores[Category.WEB_IMAGE]

    @property
    def edited(self) -> CategoryScore:
        """Score of the claim that the photo was altered."""
        return self.scores[Category.EDITED]

    @property
    def wrong_product(self) -> CategoryScore:
        """Score of the claim that the photo shows another product."""
        return self.scores[Category.WRONG_PRODUCT]

    @property
    def best(self) -> CategoryScore | None:
        """The supported score to report, or None: one whose exhibit is complete before others, then by llr."""
        supported = [s for s in self.scores.values() if s.decision == "supported"]
        return max(supported, key=lambda s: (self.complete(s.category), s.llr), default=None)

    @property
    def strength(self) -> tuple[bool, float]:
        """Whether the best category's exhibit is complete, and its llr; for ordering several photos."""
        best = self.best
        return (self.complete(best.category), best.llr) if best is not None else (False, float("-inf"))

    def complete(self, category: Category) -> bool:
        """Whether there is what the platform asks for: places to circle, the original, or the shop's photos."""
        if category is Category.EDITED:
            return bool(self.regions)
        if category is Category.WEB_IMAGE:
            return bool(self.matches)
        return bool(self.products)

    @cached_property
    def _altered(self) -> Places:
        return self._places or altered_places(self.findings, self.photo.size)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The altered places as they would be circled, numbered; pairs of a copy share a number."""
        return self._altered.regions

    @property
    def mask(self) -> Mask | None:
        """Altered pixels, bool (rows, columns), or None where no place was decided on."""
        return self._altered.mask

    @property
    def heatmap(self) -> Heatmap | None:
        """Fused map of :func:`fakeproof.edited.localize`, float32 (rows, columns); its docstring gives the unit."""
        localized = self.finding("localize")
        return None if localized is None else localized.heatmap

    @property
    def matches(self) -> tuple[Match, ...]:
        """The originals that were found, those among the candidates first, then the shop's own pictures."""
        return tuple(match for f in self.findings if f.detector == "match_sources" for match in f.matches)

    def finding(self, detector: str) -> Finding | None:
        """Return the first finding of a detector."""
        return next((f for f in self.findings if f.detector == detector), None)

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the pictures that show the evidence, those of the best category first.

        Raises
        ------
        ParameterError
            The verdict is light: its pictures are gone.
        """
        return self._exhibits

    @cached_property
    def _exhibits(self) -> tuple[Exhibit, ...]:
        return _maker().exhibits(self)

    @property
    def picture(self) -> Photo:
        """The questioned photo with its pixels.

        Raises
        ------
        ParameterError
            The verdict is light, or was read back: it has no pictures.
        """
        for photo in opened((self.photo,)):
            return photo
        raise ParameterError("verdict", "light", "a verdict from analyze(); light ones carry no pictures")

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready values; ``docs/schema/`` holds the schema."""
        best = self.best
        return {
            "schema": SCHEMA,
            "fakeproof": self.version,
            "photo": {**PhotoRecord.of(self.photo).to_dict(), "chain": _chain(self.photo.chain)},
            "best": best.category.value if best else None,
            "scores": {category.value: score.to_dict() for category, score in self.scores.items()},
            "regions": [region.to_dict() for region in self.regions],
            "findings": [finding.to_dict() for finding in self.findings],
            "skipped": [answer.to_dict() for answer in self.skipped],
            "problems": [problem.to_dict() for problem in self.problems],
            "order": self.order.to_dict() if self.order is not None else None,
            "sources": [PhotoRecord.of(p).to_dict() for p in self.sources],
            "products": [PhotoRecord.of(p).to_dict() for p in self.products],
        }

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return :meth:`to_dict` as JSON text; never NaN or infinity."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the verdict that was written as `values`; like a light one it has no pictures.

        Raises
        ------
        ParameterError
            They are none of a verdict's, or of another schema.
        """
        with _reading("verdict", values):
            return cls(
                photo=PhotoRecord.from_dict(values["photo"]),
                scores={Category(name): read_back.score(score) for name, score in values["scores"].items()},
                findings=tuple(map(read_back.finding, values["findings"])),
                skipped=tuple(map(read_back.not_applicable, values["skipped"])),
                problems=tuple(map(read_back.problem, values["problems"])),
                sources=tuple(map(PhotoRecord.from_dict, values["sources"])),
                products=tuple(map(PhotoRecord.from_dict, values["products"])),
                order=_order(values["order"]),
                version=values["fakeproof"],
                _places=Places(regions=tuple(map(read_back.region, values["regions"]))),
            )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the verdict that :meth:`to_json` wrote: equal when written again.

        Raises
        ------
        ParameterError
            It is no verdict's JSON, or of another schema.

        Examples
        --------
        >>> import fakeproof as fp, skimage.data
        >>> text = fp.analyze(fp.Photo.from_array(skimage.data.chelsea(), name="cat")).to_json()
        >>> fp.Verdict.from_json(text).to_json() == text
        True
        """
        return cls.from_dict(_parsed("verdict", text))

    def to_html(self, path: str | Path | None = None, lang: Language = "zh", *, page: str = "report") -> str:
        """Return one self-contained page, and write it where a path is given.

        Parameters
        ----------
        path : path, optional
            Where to write; an existing file is replaced, as by any writer of files.
        lang : {'zh', 'en'}
            Language of the page.
        page : {'report', 'examiner'}
            For the platform's reviewer what was seen and how sure it is; for an examiner numbers, versions and rules.
        """
        check_language(lang)
        text = _maker().page(self, lang=lang, which=page)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def explore(self, path: str | Path | None = None, lang: Language = "zh") -> str:
        """Return a page for a person who examines, and write it where a path is given.

        Every map lies over the photo with a slider for its strength, rings go on and off by detector, the original stands
        beside it in step, and the table of evidence shows the place that a row speaks of. One file with its own script,
        sealed by a content policy: nothing is loaded from anywhere.

        Parameters
        ----------
        path : path, optional
            Where to write; an existing file is replaced, as by any writer of files.
        lang : {'zh', 'en'}
            Language of the page.

        Raises
        ------
        ParameterError
            The verdict is light: its pictures are gone.
        """
        check_language(lang)
        text = _maker().explore(self, lang=lang)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_pdf(self, path: str | Path, lang: Language = "zh", *, page: str = "report") -> Path:
        """Write a page of :meth:`to_html` as PDF, with the ``pdf`` extra.

        Raises
        ------
        ParameterError
            The extra is missing.
        """
        check_language(lang)
        Path(path).write_bytes(_maker().pdf(self, lang, page))
        return Path(path)

    def ask(self, lang: Language = "zh") -> tuple[str, ...]:
        """Return messages to the buyer, ready to paste, chosen by what is missing."""
        check_language(lang)
        return _maker().ask(self, lang)

    def dossier(self, folder: str | Path, lang: Language = "zh", *, overwrite: bool = False, **form: Any) -> Path:
        """Write what a merchant submits: a folder a supported claim, an overview, pages for reviewer and examiner.

        Parameters
        ----------
        folder : path
            A new folder; it appears only when everything in it is complete.
        lang : {'zh', 'en'}
            Language of all that is written.
        overwrite : bool
            Replace an earlier dossier. A folder that is not a dossier is never replaced.
        **form
            ``platform``, ``'pinduoduo'`` by default, whose form sets the limits; `limit` characters of the statement,
            `limit_pictures` (1-9) and `limit_bytes` of a picture in their place; ``captions=False`` for pictures
            without words in them; `dated`, the day of the submission.

        Raises
        ------
        ParameterError
            The folder exists, a limit is not allowed, or the verdict is light.
        """
        check_language(lang)
        return _maker().dossier(self, Path(folder), lang, overwrite=overwrite, **form)

    def light(self) -> Self:
        """Return a copy without pixels, masks and heatmaps; regions, numbers and words stay."""
        return replace(
            self,
            photo=PhotoRecord.of(self.photo),
            findings=tuple(f.light() for f in self.findings),
            sources=tuple(PhotoRecord.of(p) for p in self.sources),
            products=tuple(PhotoRecord.of(p) for p in self.products),
            _places=Places(regions=self.regions),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        names = (
            "photo",
            "scores",
            "findings",
            "skipped",
            "problems",
            "sources",
            "products",
            "order",
            "version",
            "timings",
            "_places",
        )
        values = {name: getattr(self, name) for name in names}
        return _rebuild, (type(self), {**values, "scores": dict(self.scores), "timings": dict(self.timings)})

    def __repr__(self) -> str:
        best = self.best
        says = f"{best.category.value} {best.llr:+.2f}" if best else "nothing supported"
        places = f", {len(self.regions)} regions" if self.regions else ""
        return f"Verdict({self.photo.name!r}, {says}{places})"

    def _repr_html_(self) -> str:
        return _maker().summary(self)


@dataclass(frozen=True, kw_only=True)
class CaseLink:
    """A fact about two photos of a case, or about one against the others.

    Parameters
    ----------
    kind : {'same_file', 'same_picture', 'edited_differently', 'other_camera', 'other_time', 'other_sender',
        'recapture'}
    photos : tuple of int
        Positions in the case, from 0; words count from 1.
    words : mapping
        One sentence a language.
    facts : mapping
        Plain values.
    """

    kind: str
    photos: tuple[int, ...]
    words: Mapping[Language, str]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def wording(self, lang: Language = "en") -> str:
        """Return the fact in one sentence."""
        return said(self.words, lang)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"kind": self.kind, "photos": list(self.photos), "words": dict(self.words), "facts": dict(self.facts)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the fact that was written."""
        at = values["photos"]
        return cls(kind=values["kind"], photos=(at[0], at[1]), words=values["words"], facts=values["facts"])


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseVerdict:
    """All photos of one order together.

    Parameters
    ----------
    verdicts : tuple of Verdict
        One a photo, in the order given.
    links : tuple of CaseLink
        What pairs of photos share, and where they contradict.
    problems : tuple of Problem
        Photos that could not be read, each with the reason.
    order : Order or None
    """

    verdicts: tuple[Verdict, ...]
    links: tuple[CaseLink, ...] = ()
    problems: tuple[Problem, ...] = ()
    order: Order | None = None

    @property
    def recommended(self) -> tuple[Verdict, ...]:
        """Photos to report, in this order when reports are limited: complete exhibits first, then by llr.

        A file that is there twice takes one report.
        """
        again = {link.photos[1] for link in self.links if link.kind == "same_file"}
        supported = [v for i, v in enumerate(self.verdicts) if v.best is not None and i not in again]
        return tuple(sorted(supported, key=lambda v: v.strength, reverse=True))

    @property
    def best(self) -> Verdict | None:
        """The photo to report first, or None."""
        return next(iter(self.recommended), None)

    def missing(self, lang: Language = "en") -> tuple[str, ...]:
        """Return what would make the first report complete; where nothing is supported, what no photo of the case has."""
        return _maker().missing(self, lang)

    def to_dict(self) -> dict[str, Any]:
        """Return the case as JSON-ready values."""
        return {
            "schema": SCHEMA,
            "recommended": [self.verdicts.index(v) for v in self.recommended],
            "links": [link.to_dict() for link in self.links],
            "problems": [problem.to_dict() for problem in self.problems],
            "order": self.order.to_dict() if self.order is not None else None,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return :meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the case that was written as `values`; its verdicts have no pictures. Errors as :meth:`Verdict.from_dict`."""
        with _reading("case", values):
            return cls(
                verdicts=tuple(map(Verdict.from_dict, values["verdicts"])),
                links=tuple(map(CaseLink.from_dict, values["links"])),
                problems=tuple(map(read_back.problem, values["problems"])),
                order=_order(values["order"]),
            )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the case that :meth:`to_json` wrote: equal when written again. Errors as :meth:`Verdict.from_json`."""
        return cls.from_dict(_parsed("case", text))

    def dossier(self, folder: str | Path, lang: Language = "zh", *, overwrite: bool = False, **form: Any) -> Path:
        """Write one dossier for the case: a numbered folder a recommended photo, an overview, the case as JSON.

        Parameters as for :meth:`Verdict.dossier`.

        Raises
        ------
        ParameterError
            The folder exists and `overwrite` is false, or what is there is no dossier.
        """
        check_language(lang)
        return _maker().case_dossier(self, Path(folder), lang, overwrite=overwrite, **form)

    def __repr__(self) -> str:
        return f"CaseVerdict({len(self.verdicts)} photos, {len(self.recommended)} to report, {len(self.links)} links)"

    def _repr_html_(self) -> str:
        from html import escape

        parts = [f"<p><b>{escape(repr(self))}</b></p>"]
        parts += [f"<p>{escape(link.wording())}</p>" for link in self.links]
        parts += [verdict._repr_html_() for verdict in self.verdicts]
        return "".join(parts)


class Maker(Protocol):
    """What the room above makes of a verdict: ``fakeproof.exhibits.handover``."""

    def exhibits(self, verdict: Verdict, /) -> tuple[Exhibit, ...]:
        """Return the pictures."""

    def page(self, verdict: Verdict, /, *, lang: Language, which: str) -> str:
        """Return a page."""

    def pdf(self, verdict: Verdict, lang: Language, which: str, /) -> bytes:
        """Return a page as PDF."""

    def ask(self, verdict: Verdict, lang: Language, /) -> tuple[str, ...]:
        """Return what to ask the buyer for."""

    def summary(self, verdict: Verdict, /) -> str:
        """Return a few lines of HTML."""

    def explore(self, verdict: Verdict, /, *, lang: Language) -> str:
        """Return the examiner's page."""

    def dossier(self, verdict: Verdict, folder: Path, lang: Language, /, *, overwrite: bool, **form: Any) -> Path:
        """Write a photo's dossier."""

    def case_dossier(self, case: CaseVerdict, folder: Path, lang: Language, /, *, overwrite: bool, **form: Any) -> Path:
        """Write a case's dossier."""

    def missing(self, case: CaseVerdict, lang: Language, /) -> tuple[str, ...]:
        """Return what would make the first report complete."""


def _maker() -> Maker:
    return bound()  # type: ignore[no-any-return]


def _parsed(what: str, text: str) -> Mapping[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ParameterError(what, text[:40], f"the JSON that to_json wrote ({error})") from error
    if not isinstance(values, Mapping):
        raise ParameterError(what, text[:40], "the JSON object that to_json wrote")
    return values


@contextmanager
def _reading(what: str, values: Mapping[str, Any]) -> Iterator[None]:
    """Name what is wrong with values that were not written by this schema."""
    if values.get("schema") != SCHEMA:
        raise ParameterError(f"{what} schema", values.get("schema"), f"{SCHEMA}, which this version reads")
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(what, f"{error!r}", "what to_dict wrote, with all its fields") from error


def _order(values: Mapping[str, Any] | None) -> Order | None:
    return None if values is None else Order.from_dict(values)


def _rebuild(cls: type[Any], values: dict[str, Any]) -> Any:
    return cls(**values)


def _chain(chain: Any) -> dict[str, Any]:
    """Return how the photo came here, as JSON-ready values."""
    return {
        "kind": str(getattr(chain, "kind", "unknown")),
        "reasons": [str(reason) for reason in getattr(chain, "reasons", ())],
        "app": str(getattr(chain, "app", "unknown")),
    }
