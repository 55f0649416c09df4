"""Both pages as PDF, with the `pdf` extra: text that can be selected, Chinese included, and the exhibits."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from fakeproof.errors import ParameterError
from fakeproof.exhibits.report import content
from fakeproof.types import Language
from fakeproof.verdict import Verdict
from fakeproof.words import text

if TYPE_CHECKING:
    from reportlab.lib.styles import ParagraphStyle

__all__ = ["render", "written"]

FACE = "STSong-Light"
"""Adobe's Chinese face: PDF readers bring it along, so that no font has to be shipped or embedded."""
_LACKING = {0xB7: "|", 0x2194: "="}
"""Marks that the face lacks, and what stands in for them."""
PICTURE_BYTES, PICTURE_SIDE = 300_000, 1400
MARGIN = 48
"""pt on each side of an A4 page."""
TALLEST = 560
"""pt that a picture may be high, so that its caption stays on the page."""


def render(verdict: Verdict, lang: Language, which: str) -> bytes | None:
    """Return a page as PDF, the same bytes every time; None without the extra."""
    try:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    except ImportError:
        return None
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    pdfmetrics.registerFont(UnicodeCIDFont(FACE))
    values = content(verdict, lang, PICTURE_BYTES, PICTURE_SIDE)
    out = io.BytesIO()
    title = text(f"page.{which}", lang)
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=f"{title} · {values['name']}", author="fakeproof", invariant=1,
    )  # fmt: skip
    maker = _Maker(values, lang, A4[0] - 2 * MARGIN)
    document.build(maker.report() if which == "report" else maker.examiner(title))
    return out.getvalue()


def written(verdict: Verdict, lang: Language, which: str) -> bytes:
    """Return a page as PDF.

    Raises
    ------
    ParameterError
        The extra is missing; says how to get it.
    """
    made = render(verdict, lang, which)
    if made is None:
        raise ParameterError("to_pdf", "no PDF writer", "pip install 'fakeproof[pdf]'")
    return made


class _Maker:
    """Turns what a page says into paragraphs, tables and pictures."""

    def __init__(self, values: dict[str, Any], lang: Language, width: float) -> None:
        self.values, self.lang, self.width = values, lang, width
        self.flow: list[Any] = []
        self._colon = text("join.colon", lang)

    def report(self) -> list[Any]:
        values = self.values
        self._head(values["headline"])
        for score in values["scores"]:
            self._say(f"{score['label']}{self._colon}{score['decided']}")
        self._title("exhibits", values["exhibits"])
        for number, exhibit in enumerate(values["exhibits"], 1):
            self._picture(number, exhibit)
        self._listed("chat", values["chat"])
        self._title("sure", [1])
        for score in values["scores"]:
            self._say(f"{score['label']}{self._colon}{score['wording']}")
            if score["decision"] == "supported":
                self._say(self._t("against") + self._colon + ("" if score["against"] else self._t("nothing_against")))
                for said in score["against"]:
                    self._say(f"· {said}")
        self._listed("problems", values["problems"])
        return self._foot("limits_reader")

    def examiner(self, title: str) -> list[Any]:
        values = self.values
        self._head(title + self._colon + values["headline"])
        for score in values["scores"]:
            self._say(f"{score['label']} · {score['decided']} · {score['llr']}", 12)
            rows = [[p["name"], p["sentence"], p["llr"]] for p in score["parts"]]
            self._table(
                [[self._t("looked"), self._t("saw"), self._t("weight")], *rows, ["", score["total"], score["llr"]]]
            )
            for skipped in score["skipped"]:
                self._say(f"{self._t('not_applicable')} · {skipped['name']}{self._colon}{skipped['sentence']}")
        self._listed("delivery", [values["chain"], *values["why_chain"]])
        self._listed("facts", [f"{f['name']}{self._colon}{f['sentence']}" for f in values["facts"] if f["sentence"]])
        self._listed("rules", [f"{r['rule']}: {r['says']} ({r['source']})" for r in values["rules"]])
        self._listed("problems", values["problems"])
        self._listed("repeat", [values["repeat"], *(f"{name}  {digest}" for name, digest in values["files"])])
        return self._foot("limits_examiner")

    def _t(self, name: str) -> str:
        return text(f"page.{name}", self.lang)

    def _head(self, title: str) -> None:
        values = self.values
        self._say(title, 16)
        parts = [values["name"], values["size"], values["chain"], values["order"], values["dated"]]
        self._say(" · ".join(filter(None, parts)))

    def _foot(self, limits: str) -> list[Any]:
        self._listed("limits", [self._t(limits)])
        self._say(f"fakeproof {self.values['version']} · SHA-256 {self.values['sha256']}", 8)
        return self.flow

    def _title(self, name: str, there: Any) -> None:
        if there:
            self._say(self._t(name), 12)

    def _listed(self, name: str, lines: list[str]) -> None:
        self._title(name, lines)
        for line in lines:
            self._say(line)

    def _style(self, size: int) -> ParagraphStyle:
        from reportlab.lib.styles import ParagraphStyle

        return ParagraphStyle(
            f"s{size}", fontName=FACE, fontSize=size, leading=size * 1.5, spaceBefore=size - 8, spaceAfter=3,
            wordWrap="CJK",
        )  # fmt: skip

    def _paragraph(self, said: str, size: int = 10) -> Any:
        from html import escape

        from reportlab.platypus import Paragraph

        return Paragraph(escape(said.translate(_LACKING)), self._style(size))

    def _say(self, said: str, size: int = 10) -> None:
        self.flow.append(self._paragraph(said, size))

    def _table(self, rows: list[list[str]]) -> None:
        from reportlab.lib import colors
        from reportlab.platypus import Table

        cells = [[self._paragraph(cell, 9) for cell in row] for row in rows]
        table = Table(cells, colWidths=[self.width * share for share in (0.24, 0.62, 0.14)], repeatRows=1)
        table.setStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.lightgrey), ("VALIGN", (0, 0), (-1, -1), "TOP")])
        self.flow.append(table)

    def _picture(self, number: int, exhibit: dict[str, Any]) -> None:
        from reportlab.lib.utils import ImageReader
        from reportlab.platypus import Image, KeepTogether

        data = base64.b64decode(exhibit["data"])
        width, height = ImageReader(io.BytesIO(data)).getSize()
        scale = min(self.width / width, TALLEST / height)
        only = "" if exhibit["supported"] else f" {self._t('only_look')}"
        shown = Image(io.BytesIO(data), width * scale, height * scale)
        title = self._paragraph(f"{number}. {exhibit['title']}{only}", 10)
        self.flow.append(KeepTogether([shown, title, self._paragraph(exhibit["caption"], 9)]))
