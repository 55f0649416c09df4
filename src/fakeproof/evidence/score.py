"""One category's score: its number, where it comes from, what it decides, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fakeproof.errors import ParameterError
from fakeproof.evidence.wording import verbal
from fakeproof.findings import NotApplicable
from fakeproof.types import Category, Decision, Language
from fakeproof.words import phrase

__all__ = ["CategoryScore", "Contribution"]

AGAINST = -1.0
"""log10 LR at or below which the findings speak against the claim: ten to one."""


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What one detector adds to the llr; ``'fusion'`` is the intercept, ``'bounds'`` what the bounds took off."""

    detector: str
    llr: float
    version: int = 0
    score: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "detector": self.detector,
            "version": self.version,
            "score": self.score,
            "llr": self.llr,
        }


@dataclass(frozen=True, kw_only=True)
class CategoryScore:
    """How much the findings speak for one category.

    Parameters
    ----------
    category : Category
    llr : float
        log10 likelihood ratio: 1 means the findings are ten times as probable if the claim is true.
    bounds : tuple of float
        The llr never leaves them: the cases behind the card do not carry more.
    contributions : tuple of Contribution
        They add up to `llr`.
    skipped : tuple of NotApplicable
        Detectors of this category that could not look, with the reason.
    threshold : float
        From an llr of this on the claim counts as supported: at most 1 % of untouched photos come so far. A card whose
        upper bound lies below it supports nothing.
    card : str
        The chain whose card was used, or ``'pooled'``.
    """

    category: Category
    llr: float
    bounds: tuple[float, float]
    contributions: tuple[Contribution, ...] = ()
    skipped: tuple[NotApplicable, ...] = ()
    threshold: float = 1.0
    card: str = "pooled"

    @property
    def examined(self) -> bool:
        """Whether anything could be looked at."""
        return any(c.detector not in ("fusion", "bounds") for c in self.contributions)

    @property
    def at_bound(self) -> bool:
        """Whether the bounds cut the number: the evidence may be stronger than the cases behind it can show."""
        return self.examined and (self.llr <= self.bounds[0] or self.llr >= self.bounds[1])

    @property
    def raw_llr(self) -> float:
        """The llr before the bounds cut it: it orders photos, and claims nothing beyond the bounds."""
        return sum(c.llr for c in self.contributions if c.detector != "bounds")

    @property
    def card_too_small(self) -> bool:
        """Whether the card's upper bound lies below its threshold: the cases behind it are too few to support anything."""
        return self.bounds[1] < self.threshold

    @property
    def decision(self) -> Decision:
        """``supported``, ``inconclusive``, ``not_supported`` or ``not_examined``."""
        if not self.examined:
            return "not_examined"
        if self.llr >= self.threshold:
            return "supported"
        return "not_supported" if self.llr <= AGAINST else "inconclusive"

    def probability(self, *, prior: float) -> float:
        """Return the probability of the claim for a prior probability that the caller must choose, 0-1.

        Examples
        --------
        >>> round(CategoryScore(category=Category.EDITED, llr=2.0, bounds=(-2, 2)).probability(prior=0.03), 3)
        0.756
        """
        if not 0 < prior < 1:
            raise ParameterError("prior", prior, "a probability between 0 and 1, both excluded")
        odds = prior / (1 - prior) * 10**self.llr
        return odds / (1 + odds)

    def wording(self, lang: Language = "en") -> str:
        """Return the score in one sentence on the ENFSI verbal scale, never above the bounds."""
        said = verbal(self.category, self.llr, self.decision)
        if self.card_too_small and self.examined and self.raw_llr >= self.threshold:
            said = phrase("strength.card_too_small", said=said)
        return said[lang]

    def __repr__(self) -> str:
        return f"CategoryScore({self.category.value}, llr={self.llr:+.2f}, {self.decision})"

    def to_dict(self) -> dict[str, Any]:
        """Return the score as JSON-ready values."""
        return {
            "category": self.category.value,
            "llr": self.llr,
            "raw_llr": self.raw_llr,
            "bounds": list(self.bounds),
            "at_bound": self.at_bound,
            "threshold": self.threshold,
            "decision": self.decision,
            "card": self.card,
            "contributions": [c.to_dict() for c in self.contributions],
            "skipped": [s.to_dict() for s in self.skipped],
            "wording": dict(verbal(self.category, self.llr, self.decision)),
        }
