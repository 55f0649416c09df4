"""What callers give, taken in once: photos, candidate originals, the shop's goods, the order, and what was not usable."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

from fakeproof.errors import ParameterError, PhotoError
from fakeproof.findings import OWN_LISTING, Problem, Role, Source
from fakeproof.order import Order
from fakeproof.photo import Photo
from fakeproof.product import ProductReferences
from fakeproof.web import SourceIndex
from fakeproof.web.candidates import as_source
from fakeproof.web.kit import Crop, search_crops

log = logging.getLogger("fakeproof")

__all__ = ["Given", "Provider", "provided", "read_photos", "spread"]

Candidates: TypeAlias = "tuple[Source, ...] | SourceIndex"
Provider: TypeAlias = "Callable[[tuple[Crop, ...]], Iterable[Any]]"
"""A search of the caller's own: takes the crops worth searching for, yields sources."""
Goods: TypeAlias = "list[Photo] | ProductReferences | list[ProductReferences] | dict[str, Any]"


@dataclass(frozen=True, kw_only=True)
class Given:
    """All that is held against a photo, in one shape whatever the caller gave.

    Parameters
    ----------
    candidates : tuple of Source, or SourceIndex
        Candidate originals, not opened yet.
    providers : tuple of callable
        Asked with the crops of the photo (:func:`fakeproof.web.search_crops`) for further candidates.
    listings : tuple of Source
        The shop's own pictures, opened: what a buyer may have taken.
    goods : what :func:`fakeproof.product.compare` takes
        Empty where nothing was given.
    order : Order or None
    problems : tuple of Problem
        Products that could not be read.
    """

    candidates: Candidates = ()
    providers: tuple[Provider, ...] = ()
    listings: tuple[Source, ...] = ()
    goods: Goods
    order: Order | None = None
    problems: tuple[Problem, ...] = ()

    @classmethod
    def take(cls, *, sources: Any = None, products: Any = None, order: Order | None = None) -> Self:
        """Take in what :func:`fakeproof.analyze` is given beside the photo.

        Raises
        ------
        ParameterError
            Something is no picture, or `order` is not an Order.
        """
        if order is not None and not isinstance(order, Order):
            raise ParameterError("order", order, "an Order, or None")
        photos, goods, problems = _products(products)
        candidates, providers = _candidates(sources)
        return cls(
            candidates=candidates,
            providers=providers,
            listings=tuple(Source(photo, seen_on=OWN_LISTING["en"]) for photo in photos),
            goods=goods,
            order=order,
            problems=problems,
        )

    @property
    def products(self) -> tuple[Photo, ...]:
        """The shop's photos."""
        return tuple(listing.image for listing in self.listings)


def provided(photo: Photo, providers: Iterable[Provider]) -> tuple[list[Source], tuple[Problem, ...]]:
    """Ask providers for candidate originals of a photo; one that fails is a problem, and the rest goes on."""
    crops = search_crops(photo)
    sources: list[Source] = []
    problems: list[Problem] = []
    for provider in providers:
        try:
            sources += [as_source(given) for given in provider(crops)]
        except Exception as error:  # the border to somebody's service: it is named, whatever goes wrong in there
            log.warning("a provider of sources failed: %r", error)
            problems.append(Problem.of("source", getattr(provider, "__name__", type(provider).__name__), error))
    return sources, tuple(problems)


def read_photos(items: Any, role: Role) -> tuple[list[Photo], tuple[Problem, ...]]:
    """Read photos; one that cannot be read is named and left out."""
    photos: list[Photo] = []
    problems: list[Problem] = []
    for item in spread(items):
        try:
            photos.append(Photo.of(item))
        except PhotoError as error:
            problems.append(Problem.of(role, error.name, error))
    return photos, tuple(problems)


def spread(items: Any) -> Iterator[Any]:
    """Take a folder for the files in it, a lone path or photo for a list of one, None for nothing."""
    if items is None:
        return
    if isinstance(items, str | Path | bytes | bytearray | Photo | Source):
        items = [items]
    for item in items:
        if isinstance(item, str | Path) and Path(item).is_dir():
            yield from files_in(Path(item))
        else:
            yield item


def files_in(folder: Path) -> list[Path]:
    """Return a folder's files by name, hidden ones aside."""
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))


def _candidates(sources: Any) -> tuple[Candidates, tuple[Provider, ...]]:
    if isinstance(sources, SourceIndex):
        return sources, ()
    items = [sources] if callable(sources) else list(spread(sources))
    providers = tuple(item for item in items if callable(item))
    return tuple(as_source(item) for item in items if not callable(item)), providers


def _products(products: Any) -> tuple[list[Photo], Goods, tuple[Problem, ...]]:
    """Return the shop's photos, what to compare with (those photos, prepared ones, several products), and problems."""
    if isinstance(products, Mapping):
        parts = {name: _product(item) for name, item in products.items()}
        goods: Goods = {name: goods for name, (_, goods, _) in parts.items() if len(goods)}
        return _joined(parts.values(), goods)
    if not isinstance(products, ProductReferences):
        products = list(spread(products))
        if products and all(isinstance(p, ProductReferences) for p in products):
            return _joined(map(_product, products), products)
    return _product(products)


_Part: TypeAlias = "tuple[list[Photo], Any, tuple[Problem, ...]]"


def _product(item: Any) -> _Part:
    if not isinstance(item, ProductReferences):
        photos, problems = read_photos(item, "product")
        return photos, photos, problems
    kept = [p.source.image for p in item.photos if p.source is not None]
    # Prepared on another machine: files that are not here are compared by their numbers, and shown by no exhibit.
    there = [image for image in kept if not isinstance(image, str | Path) or Path(image).is_file()]
    photos, problems = read_photos(there, "product")
    return photos, item, problems


def _joined(parts: Iterable[_Part], goods: Goods) -> tuple[list[Photo], Goods, tuple[Problem, ...]]:
    photos: list[Photo] = []
    problems: list[Problem] = []
    for some, _, wrong in parts:
        photos += some
        problems += wrong
    return photos, goods, tuple(problems)
