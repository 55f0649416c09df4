"""What a merchant pastes and what is still missing: factual, short, no more than the evidence carries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fakeproof.errors import ParameterError
from fakeproof.exhibits.chat import brought
from fakeproof.findings import shown_name
from fakeproof.types import Category, Language
from fakeproof.words import Phrase, phrase, text

if TYPE_CHECKING:
    from fakeproof.evidence import CategoryScore
    from fakeproof.exhibit import Exhibit
    from fakeproof.verdict import Verdict

__all__ = ["ask", "checklist", "claim_key", "statement"]

LEAST = 60
"""Characters below which no true sentence fits."""
QUOTE = 60
"""Characters of a buyer's message that are quoted."""


def statement(
    verdict: Verdict, lang: Language, limit: int, *, category: Category | None = None, shown: Sequence[Exhibit] = ()
) -> str:
    """Return a statement of one claim of at most `limit` characters; whole sentences are left out, never cut.

    Parameters
    ----------
    verdict : Verdict
    lang : str
    limit : int
    category : Category, optional
        The claim; the best one if left out.
    shown : sequence of Exhibit
        The pictures beside it, in their order; all of the claim's if left out.
    """
    if limit < LEAST:
        raise ParameterError("limit", limit, f"{LEAST} characters or more")
    score = verdict.best if category is None else verdict.scores[category]
    if score is None or score.decision != "supported":
        said = [text("statement.none", lang), *(marked[lang] for marked in _marked(verdict))]
        return text("caption.parts", lang, parts=said) if sum(map(len, said)) < limit else said[0][:limit]
    shown = shown or [e for e in verdict.exhibits() if e.supported and e.category is score.category]
    joint = text("join.sentence", lang)
    kept: list[str] = []
    for sentence in dict.fromkeys(s[lang] for s in _sentences(verdict, score, shown)):
        if sentence and len(joint.join([*kept, sentence])) <= limit:
            kept.append(sentence)
    return joint.join(kept)


def claim_key(verdict: Verdict, category: Category) -> str:
    """Return the claim; where neither an original nor a place shows it, no more than that there are signs."""
    bare = {Category.EDITED: "edited_unplaced", Category.WEB_IMAGE: "web_image_unmatched"}
    return category.value if verdict.complete(category) else bare.get(category, category.value)


def _sentences(verdict: Verdict, score: CategoryScore, shown: Sequence[Exhibit]) -> Iterable[Phrase]:
    yield phrase(f"statement.{claim_key(verdict, score.category)}")
    for number, exhibit in enumerate(shown, 1):
        yield phrase("statement.see", number=number, title=phrase(f"kind.{exhibit.kind}"))
    if verdict.order is not None and verdict.order.number:
        yield phrase("statement.order", number=verdict.order.number)
    message = brought(verdict)
    if message is not None:
        said = message.text if len(message.text) <= QUOTE else message.text[: QUOTE - 1] + "…"
        at = f"{message.at:%Y-%m-%d %H:%M}"
        yield phrase("statement.chat", at=at, said=said) if said else phrase("statement.chat_silent", at=at)
    claims = [claim for exhibit in shown for claim in exhibit.claims]
    yield from claims or _decisive(verdict, score)  # type: ignore[misc]
    yield phrase("statement.photo", name=shown_name(verdict.photo.name), digest=verdict.photo.sha256[:16])
    yield from _marked(verdict)


def _marked(verdict: Verdict) -> list[Phrase]:
    """Return what was laid over the photo openly, so that nobody takes it for the reason."""
    found = verdict.finding("annotations")
    return [found.sentence] if found is not None and found.score > 0 else []  # type: ignore[list-item]


def _decisive(verdict: Verdict, score: CategoryScore) -> list[Phrase]:
    """Return what the findings saw that speak for the category, the weightiest first: where no picture shows it."""
    weight = {c.detector: c.llr for c in score.contributions}
    found = [f for f in verdict.findings if f.supports is score.category and weight.get(f.detector, 0.0) > 0]
    ranked = sorted(found, key=lambda f: (weight[f.detector], f.score), reverse=True)
    return [f.sentence for f in ranked]  # type: ignore[misc]


def checklist(verdict: Verdict, lang: Language, category: Category | None = None) -> list[tuple[bool, str]]:
    """Return what the platform asks for, each with whether it is there; for one claim, or for all where none is supported."""
    best = verdict.best
    category = category or (best.category if best is not None else None)
    items = [("supported", best is not None)]
    if category in (None, Category.EDITED):
        items.append(("circled", category is Category.EDITED and bool(verdict.regions)))
    if category in (None, Category.WEB_IMAGE):
        sources = [match.source for match in verdict.matches]
        items += [
            ("beside", bool(sources)),
            ("address", any(s.url for s in sources)),
            ("seen_at", any(s.seen_at for s in sources)),
        ]
    if category in (None, Category.WRONG_PRODUCT):
        items += [("shop_photo", len(verdict.products) >= 1), ("shop_views", len(verdict.products) >= 3)]
    items.append(("all_used", not verdict.problems))
    return [(done, text(f"checklist.{name}", lang)) for name, done in items]


def ask(verdict: Verdict, lang: Language) -> tuple[str, ...]:
    """Return messages to the buyer, ready to paste, chosen by what is missing."""
    wanted = []
    if getattr(verdict.photo.chain, "kind", "unknown") != "original":
        wanted.append("original_file")
    if verdict.wrong_product.decision in ("inconclusive", "not_examined"):
        wanted.append("another_angle")
    if verdict.best is None or not verdict.complete(verdict.best.category):
        wanted += ["live", "closer"]
    return tuple(text(f"ask.{name}", lang) for name in wanted)
