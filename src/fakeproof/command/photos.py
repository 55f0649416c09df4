"""Photos by themselves: analysed one after the other or in processes, told, and handed over."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from itertools import chain, count
from pathlib import Path
from typing import Any

from fakeproof.command.asked import DONE, NO_PHOTO, PARTLY, BadArgumentError, files, names, order, sources
from fakeproof.errors import FakeproofError, PhotoError
from fakeproof.exhibits.report import told
from fakeproof.words import text

__all__ = ["analyze", "form", "options", "say"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One photo and where its dossier goes."""

    path: Path
    out: Path | None
    lang: Any
    as_json: bool
    overwrite: bool
    form: dict[str, Any]
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of a job: lines for the reader, lines about what went wrong."""

    said: str = ""
    place: str = ""
    wrong: str = ""
    read: bool = True


def options(asked: argparse.Namespace) -> dict[str, Any]:
    """Return what :func:`fakeproof.analyze` is given beside the photos."""
    from fakeproof.evidence import Scorer

    for path in [*asked.product, *asked.rules]:
        if not path.exists():
            raise BadArgumentError(f"{path}: there is no such file or folder")
    return {
        "sources": sources(asked.source),
        "products": asked.product,
        "order": order(asked.order, asked.messages),
        "scorer": Scorer.load(asked.scorer) if asked.scorer else None,
        "detectors": names(asked.detectors),
        "skip": names(asked.skip),
        "rules": asked.rules,
        "budget_s": asked.budget,
        "threads": asked.threads,
    }


def form(asked: argparse.Namespace) -> dict[str, Any]:
    """Return what the dossier has to fit, and the day that it carries."""
    return {"platform": asked.platform, "dated": date.today()}


def analyze(asked: argparse.Namespace) -> int:
    """Analyse each photo by itself."""
    if asked.out is not None and asked.out.exists() and not asked.out.is_dir():
        raise BadArgumentError(f"--out {asked.out}: is no folder")
    given = options(asked)
    jobs = [
        Job(
            path=p,
            out=out,
            lang=asked.lang,
            as_json=asked.json,
            overwrite=asked.overwrite,
            form=form(asked),
            options=given,
        )
        for p, out in _places(files(asked.photos), asked.out)
        if not (asked.skip_existing and out is not None and out.exists())
    ]
    read, wrong = 0, 0
    for result in _results(jobs, asked):
        read += result.read
        wrong += bool(result.wrong)
        say(result.said, sys.stdout)
        say(result.place, sys.stderr if asked.json else sys.stdout)
        say(result.wrong, sys.stderr)
    if not wrong:
        return DONE
    return PARTLY if read else NO_PHOTO


def say(line: str, to: Any) -> None:
    """Print a line, if there is one, above any progress bar."""
    from tqdm import tqdm

    if line:
        tqdm.write(line, file=to)


def _places(paths: Iterable[Path], out: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """Give each photo the folder of its dossier, numbered where another photo of this run has its name already."""
    taken: set[str] = set()
    for path in paths:
        name = next(n for n in chain([path.stem], (f"{path.stem}-{i}" for i in count(2))) if n not in taken)
        taken.add(name)
        yield path, None if out is None else out / name


def _results(jobs: list[Job], asked: argparse.Namespace) -> Iterator[Told]:
    from tqdm import tqdm

    bar = tqdm(total=len(jobs), unit="photo", disable=True if asked.quiet or len(jobs) < 2 else None)
    with ExitStack() as stack:
        stack.enter_context(bar)
        if asked.workers > 1:
            results: Iterable[Told] = stack.enter_context(ProcessPoolExecutor(asked.workers)).map(run, jobs)
        else:
            results = map(run, jobs)
        for result in results:
            bar.update()
            yield result


def run(job: Job) -> Told:
    """Analyse one photo and write its dossier; a bad photo or folder is told, the rest goes on."""
    from fakeproof.analysis import analyze as look

    try:
        verdict = look(job.path, **job.options)
    except PhotoError as error:
        return Told(wrong=f"{error.name}: {error.words.get(job.lang, error.reason)}", read=False)
    said = verdict.to_json(indent=None) if job.as_json else told(verdict, job.lang)
    if job.out is None:
        return Told(said=said)
    try:
        place = verdict.dossier(job.out, lang=job.lang, overwrite=job.overwrite, **job.form)
    except (FakeproofError, OSError) as error:
        return Told(said=said, wrong=text("command.no_dossier", job.lang, folder=str(job.out), why=str(error)))
    return Told(said=said, place="  " + text("command.dossier", job.lang, folder=str(place)))
