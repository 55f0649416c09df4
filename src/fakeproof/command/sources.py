"""Candidate originals: kept in an index, and looked for by hand."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fakeproof.command import asked as given
from fakeproof.command.asked import DONE, NO_PHOTO, PARTLY
from fakeproof.command.photos import say
from fakeproof.errors import PhotoError
from fakeproof.intake import spread
from fakeproof.photo import Photo

if TYPE_CHECKING:
    from fakeproof.web import SourceIndex

__all__ = ["index", "kit"]


def index(asked: argparse.Namespace) -> int:
    """Build, fill, search, thin out or describe an index."""
    from fakeproof.web import SourceIndex

    if asked.what == "build":
        made = SourceIndex()
        status = _add(made, asked)
        made.save(asked.index, overwrite=asked.overwrite)
        return status
    opened = SourceIndex.open(asked.index)
    try:
        if asked.what == "add":
            return _add(opened, asked)
        if asked.what == "search":
            return _search(opened, asked)
        if asked.what == "rm":
            say(f"{sum(map(opened.remove, asked.rest))} removed", sys.stdout)
        else:
            _describe(opened, asked.text)
    finally:
        opened.close()
    return DONE


def _add(to: SourceIndex, asked: argparse.Namespace) -> int:
    new = to.add_many(list(spread(given.sources([Path(r) for r in asked.rest]))), progress=not asked.quiet)
    say(f"{new} added, {len(to)} in all", sys.stdout)
    for broken in to.unreadable:
        say(f"{broken['name']}: {broken['reason']}", sys.stderr)
    return PARTLY if to.unreadable else DONE


def _search(opened: SourceIndex, asked: argparse.Namespace) -> int:
    read = wrong = 0
    for path in given.files([Path(r) for r in asked.rest]):
        try:
            photo = Photo.open(path)
        except PhotoError as error:
            say(str(error), sys.stderr)
            wrong += 1
            continue
        read += 1
        for match in opened.search(photo, limit=asked.limit):
            seen = " ".join(filter(None, (match.source.seen_on, match.source.url)))
            say(f"{path.name}\t{match.inliers}\t{match.source.key}\t{match.source.name}\t{seen}", sys.stdout)
    return DONE if not wrong else PARTLY if read else NO_PHOTO


def _describe(opened: SourceIndex, text: str | None) -> None:
    say(f"{len(opened)} sources, {len(opened.list(missing=True))} without their file", sys.stdout)
    for source in opened.list(text) if text is not None else ():
        say(f"{source.key}\t{source.name}\t{source.seen_on}\t{source.url}\t{source.order}", sys.stdout)


def kit(asked: argparse.Namespace) -> int:
    """Write what a person needs to look for a photo's original."""
    from fakeproof.web import search_kit

    try:
        photo = Photo.open(asked.photos[0])
    except PhotoError as error:
        say(str(error), sys.stderr)
        return NO_PHOTO
    say(str(search_kit(photo, asked.out, lang=asked.lang, overwrite=asked.overwrite)), sys.stdout)
    return DONE
