"""The only place that wires detectors to a scorer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fakeproof.case import cross_check
from fakeproof.detector import Detector, detectors, registered
from fakeproof.errors import ParameterError, PhotoError
from fakeproof.evidence.scorer import Scorer
from fakeproof.findings import OWN_LISTING, Finding, NotApplicable, Problem, Role, Source
from fakeproof.order import Order
from fakeproof.photo import Photo
from fakeproof.verdict import CaseVerdict, Verdict

if TYPE_CHECKING:
    from fakeproof.findings import Match
    from fakeproof.product.references import ProductReferences
    from fakeproof.web.index import SourceIndex

__all__ = ["analyze", "analyze_case", "warm_up"]

PhotoLike: TypeAlias = "Photo | str | Path | bytes"
Answer: TypeAlias = "Finding | NotApplicable"


def analyze(
    photo: PhotoLike,
    *,
    sources: Iterable[Any] | SourceIndex | None = None,
    products: Iterable[Any] | ProductReferences | Mapping[str, Any] | None = None,
    order: Order | None = None,
    scorer: Scorer | None = None,
) -> Verdict:
    """Read a photo, gather findings, weigh them, and hand over a verdict.

    Parameters
    ----------
    photo : Photo, path or bytes
        The questioned photo.
    sources : iterable of Photo, path, bytes or Source, or a SourceIndex, optional
        Candidate originals. One that cannot be read is named in ``verdict.problems``; the rest goes on.
    products : iterable of Photo, path or bytes, ProductReferences, or mapping of names to either, optional
        The shop's own photos of the product, 1 to 20, or what :func:`fakeproof.product.prepare` made of them; a
        mapping where the order holds several products. They are also candidate originals: a buyer's photo that is the
        shop's listing picture is a web image.
    order : Order, optional
        Times, place and file names of the order.
    scorer : Scorer, optional
        ``Scorer.default()`` if left out.

    Returns
    -------
    Verdict

    Raises
    ------
    PhotoError
        The questioned photo cannot be read. Nothing else raises on content.
    ParameterError
        `order` is not an Order.
    CalibrationError
        The scorer's cards belong to other versions of the detectors.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> verdict = fp.analyze(fp.Photo.from_array(skimage.data.chelsea(), name="cat"))
    >>> verdict.web_image.decision
    'not_examined'
    """
    if order is not None and not isinstance(order, Order):
        raise ParameterError("order", order, "an Order, or None")
    shot = Photo.of(photo)
    weigh = scorer if scorer is not None else Scorer.default()
    gathered = _Gathered()
    listings, goods = _read_products(products, gathered)
    _metadata(shot, order, gathered)
    matches = _web(shot, sources, listings, gathered)
    _edited(shot, matches, gathered)
    _product(shot, goods, gathered)
    _registered(shot, sources, goods, order, matches, gathered)
    scores = weigh.score(gathered.findings, gathered.skipped, chain=shot.chain.kind)
    return Verdict(
        photo=shot,
        scores=scores,
        findings=tuple(gathered.findings),
        skipped=tuple(gathered.skipped),
        problems=tuple(gathered.problems),
        products=tuple(listings),
        sources=tuple(match.photo for match in matches),
        order=order,
    )


def analyze_case(
    photos: Iterable[Any],
    *,
    order: Order | None = None,
    products: Iterable[Any] | ProductReferences | Mapping[str, Any] | None = None,
    sources: Iterable[Any] | SourceIndex | None = None,
    scorer: Scorer | None = None,
) -> CaseVerdict:
    """Analyse all photos of one order and hold them against each other.

    Parameters
    ----------
    photos : iterable of Photo, path or bytes
        The buyer's photos. One that cannot be read is named in ``problems``; the rest goes on.
    order, products, sources, scorer
        As for :func:`analyze`. A SourceIndex of earlier evidence tells photos that were used in other orders.

    Returns
    -------
    CaseVerdict
        Which photo to report for which reason and in which order, what is missing, and what the photos share.

    Raises
    ------
    PhotoError
        None of the photos could be read.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> shots = [skimage.data.chelsea(), skimage.data.chelsea()[20:280, 30:430]]
    >>> case = fp.analyze_case([fp.Photo.from_array(s, name=f"{i}.png") for i, s in enumerate(shots)])
    >>> case.links[0].kind
    'same_picture'
    """
    gathered = _Gathered()
    shots = _read_all(photos, gathered, what="photo")
    if not shots:
        raise PhotoError("case", "; ".join(map(str, gathered.problems)) or "holds no photo", value=0)
    _, goods = _read_products(products, gathered)
    searched = sources if sources is None or hasattr(sources, "search") else list(_expand(sources))
    verdicts = [analyze(p, sources=searched, products=goods, order=order, scorer=scorer) for p in shots]
    return CaseVerdict(
        verdicts=tuple(verdicts), links=cross_check(shots), problems=tuple(gathered.problems), order=order
    )


@dataclass
class _Gathered:
    """What the detectors said so far; lives for one call."""

    findings: list[Finding] = field(default_factory=list)
    skipped: list[NotApplicable] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, answer: Answer) -> Finding | None:
        self.problems += [problem for problem in _unreadable(answer) if problem not in self.problems]
        if isinstance(answer, NotApplicable):
            self.skipped.append(answer)
            return None
        self.findings.append(answer)
        return answer

    def add_all(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            self.add(answer)


def _unreadable(answer: Answer) -> tuple[Problem, ...]:
    """Return what a search or a comparison could not read."""
    return answer.unreadable


def _read_all(items: Iterable[Any] | None, gathered: _Gathered, *, what: Role) -> list[Photo]:
    """Read photos that belong to the case; a broken one is named and left out."""
    out: list[Photo] = []
    for item in _expand(items):
        try:
            out.append(Photo.of(item))
        except PhotoError as error:
            gathered.problems.append(Problem.of(what, error.name, error))
    return out


def _read_products(products: Any, gathered: _Gathered) -> tuple[list[Photo], Any]:
    """Return the shop's photos, and what to compare with: those photos, or prepared ones, or several products."""
    from fakeproof.product.references import ProductReferences

    def read(item: Any) -> tuple[list[Photo], Any]:
        if isinstance(item, ProductReferences):
            kept = [p.source.image for p in item.photos if p.source is not None]
            there = [image for image in kept if not isinstance(image, str | Path) or Path(image).is_file()]
            return _read_all(there, gathered, what="product"), item
        photos = _read_all(item, gathered, what="product")
        return photos, photos

    if isinstance(products, Mapping):
        parts = {name: read(item) for name, item in products.items()}
        shown = [p for photos, _ in parts.values() for p in photos]
        return shown, {name: goods for name, (_, goods) in parts.items() if len(goods)}
    if not isinstance(products, str | Path | bytes | Photo | ProductReferences) and products is not None:
        products = list(products)
        if products and all(isinstance(p, ProductReferences) for p in products):
            return [p for item in products for p in read(item)[0]], products
    return read(products)


