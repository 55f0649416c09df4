"""The scoring object: three likelihood-ratio systems, one a category."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from fakeproof.artefact import Head, digest, shipped
from fakeproof.detector import detectors
from fakeproof.errors import CalibrationError, ParameterError
from fakeproof.evidence.card import Card, CategoryCard, DetectorCard, part_of
from fakeproof.evidence.metrics import (
    Interval,
    calibration_loss,
    cllr,
    cllr_min,
    misleading_rates,
    roc_auc,
    tpr_at_fpr,
    wilson,
)
from fakeproof.evidence.score import CategoryScore, Contribution
from fakeproof.evidence.table import columns, groups_of, label, rows_of, value, versions_of
from fakeproof.evidence.train import Cases, fit_card, held_out_llrs
from fakeproof.findings import Finding, NotApplicable
from fakeproof.types import Category

__all__ = ["CategoryScore", "Contribution", "Evaluation", "Scorer"]

log = logging.getLogger("fakeproof")

MIN_CASES = 40
"""Labelled photos of either class below which fitting is refused: an interval on 1 % needs far more, and even a
median llr wobbles by a factor of two below this (scoring benchmark)."""
MIN_GROUPS = 10


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How a scorer does on labelled cases it did not see.

    Parameters
    ----------
    category : Category
    n_positive, n_negative : int
        Cases of which the claim is true, and not.
    cllr, cllr_min : float
        Cost of the llrs as stated, and of the best monotone ones; bits.
    auc, tpr_at_1pct_fpr : float
        How well the cases are ordered, by their llrs before the bounds cut them.
    found, accused : Interval
        Share of the true and of the other cases that count as supported, with its 95 % interval.
    misleading_for, misleading_against : float
        Share of the other cases with an llr above 0, and of the true ones below.
    """

    category: Category
    n_positive: int
    n_negative: int
    cllr: float
    cllr_min: float
    auc: float
    tpr_at_1pct_fpr: float
    found: Interval
    accused: Interval
    misleading_for: float
    misleading_against: float

    @property
    def calibration_loss(self) -> float:
        """Cllr minus Cllr_min."""
        return self.cllr - self.cllr_min


