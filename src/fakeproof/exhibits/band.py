"""Words in the picture itself: a band below it, for reviewers who see the picture and nothing else."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakeproof.exhibits import draw
from fakeproof.types import Language
from fakeproof.words import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakeproof.exhibit import Exhibit
    from fakeproof.types import RGB8

__all__ = ["captioned", "find_font"]

LETTER = 1 / 34
"""Height of a letter as a share of the picture's width: 32 px at 1080, which a phone shows legibly."""
LEAST_LETTER = 22
FONTS = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "NotoSansSC-Regular.ttf",
    "SourceHanSansSC-Regular.otf", "SourceHanSansCN-Regular.otf", "msyh.ttc", "msyh.ttf", "simhei.ttf", "simsun.ttc",
    "PingFang.ttc", "STHeiti Medium.ttc", "Hiragino Sans GB.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf", "NotoSerifCJK-Regular.ttc",
)  # fmt: skip
"""Files of fonts with Chinese letters that systems bring along, the clearest first."""
_BREAKS = re.compile(r"[\s，。；：、/]|[\u3400-\u9fff]")
"""After which a line may be broken: Chinese characters and marks, spaces, an address's parts."""
SIMPLIFIED = {"NotoSansCJK-Regular.ttc": 2, "NotoSerifCJK-Regular.ttc": 2}
"""Which face of a collection has the Chinese forms."""


def _folders() -> Iterable[Path]:
    named = os.environ.get("FAKEPROOF_FONTS")
    if named:
        yield Path(named)
    home = Path.home()
    yield from {
        "win32": (Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",),
        "darwin": (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"),
    }.get(sys.platform, (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts"))


@cache
def find_font() -> Path | None:
    """Return a font with Chinese letters: in the folder ``FAKEPROOF_FONTS`` names, else the system's; None without one."""
    there: dict[str, Path] = {}
    for folder in _folders():
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            there.setdefault(path.name, path)
    return next((there[name] for name in FONTS if name in there), None)


def captioned(exhibit: Exhibit, lang: Language, footer: Sequence[Mapping[str, str]] = ()) -> Exhibit:
    """Return the exhibit with its words set below it; unchanged where no font was found."""
    font = find_font()
    lines = [said(words, lang) for words in exhibit.band]
    last = "　".join(said(words, lang) for words in footer)
    lines = [line for line in (*lines, last) if line]
    if font is None or not lines:
        return exhibit
    return replace(exhibit, image=_with_band(exhibit.image, lines, font))


def _with_band(image: RGB8, lines: Sequence[str], path: Path) -> RGB8:
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    height, width = image.shape[:2]
    letter = max(LEAST_LETTER, round(width * LETTER))
    font = ImageFont.truetype(str(path), letter, index=SIMPLIFIED.get(path.name, 0))
    margin = letter // 2
    rows = [row for line in lines for row in _wrapped(line, font, width - 2 * margin)]
    step = round(letter * 1.4)
    out = Image.new("RGB", (width, height + len(rows) * step + 2 * margin), draw.PAPER)
    out.paste(Image.fromarray(image), (0, 0))
    pen = ImageDraw.Draw(out)
    for number, row in enumerate(rows):
        pen.text((margin, height + margin + number * step), row, font=font, fill=(28, 29, 31))
    return np.asarray(out)


def _wrapped(line: str, font: Any, width: int) -> list[str]:
    """Break a line where it is too long, never within a word or a number where it can be helped."""
    rows, rest = [], line
    while rest:
        end = len(rest)
        while end > 1 and font.getlength(rest[:end]) > width:
            end -= 1
        if end < len(rest):
            last = max((found.end() for found in _BREAKS.finditer(rest, end // 3, end)), default=0)
            end = last or end
        rows.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return rows
