"""The calibration cards of the three categories."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import fakeproof as fp
from benchmarks.frame import Options
from benchmarks.material.cases import Case, edited_cases, limited, product_cases, sampled, web_cases
from benchmarks.training import copy_move, localize
from benchmarks.training.parts import Part
from benchmarks.training.reading import PHOTO
from benchmarks.training.store import Read, Store
from benchmarks.training.versions import versions
from fakeproof.artefact import Artefact, Head, shipped
from fakeproof.edited.localize import FusionModel
from fakeproof.evidence.calibrate import MonotoneCalibrator
from fakeproof.evidence.card import CategoryCard, DetectorCard, part_of
from fakeproof.evidence.train import FOLDS, Cases, fit_card
from fakeproof.types import Category

CASES: dict[Category, Callable[[Options], Iterable[Case]]] = {
    Category.EDITED: edited_cases,
    Category.WEB_IMAGE: web_cases,
    Category.WRONG_PRODUCT: product_cases,
}
MIN_CHAIN_CASES = 100
ASSIGNED_LLR = {"moderate": 0.7, "strong": 1.3, "decisive": 2.0}
"""log10 LR of self-declared traces by strength. Assigned by people: no collection has fair negatives for them."""


ASSIGNED_STRENGTH = {"watermarks": "strong", "recapture": "moderate"}
"""For traces that no rules grade. Of photos that `recapture` decides on, some 98 of 100 are recaptures where both are as
many (benchmarks recapture), but buyers photograph screens honestly: it never decides alone."""
BESIDE = ("source_difference",)
"""What the edited card weighs beside what the fusion reads."""


def rows_of(category: Category, options: Options, store: Store) -> list[dict[str, Any]]:
    """Return a category's labelled rows over all chains: a column a detector, label, group, half."""
    if category is Category.EDITED:
        return edited_rows(localize.gather(options, store, *BESIDE))
    cases, names = CASES[category], (PHOTO, *_fitted(category))
    reads = store.read(limited(sampled(cases(options)), options.limit), names)
    return [row_of(read, _fitted(category)) for read in reads if "chain" in read.answers[PHOTO]]


def edited_rows(reads: Sequence[Read], fusion: Artefact | None = None) -> list[dict[str, Any]]:
    """Return the edited rows; scores of models that knew a photo's group are left out, or are those of models that did not.

    Another fusion than the shipped one has no held-out scores: its rows of the training half flatter it.
    """
    part = shipped(localize.PART) if fusion is None else fusion
    model, known = FusionModel.from_json(part.values, part.head), versions()
    held = localize.held_scores() if fusion is None else {}
    fresh = not shipped(copy_move.PART).head.legacy
    out = []
    for read in reads:
        sample = localize.sample_of(read)
        if sample is not None:
            knew = {"localize"} | ({"copy_move"} if fresh and _knew(read.case) else set())
            row = row_of(read, [name for name in _fitted(Category.EDITED) if name not in knew])
            row["localize"] = localize.photo_score(sample, model, held.get(sample.key))
            row["versions"]["localize"] = known["localize"]
            out.append(row)
    return out


def _knew(case: Case) -> bool:
    """Whether the weights of copy-move were fitted on the photo's group."""
    return case.half == "train" and copy_move.learned_from(case.group)


def row_of(read: Read, names: Iterable[str]) -> dict[str, Any]:
    """Return the row of a case: its truth, how it came, and the scores that there are."""
    case, known = read.case, versions()
    scores = {name: read.answers[name]["score"] for name in names if "score" in read.answers[name]}
    return {
        case.category: int(case.label),
        "group": case.group,
        "half": case.half,
        "set": case.set,
        "delivered": case.chain,
        "chain": read.answers[PHOTO]["chain"],
        **scores,
        "versions": {name: known[name] for name in scores},
    }


