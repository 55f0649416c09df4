"""The two pages: for the reviewer what was seen and how sure it is, for the examiner all numbers. Each one file, escaped."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fakeproof._version import __version__
from fakeproof.errors import ParameterError
from fakeproof.exhibits.captions import detector_name
from fakeproof.exhibits.chat import chat_lines
from fakeproof.exhibits.statement import claim_key
from fakeproof.findings import shown_name
from fakeproof.types import Category, Language
from fakeproof.verdict import Verdict, opened
from fakeproof.words import text

if TYPE_CHECKING:
    from jinja2 import Environment

    from fakeproof.evidence import CategoryScore
    from fakeproof.exhibit import Exhibit

__all__ = ["PAGES", "content", "headline", "page", "summary", "title_of", "told"]

PAGE_BYTES, PAGE_SIDE = 600_000, 1600
"""Size of a picture in the page: sharp on a phone and on paper, and the page can still be sent."""
PAGES = ("report", "examiner")
AGAINST = -0.05
"""llr from which a contribution speaks against a claim; what is nearer to nothing says nothing."""
INNER = ("fusion", "bounds")
"""Contributions of the weighing itself."""


class _Texts:
    """The page's own texts, for templates: ``t.exhibits``."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def __getattr__(self, name: str) -> str:
        return text(f"page.{name}", self._lang)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, select_autoescape

    return Environment(
        loader=PackageLoader("fakeproof.exhibits"), autoescape=select_autoescape(default=True), trim_blocks=True
    )


def headline(verdict: Verdict, lang: Language) -> str:
    """Return the verdict in one plain sentence."""
    best = verdict.best
    return text(f"headline.{claim_key(verdict, best.category) if best is not None else 'none'}", lang)


def title_of(exhibit: Exhibit, lang: Language) -> str:
    """Return what an exhibit shows, in a few words."""
    return text(f"kind.{exhibit.kind}", lang)


def page(verdict: Verdict, *, lang: Language, which: str = "report") -> str:
    """Return a page as HTML text: ``'report'`` for the platform's reviewer, ``'examiner'`` for whoever checks it."""
    if which not in PAGES:
        raise ParameterError("page", which, PAGES)
    return _environment().get_template(f"{which}.html.j2").render(**content(verdict, lang, PAGE_BYTES, PAGE_SIDE))


def summary(verdict: Verdict, lang: Language = "en") -> str:
    """Return a compact piece of HTML for notebooks."""
    return _environment().get_template("summary.html.j2").render(**content(verdict, lang, 160_000, 900, most=1))


def told(verdict: Verdict, lang: Language) -> str:
    """Return the verdict for a terminal: one sentence, then a line a category."""
    lines = [f"{shown_name(verdict.photo.name)}: {headline(verdict, lang)}"]
    for score in verdict.scores.values():
        number = _signed(score.llr) if score.examined else "  -  "
        lines.append(f"  {number}  {text(f'decision.{score.decision}', lang):14} {score.wording(lang)}")
    lines += [f"  ! {problem.wording(lang)}" for problem in verdict.problems]
    return "\n".join(lines)


def content(verdict: Verdict, lang: Language, max_bytes: int, max_side: int, most: int = 99) -> dict[str, Any]:
    """Return what both pages and their PDFs say, as plain values."""
    order = verdict.order
    scored = {c.detector for s in verdict.scores.values() for c in s.contributions}
    return {
        "lang": lang,
        "locale": text("page.locale", lang),
        "t": _Texts(lang),
        "colon": text("join.colon", lang),
        "headline": headline(verdict, lang),
        "name": shown_name(verdict.photo.name),
        "size": f"{verdict.photo.size[0]}x{verdict.photo.size[1]} px",
        "chain": text(f"delivery.{getattr(verdict.photo.chain, 'kind', 'unknown')}", lang),
        "why_chain": list(verdict.photo.chain.why(lang)) if hasattr(verdict.photo.chain, "why") else [],
        "order": text("overview.order", lang, number=order.number) if order is not None and order.number else "",
        "dated": text("overview.dated", lang, day=_day(verdict)) if _day(verdict) else "",
        "chat": chat_lines(verdict, lang),
        "scores": [_score(verdict, s, lang) for s in verdict.scores.values()],
        "exhibits": [_exhibit(e, lang, max_bytes, max_side) for e in _shown(verdict)[:most]],
        "facts": [_fact(f.detector, f.wording(lang), lang) for f in verdict.findings if f.detector not in scored],
        "rules": _rules(verdict),
        "problems": [problem.wording(lang) for problem in verdict.problems],
        "repeat": text("page.repeat_text", lang, version=verdict.version, versions=_versions(verdict)),
        "version": __version__,
        "sha256": verdict.photo.sha256,
        "files": [(shown_name(p.name), p.sha256) for p in (verdict.photo, *verdict.sources, *verdict.products)],
    }


