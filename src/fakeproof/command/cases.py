"""One order's photos together; cards of one's own; cases to look at."""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import Any

from fakeproof.command.asked import DONE, NO_PHOTO, PARTLY, BadArgumentError, files
from fakeproof.command.photos import form, options, say
from fakeproof.errors import PhotoError
from fakeproof.exhibits.report import told
from fakeproof.words import text

__all__ = ["case", "demo", "fit"]


def case(asked: argparse.Namespace) -> int:
    """Analyse the photos of one order together."""
    from fakeproof.analysis import analyze_case

    try:
        found = analyze_case(files(asked.photos), **options(asked))
    except PhotoError as error:
        say(str(error), sys.stderr)
        return NO_PHOTO
    if asked.json:
        say(found.to_json(indent=None), sys.stdout)
    else:
        for verdict in found.verdicts:
            say(told(verdict, asked.lang), sys.stdout)
        for link in found.links:
            say(f"  {link.wording(asked.lang)}", sys.stdout)
    for problem in found.problems:
        say(problem.wording(asked.lang), sys.stderr)
    if asked.out is not None:
        place = found.dossier(asked.out, lang=asked.lang, overwrite=asked.overwrite, **form(asked))
        say(text("command.dossier", asked.lang, folder=str(place)), sys.stderr if asked.json else sys.stdout)
    return PARTLY if any(problem.role == "photo" for problem in found.problems) else DONE


def fit(asked: argparse.Namespace) -> int:
    """Fit cards on a table of labelled findings."""
    from fakeproof.evidence import Scorer

    table = _table(asked.table)
    with warnings.catch_warnings(record=True) as told_of:
        warnings.simplefilter("always")
        scorer = Scorer.fit(table, groups=asked.groups)
    for one in told_of:
        say(f"! {one.message}", sys.stderr)
    for name in scorer.unused:
        say(f"! {name}: no detector has this name; the column was not fitted", sys.stderr)
    for category, figures in scorer.comparison.items():
        say(f"{category}: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()), sys.stdout)
    scorer.save(asked.out)
    return DONE


def _table(path: Any) -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise BadArgumentError("fit reads tables with pandas: install fakeproof[notebook]") from error

    if not path.is_file():
        raise BadArgumentError(f"{path}: there is no such file")
    return pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_csv(path)


def demo(asked: argparse.Namespace) -> int:
    """Make cases and counter-cases and analyse them."""
    from fakeproof.demo import run

    if asked.out.exists() and not asked.overwrite:
        raise BadArgumentError(f"{asked.out} exists; choose another --out or pass --overwrite")
    for line in run(asked.out, lang=asked.lang):
        print(line, flush=True)
    return DONE