def fit_part(category: Category, options: Options, store: Store, head: Head) -> None:
    """Fit a category's card on the training half, and write it."""
    seen = [r for r in rows_of(category, options, store) if r["half"] == "train"]
    data = hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
    card = replace(fit_category(category, seen), head=replace(head, data=data, folds=FOLDS))
    text = json.dumps(card.to_dict(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    part(category).path.write_text(text, encoding="utf-8")


def fit_category(category: Category, seen: Sequence[dict[str, Any]]) -> CategoryCard:
    """Fit the pooled card, and one for each delivery chain that has enough cases of both classes."""
    versions = _versions(seen)
    assigned = _assigned(category)
    chains = {}
    for kind in sorted({r["chain"] for r in seen}):
        part = [r for r in seen if r["chain"] == kind]
        labels = [r[category.value] for r in part]
        if min(sum(labels), len(labels) - sum(labels)) >= MIN_CHAIN_CASES:
            chains[kind] = fit_card(_cases(category, part, versions, assigned))
    about = {
        "trained_on": "public research photos, and forgeries, re-uses and damage generated from them; "
        "the training half of the measuring photos",
        "not": "your platform's traffic",
        "sets": {s: sum(r["set"] == s for r in seen) for s in sorted({r["set"] for r in seen})},
        "delivered": {s: sum(r["delivered"] == s for r in seen) for s in sorted({r["delivered"] for r in seen})},
        "assigned": "llrs of self-declared traces were set by people: " + json.dumps(ASSIGNED_LLR),
    }
    pooled = fit_card(_cases(category, seen, versions, assigned))
    return CategoryCard(category=category, pooled=pooled, chains=chains, about=about)


def _versions(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    out: dict[str, int] = {}
    for row in rows:
        out.update(row["versions"])
    return out


def _assigned(category: Category) -> dict[str, DetectorCard]:
    """Return what people set: for the traces that rules find by their strength, for others one llr."""
    from fakeproof.metadata.rules import STRENGTHS

    knots = sorted((STRENGTHS[name], llr) for name, llr in ASSIGNED_LLR.items())
    ramp = MonotoneCalibrator(tuple(s for s, _ in knots), tuple(v for _, v in knots))
    ruled = {d.name for d in fp.metadata.detectors()}
    flat = {n: MonotoneCalibrator((0.0,), (ASSIGNED_LLR[strength],)) for n, strength in ASSIGNED_STRENGTH.items()}
    return {
        d.name: DetectorCard(version=d.version, calibrator=ramp if d.name in ruled else flat[d.name], assigned=True)
        for d in _weighed(category, "assigned")
    }


def _weighed(category: Category, how: str) -> tuple[fp.Detector, ...]:
    """Return the records of the detectors that may speak for a category and are weighed in a way."""
    return tuple(d for d in fp.detectors() if d.category is category and d.weighed == how)


def _fitted(category: Category) -> tuple[str, ...]:
    return tuple(d.name for d in _weighed(category, "fitted"))


def _cases(
    category: Category, rows: Sequence[dict[str, Any]], versions: dict[str, int], assigned: dict[str, DetectorCard]
) -> Cases:
    scores = {n: np.array([r.get(n, np.nan) for r in rows], float) for n in _fitted(category) if n in versions}
    labels = np.array([r[category.value] for r in rows], bool)
    groups = np.unique([r["group"] for r in rows], return_inverse=True)[1]
    return Cases(scores, labels, groups.astype(np.int64), versions, assigned)


NEEDS = {
    Category.EDITED: ("edited.fusion", "edited.clones.copy_move"),
    Category.WEB_IMAGE: (),
    Category.WRONG_PRODUCT: ("product.fusion",),
}


def part(category: Category) -> Part:
    """Return a category's card as a learned part."""
    fit = partial(fit_part, category)
    return Part(part_of(category.value), fit, __name__, _fitted(category), NEEDS[category])


PARTS = tuple(part(category) for category in Category)
