"""What can be asked on the command line."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import date, datetime
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

from fakeproof._version import __version__
from fakeproof.errors import ParameterError
from fakeproof.exhibits.platform import platforms
from fakeproof.findings import Source
from fakeproof.intake import files_in
from fakeproof.order import Order, read_messages
from fakeproof.words import languages

__all__ = ["BadArgumentError", "files", "names", "order", "parser", "sources"]

DONE, NO_PHOTO, PARTLY = 0, 3, 4
EXAMPLE = '[{"file": "a.jpg", "url": "https://…", "seen_on": "…", "seen_at": "2026-05-01"}]'
ENTRY = ("file", "url", "seen_on", "seen_at", "key", "order")


class BadArgumentError(Exception):
    """Something that was asked cannot be done; the message says what and why."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    out = argparse.ArgumentParser(
        prog="fakeproof",
        description="Was the photo taken from the web, edited, or of another product? A photo alone is analysed.",
        epilog="Status: 0 done, 2 bad arguments, 3 no photo could be read, 4 some could not be read or handed over.",
    )
    out.add_argument("--version", action="version", version=f"fakeproof {__version__}")
    verbs = out.add_subparsers(dest="verb", required=True, metavar="VERB")
    _analyze(verbs.add_parser("analyze", help="analyse photos, each by itself"))
    _case(verbs.add_parser("case", help="analyse the photos of one order together"))
    _index(verbs.add_parser("index", help="keep candidate originals in an index"))
    _fit(verbs.add_parser("fit", help="fit cards on your own labelled findings"))
    _kit(verbs.add_parser("kit", help="what a person needs to look for a photo's original, offline"))
    _demo(verbs.add_parser("demo", help="make cases to look at"))
    completion = verbs.add_parser("completion", help="print a script that completes words in your shell")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    return out


def _given(to: argparse.ArgumentParser) -> None:
    """Add what a photo is held against, and how."""
    add = to.add_argument
    add("photos", nargs="+", type=Path, metavar="PHOTO", help="the questioned photo, or a folder of them")
    add("--source", action="append", default=[], type=Path, metavar="FILE|DIR|JSON|INDEX",
        help="candidate originals; a JSON list tells where each was seen: " + EXAMPLE)  # fmt: skip
    add("--product", action="append", default=[], type=Path, metavar="FILE|DIR", help="the shop's photos")
    add("--order", type=Path, metavar="FILE", help="the order as JSON: placed_at, delivered_at, …")
    add("--messages", type=Path, metavar="FILE", help="the chat as CSV (at,side,text,photo) or JSON")
    add("--platform", choices=platforms(), default="pinduoduo", help="whose form the dossier fits")
    add("--rules", action="append", default=[], type=Path, metavar="TOML", help="metadata rules of your own")
    add("--scorer", type=Path, metavar="JSON", help="cards that `fakeproof fit` wrote")
    add("--detectors", default=None, metavar="A,B", help="only these detectors")
    add("--skip", default="", metavar="A,B", help="all but these detectors")
    add("--budget", type=float, metavar="S", help="seconds a photo after which no further detector starts")
    add("--threads", type=int, default=1, metavar="N", help="detectors side by side")
    add("--lang", choices=languages(), default="en", help="language of verdict and dossier")
    add("--json", action="store_true", help="print JSON, one line a verdict")
    add("--quiet", action="store_true", help="no progress bar")
    add("--out", type=Path, metavar="DIR", help="write dossiers here")
    add("--overwrite", action="store_true", help="replace earlier dossiers in DIR")


def _analyze(to: argparse.ArgumentParser) -> None:
    _given(to)
    to.add_argument("--workers", type=int, default=1, metavar="N", help="photos side by side, in processes")
    to.add_argument("--skip-existing", action="store_true", help="leave out photos that have a dossier in DIR")


def _case(to: argparse.ArgumentParser) -> None:
    _given(to)


def _index(to: argparse.ArgumentParser) -> None:
    doing = to.add_subparsers(dest="what", required=True, metavar="WHAT")
    for what, rest, told in (
        ("build", "SOURCE", "make an index of files, folders, JSON lists"),
        ("add", "SOURCE", "add to an index"),
        ("search", "PHOTO", "find the likeliest sources of photos, unverified"),
        ("rm", "KEY", "remove sources by key"),
        ("stat", "", "say how large an index is, and list what fits a text"),
    ):
        one = doing.add_parser(what, help=told)
        one.add_argument("index", type=Path, metavar="INDEX")
        if rest:
            one.add_argument("rest", nargs="+", metavar=rest)
        else:
            one.add_argument("--text", default=None, help="list the sources whose key, name or address hold this")
        if what == "build":
            one.add_argument("--overwrite", action="store_true", help="replace an earlier index")
        one.add_argument("--limit", type=int, default=5, help="sources shown for a photo")
        one.add_argument("--quiet", action="store_true", help="no progress bar")