class Scorer:
    """Turns findings into a :class:`CategoryScore` for each category.

    Parameters
    ----------
    cards : mapping of Category to CategoryCard
    comparison : mapping, optional
        What :meth:`fit` reports against the default cards.
    """

    def __init__(
        self,
        cards: Mapping[Category, CategoryCard],
        *,
        comparison: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self.cards = dict(cards)
        self.comparison = {k: dict(v) for k, v in (comparison or {}).items()}
        self.unused: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Scorer({', '.join(c.value for c in self.cards)})"

    @classmethod
    def default(cls) -> Scorer:
        """Return the shipped cards; they state what they were trained on, which is not your platform's traffic."""
        return _default()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read cards from JSON."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
            cards = [CategoryCard.from_dict(v) for v in values["cards"]]
        except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise CalibrationError(f"{path} holds no cards: {error!r}") from error
        return cls({card.category: card for card in cards}, comparison=values.get("comparison"))

    def save(self, path: str | Path) -> None:
        """Write the cards as JSON."""
        values = {"cards": [card.to_dict() for card in self.cards.values()], "comparison": self.comparison}
        Path(path).write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def score(
        self, findings: Iterable[Finding], skipped: Iterable[NotApplicable] = (), *, chain: str = "unknown"
    ) -> dict[Category, CategoryScore]:
        """Weigh findings; their order does not matter, and of several by one detector the strongest counts.

        Raises
        ------
        CalibrationError
            A finding's version is not the one that its card was fitted on.
        """
        found, passed = tuple(findings), tuple(skipped)
        return {c: _score(card, found, passed, chain) for c, card in self.cards.items()}

    @classmethod
    def fit(cls, table: Any, *, groups: Any = None, folds: int = 5, seed: int = 0) -> Scorer:
        """Fit cards on labelled findings.

        Parameters
        ----------
        table : DataFrame or sequence of mappings
            What ``fp.findings_table`` makes, with a column of 0/1 for each category to fit, named ``edited``,
            ``web_image`` or ``wrong_product``; leave a cell empty where the truth is not known. Columns of detectors
            that may speak for the category are fitted, those from outside (:func:`fakeproof.register`) too.
        groups : column name or sequence, optional
            Photos of one order, product or scene: they are held out together. Each photo alone by default.

        Returns
        -------
        Scorer
            ``comparison`` tells how its cards do on held-out cases beside the default ones; ``unused`` names the columns
            of numbers that no detector answers for, which were not fitted.

        Raises
        ------
        ParameterError
            Too few cases or groups; the message says how many are needed.

        Warns
        -----
        UserWarning
            A card does no better than the default one: keep that one, or add cases.
        """
        records = rows_of(table)
        keys = groups_of(records, groups)
        cards: dict[Category, CategoryCard] = {}
        comparison: dict[str, dict[str, float]] = {}
        for category in Category:
            if any(label(r, category) is not None for r in records):
                card, beats = _fit_category(records, keys, category, folds=folds, seed=seed)
                cards[category], comparison[category.value] = card, beats
                if card.pooled.bounds[1] < card.pooled.threshold:
                    log.warning(
                        "%s: the card's upper bound, %.2f, lies below its threshold, %.2f: it supports nothing; add cases",
                        category, card.pooled.bounds[1], card.pooled.threshold,
                    )  # fmt: skip
                if not card.about["beats_default"]:
                    warnings.warn(f"{category}: {_no_better(beats)}", UserWarning, stacklevel=2)
        if not cards:
            raise ParameterError("table", "no label column", "a column of 0/1 named " + ", ".join(Category))
        scorer = cls({**cls.default().cards, **cards}, comparison=comparison)
        scorer.unused = _unused(records, groups)
        return scorer

    def score_table(self, table: Any) -> Any:
        """Weigh a whole table of findings.

        Parameters
        ----------
        table : DataFrame, or sequence of mappings
            What ``fp.findings_table`` makes.

        Returns
        -------
        DataFrame or list of dict
            One row a photo, in the table's order and with its index: ``<category>_llr``, ``_raw_llr`` (before the bounds
            cut it) and ``_decision``. A DataFrame for one of pandas, else a list.

        Raises
        ------
        CalibrationError
            The table's versions are not those of the cards.
        """
        rows = [self._scored(record) for record in rows_of(table)]
        if not hasattr(table, "iloc"):
            return rows
        import pandas as pd

        return pd.DataFrame(rows, index=table.index)

    def _scored(self, record: Mapping[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for category, card in self.cards.items():
            score = record_score(card, record)
            out |= {
                f"{category}_llr": score.llr,
                f"{category}_raw_llr": score.raw_llr,
                f"{category}_decision": score.decision,
            }
        return out

    def evaluate(self, table: Any) -> dict[Category, Evaluation]:
        """Measure the scorer on labelled findings that it was not fitted on."""
        records = rows_of(table)
        out = {}
        for category, card in self.cards.items():
            rows = [r for r in records if label(r, category) is not None]
            labels = np.array([label(r, category) for r in rows], bool)
            if not rows or labels.all() or not labels.any():
                continue
            scores = [record_score(card, r) for r in rows]
            out[category] = _evaluation(category, scores, labels)
        return out


@lru_cache(maxsize=1)
def _default() -> Scorer:
    return Scorer({category: _shipped(category) for category in Category})


def _shipped(category: Category) -> CategoryCard:
    part = shipped(part_of(category.value))
    for name in part.head.parts:
        part.head.check_part(name, digest(name))
    return CategoryCard.from_dict({**part.values, "head": part.head.to_dict()})


def _check_version(name: str, version: int, card: DetectorCard, head: Head | None) -> None:
    if version != card.version and (head is None or version != head.carried.get(name)):
        raise CalibrationError(
            f"{name}: the photo was read by version {version}, the card was fitted on version {card.version}; "
            "use the cards of this release, or fit new ones"
        )


def _score(
    card: CategoryCard, findings: Sequence[Finding], skipped: Sequence[NotApplicable], chain: str
) -> CategoryScore:
    system, used = card.for_chain(chain)
    scores: dict[str, float] = {}
    for finding in findings:
        detector = system.detectors.get(finding.detector)
        if detector is None:
            continue
        _check_version(finding.detector, finding.version, detector, card.head)
        if detector.assigned and finding.supports != card.category:
            continue
        scores[finding.detector] = max(finding.score, scores.get(finding.detector, -np.inf))
    own = tuple(s for s in skipped if s.detector in system.detectors and s.detector not in scores)
    return _weigh(card.category, system, used, scores, own)


def _weigh(
    category: Category,
    system: Card,
    used: str,
    scores: Mapping[str, float],
    skipped: tuple[NotApplicable, ...],
) -> CategoryScore:
    parts: list[Contribution] = []
    assigned: list[Contribution] = []
    for name in sorted(scores):
        detector = system.detectors[name]
        llr = detector.weight * float(detector.calibrator(scores[name]))
        part = Contribution(detector=name, version=detector.version, score=float(scores[name]), llr=llr)
        (assigned if detector.assigned else parts).append(part)
    if parts and system.intercept:
        parts.append(Contribution(detector="fusion", llr=system.intercept))
    if assigned:
        strongest = max(assigned, key=lambda part: (part.llr, part.detector))
        rest = [
            Contribution(detector=a.detector, version=a.version, score=a.score, llr=0.0)
            for a in assigned
            if a is not strongest
        ]
        parts += [strongest, *rest]
    raw = sum(part.llr for part in parts)
    llr = float(np.clip(raw, *system.bounds))
    if llr != raw:
        parts.append(Contribution(detector="bounds", llr=llr - raw))
    return CategoryScore(
        category=category,
        llr=llr,
        bounds=system.bounds,
        contributions=tuple(parts),
        skipped=skipped,
        threshold=system.threshold,
        card=used,
    )


def record_score(card: CategoryCard, record: Mapping[str, Any]) -> CategoryScore:
    """Weigh one row of a findings table."""
    system, used = card.for_chain(str(record.get("chain", "unknown")))
    versions = versions_of([record])
    scores = {}
    for name, detector in system.detectors.items():
        score = value(record, f"{name}@{card.category.value}" if detector.assigned else name)
        if score == score:
            _check_version(name, versions.get(name, detector.version), detector, card.head)
            scores[name] = score
    return _weigh(card.category, system, used, scores, ())


def _evaluation(category: Category, scores: Sequence[CategoryScore], labels: Any) -> Evaluation:
    llrs, uncut = np.array([s.llr for s in scores]), np.array([s.raw_llr for s in scores])
    supported = np.array([s.decision == "supported" for s in scores])
    n_positive, n_negative = int(labels.sum()), int((~labels).sum())
    against, for_ = misleading_rates(llrs, labels)
    return Evaluation(
        category=category,
        n_positive=n_positive,
        n_negative=n_negative,
        cllr=cllr(llrs, labels),
        cllr_min=cllr_min(llrs, labels),
        auc=roc_auc(uncut, labels),
        tpr_at_1pct_fpr=tpr_at_fpr(uncut, labels)[0].value,
        found=wilson(int(supported[labels].sum()), n_positive),
        accused=wilson(int(supported[~labels].sum()), n_negative),
        misleading_for=for_.value,
        misleading_against=against.value,
    )


def _fit_category(
    records: Sequence[Mapping[str, Any]], keys: Sequence[str], category: Category, *, folds: int, seed: int
) -> tuple[CategoryCard, dict[str, float]]:
    keep = [i for i, r in enumerate(records) if label(r, category) is not None]
    rows = [records[i] for i in keep]
    labels = np.array([label(r, category) for r in rows], bool)
    names, groups = np.unique([keys[i] for i in keep], return_inverse=True)
    least = int(min(labels.sum(), (~labels).sum()))
    if least < MIN_CASES:
        raise ParameterError(
            f"table[{category.value}]", f"{least} cases of the rarer class", f"at least {MIN_CASES} of either"
        )
    if names.size < MIN_GROUPS:
        raise ParameterError("groups", f"{names.size} groups", f"at least {MIN_GROUPS}, or nothing can be held out")
    base = Scorer.default().cards[category]
    measured = {d.name: d.version for d in detectors() if d.category is category and d.weighed == "fitted"}
    assigned = {n: d for n, d in base.pooled.detectors.items() if d.assigned}
    versions = {**measured, **versions_of(rows)}
    # A detector of another installation that was registered there: the table knows its version, so it can be fitted.
    measured |= {n: v for n, v in versions.items() if n not in {d.name for d in detectors()}}
    scores = {n: np.array([value(r, n) for r in rows]) for n in measured}
    cases = Cases(scores, labels, groups.astype(np.int64), versions, assigned)
    pooled = fit_card(cases, folds=folds, seed=seed)
    held = np.clip(held_out_llrs(cases, folds=folds, seed=seed), *pooled.bounds)
    other = np.array([record_score(base, r).llr for r in rows])
    beats = {
        "cllr_fitted_held_out": cllr(held, labels),
        "cllr_default": cllr(other, labels),
        "calibration_loss_fitted": calibration_loss(held, labels),
        "calibration_loss_default": calibration_loss(other, labels),
    }
    about = {
        "trained_on": "the caller's own labelled findings",
        "beats_default": beats["cllr_fitted_held_out"] < beats["cllr_default"],
    }
    head = Head(
        part=part_of(category.value),
        command="fakeproof.Scorer.fit",
        data=_digest(rows),
        detectors={name: d.version for name, d in pooled.detectors.items()},
        folds=folds,
        seed=seed,
    )
    return CategoryCard(category=category, pooled=pooled, about=about, head=head), beats


def _no_better(beats: Mapping[str, float]) -> str:
    fitted, default = beats["cllr_fitted_held_out"], beats["cllr_default"]
    return (
        f"the fitted card does no better than the default one (Cllr {fitted:.3f} on held-out cases, {default:.3f}): "
        "keep the default, or add cases"
    )


def _unused(records: Sequence[Mapping[str, Any]], groups: Any) -> tuple[str, ...]:
    """Return the columns of numbers that are neither a detector's, a label, nor the groups."""
    known = {d.name for d in detectors()} | set(versions_of(records)) | {c.value for c in Category}
    found = [name for name in columns(records) if name.partition("@")[0] not in known and name != groups]
    if found:
        log.warning("not fitted, for no detector has the name: %s", ", ".join(found))
    return tuple(found)


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    text = json.dumps([{k: str(v) for k, v in sorted(r.items())} for r in rows], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
