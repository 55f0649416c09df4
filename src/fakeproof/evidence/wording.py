"""Likelihood ratios in words, on the verbal scale of the ENFSI guideline (2015), in English and Chinese."""

from __future__ import annotations

from fakeproof.types import Category, Decision, Language

__all__ = ["claim", "verbal"]

_STEPS: tuple[tuple[float, dict[Language, str]], ...] = (
    (0.301, {"en": "no support either way for", "zh": "对以下说法既不支持也不反对"}),
    (1.0, {"en": "weak support for", "zh": "轻微支持"}),
    (2.0, {"en": "moderate support for", "zh": "中等程度支持"}),
    (3.0, {"en": "moderately strong support for", "zh": "较强支持"}),
    (4.0, {"en": "strong support for", "zh": "强烈支持"}),
    (6.0, {"en": "very strong support for", "zh": "非常强烈支持"}),
    (float("inf"), {"en": "extremely strong support for", "zh": "极强支持"}),
)

_CLAIMS: dict[Category, tuple[dict[Language, str], dict[Language, str]]] = {
    Category.WEB_IMAGE: (
        {"en": "the photo was taken from elsewhere", "zh": "照片取自网络或其他来源"},
        # A search among a few candidates can only clear those.
        {"en": "the photo was made from none of the originals compared", "zh": "照片并非取自所比对的原图"},
    ),
    Category.EDITED: (
        {"en": "the photo was altered", "zh": "照片经过修改"},
        {"en": "the photo was not altered", "zh": "照片未经修改"},
    ),
    Category.WRONG_PRODUCT: (
        {"en": "the photo shows another product", "zh": "照片中的商品不是本店商品"},
        {"en": "the photo shows this shop's product", "zh": "照片中的商品是本店商品"},
    ),
}

_NOT_EXAMINED: dict[Category, dict[Language, str]] = {
    Category.WEB_IMAGE: {
        "en": "Not examined: no candidate original could be compared, and the file names no place where it was seen.",
        "zh": "未检查：没有可供比对的疑似原图，文件本身也没有来源线索。",
    },
    Category.EDITED: {
        "en": "Not examined: no check for editing could be applied to this photo.",
        "zh": "未检查：没有可用于此照片的修改检测。",
    },
    Category.WRONG_PRODUCT: {
        "en": "Not examined: no photo of the shop's product could be compared.",
        "zh": "未检查：没有可供比对的本店商品照片。",
    },
}


def claim(category: Category, lang: Language = "en", *, against: bool = False) -> str:
    """Return what the category says, or its opposite."""
    return _CLAIMS[category][1 if against else 0][lang]


def verbal(category: Category, llr: float, decision: Decision, lang: Language = "en") -> str:
    """Return one sentence for a log10 likelihood ratio; the caller has clipped it to its bounds.

    Examples
    --------
    >>> verbal(Category.EDITED, 1.4, "supported")
    'The findings give moderate support for: the photo was altered.'
    """
    if decision == "not_examined":
        return _NOT_EXAMINED[category][lang]
    strength = next(words[lang] for limit, words in _STEPS if abs(llr) < limit)
    statement = claim(category, lang, against=llr < -_STEPS[0][0])
    if lang == "zh":
        tail = "" if decision != "inconclusive" else "（不足以作出判断）"
        return f"检测结果{strength}：{statement}{tail}。"
    tail = "" if decision != "inconclusive" else " This alone decides nothing."
    return f"The findings give {strength}: {statement}.{tail}"
