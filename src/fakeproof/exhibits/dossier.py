"""The dossier: a folder that appears only when it is complete, and never replaces another by accident."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fakeproof._folders import appearing
from fakeproof.errors import ParameterError
from fakeproof.exhibits.compose import ORIGINALS
from fakeproof.exhibits.report import headline, page
from fakeproof.exhibits.statement import checklist, statement
from fakeproof.findings import shown_name
from fakeproof.types import Language
from fakeproof.verdict import CaseVerdict, Verdict, opened

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["write_case", "write_dossier"]

MARK = "SHA256SUMS"
ENDINGS = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "AVIF": "avif",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tif",
    "HEIC": "heic",
}


def write_dossier(verdict: Verdict, folder: Path, *, lang: Language, overwrite: bool, limit: int) -> Path:
    """Write everything beside the target, then move it there in one step.

    Raises
    ------
    ParameterError
        The folder exists and `overwrite` is false, or what is there is no dossier; or the verdict is light.
    """
    photo = verdict.picture
    with _appearing(folder, overwrite=overwrite) as part:
        _fill(verdict, photo, part, lang, limit)
        _sum_up(part)
    return folder


def write_case(case: CaseVerdict, folder: Path, *, lang: Language, overwrite: bool, limit: int) -> Path:
    """Write the dossiers of the recommended photos, in their order, with an overview; in one step like a single one."""
    with _appearing(folder, overwrite=overwrite) as part:
        for number, verdict in enumerate(case.recommended, 1):
            place = part / f"{number}-{_plain_name(verdict.photo.name)}"
            place.mkdir()
            _fill(verdict, verdict.picture, place, lang, limit)
            _sum_up(place)
        (part / "overview.txt").write_text(_overview(case, lang), encoding="utf-8")
        (part / "case.json").write_text(case.to_json() + "\n", encoding="utf-8")
        _sum_up(part)
    return folder


@contextmanager
def _appearing(folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a folder to fill beside the target, and move it there when everything went well."""
    if folder.exists():
        if not overwrite:
            raise ParameterError("folder", str(folder), "a folder that does not exist, or overwrite=True")
        if not (folder / MARK).is_file():
            raise ParameterError("folder", str(folder), f"an earlier dossier (with {MARK} in it) to overwrite")
    with appearing(folder) as part:
        yield part


def _fill(verdict: Verdict, photo: Photo, place: Path, lang: Language, limit: int) -> None:
    # What the weighing does not support stays on the page, to look at: in the folder it would be handed in.
    for number, exhibit in enumerate((e for e in verdict.exhibits() if e.supported), 1):
        exhibit.save(place / f"exhibit-{number}-{exhibit.name}.jpg")
        flicker = exhibit.flicker()
        if flicker is not None:
            (place / f"exhibit-{number}-{exhibit.name}.gif").write_bytes(flicker)
    _copy(photo, place, "evidence")
    for number, original in enumerate(opened(verdict.sources)[:ORIGINALS], 1):
        _copy(original, place, f"original-{number}")
    (place / "statement.txt").write_text(statement(verdict, lang, limit) + "\n", encoding="utf-8")
    (place / "checklist.txt").write_text(_checklist(verdict, lang), encoding="utf-8")
    (place / "report.html").write_text(page(verdict, lang=lang), encoding="utf-8")
    (place / "verdict.json").write_text(verdict.to_json() + "\n", encoding="utf-8")


def _copy(photo: Photo, place: Path, name: str) -> None:
    """Write a photo's own bytes: a reviewer may want to look at the file, not at a picture of it."""
    if photo.data is not None:
        (place / f"{name}.{ENDINGS.get(photo.format, 'bin')}").write_bytes(photo.data)


def _sum_up(place: Path) -> None:
    """Write the checksums last: their file marks a folder as a complete dossier."""
    names = sorted(str(p.relative_to(place)) for p in place.rglob("*") if p.is_file())
    sums = [f"{hashlib.sha256((place / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (place / MARK).write_text("".join(sums), encoding="utf-8")


def _checklist(verdict: Verdict, lang: Language) -> str:
    best = verdict.best
    chosen = best.category.label(lang) if best else ("暂无" if lang == "zh" else "none yet")
    lines = [headline(verdict, lang), f"{'举报类别：' if lang == 'zh' else 'Reason to choose: '}{chosen}", ""]
    lines += [f"[{'x' if done else ' '}] {text}" for done, text in checklist(verdict, lang)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _plain_name(name: str) -> str:
    """Return a file's name that is safe as a folder's name everywhere."""
    return re.sub(r"[^\w.-]+", "_", Path(shown_name(name)).stem).strip("._")[:40] or "photo"


def _overview(case: CaseVerdict, lang: Language) -> str:
    zh = lang == "zh"
    lines = ["建议举报顺序" if zh else "Report in this order"]
    for number, verdict in enumerate(case.recommended, 1):
        best = verdict.best
        assert best is not None, "recommended photos have a supported category"
        lines.append(f"{number}. {shown_name(verdict.photo.name)} · {best.category.label(lang)} · {best.wording(lang)}")
    if not case.recommended:
        lines.append("没有证据足以支持举报的照片。" if zh else "No photo's evidence supports a report.")
    missing = case.missing(lang)
    if missing:
        lines += ["", "仍缺少" if zh else "Still missing", *[f"[ ] {text}" for text in missing]]
    if case.links:
        names = [f"{i} {shown_name(v.photo.name)}" for i, v in enumerate(case.verdicts, 1)]
        given = f"（编号按提供顺序：{'，'.join(names)}）" if zh else f" (numbered as given: {', '.join(names)})"
        lines += ["", ("照片之间" if zh else "Between the photos") + given]
        lines += [link.wording(lang) for link in case.links]
    lines += ["", *(problem.wording(lang) for problem in case.problems)] if case.problems else []
    return "\n".join(lines) + "\n"