def _expand(items: Iterable[Any] | None) -> Iterator[Any]:
    """Take a folder for the files in it; a lone path or photo for a list of one."""
    if items is None:
        return
    if isinstance(items, str | Path | bytes | Photo | Source):
        items = [items]
    for item in items:
        if isinstance(item, str | Path) and Path(item).is_dir():
            yield from sorted(p for p in Path(item).iterdir() if p.is_file() and not p.name.startswith("."))
        else:
            yield item


def _metadata(photo: Photo, order: Order | None, gathered: _Gathered) -> None:
    from fakeproof.metadata import check

    for finding in check(photo, order=order):
        gathered.add(finding)


def _web(
    photo: Photo, sources: Iterable[Any] | SourceIndex | None, listings: Sequence[Photo], gathered: _Gathered
) -> tuple[Match, ...]:
    """Hold the photo against candidate originals and the shop's own pictures; return the verified matches."""
    from fakeproof import web
    from fakeproof.web import match_sources

    gathered.add_all(_ask(web.detectors(), "photo", photo))
    answers = [match_sources(photo, sources if hasattr(sources, "search") else list(_expand(sources)))]  # type: ignore[arg-type]
    own = match_sources(photo, [Source(p, seen_on=OWN_LISTING["en"]) for p in listings])
    if isinstance(own, Finding) and (own.matches or own.unreadable):
        answers.append(own)  # a buyer's photo need not come from the listing: no match there says nothing
    found = [f for f in map(gathered.add, answers) if f is not None]
    return tuple(chain.from_iterable(f.matches for f in found))