def _day(verdict: Verdict) -> str:
    order = verdict.order
    return f"{order.reported_at:%Y-%m-%d}" if order is not None and order.reported_at else ""


def _shown(verdict: Verdict) -> list[Exhibit]:
    """Return the exhibits for a page on which all claims stand: the same two pictures are shown once."""
    pictures = verdict.exhibits() if opened((verdict.photo,)) else ()
    ringed = any(e.kind == "compared" and e.supported for e in pictures)
    repeated = "original" if ringed and verdict.web_image.decision != "supported" else "compared"
    twice = {e.kind for e in pictures} >= {"original", "compared"}
    return [e for e in pictures if not (twice and e.kind == repeated)]


def _fact(detector: str, sentence: str, lang: Language) -> dict[str, str]:
    return {"name": detector_name(detector, lang), "sentence": sentence}


def _rules(verdict: Verdict) -> list[dict[str, str]]:
    fired = {str(f.facts["rule"]): f for f in verdict.findings if "rule" in f.facts}
    return [{"rule": k, "says": str(f.facts["statement"]), "source": str(f.facts["source"])} for k, f in fired.items()]


def _versions(verdict: Verdict) -> Sequence[str]:
    skipped = {s.detector: s.version for s in verdict.skipped}
    answers = {**skipped, **{f.detector: f.version for f in verdict.findings}}
    return [f"{name} {version}" for name, version in sorted(answers.items())]


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"  # the sum takes the sign off a zero


def _score(verdict: Verdict, score: CategoryScore, lang: Language) -> dict[str, Any]:
    sentences: dict[str, str] = {}
    for finding in sorted(verdict.findings, key=lambda f: f.score):
        sentences[finding.detector] = finding.wording(lang)
    parts = [
        {**_fact(c.detector, sentences.get(c.detector, ""), lang), "llr": _signed(c.llr), "inner": c.detector in INNER}
        for c in score.contributions
    ]
    against = [
        sentences[c.detector]
        for c in score.contributions
        if c.detector not in INNER and c.llr <= AGAINST and sentences.get(c.detector)
    ]
    low, high = (_signed(bound) for bound in score.bounds)
    return {
        "label": score.category.label(lang),
        "decision": score.decision,
        "decided": text(f"decision.{score.decision}", lang),
        "wording": score.wording(lang),
        "llr": _signed(score.llr),
        "total": text("page.total", lang, low=low, high=high, threshold=_signed(score.threshold), card=score.card),
        "parts": parts,
        "against": [*against, *_unsaid(verdict, score.category, lang)],
        "skipped": [_fact(s.detector, s.wording(lang), lang) for s in score.skipped],
    }


def _unsaid(verdict: Verdict, category: Category, lang: Language) -> list[str]:
    """Return the cues of a comparison that speak for the shop's own product."""
    compared = verdict.finding("compare")
    if category is not Category.WRONG_PRODUCT or compared is None:
        return []
    cues = compared.facts.get("reasons", ())
    return [cue["words"].get(lang) or cue["words"]["en"] for cue in cues if cue["speaks_for"] == "same"]


def _exhibit(exhibit: Exhibit, lang: Language, max_bytes: int, max_side: int) -> dict[str, Any]:
    return {
        "title": title_of(exhibit, lang),
        "caption": exhibit.caption(lang),
        "supported": exhibit.supported,
        "data": base64.b64encode(exhibit.encode(max_bytes=max_bytes, max_side=max_side)).decode(),
        "flicker": base64.b64encode(exhibit.flicker() or b"").decode(),
    }
