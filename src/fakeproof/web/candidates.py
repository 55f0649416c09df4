"""What a caller may give as sources, turned into photos with an address."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fakeproof.errors import ParameterError, PhotoError
from fakeproof.findings import Problem, Source
from fakeproof.photo import Photo

__all__ = ["as_source", "open_sources"]


def as_source(given: Any) -> Source:
    """Return a Source for a Photo, a path, bytes or a Source.

    Raises
    ------
    ParameterError
        For anything else.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, Photo | str | Path | bytes | bytearray):
        return Source(given)
    raise ParameterError("sources", type(given).__name__, "photos, paths, bytes or fakeproof.Source")


def open_sources(given: Iterable[Any]) -> tuple[list[tuple[Source, Photo]], list[Problem]]:
    """Read many sources; those that cannot be read are listed with the reason and stop nothing."""
    if isinstance(given, str | Path | bytes | bytearray | Source):
        raise ParameterError("sources", type(given).__name__, "a list of photos, paths, bytes or fakeproof.Source")
    opened, unreadable = [], []
    for item in given:
        source = as_source(item)
        try:
            opened.append((source, Photo.of(source)))
        except (PhotoError, OSError) as error:
            unreadable.append(Problem.of("source", source.name, error))
    return opened, unreadable