def _edited(photo: Photo, matches: Sequence[Match], gathered: _Gathered) -> None:
    from fakeproof import edited

    room = edited.detectors()
    answers = _ask(room, "photo", photo)
    if matches:
        answers += _ask(room, "source", photo, matches[0].photo, match=matches[0])
    gathered.add_all(answers)
    gathered.add_all(_ask(room, "findings", photo, findings=tuple(answers)))


def _product(photo: Photo, goods: Any, gathered: _Gathered) -> None:
    from fakeproof import product

    gathered.add_all(_ask(product.detectors(), "photo", photo))
    if goods:
        gathered.add_all(_ask(product.detectors(), "products", photo, goods))


def _registered(
    photo: Photo, sources: Any, goods: Any, order: Order | None, matches: Sequence[Match], gathered: _Gathered
) -> None:
    """Ask the detectors from outside, each with what it needs where that was given."""
    joined = registered()
    gathered.add_all(_ask(joined, "photo", photo))
    if order is not None:
        gathered.add_all(_ask(joined, "order", photo, order=order))
    if sources is not None:
        gathered.add_all(
            _ask(joined, "sources", photo, sources if hasattr(sources, "search") else list(_expand(sources)))
        )
    if matches:
        gathered.add_all(_ask(joined, "source", photo, matches[0].photo, match=matches[0]))
    if goods:
        gathered.add_all(_ask(joined, "products", photo, goods))
    gathered.add_all(_ask(joined, "findings", photo, findings=tuple(gathered.findings)))


def _ask(room: Iterable[Detector], needs: str, /, *given: Any, **options: Any) -> list[Answer]:
    """Return the answers of those detectors of a room that need just what is given."""
    said = [detector.run(*given, **options) for detector in room if detector.needs == needs]
    return [answer for one in said for answer in (one if isinstance(one, tuple) else (one,))]


def warm_up() -> None:
    """Load or compile every kernel, so that the first real photo is as fast as the tenth.

    For services: call it once before forking or before taking requests. It analyses a small generated photo against
    itself, reads it once more as a progressive JPEG, and calls what only rare photos reach.
    """
    import io

    import numpy as np
    from PIL import Image

    width, height = _WARM_UP_SIZE
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (height // 16, width // 16, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    noisy = np.clip(smooth + rng.integers(-6, 7, (height, width, 3)), 0, 255).astype(np.uint8)
    baseline, progressive = (io.BytesIO(), io.BytesIO())
    Image.fromarray(noisy).save(baseline, "JPEG", quality=90)
    Image.fromarray(noisy).save(progressive, "JPEG", quality=90, progressive=True)
    photo = Photo.from_bytes(baseline.getvalue())
    analyze(photo, sources=[Photo.from_array(noisy)], products=[Photo.from_array(noisy[::-1])])
    again = Photo.of(progressive.getvalue()).jpeg
    if again is not None:
        again.coefficients()
    for detector in detectors():
        if detector.warm_up is not None:
            detector.warm_up(photo)


_WARM_UP_SIZE = (240, 208)
"""Width and height, px: a little above what the most demanding detector, `resampling`, looks at."""
