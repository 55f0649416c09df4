"""The photos of one order held against each other: what they share, and where they contradict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any

from fakeproof.findings import Finding
from fakeproof.metadata import identity
from fakeproof.types import Category
from fakeproof.verdict import CaseLink

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["cross_check"]

SPREAD_DAYS = 7.0
"""Days between capture times from which photos of one damage contradict each other (our choice; a fact, not a weight)."""


def cross_check(photos: Sequence[Photo]) -> tuple[CaseLink, ...]:
    """Compare each pair of photos: the same file, the same picture, the same scene edited differently, other cameras.

    Links are facts about pairs; they change no score.
    """
    known = [identity(photo) for photo in photos]
    links: list[CaseLink] = []
    for i, j in combinations(range(len(photos)), 2):
        links += _same_picture(photos[i], photos[j], (i, j))
        links += _same_camera(known[i], known[j], (i, j))
    return tuple(links)


def _same_picture(one: Photo, other: Photo, at: tuple[int, int]) -> Iterator[CaseLink]:
    from fakeproof.edited import source_difference
    from fakeproof.web import match_sources

    if one.sha256 == other.sha256:
        yield _link("same_file", at, "are the same file", "是同一个文件")
        return
    found = match_sources(one, [other])
    if not isinstance(found, Finding) or not found.matches:
        return
    difference = source_difference(one, other, match=found.matches[0])
    if isinstance(difference, Finding) and difference.supports is Category.EDITED:
        yield _link(
            "edited_differently",
            at,
            "show one picture that was altered in at least one of them",
            "为同一画面，其中至少一张经过改动",
            regions=[r.to_dict() for r in difference.regions],
        )
    else:
        yield _link("same_picture", at, "were made from one picture", "由同一张图片得到")


def _same_camera(one: dict[str, Any], other: dict[str, Any], at: tuple[int, int]) -> Iterator[CaseLink]:
    models = one.get("model"), other.get("model")
    if all(models) and models[0] != models[1]:
        yield _link(
            "other_camera",
            at,
            f"name different cameras ({models[0]} and {models[1]})",
            f"记录的拍摄设备不同（{models[0]} 与 {models[1]}）",
        )
    days = _days(one.get("taken_at"), other.get("taken_at"))
    if days is not None and days > SPREAD_DAYS:
        yield _link(
            "other_time", at, f"were taken {days:.0f} days apart", f"拍摄时间相差{days:.0f}天", days=round(days, 2)
        )


def _days(one: Any, other: Any) -> float | None:
    try:
        first, second = (v if isinstance(v, datetime) else datetime.fromisoformat(str(v)) for v in (one, other))
        if (first.tzinfo is None) != (second.tzinfo is None):
            first, second = first.replace(tzinfo=None), second.replace(tzinfo=None)
        return abs((first - second).total_seconds()) / 86_400
    except ValueError:
        return None


def _link(kind: str, at: tuple[int, int], en: str, zh: str, **facts: Any) -> CaseLink:
    first, second = at[0] + 1, at[1] + 1
    words = {"en": f"Photos {first} and {second} {en}.", "zh": f"第{first}张与第{second}张{zh}。"}
    return CaseLink(kind=kind, photos=at, words=words, facts=facts)  # type: ignore[arg-type]
