"""The dossier: a folder that appears only when it is complete, and never replaces another by accident."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fakeproof.errors import ParameterError
from fakeproof.exhibits.report import headline, page
from fakeproof.exhibits.statement import checklist, statement
from fakeproof.photo import Photo
from fakeproof.types import Language

if TYPE_CHECKING:
    from fakeproof.verdict import Verdict

__all__ = ["write_dossier"]

MARK = "SHA256SUMS"
ENDINGS = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "AVIF": "avif",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tif",
    "HEIF": "heic",
}


def write_dossier(verdict: Verdict, folder: Path, *, lang: Language, overwrite: bool, limit: int) -> Path:
    """Write everything beside the target, then move it there in one step.

    Raises
    ------
    ParameterError
        The folder exists and `overwrite` is false, or what is there is no dossier; or the verdict is light.
    """
    if folder.exists():
        if not overwrite:
            raise ParameterError("folder", str(folder), "a folder that does not exist, or overwrite=True")
        if not (folder / MARK).is_file():
            raise ParameterError("folder", str(folder), f"an earlier dossier (with {MARK} in it) to overwrite")
    if not isinstance(verdict.photo, Photo):
        raise ParameterError("verdict", "light", "a verdict from analyze(); light ones carry no pictures")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(verdict, verdict.photo, part, lang, limit)
        if folder.exists():
            old = part.with_name(part.name + "-old")
            folder.rename(old)
            part.rename(folder)
            shutil.rmtree(old)
        else:
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    folder.chmod(0o755)
    return folder


def _fill(verdict: Verdict, photo: Photo, place: Path, lang: Language, limit: int) -> None:
    for number, exhibit in enumerate(verdict.exhibits(), 1):
        exhibit.save(place / f"exhibit-{number}-{exhibit.name}.jpg")
    if photo.data is not None:
        (place / f"evidence.{ENDINGS.get(photo.format, 'bin')}").write_bytes(photo.data)
    (place / "statement.txt").write_text(statement(verdict, lang, limit) + "\n", encoding="utf-8")
    (place / "checklist.txt").write_text(_checklist(verdict, lang), encoding="utf-8")
    (place / "report.html").write_text(page(verdict, lang=lang), encoding="utf-8")
    (place / "verdict.json").write_text(verdict.to_json() + "\n", encoding="utf-8")
    names = sorted(p.name for p in place.iterdir())
    sums = [f"{hashlib.sha256((place / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (place / MARK).write_text("".join(sums), encoding="utf-8")


def _checklist(verdict: Verdict, lang: Language) -> str:
    best = verdict.best
    chosen = best.category.label(lang) if best else ("暂无" if lang == "zh" else "none yet")
    lines = [headline(verdict, lang), f"{'举报类别' if lang == 'zh' else 'Reason to choose'}: {chosen}", ""]
    lines += [f"[{'x' if done else ' '}] {text}" for done, text in checklist(verdict, lang)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
