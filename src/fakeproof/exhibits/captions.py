"""The words beside pictures, as legends (what the numbers mean) and claims (what can be seen): plain and factual."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from fakeproof.findings import Finding, shown_name
from fakeproof.types import Language
from fakeproof.words import Phrase, phrase, text

if TYPE_CHECKING:
    from fakeproof.findings import Match, Region
    from fakeproof.order import Order

__all__ = [
    "copied_claim",
    "detector_name",
    "ends",
    "footer",
    "match_claims",
    "places_claims",
    "product_claims",
    "seen",
    "shown_address",
]

ADDRESS = 48
"""Characters of an address that are shown in a picture; the whole one stands in the statement and on the pages."""


def detector_name(detector: str, lang: Language) -> str:
    """Return what a detector looks at, as people read it."""
    return text(f"{detector}.name", lang)


def places_claims(regions: Sequence[Region], decided: Collection[str]) -> tuple[Phrase, ...]:
    """Say for each numbered place which traces speak for it.

    Those of detectors that did not decide by themselves are called faint: the page says that these saw nothing.
    """
    places = phrase("caption.places", places=[_place(region, decided) for region in regions])
    faint = any(trace not in decided for region in regions for trace in region.traces)
    return (phrase("caption.places_faint", places=places),) if faint else (places,)


def _place(region: Region, decided: Collection[str]) -> Phrase:
    clear = [phrase(f"{t}.trace") for t in region.traces if t in decided]
    faint = [phrase(f"{t}.trace") for t in region.traces if t not in decided]
    said = [phrase("caption.clear", traces=clear)] if clear else []
    said += [phrase("caption.faint", traces=faint)] if faint else []
    return phrase("caption.place", label=region.label, traces=said)


def copied_claim(pairs: Sequence[dict[str, Any]]) -> Phrase:
    """Say for each pair how the patch was moved."""
    said = [phrase("caption.pair", one=one, other=other, how=p["words"]) for p in pairs for one, other in [ends(p)]]
    return phrase("caption.pairs", pairs=said)


def ends(pair: dict[str, Any]) -> tuple[str, str]:
    """Return the labels of a pair's two places: ``("1a", "1b")``."""
    first, second = pair.get("places", "ab")
    return f"{pair['pair']}{first}", f"{pair['pair']}{second}"


def shown_address(url: str) -> str:
    """Return an address short enough to read in a picture: no scheme, its middle left out.

    Examples
    --------
    >>> shown_address("https://www.example.org/a")
    'example.org/a'
    """
    bare = url.split("://", 1)[-1].removeprefix("www.")
    return bare if len(bare) <= ADDRESS else f"{bare[: ADDRESS - 13]}…{bare[-12:]}"


def seen(match: Match, *, short: bool = False) -> list[Phrase]:
    """Say where and when an original was seen, as far as it is known."""
    source, parts = match.source, []
    if source.seen_on:
        from fakeproof.findings import OWN_LISTING

        parts.append(phrase("caption.seen_on", where=OWN_LISTING if source.own_listing else source.seen_on))
    if source.url:
        parts.append(phrase("caption.address", url=shown_address(source.url) if short else source.url))
    if source.seen_at:
        parts.append(phrase("caption.seen_at", day=source.seen_at.isoformat()[:16].replace("T", " ")))
    if source.order:
        parts.append(phrase("caption.earlier_order", order=source.order))
    return parts


def match_claims(match: Match) -> tuple[Phrase, ...]:
    """Say where the original was seen and how the photo was made from it."""
    where = seen(match) or [phrase("caption.no_address")]
    claims = [phrase("caption.original", name=shown_name(match.source.name), where=where)]
    claims.append(phrase("caption.made_by", how=match.words or ""))
    if match.inliers:  # of the same file nothing had to be compared
        claims.append(phrase("caption.agree", count=match.inliers, share=match.alignment))
    return tuple(claims)


def product_claims(finding: Finding) -> tuple[Any, ...]:
    """Say what speaks for another product; what the claim itself says stands in the opening, and is not said again."""
    reasons = [cue["words"] for cue in finding.facts.get("reasons", ()) if cue["speaks_for"] == "different"]
    if finding.facts.get("answer") != "different" or not reasons:
        return (finding.sentence,)
    compared = len(finding.facts.get("shop_photos", ()))
    return (phrase("caption.because", compared=phrase("compare.photos", count=compared), reasons=reasons),)


def footer(order: Order | None, day: str) -> list[Phrase]:
    """Return order number and date for a picture's last line."""
    out = [phrase("caption.order", number=order.number)] if order is not None and order.number else []
    if day:
        out.append(phrase("caption.dated", day=day))
    return out
