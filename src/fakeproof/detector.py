"""A detector's record: what is known of it beside its answers. Every list of detectors follows from the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, wraps
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeAlias, TypeVar, cast

from fakeproof.errors import ParameterError
from fakeproof.findings import Finding, too_small
from fakeproof.types import Category
from fakeproof.words import FALLBACK, known, teach

if TYPE_CHECKING:
    from fakeproof.heatmaps import BlockHeatmap
    from fakeproof.photo import Photo
    from fakeproof.types import Heatmap

__all__ = ["Detector", "detector", "detectors", "listed", "own_map", "register", "registered", "unregister"]

P = ParamSpec("P")
R = TypeVar("R")
Needs: TypeAlias = Literal["photo", "order", "sources", "source", "findings", "products"]
Weighed: TypeAlias = Literal["fitted", "assigned", "no"]
MapReader: TypeAlias = "Callable[[Photo, Finding], Heatmap | BlockHeatmap | None]"

NEEDS: Mapping[Needs, str] = MappingProxyType({
    "photo": "detector(photo), with order=… where it takes that and one was given",
    "order": "detector(photo, order=…), where an order was given",
    "sources": "detector(photo, sources), candidate originals or an index of them",
    "source": "detector(photo, source, match=…), the verified original, where there is one",
    "findings": "detector(photo, findings=…), what the others said",
    "products": "detector(photo, products), where photos of the product were given",
})  # fmt: skip
"""What a detector looks at, and how it is called with it."""
ROOMS = ("metadata", "web", "edited", "product")
"""Packages with detectors, in the order in which they run. Imported by name and late, for they stand above this module."""
ENTRY_POINTS = "fakeproof.detectors"
"""Entry-point group by which installed packages bring detectors."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Detector:
    """What is known of a detector; :func:`detector` puts it on the function.

    Parameters
    ----------
    name : str
        Module, ``Finding.detector``, calibration key, section of the words, page of the docs.
    version : int
        Rises whenever a number of its answer can change.
    category : Category or None
        What it may speak for; None where it only informs.
    run : callable
        The detector itself.
    least_side : int
        Shorter side, px, below which it answers "not applicable".
    needs : str
        What it looks at, a key of :data:`NEEDS`.
    maps : mapping of str to callable
        What it gives the fused map: names of channels, each with what reads the channel from photo and finding. The
        fusion is fitted on them: a new channel comes with a new fit.
    weighed : {'fitted', 'assigned', 'no'}
        How cards get from its score to an llr: measured on labelled photos; set by people, because no fair collection of
        negatives exists (self-declared traces); not at all.
    cost_ms : int
        Rough processor time for one megapixel, ms, for whoever plans with a budget.
    warm_up : callable or None
        Called with a photo, loads what :attr:`run` reaches on rare photos only.
    takes : frozenset of str
        Names of its options.
    """

    name: str
    version: int
    run: Callable[..., Any]
    category: Category | None = None
    least_side: int = 0
    needs: Needs = "photo"
    maps: Mapping[str, MapReader] = field(default_factory=dict)
    weighed: Weighed = "no"
    cost_ms: int = 0
    warm_up: Callable[[Photo], None] | None = None
    takes: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        says = f"may support {self.category.value}" if self.category else "informs"
        return f"Detector({self.name} v{self.version}, {says}, needs {self.needs})"

    def stamped(self, answer: Any) -> Any:
        """Return an answer, or a tuple of them, with the detector's name and version."""
        if isinstance(answer, tuple):
            return tuple(self.stamped(one) for one in answer)
        return answer.stamped(self.name, self.version)


