"""The report page: one self-contained file, verdict first, everything from outside escaped."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fakeproof._version import __version__
from fakeproof.exhibits.captions import detector_name
from fakeproof.findings import shown_name
from fakeproof.types import Category, Decision, Language
from fakeproof.verdict import Verdict, opened

if TYPE_CHECKING:
    from jinja2 import Environment

    from fakeproof.exhibit import Exhibit

__all__ = ["DECIDED", "headline", "page", "summary", "title_of", "told"]

PAGE_BYTES, PAGE_SIDE = 600_000, 1600
"""Size of a picture in the page: sharp on a phone and on paper, and the page can still be sent."""

DECIDED: dict[Language, dict[Decision, str]] = {
    "en": {
        "supported": "supported",
        "inconclusive": "inconclusive",
        "not_supported": "not supported",
        "not_examined": "not examined",
    },
    "zh": {"supported": "支持", "inconclusive": "无法判断", "not_supported": "不支持", "not_examined": "未检查"},
}

_HEADLINES: dict[Language, dict[Category | None, str]] = {
    "en": {
        Category.EDITED: "The photo shows traces of alteration.",
        Category.WEB_IMAGE: "The photo was made from a picture that exists elsewhere.",
        Category.WRONG_PRODUCT: "The photo probably shows another product than this shop's.",
        None: "Nothing here supports a report. That may mean a genuine photo, or too little to go by.",
    },
    "zh": {
        Category.EDITED: "照片存在修改痕迹。",
        Category.WEB_IMAGE: "照片取自已存在于他处的图片。",
        Category.WRONG_PRODUCT: "照片中的商品很可能不是本店商品。",
        None: "目前没有足以支持举报的证据：照片可能属实，也可能是可用信息太少。",
    },
}

_UNMATCHED: dict[Language, str] = {
    "en": "The photo carries signs that it comes from elsewhere or from another time.",
    "zh": "照片带有来自他处或并非此次拍摄的线索。",
}
"""Of a web image without its original: what a file says of itself shows no picture elsewhere."""

_UNPLACED: dict[Language, str] = {
    "en": "The photo carries signs that it was altered or generated; no place of it stands out.",
    "zh": "照片带有经过修改或由软件生成的线索，但未能定位具体位置。",
}
"""Of an edited photo without a place: a label or a program's name shows no alteration."""

_CIRCLED: dict[Language, str] = {
    "en": " The places are circled in the first exhibit.",
    "zh": "位置见举证图1中的红圈。",
}
"""Only where places were decided on: traces in the file alone circle nothing."""

_TEXT: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Photo report",
        "photo": "Photo: ",
        "exhibits": "Exhibits",
        "flicker": "Both in one place, in turn: what stays still is the same, what jumps was changed.",
        "only_look": " (to look at only; this claim is not supported)",
        "evidence": "Evidence for each claim",
        "looked": "Looked at",
        "saw": "What was seen",
        "weight": "Weight (llr)",
        "total": "Together",
        "bounds": "bounds",
        "not_applicable": "Not applicable",
        "facts": "Other facts",
        "problems": "Files that were not used",
        "limits": "What this does and does not say",
        "limits_text": "Weights are log10 likelihood ratios: 1 means that the findings are ten times as probable if the "
        "claim is true. They were calibrated on public photos, not on this platform's, and say nothing about who altered "
        "or copied a picture, or why. What was not examined or not applicable is neutral. At the threshold used, at most "
        "about 1 % of untouched photos are accused.",
    },
    "zh": {
        "title": "照片检测报告",
        "photo": "照片：",
        "exhibits": "举证图片",
        "flicker": "两图对齐后交替显示：不动之处相同，跳动之处为改动。",
        "only_look": "（仅供查看，此项主张未获支持）",
        "evidence": "各项依据",
        "looked": "检测项目",
        "saw": "检测所见",
        "weight": "权重（llr）",
        "total": "合计",
        "bounds": "上下限",
        "not_applicable": "不适用",
        "facts": "其他事实",
        "problems": "未使用的文件",
        "limits": "本报告能说明什么、不能说明什么",
        "limits_text": "权重为以10为底的对数似然比：1表示“若主张属实，出现这些检测结果的可能性是不属实时的10倍”。"
        "权重基于公开照片校准，并非本平台数据；报告不判断由谁、出于何种目的修改或使用图片。未检查或不适用的项目不代表任何倾向。"
        "在所用阈值下，未经修改的照片被误判的比例约不超过1%。",
    },
}

_KINDS: dict[Language, dict[str, str]] = {
    "en": {
        "circled": "Altered places",
        "copied": "Cloned places",
        "compared": "Changed against the original",
        "original": "The original beside it",
        "product": "This shop's product beside it",
        "embedded": "A different picture inside the file",
        "recapture": "A photo of a screen or a print",
    },
    "zh": {
        "circled": "修改位置圈示",
        "copied": "克隆位置对应",
        "compared": "与原图对照的改动",
        "original": "与原图对照",
        "product": "与本店商品对照",
        "embedded": "文件内嵌的另一画面",
        "recapture": "翻拍屏幕或打印件的照片",
    },
}

