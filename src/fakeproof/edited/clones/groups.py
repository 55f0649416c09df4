"""Which of the verified pairs belong together: several copies of one source are one group with a place for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fakeproof.edited.clones.verify import Clone

__all__ = ["Group", "Link", "grouped"]

Mask = npt.NDArray[np.bool_]

SAME_PLACE = 0.5
"""Share of the smaller of two halves that lies in the other, from which both are one place (our choice)."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, eq=False)
class Link:
    """A pair and the letters of its two places."""

    clone: Clone
    score: float
    letters: tuple[str, str]


@dataclass(eq=False)
class Group:
    """Places that show one another, and the pairs that say so, best first."""

    places: list[Mask] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def where(self, half: Mask) -> int | None:
        """Return the number of the place that a half of a pair is, if it is one."""
        size = int(half.sum())
        for number, place in enumerate(self.places):
            if int((half & place).sum()) >= SAME_PLACE * min(size, int(place.sum())):
                return number
        return None


def grouped(pairs: Iterable[tuple[Clone, float]]) -> list[Group]:
    """Join pairs, best first, that share a place; one whose places are both in a group already says nothing new.

    A pair whose halves lie in two groups joins them.
    """
    groups: list[Group] = []
    for clone, score in pairs:
        halves = (clone.first, clone.second)
        met = [next((g for g in groups if g.where(half) is not None), None) for half in halves]
        home = next((g for g in met if g is not None), None)
        if home is None:
            home = Group()
            groups.append(home)
        elif met[0] is met[1]:
            continue
        elif met[0] is not None and met[1] is not None:
            _join(met[0], met[1])
            groups.remove(met[1])
        if len(home.places) + 2 <= len(LETTERS):
            _add(home, clone, score)
    return groups


def _join(group: Group, other: Group) -> None:
    shift = len(group.places)
    for link in other.links:
        letters = [LETTERS[LETTERS.index(letter) + shift] for letter in link.letters]
        group.links.append(Link(link.clone, link.score, (letters[0], letters[1])))
    group.places += other.places


def _add(group: Group, clone: Clone, score: float) -> None:
    numbers = []
    for half in (clone.first, clone.second):
        number = group.where(half)
        if number is None:
            group.places.append(half)
            number = len(group.places) - 1
        else:
            group.places[number] = group.places[number] | half
        numbers.append(number)
    group.links.append(Link(clone, score, (LETTERS[numbers[0]], LETTERS[numbers[1]])))