def detector(
    *,
    version: int,
    category: Category | None = None,
    name: str = "",
    least_side: int = 0,
    needs: Needs = "photo",
    maps: Mapping[str, MapReader] | None = None,
    weighed: Weighed | None = None,
    cost_ms: int = 0,
    warm_up: Callable[[Photo], None] | None = None,
    words: Mapping[str, Mapping[str, Any]] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function ``name(photo, /, …) -> Finding | NotApplicable`` a detector.

    Its answers get name and version, too small photos are answered here, and a :class:`Detector` lies on the function as
    ``record``. Parameters are those of the record; what differs:

    Parameters
    ----------
    name : str
        The function's name if left out.
    weighed : {'fitted', 'assigned', 'no'}, optional
        ``'fitted'`` if left out where there is a category.
    words : mapping, optional
        For detectors outside this package, by language: ``name`` (what it looks at), ``trace`` (what it saw in a place),
        and any others that its sentences name. The package's own stand in ``fakeproof/words``.

    Examples
    --------
    >>> import fakeproof as fp
    >>> @fp.detector(version=1, category=fp.Category.EDITED, least_side=64, words={
    ...     "en": {"name": "redness", "trace": "unusually red"}, "zh": {"name": "偏红程度", "trace": "异常偏红"}})
    ... def redness(photo, /):
    ...     return fp.Finding(score=float(photo.rgb[..., 0].mean()))
    >>> redness(fp.Photo.from_array(np.full((80, 80, 3), 9, np.uint8)))
    Finding(redness v1, score=9, informs)
    >>> redness.record
    Detector(redness v1, may support edited, needs photo)
    """
    if needs not in NEEDS:
        raise ParameterError("needs", needs, NEEDS)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        called = name or function.__name__
        if words is not None:
            teach(called, words)
        code = function.__code__

        @wraps(function)
        def look(*args: P.args, **kwargs: P.kwargs) -> R:
            size = cast("Photo", args[0]).size
            if min(size) < record.least_side:
                return cast("R", record.stamped(too_small(size, record.least_side)))
            return cast("R", record.stamped(function(*args, **kwargs)))

        record = Detector(
            name=called,
            version=version,
            run=look,
            category=category,
            least_side=least_side,
            needs=needs,
            maps=dict(maps or {}),
            weighed=weighed or ("fitted" if category else "no"),
            cost_ms=cost_ms,
            warm_up=warm_up,
            takes=frozenset(code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]),
        )
        look.__dict__["record"] = record
        return look

    return decorate


def own_map(photo: Photo, finding: Finding) -> Heatmap | BlockHeatmap | None:
    """Read a channel of the fusion from the finding's own heatmap, or else from its mask."""
    heat = finding.kept_heatmap
    return finding.mask.astype("float32") if heat is None and finding.mask is not None else heat


def listed(room: str) -> tuple[Detector, ...]:
    """Return the records of a package's detectors in the order of its stub, which is the order in which they run."""
    module = import_module(room)
    found = (getattr(getattr(module, name), "record", None) for name in module.__dict__["_exported"])
    return tuple(record for record in found if isinstance(record, Detector))


@cache
def _built_in() -> tuple[Detector, ...]:
    return tuple(record for room in ROOMS for record in listed(f"fakeproof.{room}"))


def detectors() -> tuple[Detector, ...]:
    """Return the records of all detectors: the package's own, room by room, then those that were registered."""
    return (*_built_in(), *registered())


# Detectors from outside

_JOINED: dict[str, Detector] = {}


def register(function: Callable[P, R]) -> Callable[P, R]:
    """Let a detector from outside take part.

    From then on :func:`fakeproof.analyze` calls it, its findings stand in verdicts, pages and tables, and
    ``Scorer.fit`` fits it. Until a fitted card knows it, it informs: shipped cards do not. Packages do without the call
    by an entry point in the group ``fakeproof.detectors``. Registering a name again replaces it.

    Parameters
    ----------
    function : callable
        Made by :func:`detector`, with words for at least English.

    Returns
    -------
    callable
        The same function, so that it also decorates.

    Raises
    ------
    ParameterError
        It is no detector, has the name of a built-in one, or has no words.

    Examples
    --------
    >>> import fakeproof as fp
    >>> @fp.register
    ... @fp.detector(version=1, words={"en": {"name": "width", "trace": "wide"}, "zh": {"name": "宽度", "trace": "较宽"}})
    ... def width(photo, /):
    ...     return fp.Finding(score=float(photo.size[0]), sentence={"en": "It has a width.", "zh": "照片有宽度。"})
    >>> verdict = fp.analyze(fp.Photo.from_array(np.zeros((80, 100, 3), np.uint8)))
    >>> verdict.finding("width").score
    100.0
    >>> fp.unregister("width")
    """
    record = getattr(function, "record", None)
    if not isinstance(record, Detector):
        raise ParameterError("detector", getattr(function, "__name__", function), "a function made by @fp.detector(…)")
    if any(record.name == own.name for own in _built_in()):
        raise ParameterError("detector", record.name, "a name that no built-in detector has")
    for key in (f"{record.name}.name", f"{record.name}.trace"):
        if not known(key):
            raise ParameterError("words", key, f"@fp.detector(words={{{FALLBACK!r}: {{'name': …, 'trace': …}}}})")
    _JOINED[record.name] = replace(record, run=function)
    return function


def unregister(name: str) -> None:
    """Take a registered detector out again; an unknown name is no error."""
    _JOINED.pop(name, None)


def registered() -> tuple[Detector, ...]:
    """Return the records of the detectors that joined, in that order; those of installed packages come first."""
    _load_entry_points()
    return tuple(_JOINED.values())


@cache
def _load_entry_points() -> None:
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINTS):
        try:
            found = entry.load()
        except (ImportError, AttributeError) as error:
            raise ParameterError(ENTRY_POINTS, entry.value, f"a detector that can be imported ({error})") from error
        register(found)
