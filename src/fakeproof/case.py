"""The photos of one order held against each other: what they share, and where they contradict."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any

from fakeproof.findings import Finding
from fakeproof.metadata import identity
from fakeproof.types import Category
from fakeproof.verdict import CaseLink, Verdict
from fakeproof.words import phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["cross_check", "recaptures"]

SPREAD_DAYS = 7.0
"""Days between capture times from which photos of one damage contradict each other (our choice; a fact, not a weight)."""


def cross_check(photos: Sequence[Photo]) -> tuple[CaseLink, ...]:
    """Compare each pair of photos: the same file, the same picture, the same scene edited differently, other cameras.

    Links are facts about pairs; they change no score.
    """
    # whether two senders differ is all that is asked here, so that a key for this call does
    key = secrets.token_bytes(32)
    known = [identity(photo, key=key) for photo in photos]
    links: list[CaseLink] = []
    for i, j in combinations(range(len(photos)), 2):
        links += _same_picture(photos[i], photos[j], (i, j))
        links += _same_camera(known[i], known[j], (i, j))
        links += _senders(known[i], known[j], (i, j))
    return tuple(links)


def recaptures(verdicts: Sequence[Verdict]) -> tuple[CaseLink, ...]:
    """Name the photos of a screen or a print in a case whose other photos show the thing."""
    found = [i for i, verdict in enumerate(verdicts) if _recaptured(verdict)]
    return tuple(_link("recapture", (i,)) for i in found) if len(found) < len(verdicts) else ()


def _recaptured(verdict: Verdict) -> bool:
    finding = verdict.finding("recapture")
    return finding is not None and finding.supports is not None


def _same_picture(one: Photo, other: Photo, at: tuple[int, int]) -> Iterator[CaseLink]:
    from fakeproof.edited import source_difference
    from fakeproof.web import match_sources

    if one.sha256 == other.sha256:
        yield _link("same_file", at)
        return
    found = match_sources(one, [other])
    if not isinstance(found, Finding) or not found.matches or found.matches[0].kind != "same_photo":
        return
    difference = source_difference(one, other, match=found.matches[0])
    if isinstance(difference, Finding) and difference.supports is Category.EDITED:
        yield _link(
            "edited_differently",
            at,
            regions=[r.to_dict() for r in difference.regions],
        )
    else:
        yield _link("same_picture", at)


def _same_camera(one: dict[str, Any], other: dict[str, Any], at: tuple[int, int]) -> Iterator[CaseLink]:
    models = one.get("model"), other.get("model")
    if all(models) and models[0] != models[1]:
        yield _link("other_camera", at, models=[str(model) for model in models])
    days = _days(one.get("taken_at"), other.get("taken_at"))
    if days is not None and days > SPREAD_DAYS:
        yield _link("other_time", at, days=round(days, 2))


def _senders(one: dict[str, Any], other: dict[str, Any], at: tuple[int, int]) -> Iterator[CaseLink]:
    """Tell where two photos of one buyer came from two WeChat senders; that they have one is the rule and no link."""
    senders = one.get("sender"), other.get("sender")
    if all(senders) and senders[0] != senders[1]:
        yield _link("other_sender", at)


def _days(one: Any, other: Any) -> float | None:
    try:
        first, second = (v if isinstance(v, datetime) else datetime.fromisoformat(str(v)) for v in (one, other))
        if (first.tzinfo is None) != (second.tzinfo is None):
            first, second = first.replace(tzinfo=None), second.replace(tzinfo=None)
        return abs((first - second).total_seconds()) / 86_400
    except ValueError:
        return None


def _link(kind: str, at: tuple[int, ...], **facts: Any) -> CaseLink:
    words = phrase(f"case.{kind}", first=at[0] + 1, second=at[-1] + 1, **facts)
    return CaseLink(kind=kind, photos=at, words=words, facts=facts)
