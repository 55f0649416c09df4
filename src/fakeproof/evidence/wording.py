"""Likelihood ratios in words, on the verbal scale of the ENFSI guideline (2015)."""

from __future__ import annotations

from fakeproof.types import Category, Decision
from fakeproof.words import Phrase, phrase

__all__ = ["claim", "verbal"]

_STEPS: tuple[tuple[float, str], ...] = (
    (0.301, "neither"),
    (1.0, "weak"),
    (2.0, "moderate"),
    (3.0, "moderately_strong"),
    (4.0, "strong"),
    (6.0, "very_strong"),
    (float("inf"), "extremely_strong"),
)
"""log10 likelihood ratio up to which each step of the scale reaches."""


def claim(category: Category, *, against: bool = False) -> Phrase:
    """Return what the category says, or its opposite; a search among a few candidates can only clear those."""
    return phrase(f"{'counterclaim' if against else 'claim'}.{category.value}")


def verbal(category: Category, llr: float, decision: Decision) -> Phrase:
    """Return one sentence for a log10 likelihood ratio; the caller has clipped it to its bounds.

    Examples
    --------
    >>> verbal(Category.EDITED, 1.4, "supported")["en"]
    'The findings give moderate support for: the photo was altered.'
    """
    if decision == "not_examined":
        return phrase(f"not_examined.{category.value}")
    strength = next(step for limit, step in _STEPS if abs(llr) < limit)
    return phrase(
        f"strength.{'undecided' if decision == 'inconclusive' else 'said'}",
        strength=phrase(f"strength.{strength}"),
        claim=claim(category, against=llr < -_STEPS[0][0]),
    )
