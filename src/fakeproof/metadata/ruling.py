"""From a rule that fired to a finding: the sentence, the quotations, the score."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fakeproof.findings import Finding, Flag, Region
from fakeproof.metadata.rules import STRENGTHS, SUPPORTING, RuleSet
from fakeproof.reading import Marker, signed
from fakeproof.reading.record import Field, Record, shown

if TYPE_CHECKING:
    from fakeproof.types import RGB8

__all__ = ["marked", "ruling"]

MAX_QUOTES = 8
"""Quotations kept of one finding; a chain of hundred saves says no more than its first eight."""
_EXIF_DAY = re.compile(r"\b(\d{4}):(\d\d):(\d\d)(?= \d\d:)")


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def ruling(
    rules: RuleSet,
    rule: str,
    quotes: Sequence[Field | Mapping[str, Any]] = (),
    *,
    strength: str = "",
    words: Mapping[str, Any] | None = None,
    pictures: Mapping[str, RGB8] | None = None,
    flags: Flag = Flag.NONE,
    regions: tuple[Region, ...] = (),
) -> Finding:
    """Make the finding of a rule.

    Parameters
    ----------
    rules : RuleSet
    rule : str
        Its id.
    quotes : sequence of Field or mapping
        What was seen: field, tag, value, offset.
    strength : str, optional
        In place of the rule's own.
    words : mapping, optional
        Fills the sentence and is kept in the facts.
    """
    entry = rules[rule]
    strength = strength or entry.strength
    score = STRENGTHS[strength]
    values = dict(words or {})
    text = _Words({k: _said(v) for k, v in values.items()})
    facts: dict[str, Any] = {
        "rule": rule,
        "kind": entry.kind,
        "strength": strength,
        "category": entry.category.value,
        "statement": entry.statement,
        "source": entry.source,
        "quotes": tuple(q.quote() if isinstance(q, Field) else dict(q) for q in quotes[:MAX_QUOTES]),
    }
    facts.update({k: v for k, v in values.items() if k not in facts and not k.endswith("_zh")})
    return Finding(
        score=score,
        supports=entry.category if score >= SUPPORTING else None,
        sentence={"en": entry.en.format_map(text), "zh": entry.zh.format_map(_Words({**text, **_chinese(values)}))},
        facts=facts,
        flags=flags,
        pictures=pictures or {},
        regions=regions,
    )


def _chinese(values: Mapping[str, Any]) -> dict[str, str]:
    """Words whose Chinese form was given under ``<word>_zh`` stand for the plain one, too."""
    return {k.removesuffix("_zh"): _said(v) for k, v in values.items() if k.endswith("_zh")}


def _said(value: Any) -> str:
    """Return a value as a sentence says it: dates as people write them, where EXIF has colons; the facts keep those."""
    return _EXIF_DAY.sub(r"\1-\2-\3", shown(str(value)))


def marked(record: Record, rules: RuleSet, detector: str, *, names: Sequence[str] | None = None) -> list[Finding]:
    """Return a finding for each rule (and strength) whose markers stand in the record's fields.

    Parameters
    ----------
    names : sequence of str, optional
        File names to look at in place of the photo's own.
    """
    hits: dict[tuple[str, str], list[tuple[Marker, Field, dict[str, str]]]] = {}
    for marker, one, groups in signed(record, rules.signatures, detector, names=names):
        place = (marker.rule, marker.strength or rules[marker.rule].strength)
        hits.setdefault(place, []).append((marker, one, groups))
    return [_hit(rules, rule, strength, found) for (rule, strength), found in hits.items()]


def _hit(rules: RuleSet, rule: str, strength: str, found: Sequence[tuple[Marker, Field, dict[str, str]]]) -> Finding:
    marker, first, groups = found[0]
    words = {
        "name": marker.name,
        "name_zh": marker.name_zh,
        "field": first.key,
        "value": first.value,
        **groups,
        "marker_source": marker.source,
    }
    flags = Flag.UNVERIFIED if rules[rule].detector == "ai_labels" else Flag.NONE
    return ruling(rules, rule, [f for _, f, _ in found], strength=strength, words=words, flags=flags)
