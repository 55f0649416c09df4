"""Tell whether the photo shows what this shop sells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.findings import Finding, Flag, Match, NotApplicable, Problem, Region, Source
from fakeproof.product.codes import articles
from fakeproof.product.fusion import BOUND, CUES, FEATURES, Card, ShopPhoto, against, features, load_card
from fakeproof.product.quality import Doubt, doubts
from fakeproof.product.references import Described, Embedder, ProductReferences, describe, prepare
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["compare"]

MIN_SIDE = 64
"""Shorter side, px, below which nothing is compared."""
SAME_INLIERS = 15
"""Point pairs from which a shop photo is listed as showing the same product."""
SAME_COVERAGE = 0.05
"""Share of the product that they must span: a logo is not the product."""
SAME_SCORE = -1.5
"""Score from which the photo is said to show the product."""
CODE_WEIGHT = 3.0
"""What agreeing or different article numbers add, natural log-odds: near-decisive, assigned, not learned."""
UNSAID = 0.5
"""Share of the threshold that the score keeps to where nothing is claimed: what cannot be said is no strong evidence."""
LINKS = 40
"""Corresponding points handed out for a picture."""
LIKENESS = ((0.1, "unrelated"), (0.3, "little"), (0.5, "alike"), (float("inf"), "much"))
"""The likeness in words, each up to its limit. Of one product's photos half lie from .3 to .5, of others' from 0 to .2."""
COLOURS = ((0.65, "differ"), (0.85, "in_part"), (float("inf"), "agree"))
"""Likeness of the product's colours, each word up to its limit (our choice)."""
DIFFERENT, SAME = "different", "same"
SIDES = {"unrelated": DIFFERENT, "little": DIFFERENT, "alike": SAME, "much": SAME, "differ": DIFFERENT, "agree": SAME}
"""For which answer each word speaks; agreeing in part speaks for none."""


@dataclass(frozen=True)
class Cue:
    """One thing that the comparison saw, and the answer that it speaks for: ``same``, ``different`` or neither."""

    words: Phrase
    speaks_for: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"words": dict(self.words), "speaks_for": self.speaks_for}


@dataclass(frozen=True, eq=False)
class _Answer:
    """One product held against the photo."""

    product: ProductReferences
    compared: tuple[ShopPhoto, ...]
    values: tuple[float, ...]
    score: float
    code: str
    threshold: float


@detector(version=2, category=Category.WRONG_PRODUCT, least_side=MIN_SIDE, needs="products", cost_ms=300)
def compare(
    photo: Photo, products: Any, /, *, embedder: Embedder | None = None, codes: bool = True
) -> Finding | NotApplicable:
    """Tell whether the photo may show another product than the shop's.

    Parameters
    ----------
    photo : Photo
        The questioned photo, at least 64 px on the shorter side.
    products : iterable of Photo, Source, path or bytes; ProductReferences; or several products
        1 to 20 photos of one product; or what :func:`prepare` made of them; or a mapping of names to either, or a
        sequence of ProductReferences, where an order holds several products: the photo is held against each, and the
        likeliest one decides.
    embedder : callable, optional
        Your own embedding, see :func:`prepare`. Nothing is decided then: error rates are known for the built-in only.
    codes : bool
        Hold article numbers against each other too.

    Returns
    -------
    Finding
        Its score is the log-odds (natural, within +-4) that it is *another* product, from likeness of the whole, of
        crops and of the product's place, from colours, and from verified point matches, which speak only for "same":
        their absence proves nothing. ``supports`` is ``WRONG_PRODUCT`` only at or above the threshold of the card
        (false accusations <= 1 % on clean photos, <= 2 % on damaged ones, in training) and while nothing in
        ``facts["doubts"]`` speaks against seeing the product at all; or where both sides show article numbers and
        none agrees. ``facts["answer"]`` is ``same``, ``different`` or ``cannot tell``. ``related`` lists shop photos
        with the same print, homographies from shop photo to photo; ``regions`` outline the matching parts.
        ``unreadable`` names shop photos that could not be read.

    Notes
    -----
    Sibling products (another flavour, another size) look alike: without a code or a differing print expect
    "cannot tell". Learned on groceries, bottles and small objects; clothing, furniture, cosmetics were not in it.

    References
    ----------
    Fusion of likeness cues by logistic regression with weights of known sign: Morrison, "Tutorial on logistic-regression
    calibration and fusion", 2013, doi:10.1080/00450618.2012.733025.

    Examples
    --------
    >>> from skimage import data
    >>> from fakeproof.photo import Photo
    >>> from fakeproof.product import compare
    >>> mug = Photo.from_array(data.coffee())
    >>> finding = compare(Photo.from_array(data.coffee()[20:380, 30:560]), [mug])
    >>> finding.facts["answer"], finding.supports
    ('same', None)
    """
    prepared = _products(products, embedder, codes)
    usable = [product for product in prepared if len(product)]
    if not usable:
        return _nothing_to_compare(prepared)
    described = describe(photo, embedder=embedder, codes=codes)
    card = load_card()
    answers = sorted((_answer(described, product, card) for product in usable), key=lambda answer: answer.score)
    reasons = doubts(photo, described)
    return _finding(photo, described, answers, reasons, prepared)


