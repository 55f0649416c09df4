"""Calibration cards: what a scorer learned, from what, and how far it may go. JSON, never pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from fakeproof.artefact import Head
from fakeproof.errors import CalibrationError
from fakeproof.evidence.calibrate import MonotoneCalibrator
from fakeproof.types import Category

__all__ = ["Card", "CategoryCard", "DetectorCard", "part_of"]

FORMAT = 1


def part_of(category: str) -> str:
    """Return the name under which a category's card is a learned part.

    Examples
    --------
    >>> part_of("edited")
    'evidence.cards.edited'
    """
    return f"evidence.cards.{category}"


@dataclass(frozen=True, kw_only=True)
class DetectorCard:
    """One detector's way from score to llr.

    Parameters
    ----------
    version : int
        The detector's version that was measured.
    calibrator : MonotoneCalibrator
    weight : float
        Its weight in the fusion; 1 for an assigned one.
    assigned : bool
        True where no fair set of cases exists (self-declared metadata): the llr was set by people, is never below 0,
        counts only when the detector itself decided, and of several only the strongest counts.
    """

    version: int
    calibrator: MonotoneCalibrator
    weight: float = 1.0
    assigned: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "version": self.version,
            "weight": round(self.weight, 6),
            "assigned": self.assigned,
            "calibrator": self.calibrator.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make it from :meth:`to_dict`'s values."""
        return cls(
            version=int(values["version"]),
            weight=float(values["weight"]),
            assigned=bool(values.get("assigned", False)),
            calibrator=MonotoneCalibrator.from_dict(values["calibrator"]),
        )


@dataclass(frozen=True, kw_only=True)
class Card:
    """One likelihood-ratio system: detectors, fusion, bounds, decision threshold, and how it did unseen."""

    detectors: Mapping[str, DetectorCard]
    intercept: float = 0.0
    bounds: tuple[float, float] = (-1.0, 1.0)
    threshold: float = 1.0
    n: Mapping[str, int] = field(default_factory=dict)
    measured: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "detectors": {name: d.to_dict() for name, d in sorted(self.detectors.items())},
            "intercept": round(self.intercept, 6),
            "bounds": list(self.bounds),
            "threshold": round(self.threshold, 4),
            "n": dict(self.n),
            "measured": {k: round(v, 4) for k, v in self.measured.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make it from :meth:`to_dict`'s values."""
        low, high = values["bounds"]
        return cls(
            detectors={k: DetectorCard.from_dict(v) for k, v in values["detectors"].items()},
            intercept=float(values["intercept"]),
            bounds=(float(low), float(high)),
            threshold=float(values["threshold"]),
            n=dict(values.get("n", {})),
            measured=dict(values.get("measured", {})),
        )


@dataclass(frozen=True, kw_only=True)
class CategoryCard:
    """The pooled card of a category and those of single delivery chains, with where they come from."""

    category: Category
    pooled: Card
    chains: Mapping[str, Card] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    head: Head | None = None

    def for_chain(self, chain: str) -> tuple[Card, str]:
        """Return the chain's own card, or the pooled one, with the name of what was taken."""
        own = self.chains.get(chain)
        return (own, chain) if own is not None else (self.pooled, "pooled")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "format": FORMAT,
            **({"head": self.head.to_dict()} if self.head is not None else {}),
            "category": self.category.value,
            "about": dict(self.about),
            "pooled": self.pooled.to_dict(),
            "chains": {name: card.to_dict() for name, card in sorted(self.chains.items())},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make it from :meth:`to_dict`'s values; an unknown format or a missing part is refused by name."""
        if values.get("format") != FORMAT:
            raise CalibrationError(f"card format {values.get('format')!r} is not {FORMAT}; fit the card again")
        try:
            return cls(
                category=Category(values["category"]),
                pooled=Card.from_dict(values["pooled"]),
                chains={k: Card.from_dict(v) for k, v in values.get("chains", {}).items()},
                about=dict(values.get("about", {})),
                head=Head.from_dict(values["head"], part=part_of(values["category"])) if "head" in values else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CalibrationError(f"card is damaged: {error!r}") from error
