"""The words beside pictures: plain, factual, in Chinese and English."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from fakeproof.findings import shown_name
from fakeproof.types import Language
from fakeproof.words import text

if TYPE_CHECKING:
    from fakeproof.findings import Finding, Match, Region

__all__ = [
    "circled_words",
    "compared_words",
    "copied_words",
    "detector_name",
    "original_words",
    "product_words",
    "recapture_words",
]

Words = dict[Language, str]


def detector_name(detector: str, lang: Language) -> str:
    """Return what a detector looks at, as people read it."""
    return text(f"{detector}.name", lang)


def trace_name(detector: str, lang: Language) -> str:
    """Return what a detector saw in a place that it supports."""
    return text(f"{detector}.trace", lang)


def _joined(parts: Sequence[str], lang: Language) -> str:
    return ("；" if lang == "zh" else "; ").join(parts) + ("。" if lang == "zh" else ".")


def circled_words(regions: Sequence[Region], decided: Collection[str]) -> Words:
    """Say for each numbered place which traces speak for it.

    Those of detectors that did not decide by themselves are called faint: the same page says that these saw nothing.
    """
    out: Words = {}
    faint = any(trace not in decided for region in regions for trace in region.traces)
    for lang in ("en", "zh"):
        zh = lang == "zh"
        parts = [f"{r.label}{'：' if zh else ': '}{_traces(r, decided, lang)}" for r in regions]
        head = (
            "红圈处为发现修改痕迹的位置，下方为原像素放大图。"
            if zh
            else "Traces of alteration in the circled places, magnified below. "
        )
        tail = (
            "弱痕迹单独不足以判断，只在综合后计入。"
            if zh
            else " Faint traces decide nothing alone; they count together."
        )
        out[lang] = head + _joined(parts, lang) + (tail if faint else "")
    return out


def _traces(region: Region, decided: Collection[str], lang: Language) -> str:
    clear = [trace_name(t, lang) for t in region.traces if t in decided]
    faint = [trace_name(t, lang) for t in region.traces if t not in decided]
    comma = "、" if lang == "zh" else ", "
    said = [comma.join(clear)] if clear else []
    if faint:
        said.append(("弱痕迹：" if lang == "zh" else "faint: ") + comma.join(faint))
    return ("，" if lang == "zh" else ", ").join(said)


def copied_words(pairs: Sequence[dict[str, Any]]) -> Words:
    """Say for each pair how the patch was moved."""
    out: Words = {}
    for lang in ("en", "zh"):
        parts = [f"{p['pair']}{p['places'][0]} ↔ {p['pair']}{p['places'][1]}: {p['words'][lang]}" for p in pairs]
        head = (
            "编号相同的各处为同一块内容（含噪点一致），仅凭此图不能判断哪一处是原处。"
            if lang == "zh"
            else "Places with the same number hold the same pixels, noise included; which came first cannot be told. "
        )
        out[lang] = head + _joined(parts, lang)
    return out


def _seen(match: Match, lang: Language) -> str:
    source = match.source
    parts = []
    if source.seen_on:
        where = source.seen(lang)
        parts.append(f"来源：{where}" if lang == "zh" else f"seen on {where}")
    if source.url:
        parts.append(f"网址：{source.url}" if lang == "zh" else f"address {source.url}")
    if source.seen_at:
        day = source.seen_at.isoformat()[:16].replace("T", " ")
        parts.append(f"时间：{day}" if lang == "zh" else f"date {day}")
    if source.order:
        parts.append(f"曾用于订单 {source.order}" if lang == "zh" else f"used before in order {source.order}")
    if not parts:
        parts.append("尚未提供原图网址" if lang == "zh" else "address of the original not given yet")
    return ("，" if lang == "zh" else ", ").join(parts)


def original_words(match: Match) -> Words:
    """Say where the original was seen and how the photo was made from it."""
    name = shown_name(match.source.name)
    words: Words = {
        "en": f"1: the photo. 2: the original “{name}”, {_seen(match, 'en')}. The photo is {match.transform('en')}.",
        "zh": f"1：待查照片；2：原图“{name}”，{_seen(match, 'zh')}。待查照片相对原图：{match.transform('zh')}。",
    }
    if match.inliers:  # of the same file nothing had to be compared
        words["en"] += f" {match.inliers} points and {match.alignment:.0%} of the compared blocks agree."
        words["zh"] += f"共有{match.inliers}个特征点吻合，{match.alignment:.0%}的比对区块一致。"
    return words


def compared_words(match: Match) -> Words:
    """Say what stands beside what when the difference to the original is shown."""
    return {
        "en": f"1: the photo, with what was changed circled. 2: the original “{shown_name(match.source.name)}” in the same position, {_seen(match, 'en')}.",
        "zh": f"1：待查照片，红圈为相对原图改动之处；2：同一位置的原图“{shown_name(match.source.name)}”，{_seen(match, 'zh')}。",
    }


def product_words(sentence: Words, count: int, *, matched: bool = False) -> Words:
    """Say what stands beside what, what the outlines mean, and what the comparison found."""
    outlined = {"en": " Outlined: the same print in both.", "zh": "蓝框内为两图相同的图案。"} if matched else {}
    last = count + 1
    numbers_en = "2" if count == 1 else f"2-{last}"
    return {
        "en": f"1: the photo. {numbers_en}: this shop's product.{outlined.get('en', '')} {sentence.get('en', '')}",
        "zh": f"1：待查照片；{numbers_en}：本店商品图。{outlined.get('zh', '')}{sentence.get('zh', sentence.get('en', ''))}",
    }


def recapture_words(finding: Finding) -> Words:
    """Say what was photographed, and what the second picture shows."""
    return {lang: f"{finding.wording(lang)} {text('recapture.second', lang)}".strip() for lang in ("en", "zh")}