def _products(products: Any, embedder: Embedder | None, codes: bool) -> list[ProductReferences]:
    def one(item: Any, name: str) -> ProductReferences:
        if isinstance(item, ProductReferences):
            return replace(item, name=name or item.name)
        return prepare(item, name=name, embedder=embedder, codes=codes)

    if isinstance(products, ProductReferences):
        return [products]
    if isinstance(products, Mapping):
        return [one(item, str(name)) for name, item in products.items()]
    if isinstance(products, str | bytes | Source) or not isinstance(products, Iterable):
        products = [products]
    listed = list(products)
    if listed and all(isinstance(item, ProductReferences) for item in listed):
        return listed
    return [one(listed, "")]


def _nothing_to_compare(prepared: Sequence[ProductReferences]) -> NotApplicable:
    return NotApplicable(
        reason=phrase("compare.unreadable"),
        unreadable=_unreadable(prepared),
    )


def _answer(photo: Described, product: ProductReferences, card: Card) -> _Answer:
    compared = tuple(against(photo, shop, card.metric) for shop in product.photos)
    values = features(compared)
    score = card.score(values)
    ours, theirs = articles(photo.codes), articles(c for shop in product.photos for c in shop.codes)
    code = "" if not ours or not theirs else ("equal" if ours & theirs else "different")
    score += {"": 0.0, "equal": -CODE_WEIGHT, "different": CODE_WEIGHT}[code]
    score = max(-BOUND, min(BOUND, score))
    ordered = tuple(
        sorted(compared, key=lambda shop: shop.cues[CUES.index("product")] + shop.local.strength, reverse=True)
    )
    return _Answer(product, ordered, tuple(float(v) for v in values), score, code, card.threshold(len(compared)))


def _finding(
    photo: Photo,
    described: Described,
    answers: Sequence[_Answer],
    reasons: Sequence[Doubt],
    prepared: Sequence[ProductReferences],
) -> Finding:
    best = answers[0]
    score = min(best.score, best.threshold - 0.01) if reasons and best.code != "different" else best.score
    if score > 0 and reasons and best.code != "different":
        score /= 2  # what is hardly seen is hardly evidence
    built_in = best.product.embedding != "user"
    answer = _say(best, score, reasons, built_in)
    if answer == "cannot tell":
        score = min(score, UNSAID * best.threshold)
    related = tuple(_match(shop) for shop in best.compared if _shows_same(shop))
    cues = _reasons(best, reasons)
    flags = Flag.NONE
    for doubt in reasons:
        flags |= doubt.flag
    return Finding(
        score=score,
        supports=Category.WRONG_PRODUCT if answer == "different" else None,
        sentence=_sentence(answer, cues, len(best.compared)),
        regions=tuple(_region(shop, index) for index, shop in enumerate(s for s in best.compared if _shows_same(s)))[
            :1
        ],
        facts={
            "answer": answer,
            "product": best.product.name,
            "products": {a.product.name or f"product {i + 1}": round(a.score, 3) for i, a in enumerate(answers)},
            "cues": {name: round(v, 4) for name, v in zip(FEATURES, best.values, strict=True)},
            "threshold": best.threshold,
            "codes": best.code,
            "doubts": [doubt.name for doubt in reasons],
            "reasons": [cue.to_dict() for cue in cues],
            "shop_photos": [_shop_facts(shop) for shop in best.compared],
            "embedder": "built-in" if built_in else "user",
        },
        flags=flags,
        related=related,
        unreadable=_unreadable(prepared),
    )


