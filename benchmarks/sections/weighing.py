"""The edited score on the unseen half, by chain and by kind of photo: with the parts that are shipped, and those of before."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

import fakeproof as fp
from benchmarks.frame import Options, Table
from benchmarks.material.chains import CHAINS
from benchmarks.sections.scoring import line
from benchmarks.training.cards import BESIDE, edited_rows
from benchmarks.training.localize import PART, gather
from benchmarks.training.parts import SOURCE, carried
from benchmarks.training.store import Read, Store
from benchmarks.training.versions import versions
from fakeproof.artefact import Artefact, read, shipped
from fakeproof.evidence.card import CategoryCard, part_of
from fakeproof.types import Category

LEAST_JUDGED = 20
"""Untouched photos below which a rate falls short of nothing."""
COLUMNS = ("parts", "n +/-", "Cllr", "loss", "AUC", "found at threshold", "accused untouched")


def run(options: Options) -> list[Table]:
    """Measure on what the store holds and what --minutes add; without --before the shipped parts alone."""
    reads = gather(options, Store(jobs=options.jobs, minutes=options.minutes or 0, by_version=True), *BESIDE)
    unseen = [r for r in reads if r.case.half == "unseen"]
    systems = {"shipped": _system(unseen, {name: shipped(name) for name in _names()})}
    if options.before:
        systems = {"before": _system(unseen, {name: _of(name, options.before) for name in _names()}), **systems}
    return [
        _table("Edited, unseen half, by chain", "chain", systems, lambda row: row["delivered"]),
        _table("Edited, unseen half, by kind of photo", "photos", systems, lambda row: row["set"].split(" (")[0]),
    ]


def _names() -> tuple[str, str]:
    return PART, part_of(Category.EDITED.value)


def _of(name: str, revision: str) -> Artefact:
    """Return a part as it was at a revision."""
    path = SOURCE.joinpath(*name.split(".")).with_suffix(".json")
    asked = ["git", "show", f"{revision}:./{path.name}"]
    text = subprocess.run(asked, cwd=path.parent, capture_output=True, text=True, check=True).stdout
    return read(text, part=name, folder=path.parent)


System = tuple[fp.Scorer, list[dict[str, Any]]]


def _system(reads: list[Read], parts: Mapping[str, Artefact]) -> System:
    fusion, card = (parts[name] for name in _names())
    head = carried(card.head, versions(), card.head.detectors)  # its rows are read by the present versions
    values = {**card.values, "head": head.to_dict()}
    return fp.Scorer({Category.EDITED: CategoryCard.from_dict(values)}), edited_rows(reads, fusion)


def _table(title: str, first: str, systems: Mapping[str, System], key: Any) -> Table:
    table = Table(title, [first, *COLUMNS])
    names = {key(row): None for _, rows in systems.values() for row in rows}
    for name in (*sorted(names, key=_place), "all"):
        for parts, (scorer, rows) in systems.items():
            own = [r for r in rows if name in (key(r), "all")]
            judged = table if parts == "shipped" and sum(not r["edited"] for r in own) >= LEAST_JUDGED else None
            _, _, *figures = line(scorer, Category.EDITED, own, name, "unseen", judged)
            table.rows.append([name, parts, *figures])
    table.note = (
        "Photos up to 4 MP, made by `benchmarks.material.cases`: `made` are forgeries and their twins saved again, `innocent` "
        "what honest hands, phones and apps do. The rows come from the training's store, so their number is what was read."
    )
    return table


def _place(name: str) -> tuple[int, str]:
    return (CHAINS.index(name) if name in CHAINS else 99, name)
