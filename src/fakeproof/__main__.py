"""The command: python -m fakeproof PHOTO… --source … --product … --out DIR."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from fakeproof.errors import FakeproofError, PhotoError
from fakeproof.exhibits.report import told
from fakeproof.findings import Source
from fakeproof.order import Order
from fakeproof.words import languages

EXAMPLE = '[{"file": "a.jpg", "url": "https://…", "seen_on": "…", "seen_at": "2026-05-01"}]'
RAN, BAD_ARGUMENTS, NO_PHOTO = 0, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 when an analysis ran, 2 for bad arguments, 3 when no photo could be read."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["demo"]:
        return _demo(words[1:])
    parser = _parser()
    asked = parser.parse_args(words)
    try:
        order = Order.from_dict(_json(asked.order)) if asked.order else None
    except (OSError, ValueError, TypeError) as error:
        parser.error(f"--order {asked.order}: {error}")
    return _analyse(parser, asked, order)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fakeproof",
        description="Was the photo taken from the web, edited, or of another product? `demo` makes cases to look at.",
    )
    parser.add_argument(
        "photos", nargs="+", type=Path, metavar="PHOTO", help="the questioned photo, or a folder of them"
    )
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        type=Path,
        metavar="FILE|DIR|JSON",
        help="candidate originals; a JSON list tells where each was seen: " + EXAMPLE,
    )
    parser.add_argument(
        "--product", action="append", default=[], type=Path, metavar="FILE|DIR", help="the shop's photos"
    )
    parser.add_argument("--order", type=Path, metavar="FILE", help="the order as JSON: placed_at, delivered_at, …")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a dossier for each photo here")
    parser.add_argument("--lang", choices=languages(), default="en", help="language of verdict and dossier")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON, one a line")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier dossiers in DIR")
    return parser


def _analyse(parser: argparse.ArgumentParser, asked: argparse.Namespace, order: Order | None) -> int:
    from fakeproof.analysis import analyze

    for path in [*asked.source, *asked.product]:
        if not path.exists():
            parser.error(f"{path}: there is no such file or folder")
    try:
        sources = [source for path in asked.source for source in _sources(path)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        parser.error(f"--source: {error!r}; a JSON list holds entries like {EXAMPLE}")
    done = 0
    names: set[str] = set()
    for path in _files(asked.photos):
        try:
            verdict = analyze(path, sources=sources, products=asked.product, order=order)
        except PhotoError as error:
            print(error, file=sys.stderr)
            continue
        done += 1
        print(verdict.to_json(indent=None) if asked.json else told(verdict, asked.lang))
        if asked.out is not None:
            try:
                place = verdict.dossier(
                    asked.out / _new_name(path.stem, names), lang=asked.lang, overwrite=asked.overwrite
                )
            except (FakeproofError, OSError) as error:
                parser.error(f"--out {asked.out}: {error}")
            print(f"  dossier: {place}", file=sys.stderr if asked.json else sys.stdout)
    return RAN if done else NO_PHOTO


def _new_name(stem: str, names: set[str]) -> str:
    """Return a photo's name, numbered where another photo of this run has it already."""
    name = next(n for n in chain([stem], (f"{stem}-{i}" for i in count(2))) if n not in names)
    names.add(name)
    return name


def _sources(path: Path) -> Iterator[Path | Source]:
    """Give a picture or folder as it is; of a JSON list each picture with where and when it was seen."""
    if path.suffix.lower() != ".json":
        yield path
        return
    listed = _json(path)
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise TypeError(f"{path.name} holds no list of entries")
    for entry in listed:
        seen = entry.get("seen_at")
        yield Source(
            path.parent / entry["file"],
            url=str(entry.get("url", "")),
            seen_on=str(entry.get("seen_on", "")),
            seen_at=_seen_at(seen) if seen else None,
        )


def _json(path: Path) -> Any:
    """Read JSON; Windows' editor puts a mark before it."""
    return json.loads(path.read_text(encoding="utf-8-sig"))


def _seen_at(text: str) -> date | datetime:
    """Read ISO 8601; a day without a time is not midnight."""
    return date.fromisoformat(text) if len(text) == len("2026-05-01") else datetime.fromisoformat(text)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        else:
            yield path


def _demo(words: Sequence[str]) -> int:
    from fakeproof.demo import run

    parser = argparse.ArgumentParser(
        prog="python -m fakeproof demo", description="Make three cases and two counter-cases and analyse them."
    )
    parser.add_argument("--out", type=Path, default=Path("demo-out"), metavar="DIR", help="where cases and dossiers go")
    parser.add_argument("--lang", choices=languages(), default="en")
    parser.add_argument("--overwrite", action="store_true", help="replace what an earlier demo wrote")
    asked = parser.parse_args(words)
    if asked.out.exists() and not asked.overwrite:
        parser.error(f"{asked.out} exists; choose another --out or pass --overwrite")
    for line in run(asked.out, lang=asked.lang):
        print(line, flush=True)
    return RAN


if __name__ == "__main__":
    raise SystemExit(main())