_CHAINS: dict[Language, dict[str, str]] = {
    "en": {
        "original": "camera file",
        "resaved": "saved again by software",
        "platform": "re-encoded by a platform or chat app",
        "screenshot": "screenshot",
        "unknown": "delivery unknown",
    },
    "zh": {
        "original": "相机原始文件",
        "resaved": "经软件重新保存",
        "platform": "经平台或聊天软件转码",
        "screenshot": "截图",
        "unknown": "传输方式未知",
    },
}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, select_autoescape

    return Environment(
        loader=PackageLoader("fakeproof.exhibits"), autoescape=select_autoescape(default=True), trim_blocks=True
    )


def headline(verdict: Verdict, lang: Language) -> str:
    """Return the verdict in one plain sentence."""
    best = verdict.best
    if best is not None and best.category is Category.WEB_IMAGE and not verdict.complete(Category.WEB_IMAGE):
        return _UNMATCHED[lang]
    if best is not None and best.category is Category.EDITED:
        return _HEADLINES[lang][best.category] + _CIRCLED[lang] if verdict.regions else _UNPLACED[lang]
    return _HEADLINES[lang][best.category if best else None]


def title_of(exhibit: Exhibit, lang: Language) -> str:
    """Return what an exhibit shows, in a few words."""
    return _KINDS[lang].get(exhibit.kind, exhibit.kind)


def page(verdict: Verdict, *, lang: Language) -> str:
    """Return the page as HTML text."""
    return _environment().get_template("page.html.j2").render(**_content(verdict, lang, PAGE_BYTES, PAGE_SIDE))


def summary(verdict: Verdict, lang: Language = "en") -> str:
    """Return a compact piece of HTML for notebooks."""
    return _environment().get_template("summary.html.j2").render(**_content(verdict, lang, 160_000, 900, most=1))


def told(verdict: Verdict, lang: Language) -> str:
    """Return the verdict for a terminal: one sentence, then a line a category."""
    lines = [f"{shown_name(verdict.photo.name)}: {headline(verdict, lang)}"]
    for score in verdict.scores.values():
        number = f"{score.llr:+.2f}" if score.examined else "  -  "
        lines.append(f"  {number}  {DECIDED[lang][score.decision]:14} {score.wording(lang)}")
    lines += [f"  ! {problem.wording(lang)}" for problem in verdict.problems]
    return "\n".join(lines)


def _content(verdict: Verdict, lang: Language, max_bytes: int, max_side: int, most: int = 99) -> dict[str, Any]:
    pictures = verdict.exhibits() if opened((verdict.photo,)) else ()
    chain = getattr(verdict.photo.chain, "kind", "unknown")
    scored = {c.detector for s in verdict.scores.values() for c in s.contributions}
    return {
        "lang": lang,
        "t": _TEXT[lang],
        "headline": headline(verdict, lang),
        "name": shown_name(verdict.photo.name),
        "size": f"{verdict.photo.size[0]}x{verdict.photo.size[1]} px",
        "chain": _CHAINS[lang].get(chain, chain),
        "scores": [_score(verdict, s, lang) for s in verdict.scores.values()],
        "exhibits": [_exhibit(e, lang, max_bytes, max_side) for e in pictures[:most]],
        "facts": [
            {"name": detector_name(f.detector, lang), "sentence": f.wording(lang)}
            for f in verdict.findings
            if f.detector not in scored and f.wording(lang)
        ],
        "problems": [problem.wording(lang) for problem in verdict.problems],
        "version": __version__,
        "sha256": verdict.photo.sha256,
    }


def _score(verdict: Verdict, score: Any, lang: Language) -> dict[str, Any]:
    sentences: dict[str, str] = {}
    for finding in sorted(verdict.findings, key=lambda f: f.score):
        sentences[finding.detector] = finding.wording(lang)
    return {
        "label": score.category.label(lang),
        "decision": score.decision,
        "decided": DECIDED[lang][score.decision],
        "wording": score.wording(lang),
        "llr": f"{score.llr:+.2f}",
        "bounds": f"{score.bounds[0]:+.1f} … {score.bounds[1]:+.1f}",
        "parts": [
            {"name": detector_name(c.detector, lang), "sentence": sentences.get(c.detector, ""), "llr": f"{c.llr:+.2f}"}
            for c in score.contributions
        ],
        "skipped": [{"name": detector_name(s.detector, lang), "reason": s.wording(lang)} for s in score.skipped],
    }


def _exhibit(exhibit: Exhibit, lang: Language, max_bytes: int, max_side: int) -> dict[str, Any]:
    return {
        "title": title_of(exhibit, lang),
        "caption": exhibit.caption(lang),
        "supported": exhibit.supported,
        "data": base64.b64encode(exhibit.encode(max_bytes=max_bytes, max_side=max_side)).decode(),
        "flicker": base64.b64encode(exhibit.flicker() or b"").decode(),
    }
