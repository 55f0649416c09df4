"""Findings and scores from the JSON values that they were written as: equal when written again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fakeproof.evidence import CategoryScore, Contribution
from fakeproof.findings import Finding, Flag, Match, NotApplicable, Problem, Region, Source
from fakeproof.types import Category

__all__ = ["finding", "not_applicable", "problem", "region", "score"]

Values = Mapping[str, Any]


def region(values: Values) -> Region:
    """Return a region."""
    import numpy as np

    return Region(
        polygon=np.array(values["polygon"], np.float32).reshape(-1, 2),
        area=values["area"],
        label=values["label"],
        score=_number(values["score"]),
        role=values["role"],
        traces=tuple(values["traces"]),
        facts=values["facts"],
    )


def problem(values: Values) -> Problem:
    """Return a picture that was not used."""
    return Problem(role=values["role"], name=values["name"], words=values["words"], code=values["code"])


def not_applicable(values: Values) -> NotApplicable:
    """Return the answer of a detector that could not look."""
    reason = {"en": values["reason"], "zh": values.get("reason_zh", values["reason"])}
    return NotApplicable(detector=values["detector"], version=values["version"], reason=reason)  # type: ignore[arg-type]


def finding(values: Values) -> Finding:
    """Return a finding, without maps and pictures: they were not written."""
    flags = Flag.NONE
    for name in values["flags"]:
        flags |= Flag[name]
    return Finding(
        detector=values["detector"],
        version=values["version"],
        score=_number(values["score"]),
        supports=Category(values["supports"]) if values["supports"] else None,
        sentence=values["sentence"],
        regions=tuple(map(region, values["regions"])),
        facts=values["facts"],
        flags=flags,
        matches=tuple(map(_match, values["matches"])),
        related=tuple(map(_match, values["related"])),
        unreadable=tuple(map(problem, values["unreadable"])),
    )


def score(values: Values) -> CategoryScore:
    """Return a category's score; what it decides and says follows from its numbers."""
    return CategoryScore(
        category=Category(values["category"]),
        llr=values["llr"],
        bounds=(values["bounds"][0], values["bounds"][1]),
        contributions=tuple(Contribution(**part) for part in values["contributions"]),
        skipped=tuple(map(not_applicable, values["skipped"])),
        threshold=values["threshold"],
        card=values["card"],
    )


def _match(values: Values) -> Match:
    plain = ("sha256", "kind", "inliers", "distance", "homography", "facts")
    numbers: dict[str, Any] = {n: _number(values[n]) for n in ("alignment", "overlap_photo", "overlap_source")}
    return Match(
        source=_source(values["source"]),
        words=values["transform"],
        **{name: values[name] for name in plain},
        **numbers,
    )


def _source(values: Values) -> Source:
    seen = values["seen_at"]
    return Source(
        None,
        url=values["url"],
        seen_on=values["seen_on"],
        seen_at=_time(seen) if seen else None,
        key=values.get("key", ""),
        title=values["name"],
        order=values["order"],
    )


def _time(text: str) -> date | datetime:
    """Read what `isoformat` wrote; a day without a time is not midnight."""
    return date.fromisoformat(text) if len(text) == len("2026-05-01") else datetime.fromisoformat(text)


def _number(value: float | None) -> float:
    """JSON has no NaN: it was written as null."""
    return float("nan") if value is None else value
