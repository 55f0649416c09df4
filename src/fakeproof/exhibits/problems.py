"""Files that were not used, in words: errors speak English and of paths, what a merchant reads does not."""

from __future__ import annotations

import re

from fakeproof.exhibits.captions import shown_name
from fakeproof.types import Language

__all__ = ["problem_words"]

_CHINESE: tuple[tuple[str, str], ...] = (
    (r"is a web address, .*", "是网址；本工具不联网，请先保存图片再提供文件"),
    (r"is a directory, .*", "是文件夹，不是照片"),
    (r"cannot be read \(.*", "无法打开，请检查文件是否存在"),
    (r"is empty .*", "是空文件"),
    (r"is not a photo in a known format .*", "不是可识别的图片格式"),
    (r"is truncated.*", "文件不完整，请重新下载原文件"),
    (r"is HEIC; .*", "HEIC格式需要安装 fakeproof[heif] 才能读取"),
    (r"(\d+x\d+) is above .*", r"尺寸 \1 像素，超出上限"),
    (r"(\d+x\d+) is below .*", r"尺寸 \1 像素，过小"),
    (r"\d+ bytes is above .*", "文件过大，超出上限"),
    (r"only the first (\d+) photos of a product are used", r"每件商品只使用前\1张照片"),
    (r"(cannot be decoded|is a|has|claims) .*", "文件已损坏或并非正常的照片，无法解码"),
)
"""Reasons of :class:`fakeproof.PhotoError` and of the product's references, the first that fits."""


def problem_words(problem: str, lang: Language) -> str:
    """Return one of ``verdict.problems`` for people: the file's name without folders, the reason in their language.

    Examples
    --------
    >>> problem_words("product /shop/1.jpg: is empty (0 bytes)", "zh")
    '1.jpg：是空文件'
    """
    name, colon, reason = problem.partition(": ")
    if not colon:
        return problem
    if lang == "en":
        return f"{shown_name(name)}: {reason}"
    fits = ((re.fullmatch(pattern, reason, re.DOTALL), words) for pattern, words in _CHINESE)
    chinese = next((found.expand(words) for found, words in fits if found), reason)
    return f"{shown_name(name)}：{chinese}"
