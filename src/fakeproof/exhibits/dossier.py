"""The dossier: a folder a claim, in the order in which to submit; it appears only when it is whole."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakeproof._folders import appearing
from fakeproof.errors import ParameterError
from fakeproof.exhibits import pdf
from fakeproof.exhibits.band import captioned, find_font
from fakeproof.exhibits.captions import footer
from fakeproof.exhibits.compose import ORIGINALS
from fakeproof.exhibits.overview import appeal, case_overview, overview
from fakeproof.exhibits.platform import Form
from fakeproof.exhibits.report import PAGES, headline, page, title_of
from fakeproof.exhibits.statement import checklist, statement
from fakeproof.findings import shown_name
from fakeproof.types import Category
from fakeproof.verdict import CaseVerdict, Verdict, opened
from fakeproof.words import text

if TYPE_CHECKING:
    from fakeproof.evidence import CategoryScore
    from fakeproof.exhibit import Exhibit
    from fakeproof.photo import Photo

__all__ = ["claim_folders", "write_case", "write_dossier"]

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


def write_dossier(verdict: Verdict, folder: Path, *, form: Form, overwrite: bool) -> Path:
    """Write everything beside the target, then move it there in one step.

    Raises
    ------
    ParameterError
        The folder exists and `overwrite` is false, or what is there is no dossier; or the verdict is light.
    """
    _ = verdict.picture  # a light verdict is refused before anything is written
    with _appearing(folder, overwrite=overwrite) as part:
        _fill(verdict, part, form)
        _sum_up(part)
    return folder


def write_case(case: CaseVerdict, folder: Path, *, form: Form, overwrite: bool) -> Path:
    """Write the dossiers of the recommended photos, in their order, with an overview; in one step like a single one."""
    with _appearing(folder, overwrite=overwrite) as part:
        for number, verdict in enumerate(case.recommended, 1):
            place = part / f"{number}-{_plain_name(verdict.photo.name)}"
            place.mkdir()
            _fill(verdict, place, form)
            _sum_up(place)
        _write(part / "overview.txt", case_overview(case, form.lang))
        _write(part / "case.json", _without_folders(case.to_dict(), *case.verdicts))
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


def claim_folders(verdict: Verdict, form: Form) -> list[tuple[str, CategoryScore]]:
    """Return the supported claims with their folders' names, those with a complete exhibit first, then by llr."""
    supported = [s for s in verdict.scores.values() if s.decision == "supported"]
    supported.sort(key=lambda s: (verdict.complete(s.category), s.llr), reverse=True)
    return [(f"{i}-{text(f'folder.{s.category.value}', form.lang)}", s) for i, s in enumerate(supported, 1)]


def _fill(verdict: Verdict, place: Path, form: Form) -> None:
    """Write a folder a supported claim; what the weighing does not support stays on the page, to look at."""
    folders = claim_folders(verdict, form)
    for name, score in folders:
        (place / name).mkdir()
        _fill_claim(verdict, score.category, place / name, form)
    for photo in opened((verdict.photo,)):
        _copy(photo, place, "evidence")
    _write(place / "overview.txt", overview(verdict, [(name, score) for name, score in folders], form))
    if verdict.order is not None and verdict.order.refunded_at is not None and folders:
        _write(place / "appeal.txt", appeal(verdict, folders[0][0], form))
    for which in PAGES:
        _write(place / f"{which}.html", page(verdict, lang=form.lang, which=which))
        made = pdf.render(verdict, form.lang, which)
        if made is not None:
            (place / f"{which}.pdf").write_bytes(made)
    _write(place / "verdict.json", _without_folders(verdict.to_dict(), verdict))


def _fill_claim(verdict: Verdict, category: Category, place: Path, form: Form) -> None:
    made = [e for e in verdict.exhibits() if e.supported and e.category is category]
    handed, cut = made[: form.pictures], made[form.pictures :]
    last = footer(verdict.order, form.day(verdict.order))
    for number, exhibit in enumerate(handed, 1):
        shown = captioned(exhibit, form.lang, last) if form.captions else exhibit
        shown.save(place / f"exhibit-{number}-{exhibit.name}.jpg", max_bytes=form.bytes, max_side=form.side)
        flicker = exhibit.flicker()
        if flicker is not None:
            (place / f"exhibit-{number}-{exhibit.name}.gif").write_bytes(flicker)
    if category is Category.WEB_IMAGE:
        for number, original in enumerate(opened(verdict.sources)[:ORIGINALS], 1):
            _copy(original, place, f"original-{number}")
    _write(place / "statement.txt", statement(verdict, form.lang, form.statement, category=category, shown=handed))
    _write(place / "checklist.txt", _checklist(verdict, category, cut, form))


def _write(path: Path, content: str) -> None:
    path.write_text(content.rstrip("\n") + "\n", encoding="utf-8")


def _without_folders(values: dict[str, Any], *verdicts: Verdict) -> str:
    """Return JSON text in which files are named without the folders they lay in: it is handed to others."""
    named = {p.name for v in verdicts for p in (v.photo, *v.sources, *v.products)}
    folders = {name: shown_name(name) for name in named if shown_name(name) != name}

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {bare(k): bare(v) for k, v in value.items()}
        if isinstance(value, list):
            return [bare(v) for v in value]
        return folders.get(value, value) if isinstance(value, str) else value

    return json.dumps(bare(values), ensure_ascii=False, indent=2, allow_nan=False)


def _copy(photo: Photo, place: Path, name: str) -> None:
    """Write a photo's own bytes: a reviewer may want to look at the file, not at a picture of it."""
    if photo.data is not None:
        (place / f"{name}.{ENDINGS.get(photo.format, 'bin')}").write_bytes(photo.data)


def _sum_up(place: Path) -> None:
    """Write the checksums last: their file marks a folder as a complete dossier."""
    names = sorted(str(p.relative_to(place)) for p in place.rglob("*") if p.is_file())
    sums = [f"{hashlib.sha256((place / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (place / MARK).write_text("".join(sums), encoding="utf-8")


def _checklist(verdict: Verdict, category: Category, cut: Sequence[Exhibit], form: Form) -> str:
    lang = form.lang
    lines = [headline(verdict, lang), text("checklist.reason", lang, reason=form.reason(category)), ""]
    lines += [f"[{'x' if done else ' '}] {said}" for done, said in checklist(verdict, lang, category)]
    notes = [form.warning()]
    if cut:
        names = [title_of(e, lang) for e in cut]
        notes.append(text("checklist.cut", lang, limit=form.pictures, names=names))
    if form.captions and find_font() is None:
        notes.append(text("checklist.no_font", lang))
    return "\n".join([*lines, "", *filter(None, notes)])


def _plain_name(name: str) -> str:
    """Return a file's name that is safe as a folder's name everywhere."""
    return re.sub(r"[^\w.-]+", "_", Path(shown_name(name)).stem).strip("._")[:40] or "photo"
