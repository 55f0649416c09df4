"""Platform marks and AI labels in a line of text that was read from a photo."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Mark", "promising", "read_marks"]

Kind = Literal["platform", "stock", "ai_label", "account"]


@dataclass(frozen=True)
class Mark:
    """A mark: its kind, the platform or agency named, the number or name of the account, the text as read."""

    kind: Kind
    platform: str
    account: str
    text: str

    @property
    def parted(self) -> bool:
        """Whether something parts the account from what stands before it: a colon read as a digit would lengthen it."""
        return bool(self.account) and re.search(rf"[^0-9A-Za-z一-鿿]{re.escape(self.account)}", self.text) is not None


_NUMBER = r"[:：.;；\s]*(?:号|ID|id)?[:：.;；\s]*([A-Za-z0-9_.\-]{4,24})"
_PLATFORMS: tuple[tuple[str, str], ...] = (
    # name, pattern of its spelling; single wrong strokes that OCR makes of it are spelled out
    ("小红书", r"[小少][红紅江虹][书書]|小红[书書节韦第]|红[书書]号|RED\s?NOTE|rednote|xiaohongshu"),
    ("抖音", r"抖音|科音|(?:^|[一-鿿])音号|音号(?=[:：]?\s*\d{6})|douyin"),
    ("快手", r"快手(?:号|ID|[:：])|kuaishou|^快手$"),
    ("微博", r"微博|weibo(?:\.com)?"),
    ("微信公众号", r"公众号|微信号"),
    ("哔哩哔哩", r"哔哩哔哩|bilibili|B站"),
    ("知乎", r"知乎|zhihu"),
    ("大众点评", r"大众点评|dianping"),
    ("淘宝", r"淘宝|taobao"),
    ("天猫", r"天猫|tmall"),
    ("京东", r"京东|JD\.COM"),
    ("拼多多", r"拼多多|pinduoduo"),
    ("闲鱼", r"闲鱼|goofish"),
    ("得物", r"得物App|得物APP|poizon"),
    ("什么值得买", r"什么值得买|smzdm"),
    ("百度", r"百度(?:贴吧|图片|知道)|baidu"),
    ("今日头条", r"今日头条|头条号|toutiao"),
    ("西瓜视频", r"西瓜视频"),
    ("美篇", r"美篇"),
    ("豆瓣", r"豆瓣|douban"),
    ("Instagram", r"instagram"),
    ("TikTok", r"tik\s?tok"),
    ("Facebook", r"facebook"),
    ("Pinterest", r"pinterest"),
    ("YouTube", r"youtube"),
)
_STOCK: tuple[tuple[str, str], ...] = (
    ("视觉中国", r"视觉中国|\bVCG(?:\.com|\d+)?\b"),
    ("Getty Images", r"getty\s?images?"),
    ("iStock", r"\biStock"),
    ("Shutterstock", r"shutter\s?stock"),
    ("Alamy", r"\balamy"),
    ("Adobe Stock", r"adobe\s?stock"),
    ("Dreamstime", r"dreamstime"),
    ("123RF", r"\b123RF"),
    ("Depositphotos", r"deposit\s?photos"),
    ("Freepik", r"freepik"),
    ("图虫", r"图虫|tuchong"),
    ("千图网", r"千图网|58pic"),
    ("摄图网", r"摄图网|699pic"),
    ("包图网", r"包图网|ibaotu"),
    ("昵图网", r"昵图网|nipic"),
    ("站酷", r"站酷|zcool"),
    ("花瓣", r"花瓣网|huaban"),
    ("全景", r"全景网|quanjing"),
    ("汇图网", r"汇图网|huitu"),
    ("我图网", r"我图网|ooopic"),
    ("千库网", r"千库网|588ku"),
)
_AI = re.compile(
    r"(?<![A-Za-z])A[I1lⅠ]\s?(?:生成|合成|创作|绘制|作图|生图|制作|generated|created|made)"
    r"|(?:豆包|即梦|可灵|通义|文心一格|元宝|星绘|海螺)\s?A[I1lⅠ]"
    r"|made with (?:gemini|google ai|midjourney)"
    r"|人工智能(?:生成|合成|创作)|(?:generated|created|made)\s?(?:by|with)\s?AI(?![A-Za-z])|AI[- ]?generated",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(r"@\s?([\w一-鿿][\w一-鿿.\-]{1,30})")
_DIGITS = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "S": "5", "B": "8"})
NUMERIC = frozenset({"小红书", "抖音", "快手"})
"""Platforms whose account numbers are mostly digits: letters that OCR confuses are read as digits there."""


_PROMISING = re.compile(r"\d{6,}|[红紅抖][书書音]|[书書音]号|[号號][:：]|@")


def promising(text: str) -> bool:
    """Return whether a line of text may be part of a mark, so that its surroundings are worth a closer look.

    Examples
    --------
    >>> promising("5692360277"), promising("LE SHOE")
    (True, False)
    """
    return _PROMISING.search(text) is not None or bool(read_marks(text))


def read_marks(text: str) -> tuple[Mark, ...]:
    """Return the marks in one line of text; none in ordinary text.

    Examples
    --------
    >>> read_marks("小红书号：12345678O")
    (Mark(kind='platform', platform='小红书', account='123456780', text='小红书号：12345678O'),)
    >>> read_marks("净含量 500 克")
    ()
    """
    found: list[Mark] = []
    compact = text.strip()
    if _AI.search(compact.replace(" ", "")) or _AI.search(compact):
        found.append(Mark("ai_label", "", "", compact))
    kinds: tuple[tuple[Kind, tuple[tuple[str, str], ...]], ...] = (("platform", _PLATFORMS), ("stock", _STOCK))
    for kind, table in kinds:
        for name, pattern in table:
            hit = re.search(pattern, compact, re.IGNORECASE)
            if hit:
                found.append(Mark(kind, name, _account(name, compact, hit.end()), compact))
    if not found and (hit := _ACCOUNT.search(compact)):
        found.append(Mark("account", "", hit.group(1), compact))
    return tuple(found)


def _account(platform: str, text: str, after: int) -> str:
    """Read the number or name behind a platform's name, or an @name anywhere in the line."""
    if hit := _ACCOUNT.search(text):
        return hit.group(1)
    hit = re.match(_NUMBER, text[after:])
    if not hit:
        return ""
    account = hit.group(1).strip("._-")
    digits = account.translate(_DIGITS)
    mostly = sum(c.isdigit() for c in account) >= 0.7 * len(account)
    return digits if platform in NUMERIC and mostly and digits.isdigit() else account