def _fit(to: argparse.ArgumentParser) -> None:
    to.add_argument("table", type=Path, metavar="TABLE", help="CSV or Parquet of findings_table with label columns")
    to.add_argument("--groups", metavar="COLUMN", help="photos that belong together: order, product, scene")
    to.add_argument("--out", type=Path, required=True, metavar="JSON", help="where the cards go")


def _kit(to: argparse.ArgumentParser) -> None:
    to.add_argument("photos", nargs=1, type=Path, metavar="PHOTO")
    to.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    to.add_argument("--lang", choices=languages(), default="en")
    to.add_argument("--overwrite", action="store_true", help="replace an earlier kit")


def _demo(to: argparse.ArgumentParser) -> None:
    to.add_argument("--out", type=Path, default=Path("demo-out"), metavar="DIR", help="where cases and dossiers go")
    to.add_argument("--lang", choices=languages(), default="en")
    to.add_argument("--overwrite", action="store_true", help="replace what an earlier demo wrote")


def files(paths: list[Path]) -> list[Path]:
    """Return the files that are meant, a folder for those in it."""
    return [file for path in paths for file in (files_in(path) if path.is_dir() else [path])]


def names(listed: str | None) -> list[str] | None:
    """Return the names of a list with commas."""
    return None if listed is None else [name.strip() for name in listed.split(",") if name.strip()]


def order(path: Path | None, messages: Path | None = None) -> Order | None:
    """Read an order, and the chat about it."""
    try:
        known = None if path is None else Order.from_dict(json.loads(_text(path)))
    except (ValueError, TypeError) as error:
        raise BadArgumentError(f"--order {path}: {error}") from error
    if messages is None:
        return known
    try:
        return replace(known or Order(), messages=read_messages(messages))
    except ParameterError as error:
        raise BadArgumentError(f"--messages: {error}") from error


def sources(paths: list[Path]) -> Any:
    """Return candidate originals: of a JSON list each picture with where it was seen; an index as it is."""
    from fakeproof.web import SourceIndex
    from fakeproof.web.catalog import FILE

    for path in paths:
        if not path.exists():
            raise BadArgumentError(f"{path}: there is no such file or folder")
    if any((path / FILE).is_file() for path in paths):
        if len(paths) > 1:
            raise BadArgumentError("--source: an index stands alone; add the other sources to it")
        return SourceIndex.open(paths[0])
    return [source for path in paths for source in (_listed(path) if path.suffix.lower() == ".json" else [path])]


def _listed(path: Path) -> list[Source]:
    """Read a JSON list of sources; what is wrong is named with its line."""
    out = []
    for entry, line in _entries(path, _text(path)):
        where = f"{path}, line {line}"
        if not isinstance(entry, dict):
            raise BadArgumentError(f"{where}: {entry!r} is no entry like {EXAMPLE}")
        for key in entry:
            if key not in ENTRY:
                raise BadArgumentError(f"{where}: {key!r} is not allowed; use {', '.join(ENTRY)}")
        if not isinstance(entry.get("file"), str):
            raise BadArgumentError(f"{where}: 'file' is missing, as in {EXAMPLE}")
        plain = {key: str(entry.get(key) or "") for key in ("url", "seen_on", "key", "order")}
        out.append(Source(path.parent / entry["file"], seen_at=_seen_at(entry.get("seen_at"), where), **plain))
    return out


def _entries(path: Path, text: str) -> list[tuple[Any, int]]:
    """Return the entries of a JSON list, each with its line."""
    decoder, at, out = JSONDecoder(), 0, []
    try:
        listed = decoder.decode(text)
        if not isinstance(listed, list):
            raise BadArgumentError(f"{path}: holds no list of entries like {EXAMPLE}")
        at = text.index("[") + 1
        for _ in listed:
            while text[at] in " \t\r\n,":
                at += 1
            line = text.count("\n", 0, at) + 1
            entry, at = decoder.raw_decode(text, at)
            out.append((entry, line))
    except JSONDecodeError as error:
        raise BadArgumentError(f"{path}, line {error.lineno}: is no JSON ({error.msg})") from error
    return out


def _seen_at(given: Any, where: str) -> date | datetime | None:
    """Read ISO 8601; a day without a time is not midnight."""
    if not given:
        return None
    try:
        return date.fromisoformat(given) if len(given) == len("2026-05-01") else datetime.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise BadArgumentError(f"{where}: seen_at {given!r} is no date like 2026-05-01") from error


def _text(path: Path) -> str:
    """Read a text; Windows' editor puts a mark before it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadArgumentError(f"{path}: is no UTF-8 text ({error.reason} at byte {error.start})") from error
