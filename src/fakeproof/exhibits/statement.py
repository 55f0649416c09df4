"""What a merchant pastes and what is still missing: factual, short, no more than the evidence carries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fakeproof.errors import ParameterError
from fakeproof.exhibits.report import title_of
from fakeproof.findings import shown_name
from fakeproof.types import Category, Language

if TYPE_CHECKING:
    from fakeproof.evidence import CategoryScore
    from fakeproof.exhibit import Exhibit
    from fakeproof.verdict import Verdict

__all__ = ["checklist", "statement"]

LEAST = 60
"""Characters below which no true sentence fits."""

_OPENING: dict[Language, dict[Category, str]] = {
    "en": {
        Category.EDITED: "The buyer's photo shows traces of alteration.",
        Category.WEB_IMAGE: "The buyer's photo was made from a picture that exists elsewhere.",
        Category.WRONG_PRODUCT: "The buyer's photo probably shows another product than this shop's.",
    },
    "zh": {
        Category.EDITED: "买家提供的照片存在修改痕迹。",
        Category.WEB_IMAGE: "买家提供的照片取自他处已有的图片。",
        Category.WRONG_PRODUCT: "买家照片中的商品很可能不是本店商品。",
    },
}
_UNMATCHED: dict[Language, str] = {
    "en": "The buyer's photo carries signs that it comes from elsewhere or from another time.",
    "zh": "买家提供的照片带有来自他处或并非此次拍摄的线索。",
}
_UNPLACED: dict[Language, str] = {
    "en": "The buyer's photo carries signs that it was altered or generated.",
    "zh": "买家提供的照片带有经过修改或由软件生成的线索。",
}


def statement(verdict: Verdict, lang: Language, limit: int) -> str:
    """Return a statement of at most `limit` characters; whole sentences are left out, never cut."""
    if limit < LEAST:
        raise ParameterError("limit", limit, f"{LEAST} characters or more")
    best = verdict.best
    if best is None:
        text = (
            "The analysis gives no sufficient support for a report of this photo."
            if lang == "en"
            else "检测结果不足以支持对该照片的举报，建议暂不提交。"
        )
        joint = "" if lang == "zh" else " "
        marked = joint.join([text, *_marked(verdict, lang)])
        return marked if len(marked) <= limit else text[:limit]
    sentences = [_opening(verdict, best.category, lang), best.wording(lang)]
    sentences += [
        f"见举证图{i}（{title_of(e, lang)}）。" if lang == "zh" else f"See exhibit {i}: {title_of(e, lang).lower()}."
        for i, e in enumerate((e for e in verdict.exhibits() if e.supported), 1)
        if e.category is best.category
    ]
    shown = next((e for e in verdict.exhibits() if e.category is best.category and e.supported), None)
    sentences += _sentences(shown, lang) if shown is not None else _decisive(verdict, best, lang)
    photo = shown_name(verdict.photo.name)
    digest = verdict.photo.sha256[:16]
    sentences.append(
        f"照片：{photo}，SHA-256前16位 {digest}。" if lang == "zh" else f"Photo {photo}, SHA-256 begins {digest}."
    )
    sentences += _marked(verdict, lang)
    joint = "" if lang == "zh" else " "
    kept: list[str] = []
    for sentence in sentences:
        if len(joint.join([*kept, sentence])) <= limit:
            kept.append(sentence)
    return joint.join(kept)


def _marked(verdict: Verdict, lang: Language) -> list[str]:
    """Return what was laid over the photo openly, so that nobody takes it for the reason."""
    found = verdict.finding("annotations")
    return [found.wording(lang)] if found is not None and found.score > 0 else []


def _opening(verdict: Verdict, category: Category, lang: Language) -> str:
    """Return the claim; where neither an original nor a place shows it, no more than that there are signs."""
    if category is not Category.WRONG_PRODUCT and not verdict.complete(category):
        return (_UNMATCHED if category is Category.WEB_IMAGE else _UNPLACED)[lang]
    return _OPENING[lang][category]


def _sentences(exhibit: Exhibit, lang: Language) -> list[str]:
    """Split a caption, so that a limit takes whole sentences from its end; what only numbers the pictures goes."""
    if exhibit.kind not in ("original", "compared", "product"):
        # What explains the list of places goes with it: alone it would explain nothing.
        return [p for p in re.split(r"(?<=\.)\s+|(?<=。)", exhibit.caption(lang), maxsplit=1) if p]
    # Shop photos have no name, so that nothing is left of what numbers them.
    numbered = r"\d(-\d)?[:：]" if exhibit.kind == "product" else r"1[:：]"
    parts = [p for p in re.split(r"(?<=\.)\s+|(?<=[。；])", exhibit.caption(lang)) if p and not re.match(numbered, p)]
    plain = [re.sub(r"^\d(-\d)?[:：]\s*", "", p) for p in parts]
    return [p[0].upper() + p[1:] for p in plain if p]


def _decisive(verdict: Verdict, score: CategoryScore, lang: Language) -> list[str]:
    """Return what the findings saw that speak for the category, the weightiest first: where no picture shows it."""
    weight = {c.detector: c.llr for c in score.contributions}
    found = [f for f in verdict.findings if f.supports is score.category and weight.get(f.detector, 0.0) > 0]
    return [f.wording(lang) for f in sorted(found, key=lambda f: (weight[f.detector], f.score), reverse=True)]


def checklist(verdict: Verdict, lang: Language) -> list[tuple[bool, str]]:
    """Return what the platform asks for, each with whether it is there."""
    zh = lang == "zh"
    best = verdict.best
    items: list[tuple[bool, str]] = [
        (best is not None, "有一项举报理由得到证据支持" if zh else "one reason is supported by the evidence"),
    ]
    category = best.category if best is not None else None
    if category in (None, Category.EDITED):
        done = category is Category.EDITED and bool(verdict.regions)
        items.append((done, "PS图：修改位置已圈出" if zh else "edited: the altered places are circled"))
    if category in (None, Category.WEB_IMAGE):
        sources = [match.source for match in verdict.matches]
        items.append((bool(sources), "网图：有原图对照" if zh else "web image: the original is beside it"))
        items.append((any(s.url for s in sources), "网图：原图网址" if zh else "web image: address of the original"))
        items.append(
            (
                any(s.seen_at for s in sources),
                "网图：原图发布或发现时间" if zh else "web image: when the original was seen",
            )
        )
    if category in (None, Category.WRONG_PRODUCT):
        count = len(verdict.products)
        items.append(
            (count >= 1, "非本店商品：本店商品实拍图" if zh else "wrong product: a real photo of the shop's product")
        )
        items.append(
            (count >= 3, "非本店商品：三张以上不同角度实拍图" if zh else "wrong product: three or more views of it")
        )
    items.append((not verdict.problems, "提供的图片均已使用" if zh else "all pictures given were used"))
    return items