def _unreadable(prepared: Sequence[ProductReferences]) -> tuple[Problem, ...]:
    return tuple(problem for product in prepared for problem in product.unreadable)


def _say(best: _Answer, score: float, reasons: Sequence[Doubt], built_in: bool) -> str:
    if best.code == "different":
        return "different"
    if best.code == "equal" or (built_in and score <= SAME_SCORE):
        return "same"
    return "different" if built_in and not reasons and score >= best.threshold else "cannot tell"


def _shows_same(shop: ShopPhoto) -> bool:
    return shop.local.inliers >= SAME_INLIERS and shop.local.coverage >= SAME_COVERAGE and shop.local.strength > 0


def _shop_facts(shop: ShopPhoto) -> dict[str, Any]:
    return {
        "name": shop.described.name,
        "sha256": shop.described.sha256,
        **{cue: round(value, 4) for cue, value in zip(CUES, shop.cues, strict=True)},
        "inliers": shop.local.inliers,
        "coverage": round(shop.local.coverage, 4),
    }


def _match(shop: ShopPhoto) -> Match:
    local, source = shop.local, shop.described.source
    pairs = [[*map(float, p), *map(float, q)] for p, q in zip(local.photo_points, local.shop_points, strict=True)]
    step = max(1, -(-len(pairs) // LINKS))
    return Match(
        source=source or Source(shop.described.name, key=shop.described.name),
        sha256=shop.described.sha256,
        kind="same_product",
        inliers=local.inliers,
        homography=local.homography,
        facts={"coverage": round(local.coverage, 3), "links": [[round(v, 1) for v in row] for row in pairs[::step]]},
        words=_print_words(shop),
    )


def _region(shop: ShopPhoto, index: int) -> Region:
    import cv2
    import numpy as np

    hull = np.asarray(cv2.convexHull(shop.local.photo_points.reshape(-1, 1, 2)), np.float32).reshape(-1, 2)
    return Region(
        polygon=hull,
        area=int(cv2.contourArea(hull)),
        label=str(index + 1),
        score=shop.local.strength,
        role="matched",
        traces=("compare",),
        facts={"shop_photo": shop.described.name, "inliers": shop.local.inliers},
    )


def _reasons(best: _Answer, doubted: Sequence[Doubt]) -> list[Cue]:
    """Put the cues into words, the weighty ones first."""
    cue = dict(zip(FEATURES, best.values, strict=True))
    out = []
    if best.code:
        out.append(Cue(phrase(f"compare.code.{best.code}"), SAME if best.code == "equal" else DIFFERENT))
    shop = max(best.compared, key=lambda s: s.local.strength)
    if _shows_same(shop):
        out.append(Cue(_print_words(shop), SAME))
    alike, colours = _band(LIKENESS, cue["best product"]), _band(COLOURS, cue["best colour"])
    out.append(Cue(phrase(f"compare.likeness.{alike}"), SIDES[alike]))
    out.append(Cue(phrase(f"compare.colours.{colours}"), SIDES.get(colours, "")))
    return [*out, *(Cue(doubt.words, "") for doubt in doubted)]


def _band(words: Sequence[tuple[float, str]], value: float) -> str:
    return next(word for limit, word in words if value < limit)


def _print_words(shop: ShopPhoto) -> Phrase:
    return phrase("compare.print", count=shop.local.inliers, share=shop.local.coverage)


def _sentence(answer: str, cues: Sequence[Cue], photos: int) -> Phrase:
    """Say the answer with what speaks for it; a cue for the other answer is no reason, and stands in the facts."""
    other = {DIFFERENT: SAME, SAME: DIFFERENT}.get(answer)
    said = [cue.words for cue in cues if other is None or cue.speaks_for not in (other, "")]
    return phrase(
        f"compare.says.{answer.replace(' ', '_')}",
        compared=phrase("compare.photos", count=photos),
        reasons=said or [phrase("compare.weighed")],
    )
